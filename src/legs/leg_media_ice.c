#include "legs/leg_media_ice.h"

#include "base/mem.h"
#include "base/num.h"
#include "call/call.h"
#include "legs/leg_env.h"
#include "sdp/sdp_offer.h"

enum { GATHERED_MAX = 16 };

struct leg_ice {
    struct rtc_event list[GATHERED_MAX];
    size_t n;
    bool gathered;
    bool has_remote;
    char remote_ufrag[RTC_UFRAG_MAX + 1];
};

struct leg_ice *leg_ice_create(void)
{
    return mem_new(struct leg_ice);
}

void leg_ice_destroy(struct leg_ice *ice)
{
    mem_free(ice);
}

size_t leg_ice_count(const struct leg_ice *ice)
{
    return ice->n;
}

const struct rtc_event *leg_ice_at(const struct leg_ice *ice, size_t i)
{
    return &ice->list[i];
}

struct addr leg_ice_default(const struct leg_ice *ice)
{
    static const enum rtc_candidate_type order[] = { RTC_CANDIDATE_RELAY, RTC_CANDIDATE_SRFLX,
                                                     RTC_CANDIDATE_HOST };
    for (size_t k = 0; k < COUNT_OF(order); k++)
        for (size_t i = 0; i < ice->n; i++)
            if (ice->list[i].type == order[k])
                return ice->list[i].addr;
    return (struct addr){ 0 };
}

bool leg_media_on_transport(struct leg_media *media, const void *event)
{
    const struct rtc_event *news = event;
    struct leg_ice *ice = media->ice;
    char addr[ADDR_TEXT];
    if (!ice || ice->gathered) /* later ones would need trickle */
        return false;
    if (news->kind == RTC_EVENT_GATHERED) {
        ice->gathered = true;
        return true;
    }
    if (ice->n == GATHERED_MAX)
        return false;
    ice->list[ice->n++] = *news;
    leg_on_event(media->leg, "ice", "candidate %s %s", rtc_candidate_type_name(news->type),
                 addr_print(&news->addr, addr));
    return false;
}

void leg_media_stop_gathering(struct leg_media *media)
{
    if (media->ice)
        media->ice->gathered = true;
}

bool leg_media_is_gathered(const struct leg_media *media)
{
    return !media->ice || media->ice->gathered;
}

static const enum rtc_candidate_type types[] = {
    [SDP_CANDIDATE_HOST] = RTC_CANDIDATE_HOST,
    [SDP_CANDIDATE_SRFLX] = RTC_CANDIDATE_SRFLX,
    [SDP_CANDIDATE_PRFLX] = RTC_CANDIDATE_PRFLX,
    [SDP_CANDIDATE_RELAY] = RTC_CANDIDATE_RELAY,
};

void leg_ice_tell_remote(struct leg_ice *ice, struct media_stream *stream,
                         const struct sdp_result *result)
{
    ice->has_remote = slice_copy(result->ice_ufrag, ice->remote_ufrag, sizeof ice->remote_ufrag);
    for (size_t i = 0; i < result->n_candidates; i++) {
        const struct sdp_candidate *theirs = &result->candidates[i];
        struct rtc_candidate candidate = { .priority = theirs->priority,
                                           .type = types[theirs->type] };
        bool usable = theirs->component == 1 && slice_iis(theirs->transport, "udp") &&
                      !addr_parse_ip(theirs->address, theirs->port, &candidate.addr);
        if (!usable) /* a name that hides an address (".local"): their checks tell it */
            continue;
        (void)slice_copy(theirs->foundation, candidate.foundation, sizeof candidate.foundation);
        rtc_transport_add_candidate(stream, &candidate);
    }
}

bool leg_ice_restarts(const struct leg_ice *ice, struct slice offer)
{
    struct sdp_session *session = NULL;
    struct slice ufrag = SLICE_NONE;
    if (!ice->has_remote || sdp_parse(&session, offer))
        return false;
    for (size_t i = 0; i < session->n_media && !ufrag.len; i++) {
        const struct sdp_attribute *found = sdp_find_in(session, &session->media[i], "ice-ufrag");
        if (found)
            ufrag = found->value;
    }
    bool restarts = ufrag.len && !slice_is(ufrag, ice->remote_ufrag);
    sdp_session_destroy(session);
    return restarts;
}
