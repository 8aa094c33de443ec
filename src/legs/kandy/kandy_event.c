#include "legs/kandy/kandy_event.h"

#include <string.h>

#include "base/hash.h"
#include "base/inflate.h"
#include "base/mem.h"
#include "base/num.h"

static json_t *text_of_int(json_int_t n)
{
    return json_sprintf("%" JSON_INTEGER_FORMAT, n);
}

static void quote_integers(json_t *value)
{
    void *iter;
    size_t i;
    json_t *item;
    for (iter = json_object_iter(value); iter; iter = json_object_iter_next(value, iter)) {
        item = json_object_iter_value(iter);
        if (json_is_integer(item))
            json_object_iter_set_new(value, iter, text_of_int(json_integer_value(item)));
        else
            quote_integers(item);
    }
    json_array_foreach(value, i, item)
    {
        if (json_is_integer(item))
            json_array_set_new(value, i, text_of_int(json_integer_value(item)));
        else
            quote_integers(item);
    }
}

json_t *kandy_json_load(struct slice text)
{
    json_error_t error;
    json_t *root = json_loadb(text.ptr ? text.ptr : "", text.len, 0, &error);
    quote_integers(root);
    return root;
}

struct slice kandy_text(const json_t *value)
{
    return json_is_string(value) ? slice_make(json_string_value(value), json_string_length(value))
                                 : SLICE_NONE;
}

struct slice kandy_text_at(const json_t *root, const char *const *path)
{
    for (; *path; path++)
        root = json_object_get(root, *path);
    return kandy_text(root);
}

int64_t kandy_int(const json_t *value, int64_t otherwise)
{
    uint64_t n;
    if (json_is_integer(value)) /* not of kandy_json_load() */
        return json_integer_value(value);
    if (json_is_real(value) && json_real_value(value) >= 0 && json_real_value(value) < 1e12)
        return (int64_t)json_real_value(value);
    if (json_is_string(value) && !slice_to_u64(slice_trim(kandy_text(value)), INT32_MAX, &n))
        return (int64_t)n;
    return otherwise;
}

/* retryAfter: milliseconds when over 1000, else seconds; -1 when it is none. */
static int64_t kandy_retry_ms(const json_t *value)
{
    int64_t n = kandy_int(value, -1);
    return n > 1000 || n < 0 ? n : n * 1000;
}

const char *kandy_event_name(enum kandy_event_kind kind)
{
    static const char *const names[] = {
        "ignored", "incoming", "ringing",     "progress",  "answer", "update",     "glare",
        "end",     "cancel",   "transferred", "not moved", "gone",   "overridden", "ice servers",
        "message", "mwi",      "check",       "refused",   "stands",
    };
    _Static_assert(COUNT_OF(names) == KANDY_STANDS + 1, "one name a kind");
    return names[kind];
}

/* The first of these keys that is there. */
static const json_t *first_of(const json_t *object, const char *const *keys, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        const json_t *value = json_object_get(object, keys[i]);
        if (value && !json_is_null(value))
            return value;
    }
    return NULL;
}
#define FIRST(object, ...)                                 \
    first_of(object, (const char *const[]){ __VA_ARGS__ }, \
             sizeof((const char *const[]){ __VA_ARGS__ }) / sizeof(const char *))

static int sip_status(int64_t status)
{
    return status >= 400 && status < 700 ? (int)status : 0;
}

/* ---- Kandy Link: notificationMessage ---- */

/* sdpFormat: absent is plain text, "compressed" base64 of zlib, "url" a path. */
static enum err read_sdp(struct kandy_event *out, const json_t *params)
{
    struct slice format = kandy_text(json_object_get(params, "sdpFormat"));
    out->sdp = kandy_text(json_object_get(params, "sdp"));
    out->sdp_is_url = out->sdp.len && slice_iis(format, "url");
    if (!out->sdp.len || !slice_iis(format, "compressed"))
        return OK;
    size_t len = out->sdp.len;
    uint8_t *packed = mem_alloc(len);
    struct slice plain = SLICE_NONE;
    enum err err = base64_parse(out->sdp, packed, &len);
    if (!err)
        err = inflate_bytes(slice_make(packed, len), KANDY_SDP_MAX, &plain);
    mem_free(packed);
    out->inflated = (char *)(uintptr_t)plain.ptr; /* on the heap, ours now */
    out->sdp = plain;
    return err ? ERR_PARSE : OK;
}

static const struct {
    const char *type;
    enum kandy_event_kind kind;
} link_types[] = {
    { "call", KANDY_INCOMING },
    { "ringing", KANDY_RINGING },
    { "sessionProgress", KANDY_PROGRESS },
    { "respondCallUpdate", KANDY_ANSWER },
    { "startCallUpdate", KANDY_UPDATE },
    { "callEnd", KANDY_END },
    { "callCancel", KANDY_CANCEL },
    { "sessionComplete", KANDY_MOVED },
    { "sessionFail", KANDY_MOVE_FAILED },
    { "gone", KANDY_GONE },
    { "websocketOverridden", KANDY_OVERRIDDEN },
    { "IM", KANDY_TEXT },
    { "mwi", KANDY_MWI },
};

static enum kandy_event_kind link_kind(struct slice type)
{
    for (size_t i = 0; i < COUNT_OF(link_types); i++)
        if (slice_iis(type, link_types[i].type))
            return link_types[i].kind;
    return KANDY_IGNORED;
}

static unsigned count_of(const json_t *value)
{
    return (unsigned)num_min(num_max(kandy_int(value, 0), 0), INT32_MAX);
}

static void read_services(struct kandy_event *out, const json_t *note)
{
    const json_t *im = FIRST(note, "imnotificationParams", "imNotificationParams");
    const json_t *mwi = FIRST(note, "mwiNotificationParams", "mwinotificationParams");
    const json_t *flag = FIRST(mwi, "mwi", "messagesWaiting");
    if (im) {
        out->text = kandy_text(FIRST(im, "msgText", "message", "text", "body"));
        out->from = kandy_text(FIRST(im, "primaryContact", "from", "fromUrl", "sender"));
    }
    if (!mwi)
        return;
    out->new_mail = count_of(json_object_get(mwi, "unheardVoice"));
    out->all_mail = count_of(json_object_get(mwi, "totalVoice"));
    out->has_mail = json_is_true(flag) || slice_iis(kandy_text(flag), "yes") ||
                    slice_iis(kandy_text(flag), "true");
}

/* A statusCode may stand in the session's parameters or beside them. */
static void read_status(struct kandy_event *out, const json_t *note, const json_t *params)
{
    const json_t *code = FIRST(params, "statusCode");
    const json_t *retry = FIRST(params, "retryAfter");
    const json_t *reason = FIRST(params, "reasonText", "reason");
    int64_t status = kandy_int(code ? code : json_object_get(note, "statusCode"), 0);
    out->status = sip_status(status);
    out->reason = kandy_text(reason ? reason : FIRST(note, "reasonText", "reason"));
    out->retry_ms = kandy_retry_ms(retry ? retry : json_object_get(note, "retryAfter"));
    if (out->kind == KANDY_ANSWER && !out->sdp.len && status == 49) /* section 6 */
        out->kind = KANDY_GLARE;
}

static enum err read_link(struct kandy_event *out, const json_t *note)
{
    const json_t *params = json_object_get(note, "sessionParams");
    const json_t *call = json_object_get(note, "callNotificationParams");
    const json_t *session = FIRST(params, "sessionData");
    out->kind = link_kind(kandy_text(json_object_get(note, "eventType")));
    out->id = kandy_text(json_object_get(note, "eventId"));
    out->session = kandy_text(session ? session : json_object_get(note, "sessionData"));
    out->from = kandy_text(FIRST(call, "callerDisplayNumber", "remoteDisplayNumber"));
    out->from_name = kandy_text(FIRST(call, "callerName", "remoteName"));
    out->to = kandy_text(json_object_get(call, "calleeDisplayNumber"));
    out->custom = FIRST(note, "customParameters");
    enum err err = read_sdp(out, params);
    read_status(out, note, params);
    read_services(out, note);
    bool disposition = out->kind == KANDY_INCOMING && !params;
    bool no_media = out->kind == KANDY_PROGRESS && !out->sdp.len;
    if (disposition || no_media)
        out->kind = KANDY_IGNORED;
    return err;
}

/* ---- the seed: type, method, id, params or result ---- */

static const struct {
    const char *method;
    enum kandy_event_kind kind;
} seed_methods[] = {
    { "call.incomingCall", KANDY_INCOMING },
    { "call.end", KANDY_END },
    { "call.ended", KANDY_END },
    { "call.hangup", KANDY_END },
    { "call.cancel", KANDY_CANCEL },
    { "call.cancelled", KANDY_CANCEL },
    { "call.answered", KANDY_ANSWER },
    { "call.answer", KANDY_ANSWER },
    { "call.connected", KANDY_ANSWER },
    { "call.ringing", KANDY_RINGING },
    { "call.getIceServers", KANDY_ICE_SERVERS },
    { "gone", KANDY_GONE },
    { "websocketOverridden", KANDY_OVERRIDDEN },
};

static const struct {
    const char *status;
    enum kandy_event_kind kind;
    int code;
} seed_statuses[] = {
    { "ringing", KANDY_RINGING, 0 },  { "answered", KANDY_ANSWER, 0 },
    { "connected", KANDY_ANSWER, 0 }, { "busy", KANDY_END, 486 },
    { "rejected", KANDY_END, 603 },   { "declined", KANDY_END, 603 },
    { "failed", KANDY_END, 480 },     { "ended", KANDY_END, 0 },
    { "cancelled", KANDY_END, 487 },  { "no_answer", KANDY_END, 408 },
};

/* "v=0…" or {"type":"answer","sdp":"v=0…"} */
static struct slice seed_sdp(const json_t *body)
{
    const json_t *sdp = json_object_get(body, "sdp");
    return kandy_text(json_is_object(sdp) ? json_object_get(sdp, "sdp") : sdp);
}

static bool read_status_word(struct kandy_event *out, struct slice status)
{
    for (size_t i = 0; i < COUNT_OF(seed_statuses); i++)
        if (slice_iis(status, seed_statuses[i].status)) {
            out->kind = seed_statuses[i].kind;
            out->status = seed_statuses[i].code;
            return true;
        }
    return false;
}

/* Answered: an SDP with status answered, connected or none; ringing with one is early media. */
static void read_call(struct kandy_event *out, const json_t *body, struct slice method)
{
    struct slice status = kandy_text(json_object_get(body, "status"));
    bool named = out->kind != KANDY_IGNORED;
    bool known = !named && read_status_word(out, status);
    if (out->kind == KANDY_RINGING && out->sdp.len)
        out->kind = KANDY_PROGRESS;
    bool ours = slice_is(method, "call.end"); /* the answer to our own is no news */
    if (!named && !known && !ours && status.len == 0 && out->sdp.len)
        out->kind = KANDY_ANSWER;
    int64_t code = kandy_int(FIRST(body, "statusCode", "code"), 0);
    if (sip_status(code))
        out->status = sip_status(code);
    out->reason = kandy_text(FIRST(body, "reason", "reasonText", "message"));
    out->retry_ms = kandy_retry_ms(json_object_get(body, "retryAfter"));
}

static void read_refusal(struct kandy_event *out, const json_t *error)
{
    struct slice text = kandy_text(error);
    out->kind = KANDY_REFUSED;
    out->status = sip_status(kandy_int(FIRST(error, "code", "status", "statusCode"), 0));
    out->reason = text.len ? text : kandy_text(FIRST(error, "message", "reason", "description"));
}

static void read_seed(struct kandy_event *out, const json_t *root)
{
    struct slice type = kandy_text(json_object_get(root, "type"));
    struct slice method = kandy_text(json_object_get(root, "method"));
    const json_t *result = FIRST(root, "result");
    const json_t *error = FIRST(root, "error");
    bool response = slice_is(type, "response") || (!type.len && !method.len && (result || error));
    const json_t *body = response && result ? result : FIRST(root, "params", "result");
    if (!body)
        body = root;
    if (slice_is(type, "call.incomingCall"))
        method = type;
    for (size_t i = 0; i < COUNT_OF(seed_methods); i++)
        if (slice_is(method, seed_methods[i].method))
            out->kind = seed_methods[i].kind;
    out->list = json_is_array(body) ? body : json_object_get(body, "iceServers");
    /* a response says how the request went, not that the method happened */
    if (response)
        out->kind = json_is_array(out->list) ? KANDY_ICE_SERVERS : KANDY_IGNORED;
    out->request = response ? kandy_text(json_object_get(root, "id")) : SLICE_NONE;
    out->session = kandy_text(FIRST(body, "callId", "sessionData"));
    out->from = kandy_text(FIRST(body, "from", "callerNumber"));
    out->from_name = kandy_text(FIRST(body, "displayName", "fromName"));
    out->to = kandy_text(FIRST(body, "to", "destination"));
    out->sdp = seed_sdp(body);
    out->custom = FIRST(body, "customParameters");
    out->id = response ? SLICE_NONE : kandy_text(json_object_get(root, "eventId"));
    if (error)
        read_refusal(out, error);
    else if (out->kind != KANDY_ICE_SERVERS)
        read_call(out, body, method);
}

enum err kandy_event_parse(struct kandy_event *out, struct slice text)
{
    enum err err = OK;
    *out = (struct kandy_event){ .retry_ms = -1 };
    if (text.len > KANDY_EVENT_MAX)
        return ERR_PARSE;
    out->root = kandy_json_load(text);
    if (!json_is_object(out->root)) {
        kandy_event_clear(out);
        return ERR_PARSE;
    }
    const json_t *note = json_object_get(out->root, "notificationMessage");
    if (note)
        err = read_link(out, note);
    else if (json_object_get(out->root, "connCheck"))
        out->kind = KANDY_CHECK;
    else if (!json_object_get(out->root, "message_type")) /* a ping or its answer */
        read_seed(out, out->root);
    if (err)
        kandy_event_clear(out);
    return err;
}

void kandy_event_clear(struct kandy_event *event)
{
    json_decref(event->root);
    mem_free(event->inflated);
    *event = (struct kandy_event){ .retry_ms = -1 };
}

struct kandy_event *kandy_event_keep(struct kandy_event *event)
{
    struct kandy_event *kept = mem_new(struct kandy_event);
    *kept = *event;
    *event = (struct kandy_event){ .retry_ms = -1 };
    return kept;
}

struct slice kandy_event_data(const json_t *root)
{
    const json_t *data = json_object_get(root, "eventDataResponse");
    return kandy_text(json_object_get(data ? data : root, "sdp"));
}
