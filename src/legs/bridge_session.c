/* One bridge socket: its messages, its rights, its registration. */
#include <stdio.h>

#include "base/loop.h"
#include "base/mem.h"
#include "base/num.h"
#include "config/config.h"
#include "legs/bridge_priv.h"
#include "legs/trace.h"
#include "net/http_listener.h"
#include "store/store_rows.h"
#include "store/token.h"

static void trace(const struct bridge_session *session, bool is_in, struct slice type,
                  struct slice text)
{
    struct trace_bridge message = {
        .is_in = is_in,
        .is_tls = ws_is_tls(session->ws),
        .session = session->id,
        .local = http_listener_addr(ws_listener(session->ws)),
        .remote = &session->peer,
        .type = type,
        .text = text,
    };
    trace_bridge(session->face->env->trace, &message);
}

void bridge_session_send(struct bridge_session *session, json_t *message)
{
    char *text = session->ws ? json_dumps(message, JSON_COMPACT) : NULL;
    if (text) {
        trace(session, false, slice_of(json_string_value(json_object_get(message, "type"))),
              slice_of(text));
        (void)!ws_send_text(session->ws,
                            slice_of(text)); /* a slow reader is closed by the socket */
    }
    free(text);
    json_decref(message);
}

static void send_error(struct bridge_session *session, struct slice call_id, const char *code,
                       const char *message)
{
    json_t *error = json_pack("{s:s, s:s, s:s, s:b}", "type", "error", "message", message, "code",
                              code, "retryable", 0);
    if (call_id.len)
        json_object_set_new(error, "callId", json_stringn(call_id.ptr, call_id.len));
    bridge_session_send(session, error);
}

struct leg_bridge *bridge_session_leg(struct bridge_session *session, struct slice call_id)
{
    struct leg_bridge *found = NULL;
    LIST_EACH(link, &session->legs)
    {
        struct leg_bridge *leg = LIST_ITEM(link, struct leg_bridge, in_session);
        if (!leg_is_over(&leg->leg) && (!call_id.len || slice_is(call_id, leg->call_id)))
            found = leg; /* the newest */
    }
    return found;
}

static size_t live_legs(const struct bridge_session *session)
{
    size_t n = 0;
    LIST_EACH(link, (struct list *)(uintptr_t)&session->legs)
    n += !leg_is_over(&LIST_ITEM(link, struct leg_bridge, in_session)->leg);
    return n;
}

static void on_offer(struct bridge_session *session, const struct bridge_msg *msg)
{
    if (live_legs(session) >= (size_t)session->face->env->config->bridge_calls_per_socket) {
        send_error(session, msg->call_id, "too_many_calls",
                   "Failed to establish call: this connection has a call already");
        return;
    }
    leg_bridge_call(session, msg);
}

/* One hangup comes back for each that the page sends, call or no call: the original page waits for
 * it. */
static void on_hangup(struct bridge_session *session, const struct bridge_msg *msg)
{
    struct leg_bridge *leg;
    json_t *echo = json_pack("{s:s, s:i, s:s, s:s}", "type", "hangup", "code", 200, "reason",
                             "hangup", "by", "local");
    log_info(&session->log, "Call hangup for session %s", session->id);
    leg = bridge_session_leg(session, msg->call_id);
    if (leg)
        json_object_set_new(echo, "callId", json_string(leg->call_id));
    while ((leg = bridge_session_leg(session, msg->call_id)))
        leg_bridge_on_hangup(leg, NULL);
    bridge_session_send(session, echo);
}

static void grant(struct bridge_session *session, const char *user)
{
    snprintf(session->user, sizeof session->user, "%s", user);
    session->may_use_trunks = true;
    session->needs_auth = false;
    session->asking = false;
    if (session->wants_register) {
        session->registered = true;
        log_info(&session->log, "page registered user=%s", user);
        bridge_session_send(
            session, json_pack("{s:s, s:s, s:s}", "type", "registered", "aor", user, "user", user));
    } else {
        bridge_session_send(session,
                            json_pack("{s:s, s:s}", "type", "authenticated", "user", user));
    }
}

static void refuse(struct bridge_session *session, const char *text)
{
    char peer[ADDR_TEXT];
    session->asking = false;
    log_warn(&session->log, "token refused from=%s", addr_print(&session->peer, peer));
    send_error(session, SLICE_NONE, "unauthorized", text);
}

static void on_user(void *owner, const struct store_answer *answer)
{
    struct bridge_session *session = owner;
    if (answer->err || !answer->n)
        refuse(session, "The token's user does not exist any more.");
    else
        grant(session, STORE_ROWS(answer, store_user)->name);
}

static void on_token(void *owner, const struct store_answer *answer)
{
    struct bridge_session *session = owner;
    if (answer->err || !answer->n) {
        refuse(session, "The token is unknown, expired or revoked.");
        return;
    }
    const struct store_token *token = STORE_ROWS(answer, store_token);
    if (token->user_id[0])
        store_user_find(session->face->env->store, token->user_id,
                        (struct store_reply){ on_user, session });
    else if (session->wants_register)
        refuse(session, "A page registers with a user's token, not with a project's.");
    else
        grant(session, "");
}

static void check_token(struct bridge_session *session, const struct bridge_msg *msg, bool reg)
{
    char hash[TOKEN_HASH];
    if (session->asking)
        return;
    if (!msg->token.len) {
        if (reg && session->user[0]) { /* proved before by `auth` */
            session->wants_register = true;
            grant(session, session->user);
            return;
        }
        send_error(session, SLICE_NONE, "unauthorized", "A token is needed.");
        return;
    }
    session->asking = true;
    session->wants_register = reg;
    token_hash(msg->token, hash);
    store_token_check(session->face->env->store, hash, loop_wall_ms(session->face->env->loop),
                      (struct store_reply){ on_token, session });
}

static void on_unregister(struct bridge_session *session)
{
    session->registered = false;
    bridge_session_send(session, json_pack("{s:s}", "type", "unregistered"));
}

static void on_ping(struct bridge_session *session, const struct bridge_msg *msg)
{
    bridge_session_send(
        session, json_pack("{s:s, s:O}", "type", "pong", "t", msg->t ? msg->t : json_null()));
}

/* Messages about one call: silently late when it is over. */
static void on_call_msg(struct bridge_session *session, const struct bridge_msg *msg)
{
    struct leg_bridge *leg = bridge_session_leg(session, msg->call_id);
    if (!leg)
        return;
    switch (msg->type) {
    case BRIDGE_ANSWER:
        leg_bridge_on_answer(leg, msg);
        return;
    case BRIDGE_REJECT:
        leg_bridge_on_reject(leg, msg);
        return;
    case BRIDGE_CANDIDATE:
        leg_bridge_on_candidate(leg, msg);
        return;
    case BRIDGE_DTMF:
        leg_bridge_on_dtmf(leg, msg);
        return;
    case BRIDGE_MUTE:
    case BRIDGE_UNMUTE:
        leg_bridge_on_mute(leg, msg, msg->type == BRIDGE_MUTE);
        return;
    case BRIDGE_HOLD:
    case BRIDGE_RESUME:
        leg_bridge_on_hold(leg, msg->type == BRIDGE_HOLD);
        return;
    case BRIDGE_STATS:
        leg_bridge_on_stats(leg);
        return;
    case BRIDGE_TRANSFER:
        leg_bridge_on_transfer(leg, msg);
        return;
    case BRIDGE_RECORD_START:
    case BRIDGE_RECORD_STOP:
        leg_bridge_on_record(leg, msg);
        return;
    case BRIDGE_UNKNOWN:
    case BRIDGE_OFFER:
    case BRIDGE_HANGUP:
    case BRIDGE_PING:
    case BRIDGE_AUTH:
    case BRIDGE_REGISTER:
    case BRIDGE_UNREGISTER:
        return;
    }
}

static void handle(struct bridge_session *session, const struct bridge_msg *msg)
{
    log_debug(&session->log, "Message from %s: %.*s", session->id, SLICE_ARG(msg->type_text));
    if (session->needs_auth && msg->type != BRIDGE_AUTH) {
        send_error(session, msg->call_id, "unauthorized",
                   "This listener demands a token first: {\"type\":\"auth\",\"token\":\"...\"}");
        return;
    }
    switch (msg->type) {
    case BRIDGE_OFFER:
        on_offer(session, msg);
        return;
    case BRIDGE_HANGUP:
        on_hangup(session, msg);
        return;
    case BRIDGE_PING:
        on_ping(session, msg);
        return;
    case BRIDGE_AUTH:
    case BRIDGE_REGISTER:
        check_token(session, msg, msg->type == BRIDGE_REGISTER);
        return;
    case BRIDGE_UNREGISTER:
        on_unregister(session);
        return;
    case BRIDGE_UNKNOWN:
        log_debug(&session->log, "unknown message type ignored");
        return;
    case BRIDGE_ANSWER:
    case BRIDGE_REJECT:
    case BRIDGE_CANDIDATE:
    case BRIDGE_DTMF:
    case BRIDGE_MUTE:
    case BRIDGE_UNMUTE:
    case BRIDGE_HOLD:
    case BRIDGE_RESUME:
    case BRIDGE_STATS:
    case BRIDGE_TRANSFER:
    case BRIDGE_RECORD_START:
    case BRIDGE_RECORD_STOP:
        on_call_msg(session, msg);
        return;
    }
}

static void on_text(void *owner, struct ws *ws, struct slice text)
{
    struct bridge_session *session = owner;
    struct bridge_msg msg;
    struct fault fault = { 0 };
    char message[FAULT_TEXT_MAX + FAULT_WHERE_MAX];
    (void)ws;
    if (!bridge_msg_parse(&msg, text, &fault)) {
        trace(session, true, msg.type_text, text);
        handle(session, &msg);
        bridge_msg_clear(&msg);
        return;
    }
    trace(session, true, SLICE_NONE, text);
    fault_print(&fault, message, sizeof message);
    send_error(session, SLICE_NONE, fault.code == ERR_PARSE ? "bad_json" : "bad_message", message);
}

static struct bridge_session *make(const struct bridge_door *door, struct ws *ws)
{
    struct bridge_face *face = door->face;
    struct bridge_session *session = mem_new(struct bridge_session);
    char from[ADDR_TEXT];
    session->face = face;
    session->ws = ws;
    session->peer = *ws_peer(ws);
    session->may_use_trunks = door->may_use_trunks;
    session->needs_auth = door->needs_auth;
    rand_uuid(session->id);
    log_tag_set(&session->log, "session=%.8s", session->id);
    list_init(&session->legs);
    list_append(&face->sessions, &session->in_face);
    face->n++;
    log_info(&session->log, "session opened id=%s from=%s", session->id,
             addr_print(&session->peer, from));
    return session;
}

static void on_open(void *owner, struct ws *ws)
{
    static const char *const features[] = { "destination", "trying", "ringing", "progress",
                                            "incoming",    "dtmf",   "mute",    "stats",
                                            "register",    "auth",   "headers", "hold" };
    struct bridge_session *session = make(owner, ws);
    json_t *list = json_array();
    ws_set_owner(ws, session);
    for (size_t i = 0; i < COUNT_OF(features); i++)
        json_array_append_new(list, json_string(features[i]));
    bridge_session_send(session, json_pack("{s:s, s:s, s:[], s:s, s:o}", "type", "session-created",
                                           "sessionId", session->id, "iceServers", "version", "1",
                                           "features", list));
}

static void on_close(void *owner, struct ws *ws, int code, struct slice reason)
{
    struct bridge_session *session = owner;
    (void)ws;
    (void)reason;
    log_info(&session->log, "session closed code=%d", code);
    session->ws = NULL;
    LIST_EACH(link, &session->legs)
    {
        struct leg_bridge *leg = LIST_ITEM(link, struct leg_bridge, in_session);
        leg_bridge_on_hangup(leg, "The page closed its connection.");
        leg->session = NULL;
        list_remove(&leg->in_session);
    }
    store_forget(session->face->env->store, session);
    list_remove(&session->in_face);
    session->face->n--;
    mem_free(session);
}

const struct ws_events bridge_session_events = {
    .on_open = on_open,
    .on_text = on_text,
    .on_binary = on_text, /* JSON all the same: some clients send nothing else */
    .on_close = on_close,
};
