#pragma once
/* For tests: the two stacks of test_calls.h and a scripted far end at 10.0.0.3, "carol", who calls
 * the callee or is called by the caller. Include after cmocka.h. */

#include "test_calls.h"

struct scene {
    struct world w;
    struct sim_peer peer, other; /* the other one is for the test to begin */
    const char *local_tag;       /* carol's in requests of hers */
    unsigned branch;
};

static inline int scene_setup(void **state)
{
    struct scene *s = mem_new(struct scene);
    world_init(&s->w);
    sim_peer_init(&s->peer, &s->w.sim, "10.0.0.3:5060");
    s->local_tag = "carol";
    *state = s;
    return 0;
}

static inline int scene_teardown(void **state)
{
    struct scene *s = *state;
    world_clear(&s->w);
    sim_peer_clear(&s->peer);
    sim_peer_clear(&s->other);
    mem_free(s);
    return 0;
}

static inline void scene_pass(struct scene *s, int64_t ms)
{
    loop_advance(s->w.sim.loop, ms);
}

/** Our caller calls carol. */
static inline void scene_call(struct scene *s, const struct sip_session_config *more)
{
    struct sip_session_config config = more ? *more : (struct sip_session_config){ 0 };
    config.request_uri = SLICE("sip:carol@10.0.0.3");
    if (!config.from_uri.len)
        config.from_uri = SLICE("sip:alice@10.0.0.1");
    config.hop.addr = s->peer.end->addr;
    config.body = (struct sip_body){ SLICE("application/sdp"), SLICE("v=offer") };
    world_call(&s->w, &config);
    scene_pass(s, 20);
}

#define SCENE_CONTACT "Contact: <sip:carol@10.0.0.3:5060>\r\n"

/** Carol answers the last request of that method. */
static inline void scene_reply(struct scene *s, const char *method, unsigned status,
                               const char *headers, const char *body)
{
    struct sip_msg *request = sim_peer_last(&s->peer, method, 0);
    assert_non_null(request);
    sim_peer_reply(&s->peer, request, status, s->local_tag, headers, body);
    scene_pass(s, 20);
}

/** A request of carol's to the callee, or (with `session`) in that call. `headers` and `body` as
 * they stand; what ends in a body has its Content-Type among the headers. */
static inline void scene_say(struct scene *s, const struct sip_session *session, const char *method,
                             unsigned cseq, const char *headers, const char *body)
{
    char text[4096];
    struct buf out = BUF_ON(text);
    bool is_uac = session && sip_session_is_uac(session);
    struct slice tag = session ? sip_session_local_tag(session) : SLICE_NONE;
    struct slice call_id = session ? sip_session_call_id(session) : SLICE("call-1");
    const char *to = is_uac ? "alice@10.0.0.1" : "bob@10.0.0.2";
    buf_printf(&out,
               "%s sip:%s SIP/2.0\r\nVia: SIP/2.0/UDP 10.0.0.3:5060;branch=z9hG4bKs%u\r\n"
               "From: <sip:carol@10.0.0.3>;tag=%s\r\nTo: <sip:%s>%s%.*s\r\n"
               "Call-ID: %.*s\r\nCSeq: %u %s\r\nMax-Forwards: 70\r\n"
               "Contact: <sip:carol@10.0.0.3:5060>\r\n%sContent-Length: %zu\r\n\r\n%s",
               method, to, ++s->branch, s->local_tag, to, tag.len ? ";tag=" : "", SLICE_ARG(tag),
               SLICE_ARG(call_id), cseq, method, headers, strlen(body), body);
    sim_peer_say(&s->peer, is_uac ? "10.0.0.1:5060" : "10.0.0.2:5060", buf_cstr(&out));
    scene_pass(s, 20);
}

/** The value of a header in the last such message to carol, terminated; "" when there is none. */
static inline const char *scene_value(struct scene *s, const char *method, unsigned status,
                                      enum sip_header_id id)
{
    static char text[2048];
    const struct sip_msg *msg = sim_peer_last(&s->peer, method, status);
    assert_non_null(msg);
    (void)slice_copy(sip_msg_value(msg, id), text, sizeof text);
    return text;
}
