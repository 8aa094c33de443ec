#pragma once
/* For tests: two stacks on a simulated network, "caller" at 10.0.0.1 and "callee" at 10.0.0.2,
 * whose calls write what happens into a log that tests compare. Include after cmocka.h. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "sip_session_priv.h"
#include "test_net.h"

struct call {
    struct world *world;
    struct sip_agent *agent;
    struct sip_session *session;
    bool rings;           /* sends 180 by itself */
    bool destroys;        /* in the final event */
    const char *reanswer; /* body for re-INVITEs; NULL: 488 */
    const char *ack_body; /* given in on_answer */
    uint32_t refer;       /* the last REFER's id */
    char log[1024];
};

struct world {
    struct sim sim;
    struct call caller, callee;
};

static inline void call_note(struct call *call, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
static inline void call_note(struct call *call, const char *fmt, ...)
{
    size_t len = strlen(call->log);
    va_list args;
    va_start(args, fmt);
    vsnprintf(call->log + len, sizeof call->log - len, fmt, args);
    va_end(args);
}

static inline void call_end_session(struct call *call)
{
    if (!call->destroys)
        return;
    sip_session_destroy(call->session);
    call->session = NULL;
}

static inline void call_on_progress(void *owner, struct sip_session *session,
                                    const struct sip_msg *response, unsigned fork)
{
    struct call *call = owner;
    (void)session;
    call_note(call, fork > 1 ? "%u/%u " : "%u ", sip_msg_status(response), fork);
}

static inline void call_on_answer(void *owner, struct sip_session *session,
                                  const struct sip_msg *response)
{
    struct call *call = owner;
    call_note(call, "answer:%.*s ", SLICE_ARG(sip_msg_body(response)));
    if (!call->ack_body)
        return;
    struct sip_body body = { SLICE("application/sdp"), slice_of(call->ack_body) };
    sip_session_ack(session, &body);
}

static inline void call_on_failed(void *owner, struct sip_session *session,
                                  const struct sip_outcome *outcome)
{
    struct call *call = owner;
    (void)session;
    call_note(call, "failed:%d:%s ", outcome->status, outcome->text);
    call_end_session(call);
}

static inline void call_on_ack(void *owner, struct sip_session *session, const struct sip_msg *ack)
{
    struct slice body = sip_msg_body(ack);
    (void)session;
    call_note(owner, body.len ? "ack:%.*s " : "ack ", SLICE_ARG(body));
}

static inline void call_on_reinvite(void *owner, struct sip_session *session,
                                    const struct sip_msg *request)
{
    struct call *call = owner;
    struct sip_reply reply = { .status = 488 };
    call_note(call, "reinvite:%.*s ", SLICE_ARG(sip_msg_body(request)));
    if (!call->reanswer) {
        assert_int_equal(sip_session_reject(session, &reply), OK);
        return;
    }
    reply.status = 200;
    reply.body = (struct sip_body){ SLICE("application/sdp"), slice_of(call->reanswer) };
    assert_int_equal(sip_session_answer(session, &reply), OK);
}

static inline void call_on_withdrawn(void *owner, struct sip_session *session)
{
    (void)session;
    call_note(owner, "withdrawn ");
}

static inline void call_on_reoffer(void *owner, struct sip_session *session,
                                   const struct sip_outcome *outcome)
{
    (void)session;
    call_note(owner, "reoffer:%d:%.*s ", outcome->status,
              SLICE_ARG(outcome->msg ? sip_msg_body(outcome->msg) : SLICE_NONE));
}

static inline void call_on_request(void *owner, struct sip_session *session, struct sip_txn *txn)
{
    (void)session;
    call_note(owner, "%.*s:%.*s ", SLICE_ARG(sip_msg_method_text(sip_txn_msg(txn))),
              SLICE_ARG(sip_msg_body(sip_txn_msg(txn))));
    sip_txn_reply_status(txn, 200);
}

static inline void call_on_refer(void *owner, struct sip_session *session,
                                 const struct sip_referral *referral)
{
    struct call *call = owner;
    (void)session;
    call->refer = referral->id;
    call_note(call, "refer:%.*s%s%.*s%s ", SLICE_ARG(referral->target),
              referral->has_replaces ? "," : "", SLICE_ARG(referral->replaces.call_id),
              referral->is_quiet ? ",quiet" : "");
}

static inline void call_on_referred(void *owner, struct sip_session *session,
                                    const struct sip_refer_progress *progress)
{
    (void)session;
    call_note(owner, "referred:%d:%.*s%s%s ", progress->status, SLICE_ARG(progress->reason),
              progress->is_refused ? ":refused" : "", progress->is_over ? ":over" : "");
}

static inline void call_on_bye(void *owner, struct sip_session *session,
                               const struct sip_outcome *outcome)
{
    struct call *call = owner;
    (void)session;
    call_note(call, "bye:%d:%s ", outcome->status, outcome->text);
    call_end_session(call);
}

static inline void call_on_cancelled(void *owner, struct sip_session *session,
                                     const struct sip_outcome *outcome)
{
    struct call *call = owner;
    (void)session;
    call_note(call, "cancelled:%d:%s ", outcome->status, outcome->text);
    call_end_session(call);
}

static const struct sip_session_events call_events = {
    .on_progress = call_on_progress,
    .on_answer = call_on_answer,
    .on_failed = call_on_failed,
    .on_ack = call_on_ack,
    .on_reinvite = call_on_reinvite,
    .on_withdrawn = call_on_withdrawn,
    .on_reoffer = call_on_reoffer,
    .on_request = call_on_request,
    .on_refer = call_on_refer,
    .on_referred = call_on_referred,
    .on_bye = call_on_bye,
    .on_cancelled = call_on_cancelled,
};

static inline void call_on_invite(void *owner, struct sip_session *session,
                                  const struct sip_msg *invite)
{
    struct call *call = owner;
    struct sip_reply ringing = { .status = 180 };
    (void)invite;
    call_note(call, "invite ");
    call->session = session;
    sip_session_take(session, &call_events, call);
    if (call->rings)
        assert_int_equal(sip_session_progress(session, &ringing), OK);
}

static inline void call_on_wire(void *owner, const struct sip_wire_event *event)
{
    const struct call *call = owner;
    if (getenv("SIP_TEST_WIRE"))
        fprintf(stderr, "%lld %s %s%.*s\n", (long long)event->now_ms,
                call == &call->world->caller ? "caller" : "callee",
                event->way == SIP_WIRE_IN ? "<- " : "-> ", SLICE_ARG(event->bytes));
}

static const struct sip_agent_events agent_events = { .on_invite = call_on_invite,
                                                      .on_wire = call_on_wire };

static inline void call_answer(struct call *call, const char *body)
{
    struct sip_reply ok = { .status = 200, .body = { SLICE("application/sdp"), slice_of(body) } };
    assert_int_equal(sip_session_answer(call->session, &ok), OK);
}

static inline void call_reject(struct call *call, int status)
{
    struct sip_reply no = { .status = status };
    assert_int_equal(sip_session_reject(call->session, &no), OK);
}

static inline void world_init(struct world *w)
{
    struct sip_agent_config config = { .user_agent = SLICE("test"), .server = SLICE("test") };
    sim_init(&w->sim);
    w->caller.world = w->callee.world = w;
    w->caller.agent = sim_agent(&w->sim, "10.0.0.1:5060", &config, &agent_events, &w->caller);
    w->callee.agent = sim_agent(&w->sim, "10.0.0.2:5060", &config, &agent_events, &w->callee);
    w->callee.rings = true;
}

static inline int world_setup(void **state)
{
    struct world *w = mem_new(struct world);
    world_init(w);
    *state = w;
    return 0;
}

/** Everything is let go, and then nothing may be left: no session, no transaction. */
static inline void world_clear(struct world *w)
{
    sip_session_destroy(w->caller.session);
    sip_session_destroy(w->callee.session);
    loop_advance(w->sim.loop, 300000);
    assert_int_equal(sip_agent_stats(w->caller.agent)->sessions, 0);
    assert_int_equal(sip_agent_stats(w->callee.agent)->sessions, 0);
    assert_int_equal(sip_agent_stats(w->caller.agent)->txns, 0);
    assert_int_equal(sip_agent_stats(w->callee.agent)->txns, 0);
    sip_agent_destroy(w->caller.agent);
    sip_agent_destroy(w->callee.agent);
    sim_clear(&w->sim);
}

static inline int world_teardown(void **state)
{
    world_clear(*state);
    mem_free(*state);
    return 0;
}

/** The caller calls; fields of `more` that are set replace the usual ones. */
static inline void world_call(struct world *w, const struct sip_session_config *more)
{
    struct sip_session_config config = {
        .request_uri = SLICE("sip:bob@10.0.0.2"),
        .from_uri = SLICE("sip:alice@10.0.0.1"),
        .body = { SLICE("application/sdp"), SLICE("v=offer") },
    };
    if (more)
        config = *more;
    if (!addr_is_set(&config.hop.addr))
        config.hop.addr = sim_addr("10.0.0.2:5060");
    assert_int_equal(
        sip_session_invite(&w->caller.session, w->caller.agent, &config, &call_events, &w->caller),
        OK);
}

static inline void call_on_outcome(void *owner, const struct sip_outcome *outcome)
{
    call_note(owner, "outcome:%d ", outcome->status);
}

/** A call that is up on both sides. */
static inline void world_up(struct world *w)
{
    world_call(w, NULL);
    loop_advance(w->sim.loop, 100);
    call_answer(&w->callee, "v=answer");
    loop_advance(w->sim.loop, 100);
    assert_int_equal(sip_session_state(w->caller.session), SIP_SESSION_UP);
    assert_int_equal(sip_session_state(w->callee.session), SIP_SESSION_UP);
}
