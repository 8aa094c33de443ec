#include "legs/bridge_msg.h"

#include <stdio.h>
#include <string.h>

#include "base/num.h"

typedef enum err (*read_fn)(struct bridge_msg *msg, struct fault *fault);

static struct slice text_of(const json_t *value)
{
    return json_is_string(value) ? slice_make(json_string_value(value), json_string_length(value))
                                 : SLICE_NONE;
}

static enum err wrong(struct fault *fault, const char *field, const char *text)
{
    return fault_set(fault, ERR_INVALID, field, 0, "%s", text);
}

/* An optional text field: absent and null are the same. */
static enum err read_text(const struct bridge_msg *msg, const char *field, size_t max,
                          struct slice *out, struct fault *fault)
{
    const json_t *value = json_object_get(msg->root, field);
    if (!value || json_is_null(value))
        return OK;
    if (!json_is_string(value))
        return wrong(fault, field, "must be text");
    if (json_string_length(value) > max)
        return fault_set(fault, ERR_LIMIT, field, 0, "longer than %zu bytes", max);
    *out = text_of(value);
    for (size_t i = 0; i < out->len; i++)
        if (max != BRIDGE_SDP_MAX && ((unsigned char)out->ptr[i] < 0x20 || out->ptr[i] == 0x7f))
            return wrong(fault, field, "must not hold control characters");
    return OK;
}

static enum err read_number(const struct bridge_msg *msg, const char *field, unsigned min,
                            unsigned max, unsigned *out, struct fault *fault)
{
    const json_t *value = json_object_get(msg->root, field);
    if (!value || json_is_null(value))
        return OK;
    if (!json_is_integer(value) || json_integer_value(value) < (json_int_t)min ||
        json_integer_value(value) > (json_int_t)max)
        return fault_set(fault, ERR_INVALID, field, 0, "must be a number from %u to %u", min, max);
    *out = (unsigned)json_integer_value(value); /* within min and max */
    return OK;
}

/* The SDP as text, as {type, sdp}, or one level deeper (`offer.offer.sdp`): all three exist. */
static enum err read_sdp(struct bridge_msg *msg, const char *nested, struct fault *fault)
{
    const json_t *value = json_object_get(msg->root, "sdp");
    const json_t *inner = json_object_get(msg->root, nested);
    if (json_is_object(value))
        value = json_object_get(value, "sdp");
    if (!value && json_is_object(inner))
        value = json_object_get(inner, "sdp");
    if (!json_is_string(value) || json_string_length(value) == 0)
        return wrong(fault, "sdp", "must be the text of a session description");
    if (json_string_length(value) > BRIDGE_SDP_MAX)
        return fault_set(fault, ERR_LIMIT, "sdp", 0, "longer than %d bytes", BRIDGE_SDP_MAX);
    msg->sdp = text_of(value);
    return OK;
}

static bool is_token_char(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '-' ||
           c == '_' || c == '.';
}

static enum err add_header(struct bridge_msg *msg, const char *name, const json_t *value,
                           size_t *total, struct fault *fault)
{
    struct slice key = slice_of(name);
    bool ok = slice_istarts(key, SLICE("X-")) && key.len > 2 && key.len < 64;
    for (size_t i = 0; i < key.len; i++)
        ok = ok && is_token_char(key.ptr[i]);
    if (!ok)
        return wrong(fault, name, "only X- headers may be set");
    char *made = json_is_string(value) ? NULL : json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY);
    const char *text = made ? made : json_string_value(value);
    enum err err = OK;
    *total += key.len + strlen(text);
    for (const char *at = text; *at && !err; at++)
        if ((unsigned char)*at < 0x20 || *at == 0x7f)
            err = wrong(fault, name,
                        "a header value must not hold line breaks or control characters");
    if (!err && *total > BRIDGE_HEADERS_MAX)
        err = fault_set(fault, ERR_LIMIT, "headers", 0, "longer than %d bytes in all",
                        BRIDGE_HEADERS_MAX);
    if (!err)
        json_object_set_new(msg->headers, name, json_string(text));
    free(made);
    return err;
}

static enum err read_headers(struct bridge_msg *msg, struct fault *fault)
{
    json_t *headers = json_object_get(msg->root, "headers");
    if (!headers || json_is_null(headers))
        return OK;
    if (!json_is_object(headers))
        return wrong(fault, "headers", "must be an object of names and values");
    msg->headers = json_object();
    const char *name;
    json_t *value;
    size_t total = 0;
    json_object_foreach(headers, name, value)
    {
        enum err err = add_header(msg, name, value, &total, fault);
        if (err)
            return err;
    }
    return OK;
}

static enum err read_offer(struct bridge_msg *msg, struct fault *fault)
{
    enum err err = read_sdp(msg, "offer", fault);
    if (!err)
        err = read_text(msg, "destination", BRIDGE_DESTINATION_MAX, &msg->destination, fault);
    if (!err)
        err = read_text(msg, "from", 128, &msg->from, fault);
    if (!err)
        err = read_text(msg, "displayName", 128, &msg->display_name, fault);
    if (!err)
        err = read_headers(msg, fault);
    msg->destination = slice_trim(msg->destination);
    return err;
}

static enum err read_answer(struct bridge_msg *msg, struct fault *fault)
{
    return read_sdp(msg, "answer", fault);
}

static enum err read_reject(struct bridge_msg *msg, struct fault *fault)
{
    unsigned code = 603;
    enum err err = read_number(msg, "code", 400, 699, &code, fault);
    msg->code = (int)code;
    return err ? err : read_text(msg, "reason", 200, &msg->reason, fault);
}

static enum err read_nothing(struct bridge_msg *msg, struct fault *fault)
{
    (void)msg;
    (void)fault;
    return OK;
}

static enum err read_candidate(struct bridge_msg *msg, struct fault *fault)
{
    const json_t *candidate = json_object_get(msg->root, "candidate");
    (void)fault;
    if (json_is_object(candidate))
        candidate = json_object_get(candidate, "candidate");
    msg->candidate = text_of(candidate); /* null ends the list, like an empty one */
    return OK;
}

static enum err read_dtmf(struct bridge_msg *msg, struct fault *fault)
{
    msg->duration_ms = 100;
    enum err err = read_text(msg, "digits", BRIDGE_DIGITS_MAX, &msg->digits, fault);
    if (!err && !msg->digits.len)
        err = read_text(msg, "digit", BRIDGE_DIGITS_MAX, &msg->digits, fault);
    if (!err)
        err = read_number(msg, "durationMs", BRIDGE_DTMF_MIN_MS, BRIDGE_DTMF_MAX_MS,
                          &msg->duration_ms, fault);
    if (!err)
        err = read_number(msg, "gapMs", 0, BRIDGE_DTMF_MAX_MS, &msg->gap_ms, fault);
    if (err)
        return err;
    if (!msg->digits.len)
        return wrong(fault, "digit", "must be one of 0-9 * # A-D");
    for (size_t i = 0; i < msg->digits.len; i++)
        if (!memchr("0123456789*#ABCDabcd,", msg->digits.ptr[i], 21))
            return wrong(fault, "digit", "must be one of 0-9 * # A-D");
    return OK;
}

static enum err read_mute(struct bridge_msg *msg, struct fault *fault)
{
    struct slice direction = SLICE("send");
    enum err err = read_text(msg, "direction", 16, &direction, fault);
    if (err)
        return err;
    bool both = slice_is(direction, "both");
    msg->mute_send = both || slice_is(direction, "send");
    msg->mute_receive = both || slice_is(direction, "receive");
    if (!msg->mute_send && !msg->mute_receive)
        return wrong(fault, "direction", "must be send, receive or both");
    return OK;
}

/* One of both: whom to call, or which call of the page to join. */
static enum err read_transfer(struct bridge_msg *msg, struct fault *fault)
{
    enum err err = read_text(msg, "destination", BRIDGE_DESTINATION_MAX, &msg->destination, fault);
    if (!err)
        err = read_text(msg, "replaces", BRIDGE_CALL_ID_MAX, &msg->replaces, fault);
    if (err)
        return err;
    msg->destination = slice_trim(msg->destination);
    if (slice_empty(msg->destination) == slice_empty(msg->replaces))
        return wrong(fault, "destination", "or replaces (the callId of another call) is needed");
    return OK;
}

static enum err read_record(struct bridge_msg *msg, struct fault *fault)
{
    struct slice mode = SLICE("mixed");
    enum err err = read_text(msg, "mode", 16, &mode, fault);
    if (err)
        return err;
    msg->stereo = slice_is(mode, "stereo");
    if (!msg->stereo && !slice_is(mode, "mixed"))
        return wrong(fault, "mode", "must be mixed or stereo");
    return OK;
}

static enum err read_ping(struct bridge_msg *msg, struct fault *fault)
{
    (void)fault;
    msg->t = json_object_get(msg->root, "t");
    return OK;
}

static enum err read_token(struct bridge_msg *msg, struct fault *fault)
{
    return read_text(msg, "token", 256, &msg->token, fault);
}

static const struct {
    const char *name;
    enum bridge_type type;
    read_fn read;
} types[] = {
    { "offer", BRIDGE_OFFER, read_offer },
    { "answer", BRIDGE_ANSWER, read_answer },
    { "reject", BRIDGE_REJECT, read_reject },
    { "hangup", BRIDGE_HANGUP, read_nothing },
    { "ice-candidate", BRIDGE_CANDIDATE, read_candidate },
    { "dtmf", BRIDGE_DTMF, read_dtmf },
    { "mute", BRIDGE_MUTE, read_mute },
    { "unmute", BRIDGE_UNMUTE, read_mute },
    { "hold", BRIDGE_HOLD, read_nothing },
    { "resume", BRIDGE_RESUME, read_nothing },
    { "transfer", BRIDGE_TRANSFER, read_transfer },
    { "record-start", BRIDGE_RECORD_START, read_record },
    { "record-stop", BRIDGE_RECORD_STOP, read_nothing },
    { "stats", BRIDGE_STATS, read_nothing },
    { "ping", BRIDGE_PING, read_ping },
    { "auth", BRIDGE_AUTH, read_token },
    { "register", BRIDGE_REGISTER, read_token },
    { "unregister", BRIDGE_UNREGISTER, read_nothing },
};

static enum err read_fields(struct bridge_msg *msg, struct fault *fault)
{
    const json_t *type = json_object_get(msg->root, "type");
    if (!json_is_string(type))
        return wrong(fault, "type", "must be text");
    msg->type_text = text_of(type);
    enum err err = read_text(msg, "callId", BRIDGE_CALL_ID_MAX, &msg->call_id, fault);
    for (size_t i = 0; !err && i < COUNT_OF(types); i++)
        if (slice_is(msg->type_text, types[i].name)) {
            msg->type = types[i].type;
            return types[i].read(msg, fault);
        }
    return err;
}

enum err bridge_msg_parse(struct bridge_msg *out, struct slice text, struct fault *fault)
{
    json_error_t error;
    struct bridge_msg msg = { 0 };
    msg.root = json_loadb(text.ptr ? text.ptr : "", text.len, JSON_REJECT_DUPLICATES, &error);
    if (!msg.root)
        return fault_set(fault, ERR_PARSE, "", 0, "not JSON: %s (line %d, column %d)", error.text,
                         error.line, error.column);
    enum err err = json_is_object(msg.root) ? read_fields(&msg, fault)
                                            : wrong(fault, "", "a message is a JSON object");
    if (err) {
        bridge_msg_clear(&msg);
        return err;
    }
    *out = msg;
    return OK;
}

void bridge_msg_clear(struct bridge_msg *msg)
{
    json_decref(msg->root);
    json_decref(msg->headers);
    *msg = (struct bridge_msg){ 0 };
}
