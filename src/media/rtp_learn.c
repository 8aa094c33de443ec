#include "rtp_learn.h"

#include "media/rtp.h"

static bool same_remote(const struct rtp_remote *a, const struct rtp_remote *b)
{
    if (!addr_eq(&a->rtp, &b->rtp) || !addr_eq(&a->source, &b->source) || a->n_nets != b->n_nets)
        return false;
    for (size_t i = 0; i < a->n_nets; i++)
        if (!addr_eq(&a->nets[i].base, &b->nets[i].base) || a->nets[i].bits != b->nets[i].bits)
            return false;
    return true;
}

bool rtp_learn_set_remote(struct rtp_learn *learn, const struct rtp_remote *remote)
{
    learn->held = addr_is_set(&remote->rtp) && addr_is_any(&remote->rtp);
    if (learn->held && learn->has_remote)
        return true;
    if (learn->has_remote && same_remote(&learn->remote, remote)) {
        learn->remote = *remote; /* RTCP may have changed */
        return false;
    }
    *learn = (struct rtp_learn){ .remote = *remote, .has_remote = true, .held = learn->held };
    return true;
}

bool rtp_learn_is_allowed(const struct rtp_learn *learn, const struct addr *from)
{
    const struct rtp_remote *remote = &learn->remote;
    if (addr_is_set(&remote->rtp) && addr_same_ip(from, &remote->rtp))
        return true;
    if (addr_is_set(&remote->source) && addr_same_ip(from, &remote->source))
        return true;
    return addr_in_blocks(from, remote->nets, remote->n_nets);
}

static bool is_signalled(const struct rtp_learn *learn, const struct addr *from)
{
    return addr_is_set(&learn->remote.rtp) && addr_eq(from, &learn->remote.rtp);
}

static void count(struct rtp_learn *learn, const struct addr *from, const struct rtp_header *header)
{
    bool goes_on = learn->in_sequence && addr_eq(&learn->source, from) &&
                   learn->ssrc == header->ssrc && learn->next_seq == header->seq;
    /* the address that was signalled needs no rival to fall silent first */
    bool rival =
        learn->in_sequence && is_signalled(learn, &learn->source) && !is_signalled(learn, from);
    if (rival)
        return;
    learn->in_sequence = goes_on ? learn->in_sequence + 1 : 1;
    learn->source = *from;
    learn->ssrc = header->ssrc;
    learn->next_seq = (uint16_t)(header->seq + 1);
}

enum rtp_learn_verdict rtp_learn_feed(struct rtp_learn *learn, const struct addr *from,
                                      struct slice packet)
{
    if (!learn->has_remote)
        return RTP_LEARN_EARLY;
    if (learn->locked)
        return addr_eq(from, &learn->source) ? RTP_LEARN_TAKE : RTP_LEARN_STRANGER;
    if (!rtp_learn_is_allowed(learn, from))
        return RTP_LEARN_STRANGER;
    struct rtp_header header;
    if (rtp_parse(&header, packet) != OK)
        return RTP_LEARN_TAKE; /* the stream drops it */
    count(learn, from, &header);
    learn->locked = learn->in_sequence >= RTP_LEARN_PACKETS;
    return learn->locked ? RTP_LEARN_LOCKED : RTP_LEARN_TAKE;
}

enum rtp_learn_verdict rtp_learn_feed_proven(struct rtp_learn *learn, const struct addr *from)
{
    if (!learn->has_remote)
        return RTP_LEARN_EARLY;
    if (learn->locked)
        return addr_eq(from, &learn->source) ? RTP_LEARN_TAKE : RTP_LEARN_STRANGER;
    learn->source = *from;
    learn->locked = true;
    return RTP_LEARN_LOCKED;
}

struct addr rtp_learn_target(const struct rtp_learn *learn)
{
    struct addr none = { 0 };
    if (learn->held)
        return none;
    if (learn->locked)
        return learn->source;
    const struct addr *rtp = &learn->remote.rtp;
    return addr_is_set(rtp) && addr_port(rtp) ? *rtp : none;
}
