#include "fakes/far_end.h"

#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/loop.h"
#include "base/mem.h"
#include "base/num.h"
#include "sip/sip_agent.h"
#include "sip/sip_auth.h"
#include "sip/sip_msg.h"
#include "sip/sip_refer.h"
#include "sip/sip_session.h"
#include "sip/sip_txn.h"

struct far_call {
    struct list in_far;
    struct far_end *far;
    struct sip_session *session;
    bool was_up, reoffers_late;
};

static void note(struct far_end *far, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static void note(struct far_end *far, const char *fmt, ...)
{
    size_t len = strlen(far->log);
    va_list args;
    va_start(args, fmt);
    vsnprintf(far->log + len, sizeof far->log - len, fmt, args);
    va_end(args);
}

/* T.38 where its RTP was. */
static struct sip_body image(const struct far_end *far, char *mem, size_t cap)
{
    struct buf out;
    buf_init(&out, mem, cap);
    buf_printf(&out,
               "v=0\r\no=- 7 1000 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n"
               "m=image %u udptl t38\r\na=T38FaxUdpEC:t38UDPRedundancy\r\n",
               addr_port(&far->rtp));
    return (struct sip_body){ SLICE("application/sdp"), buf_slice(&out) };
}

/* Returns whether there was one. */
static bool keep_sdp(struct far_end *far, const struct sip_msg *msg)
{
    struct slice body = msg ? sip_msg_body(msg) : SLICE_NONE;
    return body.len && slice_copy(body, far->sdp, sizeof far->sdp);
}

static struct sip_body description(const struct far_end *far, const char *direction, char *mem,
                                   size_t cap)
{
    static unsigned version;
    struct buf out;
    buf_init(&out, mem, cap);
    buf_printf(&out,
               "v=0\r\no=- 7 %u IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 %s\r\nt=0 0\r\n"
               "m=audio %u RTP/AVP %s\r\na=rtpmap:101 telephone-event/8000\r\na=%s\r\n",
               ++version,
               far->is_nowhere ? "0.0.0.0"
               : far->says     ? far->says
                               : "127.0.0.1",
               addr_port(&far->rtp), far->formats, direction);
    return (struct sip_body){ SLICE("application/sdp"), buf_slice(&out) };
}

static void end_call(struct far_call *call)
{
    call->far->over++;
    sip_session_destroy(call->session);
    list_remove(&call->in_far);
    mem_free(call);
}

static struct far_call *newest(const struct far_end *far)
{
    BUG_IF(list_empty(&far->calls));
    return LIST_ITEM(far->calls.prev, struct far_call, in_far);
}

static void is_up(struct far_call *call)
{
    call->far->up += !call->was_up;
    call->was_up = true;
}

static void on_progress(void *owner, struct sip_session *session, const struct sip_msg *response,
                        unsigned fork)
{
    struct far_call *call = owner;
    (void)session;
    (void)fork;
    note(call->far, "%u%s ", sip_msg_status(response), keep_sdp(call->far, response) ? "+sdp" : "");
}

static void on_answer(void *owner, struct sip_session *session, const struct sip_msg *response)
{
    struct far_call *call = owner;
    char mem[500];
    note(call->far, "%u%s ", sip_msg_status(response), keep_sdp(call->far, response) ? "+sdp" : "");
    is_up(call);
    if (!call->far->late)
        return;
    struct sip_body body = description(call->far, "sendrecv", mem, sizeof mem);
    sip_session_ack(session, &body);
}

static void on_failed(void *owner, struct sip_session *session, const struct sip_outcome *outcome)
{
    struct far_call *call = owner;
    (void)session;
    bool later = outcome->msg && sip_msg_count(outcome->msg, SIP_H_RETRY_AFTER) > 0;
    note(call->far, "failed:%d:%s%s ", outcome->status, outcome->text ? outcome->text : "",
         later ? "+retry-after" : "");
    end_call(call);
}

static void on_ack(void *owner, struct sip_session *session, const struct sip_msg *ack)
{
    struct far_call *call = owner;
    (void)session;
    note(call->far, "ack%s ", keep_sdp(call->far, ack) ? "+sdp" : "");
    is_up(call);
}

static bool takes_t38(struct far_call *call, struct sip_session *session,
                      const struct sip_msg *request)
{
    const struct slice offer = sip_msg_body(request);
    struct sip_reply reply = { .status = call->far->t38 };
    char mem[500];
    if (slice_find(offer, SLICE("m=image")) == offer.len)
        return false;
    note(call->far, "reinvite:t38 ");
    reply.body = image(call->far, mem, sizeof mem);
    if (reply.status)
        assert_int_equal(reply.status == 200 ? sip_session_answer(session, &reply)
                                             : sip_session_reject(session, &reply),
                         OK);
    return reply.status != 0;
}

static void on_reinvite(void *owner, struct sip_session *session, const struct sip_msg *request)
{
    struct far_call *call = owner;
    char mem[500];
    (void)keep_sdp(call->far, request);
    if (takes_t38(call, session, request))
        return;
    bool held = slice_find(sip_msg_body(request), SLICE("a=sendonly")) < sip_msg_body(request).len;
    note(call->far, "reinvite:%s ", held ? "hold" : "talk");
    struct sip_reply reply = { .status = 200,
                               .body = description(call->far, held ? "recvonly" : "sendrecv", mem,
                                                   sizeof mem) };
    assert_int_equal(sip_session_answer(session, &reply), OK);
}

static void on_reoffer(void *owner, struct sip_session *session, const struct sip_outcome *outcome)
{
    struct far_call *call = owner;
    (void)session;
    char mem[500];
    note(call->far, "reoffer:%d%s ", outcome->status,
         keep_sdp(call->far, outcome->msg) ? "+sdp" : "");
    if (!call->reoffers_late)
        return;
    call->reoffers_late = false;
    struct sip_body body = description(call->far, "sendrecv", mem, sizeof mem);
    sip_session_ack(session, &body);
}

static void on_request(void *owner, struct sip_session *session, struct sip_txn *txn)
{
    struct far_call *call = owner;
    (void)session;
    note(call->far, "%.*s ", SLICE_ARG(sip_msg_method_text(sip_txn_msg(txn))));
    sip_txn_reply_status(txn, 200);
}

static void on_referred(void *owner, struct sip_session *session,
                        const struct sip_refer_progress *progress)
{
    struct far_call *call = owner;
    (void)session;
    note(call->far, "referred:%d%s ", progress->status, progress->is_refused ? ":refused" : "");
}

/* It does what it is asked to, as it says. */
static void on_refer(void *owner, struct sip_session *session, const struct sip_referral *referral)
{
    struct far_call *call = owner;
    note(call->far, "refer:%.*s%s ", SLICE_ARG(referral->target),
         referral->has_replaces ? "+replaces" : "");
    if (call->far->transfers < 300) {
        assert_int_equal(sip_refer_accept(session, referral->id), OK);
        assert_int_equal(sip_refer_notify(session, referral->id, 180, SLICE_NONE), OK);
        assert_int_equal(sip_refer_notify(session, referral->id, call->far->transfers, SLICE_NONE),
                         OK);
        return;
    }
    struct sip_reply reply = { .status = call->far->transfers };
    assert_int_equal(sip_refer_reject(session, referral->id, &reply), OK);
}

static void on_bye(void *owner, struct sip_session *session, const struct sip_outcome *outcome)
{
    struct far_call *call = owner;
    (void)session;
    (void)outcome;
    note(call->far, "bye ");
    end_call(call);
}

static void on_cancelled(void *owner, struct sip_session *session,
                         const struct sip_outcome *outcome)
{
    struct far_call *call = owner;
    (void)session;
    (void)outcome;
    note(call->far, "cancelled ");
    end_call(call);
}

static const struct sip_session_events session_events = {
    .on_progress = on_progress,
    .on_answer = on_answer,
    .on_failed = on_failed,
    .on_ack = on_ack,
    .on_reinvite = on_reinvite,
    .on_reoffer = on_reoffer,
    .on_request = on_request,
    .on_refer = on_refer,
    .on_referred = on_referred,
    .on_bye = on_bye,
    .on_cancelled = on_cancelled,
};

/* The caller may call: do what the script says. */
static void take_call(struct far_call *call)
{
    struct far_end *far = call->far;
    char mem[500];
    struct sip_body sdp = description(far, "sendrecv", mem, sizeof mem);
    struct sip_reply ring = { .status = far->rings };
    struct sip_reply final = { .status = far->answers };
    far->received++;
    note(far, "invite ");
    if (far->early)
        ring.body = sdp;
    if (far->rings)
        assert_int_equal(sip_session_progress(call->session, &ring), OK);
    if (far->answers == 200) {
        final.body = sdp;
        assert_int_equal(sip_session_answer(call->session, &final), OK);
    } else if (far->answers) {
        struct sip_field contact = { SLICE("Contact"), slice_of(far->contact) };
        final.fields = &contact;
        final.n_fields = far->contact ? 1 : 0;
        assert_int_equal(sip_session_reject(call->session, &final), OK);
        end_call(call);
    }
}

static void on_checked(void *owner, const struct sip_auth_result *result)
{
    struct far_call *call = owner;
    if (result->verdict == SIP_AUTH_PROVED) {
        take_call(call);
        return;
    }
    note(call->far, result->wrong ? "wrong-password " : "challenged ");
    struct sip_reply reply = { .status = result->status,
                               .fields = result->fields,
                               .n_fields = result->n_fields };
    assert_int_equal(sip_session_reject(call->session, &reply), OK);
    end_call(call);
}

static struct far_call *add_call(struct far_end *far)
{
    struct far_call *call = mem_new(struct far_call);
    call->far = far;
    list_append(&far->calls, &call->in_far);
    return call;
}

static void on_invite(void *owner, struct sip_session *session, const struct sip_msg *invite)
{
    struct far_end *far = owner;
    struct far_call *call = add_call(far);
    call->session = session;
    sip_session_take(session, &session_events, call);
    (void)slice_copy(slice_sub(sip_msg_wire(invite), 0, sizeof far->invite - 1), far->invite,
                     sizeof far->invite);
    (void)keep_sdp(far, invite);
    if (far->auth)
        sip_auth_check(far->auth, sip_session_invite_msg(session), sip_session_flow(session),
                       on_checked, call);
    else
        take_call(call);
}

static const struct sip_agent_events agent_events = { .on_invite = on_invite };

void far_create(struct far_end *far, struct rig *rig)
{
    *far = (struct far_end){
        .rig = rig, .rings = 180, .answers = 200, .formats = "0 8 101", .transfers = 200
    };
    struct sip_agent_config config = { .user_agent = SLICE("far end") };
    struct addr bind = addr_loopback4(0);
    list_init(&far->calls);
    far->agent = sip_agent_create(rig->far_loop, &config, &agent_events, far);
    assert_int_equal(sip_agent_listen(far->agent, SIP_UDP, &bind, NULL), OK);
    assert_int_equal(sip_agent_listeners(far->agent, SIP_UDP, &far->addr, 1), 1);
    far_open_rtp(far);
}

void far_destroy(struct far_end *far)
{
    LIST_EACH(link, &far->calls)
    end_call(LIST_ITEM(link, struct far_call, in_far));
    if (far->auth)
        sip_auth_destroy(far->auth);
    sip_agent_destroy(far->agent);
    secret_clear(&far->password);
    close(far->rtp_fd);
}

static void find_password(void *owner, struct slice user, struct slice realm,
                          struct sip_auth_lookup *lookup)
{
    struct far_end *far = owner;
    (void)user;
    (void)realm;
    struct sip_auth_key key = { .password = &far->password };
    sip_auth_found(lookup, &key);
}

void far_demand(struct far_end *far, const char *realm, const char *password)
{
    struct sip_auth_config config = { .realm = slice_of(realm), .policy = SIP_DIGEST_ONLY_MD5 };
    far->realm = realm;
    secret_set(&far->password, slice_of(password));
    if (!far->auth)
        far->auth = sip_auth_create(far->rig->far_loop, &config, find_password, far);
}

static void dial(struct far_end *far, const char *user, const char *account, const char *password,
                 const struct sip_session *replaces)
{
    char value_mem[600];
    struct buf value = BUF_ON(value_mem);
    struct sip_field fields[4];
    size_t n_fields = 0;
    if (far->diverted)
        fields[n_fields++] = (struct sip_field){ SLICE("Diversion"), slice_of(far->diverted) };
    if (far->history)
        fields[n_fields++] = (struct sip_field){ SLICE("History-Info"), slice_of(far->history) };
    if (replaces) {
        sip_session_print_replaces(replaces, &value);
        fields[n_fields++] = (struct sip_field){ SLICE("Replaces"), buf_slice(&value) };
    }
    if (far->is_private)
        fields[n_fields++] = (struct sip_field){ SLICE("Privacy"), SLICE("id") };
    char uri[200], from[200], host[ADDR_TEXT], mem[500];
    struct far_call *call = add_call(far);
    struct secret secret = { 0 };
    rig_run(far->rig, 2); /* records are in the order of their milliseconds */
    secret_set(&secret, slice_of(password));
    snprintf(uri, sizeof uri, "sip:%s@%s", user, addr_print(&far->rig->sip, host));
    snprintf(from, sizeof from, "sip:%s@tandem", account);
    struct sip_session_config config = {
        .request_uri = slice_of(uri),
        .hop = { .kind = SIP_UDP, .addr = far->rig->sip },
        .from_uri = slice_of(from),
        .auth = { .user = slice_of(password ? account : NULL), .password = &secret },
        .fields = fields,
        .n_fields = n_fields,
        .hops = far->hops,
    };
    if (far->offers)
        config.body = (struct sip_body){ SLICE("application/sdp"), slice_of(far->offers) };
    else if (!far->late)
        config.body = description(far, "sendrecv", mem, sizeof mem);
    assert_int_equal(sip_session_invite(&call->session, far->agent, &config, &session_events, call),
                     OK);
    secret_clear(&secret);
}

void far_dial(struct far_end *far, const char *user, const char *account, const char *password)
{
    dial(far, user, account, password, NULL);
}

void far_replace(struct far_end *far, struct far_end *old, const char *user, const char *account,
                 const char *password)
{
    dial(far, user, account, password, newest(old)->session);
}

void far_refer(struct far_end *far, const char *user)
{
    char uri[200], host[ADDR_TEXT];
    snprintf(uri, sizeof uri, "sip:%s@%s", user, addr_print(&far->rig->sip, host));
    struct sip_refer_config config = { .target = slice_of(uri) };
    assert_int_equal(sip_refer_send(newest(far)->session, &config), OK);
}

void far_refer_replaces(struct far_end *far, struct far_end *with)
{
    struct far_call *oldest = LIST_ITEM(far->calls.next, struct far_call, in_far);
    struct sip_refer_config config = { .replaces = newest(with)->session };
    assert_int_equal(sip_refer_send(oldest->session, &config), OK);
}

static void on_registered(void *owner, const struct sip_outcome *outcome)
{
    note(owner, "register:%d ", outcome->status);
}

void far_register(struct far_end *far, const char *account, const char *password)
{
    char uri[200], aor[200], host[ADDR_TEXT];
    struct secret secret = { 0 };
    struct sip_request *request;
    secret_set(&secret, slice_of(password));
    snprintf(uri, sizeof uri, "sip:%s", addr_print(&far->rig->sip, host));
    snprintf(aor, sizeof aor, "sip:%s@%s", account, host);
    struct sip_request_config config = {
        .method = SLICE("REGISTER"),
        .request_uri = slice_of(uri),
        .hop = { .kind = SIP_UDP, .addr = far->rig->sip },
        .from_uri = slice_of(aor),
        .to_uri = slice_of(aor),
        .contact_user = slice_of(account),
        .auth = { .user = slice_of(account), .password = &secret },
    };
    assert_int_equal(sip_request_create(&request, far->agent, &config, on_registered, far), OK);
    secret_clear(&secret);
    RIG_UNTIL(far->rig, far_did(far, "register:"));
}

void far_answer(struct far_end *far)
{
    char mem[500];
    struct sip_reply reply = { .status = 200,
                               .body = description(far, "sendrecv", mem, sizeof mem) };
    assert_int_equal(sip_session_answer(newest(far)->session, &reply), OK);
}

void far_hang_up(struct far_end *far)
{
    end_call(newest(far));
}

void far_reinvite(struct far_end *far, const char *direction)
{
    char mem[500];
    struct sip_body body = description(far, direction, mem, sizeof mem);
    assert_int_equal(sip_session_reoffer(newest(far)->session, &body), OK);
}

void far_reinvite_t38(struct far_end *far)
{
    char mem[500];
    struct sip_body body = image(far, mem, sizeof mem);
    assert_int_equal(sip_session_reoffer(newest(far)->session, &body), OK);
}

void far_reinvite_late(struct far_end *far)
{
    struct sip_body none = { 0 };
    newest(far)->reoffers_late = true;
    assert_int_equal(sip_session_reoffer(newest(far)->session, &none), OK);
}

void far_info(struct far_end *far, const char *digit)
{
    char text[60];
    snprintf(text, sizeof text, "Signal=%s\r\nDuration=160\r\n", digit);
    struct sip_body body = { SLICE("application/dtmf-relay"), slice_of(text) };
    assert_int_equal(
        sip_session_request(newest(far)->session, SLICE("INFO"), NULL, 0, &body, NULL, NULL), OK);
}

void far_expect(struct far_end *far, const char *log)
{
    assert_string_equal(far->log, log);
    far->log[0] = '\0';
}

bool far_did(const struct far_end *far, const char *part)
{
    return strstr(far->log, part) != NULL;
}
