/* Making and freeing SIP legs, and their in-dialog requests. */
#include <stdio.h>

#include "base/mem.h"
#include "base/num.h"
#include "legs/leg_sip_priv.h"
#include "media/media.h"
#include "sip/sip_msg.h"
#include "sip/sip_txn.h"

enum { DTMF_DEFAULT_MS = 100, DTMF_MIN_MS = 40, DTMF_MAX_MS = 6000 };

struct leg_sip *leg_sip_make(const struct leg_env *env, bool incoming)
{
    struct leg_sip *self = mem_new(struct leg_sip);
    leg_init(&self->leg, &leg_sip_ops, incoming);
    self->env = env;
    self->media.passes_video = true;
    list_init(&self->texts);
    list_init(&self->passed_texts);
    return self;
}

void leg_sip_free(struct leg_sip *self)
{
    char *const texts[] = { self->offer,        self->sdp,         self->host,
                            self->request_uri,  self->from_uri,    self->from_name,
                            self->contact_user, self->auth_user,   self->auth_realm,
                            self->peer,         self->identity_uri };
    for (size_t i = 0; i < COUNT_OF(texts); i++)
        mem_free(texts[i]);
    for (size_t i = 0; i < self->n_fields; i++) {
        mem_free((char *)(uintptr_t)self->fields[i].name.ptr); /* ours, made by slice_dup() */
        mem_free((char *)(uintptr_t)self->fields[i].value.ptr);
    }
    leg_sip_redirects_clear(self);
    leg_sip_texts_clear(self);
    for (size_t i = 0; i < self->n_routes; i++)
        mem_free((char *)(uintptr_t)self->routes[i].ptr);
    mem_free(self);
}

static struct slice keep(struct slice s)
{
    return (struct slice){ slice_dup(s), s.len };
}

static void copy_lists(struct leg_sip *self, const struct leg_sip_target *target)
{
    for (size_t i = 0; i < target->n_fields && i < LEG_SIP_FIELDS_MAX; i++)
        self->fields[self->n_fields++] =
            (struct sip_field){ keep(target->fields[i].name), keep(target->fields[i].value) };
    for (size_t i = 0; i < target->n_routes && i < LEG_SIP_ROUTES_MAX; i++)
        self->routes[self->n_routes++] = keep(target->routes[i]);
}

size_t leg_sip_add_headers(const struct call *call, struct sip_field *fields, size_t n, size_t max)
{
    const char *name;
    json_t *value;
    json_object_foreach((json_t *)(uintptr_t)call_headers(call), name, value)
    {
        if (n < max && json_is_string(value))
            fields[n++] = (struct sip_field){ slice_of(name), slice_of(json_string_value(value)) };
    }
    return n;
}

struct leg *leg_sip_create_outgoing(const struct leg_env *env, const struct leg_sip_target *target)
{
    struct leg_sip *self = leg_sip_make(env, false);
    for (size_t i = 0; i < target->n_hops && i < SIP_HOPS_MAX; i++)
        self->hops[self->n_hops++] = target->hops[i];
    self->where = target->where;
    self->is_typed = target->is_typed;
    self->host = slice_dup(target->where.host);
    self->where.host = slice_of(self->host);
    self->request_uri = slice_dup(target->request_uri);
    self->from_uri = slice_dup(target->from_uri);
    self->from_name = slice_dup(target->from_name);
    self->contact_user = slice_dup(target->contact_user);
    self->peer = slice_dup(target->peer);
    self->identity_uri = slice_dup(target->identity_uri);
    self->is_asserted = target->is_asserted;
    self->is_private = target->is_private;
    self->auth = target->auth;
    self->auth_user = slice_dup(target->auth.user);
    self->auth.user = slice_of(self->auth_user);
    self->auth_realm = slice_dup(target->auth.realm);
    self->auth.realm = slice_of(self->auth_realm);
    self->codecs = target->codecs;
    self->media.policy = (struct leg_policy){ target->codecs, target->prefer };
    self->srtp = target->srtp;
    self->media.dtmf = target->dtmf;
    self->media.ptime_ms = target->ptime_ms;
    self->media.shares_port = target->shares_port;
    self->media.passes_video = !target->no_video;
    if (target->media_nets)
        leg_nets_fill(&self->media.nets, target->media_nets);
    self->on_over = target->on_over;
    self->owner = target->owner;
    copy_lists(self, target);
    snprintf(self->leg.party, sizeof self->leg.party, "%.*s", SLICE_ARG(target->party));
    snprintf(self->leg.via, sizeof self->leg.via, "%.*s", SLICE_ARG(target->via));
    return &self->leg;
}

static bool is_key(char c)
{
    return (c >= '0' && c <= '9') || c == '*' || c == '#' || (c >= 'A' && c <= 'D');
}

/* "Signal=5" CRLF "Duration=160" */
static void read_relay(struct slice body, struct slice *signal, unsigned *duration_ms)
{
    while (body.len) {
        struct slice line = slice_line(&body);
        struct slice name = slice_trim(slice_cut(&line, '='));
        uint32_t ms;
        if (slice_iis(name, "signal"))
            *signal = slice_trim(line);
        else if (slice_iis(name, "duration") && !slice_to_u32(slice_trim(line), DTMF_MAX_MS, &ms) &&
                 ms >= DTMF_MIN_MS)
            *duration_ms = ms;
    }
}

bool leg_sip_parse_dtmf(struct slice type, struct slice body, char *digit, unsigned *duration_ms)
{
    struct slice word = slice_trim(slice_cut(&type, ';'));
    struct slice signal = SLICE_NONE;
    *duration_ms = DTMF_DEFAULT_MS;
    if (slice_iis(word, "application/dtmf-relay"))
        read_relay(body, &signal, duration_ms);
    else if (slice_iis(word, "application/dtmf"))
        signal = slice_trim(body);
    if (slice_is(signal, "10")) /* RFC 4733 event numbers, as some send them */
        signal = SLICE("*");
    else if (slice_is(signal, "11"))
        signal = SLICE("#");
    if (signal.len != 1)
        return false;
    char c = signal.ptr[0];
    *digit = c >= 'a' && c <= 'd' ? (char)(c - 'a' + 'A') : c;
    return is_key(*digit);
}

void leg_sip_on_request(void *owner, struct sip_session *session, struct sip_txn *txn)
{
    struct leg_sip *self = owner;
    struct sip_msg *msg = sip_txn_msg(txn);
    struct slice method = sip_msg_method_text(msg);
    (void)session;
    leg_on_event(&self->leg, "sip", "%.*s received", SLICE_ARG(method));
    if (slice_is(method, "OPTIONS") || slice_is(method, "UPDATE")) {
        sip_txn_reply_status(txn, 200);
        return;
    }
    if (slice_is(method, "MESSAGE")) {
        leg_sip_take_text(self, txn);
        return;
    }
    if (!slice_is(method, "INFO")) {
        sip_txn_reply_status(txn, 405);
        return;
    }
    char digit;
    unsigned duration_ms;
    bool key = leg_sip_parse_dtmf(sip_msg_value(msg, SIP_H_CONTENT_TYPE), sip_msg_body(msg), &digit,
                                  &duration_ms);
    bool empty = sip_msg_body(msg).len == 0; /* RFC 6086 §4.2.2: a bare INFO is a ping */
    sip_txn_reply_status(txn, key || empty ? 200 : 415);
    if (key)
        leg_on_dtmf(&self->leg, digit, duration_ms, false);
}

static enum err send_info(struct leg_sip *self, char digit, unsigned duration_ms);

/* The other form, when it does not know the usual one. */
static void on_info(void *owner, const struct sip_outcome *outcome)
{
    struct leg_sip *self = owner;
    if (outcome->status != 415 || self->info_is_bare || leg_is_over(&self->leg))
        return;
    self->info_is_bare = true;
    (void)!send_info(self, self->info_key, self->info_ms);
}

/* The body form that most gateways read first (application/dtmf-relay). */
static enum err send_info(struct leg_sip *self, char digit, unsigned duration_ms)
{
    char text[64] = { digit };
    struct sip_body body = { SLICE("application/dtmf"), slice_make(text, 1) };
    if (!self->info_is_bare) {
        snprintf(text, sizeof text, "Signal=%c\r\nDuration=%u\r\n", digit, duration_ms);
        body = (struct sip_body){ SLICE("application/dtmf-relay"), slice_of(text) };
    }
    self->info_key = digit;
    self->info_ms = duration_ms;
    return sip_session_request(self->session, SLICE("INFO"), NULL, 0, &body, on_info, self);
}

void leg_sip_dtmf(struct leg *leg, char digit, unsigned duration_ms, bool relayed)
{
    struct leg_sip *self = leg_sip_of(leg);
    if (!self->media.dtmf_by_info) {
        if (!relayed && leg->stream)
            media_stream_send_dtmf(leg->stream, slice_make(&digit, 1), duration_ms, 0);
        return;
    }
    if (!is_key(digit) || !self->session)
        return;
    if (!send_info(self, digit, duration_ms))
        leg_on_event(leg, "sip", "INFO sent, key %c", digit);
}
