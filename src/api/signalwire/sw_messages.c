/* Text messages: sent, redacted, and the log of them. */
#include <string.h>

#include "api/signalwire/sw.h"
#include "base/num.h"
#include "message/message.h"

/* What the queue says, in the words of the interface. */
static const struct {
    enum err err;
    const char *where, *code, *attribute;
} refusals[] = {
    { ERR_INVALID, "body", "body_or_media_required", "body" },
    { ERR_LIMIT, "body", "character_limit_exceeded", "body" },
    { ERR_LIMIT, "media", "media_limit_exceeded", "media" },
    { ERR_LIMIT, "", "max_queued_messages_exceeded", NULL },
    { ERR_NOT_FOUND, "to", "not_routable", "to" },
    { ERR_UNSUPPORTED, "media", "missing_messaging_capability", "media" },
};

void sw_message_refuse(struct rest *rest, const struct fault *fault)
{
    for (size_t i = 0; i < COUNT_OF(refusals); i++)
        if (refusals[i].err == fault->code && strcmp(refusals[i].where, fault->where) == 0) {
            sw_refuse(rest, refusals[i].code, refusals[i].attribute, fault->text);
            return;
        }
    sw_refuse(rest, "cannot_process", fault->where[0] ? fault->where : NULL, fault->text);
}

static const char *direction_of(const struct store_message *row)
{
    return strcmp(row->direction, "inbound") == 0 ? "inbound" : "outbound";
}

static json_t *message_json(const struct store_message *row)
{
    json_t *media = row->media[0] ? json_loads(row->media, 0, NULL) : json_array();
    json_t *uri = json_sprintf("/api/messaging/logs/%s", row->id);
    return json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:o, s:I, s:o, s:o, s:o, s:s, s:o, s:o}",
                     "id", row->id, "from", row->from, "to", row->to, "body", row->body, "status",
                     row->status, "direction", direction_of(row), "kind", row->kind, "media", media,
                     "number_of_segments", (json_int_t)row->segments, "error_code",
                     sw_text_or_null(row->error_code), "error_message",
                     sw_text_or_null(row->error_message), "created_at", rest_time(row->created_ms),
                     "project_id", row->project_id, "status_callback_url",
                     sw_text_or_null(row->status_url), "message_uri", uri);
}

static json_t *log_json(const struct store_message *row)
{
    bool is_laml = strcmp(row->source, "laml") == 0;
    return json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:n, s:I, s:f, s:[], s:o, s:o, s:o}",
                     "id", row->id, "from", row->from, "to", row->to, "status", row->status,
                     "direction", row->direction, "kind", row->kind, "source", row->source, "type",
                     is_laml ? "laml_message" : "relay_message", "url", "number_of_segments",
                     (json_int_t)row->segments, "charge", 0.0, "charge_details", "created_at",
                     rest_time(row->created_ms), "error_message",
                     sw_text_or_null(row->error_message), "error_code",
                     sw_text_or_null(row->error_code));
}

/* ---- send ---- */

bool sw_is_message_to(struct slice value)
{
    static const char *const schemes[] = { "sip:", "sips:", "client:", "verto:", "user:" };
    for (size_t i = 0; i < COUNT_OF(schemes); i++)
        if (slice_istarts(value, slice_of(schemes[i])))
            return value.len > strlen(schemes[i]) && sw_is_party(value);
    return sw_is_e164(value) || sw_is_short_code(value);
}

/* Short codes and special numbers, such as 988. */
bool sw_is_short_code(struct slice value)
{
    uint32_t number;
    return value.len >= 3 && value.len <= 6 && slice_to_u32(value, 999999, &number) == OK;
}

bool sw_is_message_from(struct slice value)
{
    return sw_is_message_to(value) || rest_is_name(value);
}

static void check_media(struct rest *rest, const json_t *media)
{
    const json_t *one;
    size_t i;
    json_array_foreach(media, i, one) if (!json_is_string(one) ||
                                          !sw_is_web_url(slice_of(json_string_value(one))))
    {
        sw_wrong(rest, "not_an_http_url", "media", "media %zu is no http or https URL", i + 1);
        return;
    }
}

static void on_added(void *owner, enum err err, const struct store_message *row)
{
    if (err)
        sw_fail_store(owner, err, "message");
    else
        rest_reply_take(owner, 201, message_json(row));
}

static void send_it(struct rest *rest)
{
    const json_t *body = rest->body;
    struct fault fault = { 0 };
    const struct message_new message = {
        .project_id = sw_of(rest)->project_id,
        .from = sw_text(body, "from"),
        .to = sw_text(body, "to"),
        .body = sw_text(body, "body"),
        .media = json_object_get(body, "media"),
        .variables = json_object_get(body, "custom_variables"),
        .status_url = sw_text(body, "status_callback"),
        .as_mms = json_is_true(json_object_get(body, "send_as_mms")),
    };
    if (messages_add(rest->api->config.messages, &message, on_added, rest, &fault))
        sw_message_refuse(rest, &fault);
}

bool sw_is_foreign_number(const struct rest *rest, const struct store_answer *answer)
{
    const struct store_number *number = answer->err ? NULL : STORE_ROWS(answer, store_number);
    return number && number->project_id[0] &&
           strcmp(number->project_id, sw_of(rest)->project_id) != 0;
}

static void on_from(void *owner, const struct store_answer *answer)
{
    struct rest *rest = owner;
    if (answer->err && answer->err != ERR_NOT_FOUND)
        sw_fail_store(rest, answer->err, "from");
    else if (sw_is_foreign_number(rest, answer))
        sw_refuse(rest, "not_purchased_or_verified", "from", "from is a number of another project");
    else
        send_it(rest);
}

void sw_message_add(struct rest *rest)
{
    check_media(rest, json_object_get(rest->body, "media"));
    sw_check_variables(rest, json_object_get(rest->body, "custom_variables"));
    if (!sw_text(rest->body, "body")[0] && !json_array_size(json_object_get(rest->body, "media")))
        sw_wrong(rest, "body_or_media_required", "body", "body is required without media");
    if (!sw_refused(rest))
        store_number_find(rest_store(rest), sw_text(rest->body, "from"), rest_then(rest, on_from));
}

/* ---- redact ---- */

static bool is_ours(const struct rest *rest, const struct store_message *row)
{
    return strcmp(row->project_id, sw_of(rest)->project_id) == 0;
}

static void on_to_redact(void *owner, const struct store_answer *answer)
{
    struct rest *rest = owner;
    const struct store_message *row = answer->err ? NULL : STORE_ROWS(answer, store_message);
    if (!row || !is_ours(rest, row)) {
        sw_fail_store(rest, answer->err ? answer->err : ERR_NOT_FOUND, "message");
    } else if (strcmp(row->status, "queued") == 0 || strcmp(row->status, "initiated") == 0) {
        sw_refuse(rest, "cannot_redact_in_progress_message", "body",
                  "a message is redacted once it was sent");
    } else {
        struct store_message redacted = *row;
        redacted.body = "";
        redacted.updated_ms = rest_now_ms(rest);
        rest->answer = message_json(&redacted);
        store_message_change(rest_store(rest), &redacted, rest_then(rest, sw_on_written));
    }
}

void sw_message_redact(struct rest *rest)
{
    if (sw_text(rest->body, "body")[0])
        sw_refuse(rest, "body_must_be_empty", "body", "body must be empty: a message is redacted");
    else
        store_message_find(rest_store(rest), rest_captured(rest, 0), rest_then(rest, on_to_redact));
}

/* ---- the log ---- */

static void on_page(void *owner, const struct store_answer *answer)
{
    struct rest *rest = owner;
    struct sw_page page;
    if (answer->err) {
        sw_fail_store(rest, answer->err, NULL);
        return;
    }
    const struct store_message *rows = STORE_ROWS(answer, store_message);
    json_t *list = json_array();
    for (size_t i = 0; i < answer->n; i++)
        json_array_append_new(list, log_json(&rows[i]));
    if (sw_page_read(rest, &page))
        sw_page_reply(rest, &page, list);
    else
        json_decref(list);
}

void sw_message_list(struct rest *rest)
{
    struct sw_page page;
    if (!sw_page_read(rest, &page))
        return;
    const struct store_message_filter filter = {
        .project_id = sw_of(rest)->project_id,
        .from_ms = page.from_ms,
        .before_ms = page.before_ms ? num_min(page.before_ms, page.until_ms) : page.until_ms,
        .offset = (size_t)(page.number * page.size), /* neither is negative */
        .limit = (size_t)page.size + 1,
    };
    store_message_list(rest_store(rest), &filter, rest_then(rest, on_page));
}

static void on_one(void *owner, const struct store_answer *answer)
{
    struct rest *rest = owner;
    const struct store_message *row = answer->err ? NULL : STORE_ROWS(answer, store_message);
    if (!row || !is_ours(rest, row))
        sw_fail_store(rest, answer->err ? answer->err : ERR_NOT_FOUND, "message");
    else
        rest_reply_take(rest, 200, log_json(row));
}

void sw_message_show(struct rest *rest)
{
    store_message_find(rest_store(rest), rest_captured(rest, 0), rest_then(rest, on_one));
}
