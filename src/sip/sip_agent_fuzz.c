/* Datagrams in any order against an agent that calls, rings, answers and registers phones. The
 * input is split at lines of "----"; {tag}, {branch}, {call} and {from} become those of the calls
 * there are, so that the fuzzer gets past the matching. */
#include "sip_registrar.h"
#include "test_net.h"

#include "sip_refer.h"
#include "sip_session.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

struct fuzz {
    struct sim sim;
    struct sip_agent *agent;
    struct sip_registrar *registrar;
    struct sip_session *in, *out;
};

static void on_reinvite(void *owner, struct sip_session *session, const struct sip_msg *request)
{
    struct sip_reply reply = { .status = sip_msg_body(request).len % 2 ? 200 : 488 };
    (void)owner;
    (void)!(reply.status == 200 ? sip_session_answer(session, &reply)
                                : sip_session_reject(session, &reply));
}

static void on_refer(void *owner, struct sip_session *session, const struct sip_referral *referral)
{
    struct sip_reply no = { .status = 603 };
    (void)owner;
    if (referral->is_quiet || sip_refer_accept(session, referral->id))
        (void)!sip_refer_reject(session, referral->id, &no);
    else
        (void)!sip_refer_notify(session, referral->id, 200, referral->target);
}

static const struct sip_session_events session_events = { .on_reinvite = on_reinvite,
                                                          .on_refer = on_refer };

static void on_invite(void *owner, struct sip_session *session, const struct sip_msg *invite)
{
    struct fuzz *f = owner;
    struct sip_reply reply = { .status = 180 };
    sip_session_destroy(f->in);
    f->in = session;
    sip_session_take(session, &session_events, f);
    (void)!sip_session_progress(session, &reply);
    reply.status = 200;
    if (sip_msg_body(invite).len)
        (void)!sip_session_answer(session, &reply);
}

static const struct sip_agent_events agent_events = { .on_invite = on_invite };

static void put_token(const struct fuzz *f, struct buf *out, struct slice name)
{
    const struct sip_msg *ours = sip_session_invite_msg(f->out);
    if (slice_is(name, "tag") && f->in)
        buf_put(out, sip_session_local_tag(f->in));
    else if (slice_is(name, "branch"))
        buf_put(out, sip_msg_via(ours)->branch);
    else if (slice_is(name, "call"))
        buf_put(out, sip_msg_call_id(ours));
    else if (slice_is(name, "from"))
        buf_put(out, sip_msg_from_tag(ours));
}

static void feed(struct fuzz *f, struct slice datagram)
{
    static char text[SIP_MAX_MESSAGE];
    struct buf out = BUF_ON(text);
    struct addr from = sim_addr("10.0.0.3:5060");
    while (datagram.len) {
        buf_put(&out, slice_cut(&datagram, '{'));
        if (datagram.len)
            put_token(f, &out, slice_cut(&datagram, '}'));
    }
    sim_post(&f->sim, &from, &f->sim.ends[0].addr, buf_slice(&out), 0);
    loop_advance(f->sim.loop, 600);
}

static void begin(struct fuzz *f)
{
    static const struct sip_registrar_config registrar;
    static const struct sip_registrar_events events;
    struct sip_agent_config config = { .server = SLICE("fuzz") };
    struct sip_session_config call = { .request_uri = SLICE("sip:bob@10.0.0.3"),
                                       .from_uri = SLICE("sip:alice@10.0.0.1"),
                                       .hop = { .addr = sim_addr("10.0.0.3:5060") } };
    sim_init(&f->sim);
    f->in = NULL;
    f->agent = sim_agent(&f->sim, "10.0.0.1:5060", &config, &agent_events, f);
    f->registrar = sip_registrar_create(f->sim.loop, &registrar, &events, f);
    sip_agent_handle(f->agent, SLICE("REGISTER"), sip_registrar_handle, f->registrar);
    BUG_IF(sip_session_invite(&f->out, f->agent, &call, &session_events, f));
}

/* Whatever came, in the end nothing is left. */
static void finish(struct fuzz *f)
{
    sip_session_destroy(f->in);
    sip_session_destroy(f->out);
    loop_advance(f->sim.loop, 400000);
    BUG_IF(sip_agent_stats(f->agent)->sessions || sip_agent_stats(f->agent)->txns);
    sip_registrar_destroy(f->registrar);
    sip_agent_destroy(f->agent);
    sim_clear(&f->sim);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct slice rest = slice_make(data, len);
    struct fuzz f;
    begin(&f);
    for (int i = 0; rest.len && i < 20; i++) {
        size_t end = slice_find(rest, SLICE("\n----\n"));
        feed(&f, slice_sub(rest, 0, end));
        rest = slice_from(rest, end + 6);
    }
    finish(&f);
    return 0;
}
