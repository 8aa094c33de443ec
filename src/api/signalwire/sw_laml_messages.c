/* Text messages under the names of the compatibility API. */
#include <string.h>

#include "api/signalwire/sw_laml.h"
#include "base/num.h"
#include "message/message.h"

/* What the queue says, in numbers of the interface. */
static const struct {
    enum err err;
    const char *where, *code;
} refusals[] = {
    { ERR_INVALID, "body", "21602" }, { ERR_LIMIT, "body", "21617" },
    { ERR_LIMIT, "media", "21623" },  { ERR_LIMIT, "", "21611" },
    { ERR_NOT_FOUND, "to", "21612" }, { ERR_UNSUPPORTED, "media", "21612" },
};

static void refuse(struct rest *rest, const struct fault *fault)
{
    for (size_t i = 0; i < COUNT_OF(refusals); i++)
        if (refusals[i].err == fault->code && strcmp(refusals[i].where, fault->where) == 0) {
            sw_laml_refuse(rest, 422, refusals[i].code, fault->text);
            return;
        }
    sw_laml_refuse(rest, 422, "10000", fault->text);
}

static json_t *message_json(const struct rest *rest, const struct store_message *row)
{
    json_t *media = row->media[0] ? json_loads(row->media, 0, NULL) : NULL;
    json_t *message = json_pack(
        "{s:s, s:s, s:o, s:I, s:I, s:o, s:o, s:o, s:s, s:o, s:o}", "account_sid",
        sw_of(rest)->project_id, "api_version", "2010-04-01", "body", sw_text_or_null(row->body),
        "num_segments", (json_int_t)row->segments, "num_media", (json_int_t)json_array_size(media),
        "date_created", sw_laml_time(row->created_ms), "date_sent", sw_laml_time(row->sent_ms),
        "date_updated", sw_laml_time(row->updated_ms ? row->updated_ms : row->created_ms),
        "direction", row->direction, "error_code", sw_text_or_null(row->error_code),
        "error_message", sw_text_or_null(row->error_message));
    json_t *more =
        json_pack("{s:s, s:n, s:s, s:s, s:s, s:s, s:n, s:o, s:{s:o}}", "from", row->from, "price",
                  "price_unit", "USD", "sid", row->id, "status", row->status, "to", row->to,
                  "messaging_service_sid", "uri", sw_laml_uri(rest, "Messages/%s", row->id),
                  "subresource_uris", "media", sw_laml_uri(rest, "Messages/%s/Media", row->id));
    json_object_update(message, more);
    json_decref(more);
    json_decref(media);
    return message;
}

/* --- send --- */

static void on_added(void *owner, enum err err, const struct store_message *row)
{
    struct rest *rest = owner;
    if (err) {
        sw_fail_store(rest, err, "message");
        return;
    }
    json_t *message = message_json(rest, row);
    const char *group = sw_text(rest->body, "MessagingServiceSid");
    json_object_set_new(message, "messaging_service_sid", sw_text_or_null(group));
    rest_reply_take(rest, 201, message);
}

static void send_it(struct rest *rest)
{
    const json_t *body = rest->body;
    struct fault fault = { 0 };
    const struct message_new message = {
        .project_id = sw_of(rest)->project_id,
        .from = sw_text(body, "From"),
        .to = sw_text(body, "To"),
        .body = sw_text(body, "Body"),
        .media = json_object_get(body, "MediaUrl"),
        .source = "laml",
        .status_url = sw_text(body, "StatusCallback"),
        /* 0 to 172800 */
        .valid_s = (unsigned)json_integer_value(json_object_get(body, "ValidityPeriod")),
        .as_mms = json_is_true(json_object_get(body, "SendAsMms")),
    };
    if (messages_add(rest->api->config.messages, &message, on_added, rest, &fault))
        refuse(rest, &fault);
}

static void on_from(void *owner, const struct store_answer *answer)
{
    struct rest *rest = owner;
    if (answer->err && answer->err != ERR_NOT_FOUND)
        sw_fail_store(rest, answer->err, "from");
    else if (sw_is_foreign_number(rest, answer))
        sw_laml_refuse(rest, 422, "21606", "From is a number of another account");
    else
        send_it(rest);
}

void sw_laml_message_add(struct rest *rest)
{
    const json_t *media = json_object_get(rest->body, "MediaUrl"), *one;
    size_t i;
    json_array_foreach(media, i, one) if (!json_is_string(one) ||
                                          !sw_is_web_url(slice_of(json_string_value(one))))
    {
        sw_laml_refuse(rest, 422, "21620", "MediaUrl must be http or https URLs");
        return;
    }
    bool has_from = sw_text(rest->body, "From")[0] != '\0';
    if (!has_from && sw_text(rest->body, "MessagingServiceSid")[0])
        sw_number_groups(rest);
    else if (!has_from)
        sw_laml_refuse(rest, 422, "21603", "From or MessagingServiceSid is required");
    else if (!sw_text(rest->body, "Body")[0] && !json_array_size(media))
        sw_laml_refuse(rest, 422, "21602", "Message body is required");
    else
        store_number_find(rest_store(rest), sw_text(rest->body, "From"), rest_then(rest, on_from));
}

/* --- list --- */

static json_t *listed(const struct rest *rest, const void *of)
{
    return message_json(rest, of);
}

static void on_list(void *owner, const struct store_answer *answer)
{
    struct rest *rest = owner;
    struct sw_page page;
    json_t *list = SW_LIST(rest, answer, store_message, listed, &page);
    if (list)
        sw_laml_page_reply(rest, &page, "messages", list);
}

void sw_laml_message_list(struct rest *rest)
{
    struct sw_page page;
    if (!sw_page_read(rest, &page) || !sw_laml_dates(rest, "DateSent", &page))
        return;
    const struct store_message_filter filter = {
        .project_id = sw_of(rest)->project_id,
        .from = sw_laml_param(rest, "From"),
        .to = sw_laml_param(rest, "To"),
        .status = sw_laml_param(rest, "Status"),
        .from_ms = page.from_ms,
        .before_ms = page.before_ms ? num_min(page.before_ms, page.until_ms) : page.until_ms,
        .offset = (size_t)(page.number * page.size), /* neither is negative */
        .limit = (size_t)page.size + 1,
    };
    store_message_list(rest_store(rest), &filter, rest_then(rest, on_list));
}

/* --- one of them --- */

static json_t *media_json(const struct rest *rest, const struct store_message *row, size_t i)
{
    char sid[SW_ID], number[24];
    snprintf(number, sizeof number, "%zu", i);
    sw_derived_id("media", row->id, number, sid);
    return json_pack("{s:s, s:s, s:o, s:o, s:s, s:s, s:o}", "account_sid", sw_of(rest)->project_id,
                     "content_type", "application/octet-stream", "date_created",
                     sw_laml_time(row->created_ms), "date_updated", sw_laml_time(row->created_ms),
                     "parent_sid", row->id, "sid", sid, "uri",
                     sw_laml_uri(rest, "Messages/%s/Media/%s", row->id, sid));
}

static void reply_media(struct rest *rest, const struct store_message *row)
{
    struct sw_page page;
    json_t *media = row->media[0] ? json_loads(row->media, 0, NULL) : NULL, *list = json_array();
    for (size_t i = 0; i < json_array_size(media); i++)
        json_array_append_new(list, media_json(rest, row, i));
    json_decref(media);
    if (sw_page_read(rest, &page))
        sw_laml_page_reply(rest, &page, "media_list", sw_page_cut(&page, list));
    else
        json_decref(list);
}

static void redact(struct rest *rest, const struct store_message *row)
{
    struct store_message redacted = *row;
    redacted.body = "";
    redacted.updated_ms = rest_now_ms(rest);
    rest->answer = message_json(rest, &redacted);
    store_message_change(rest_store(rest), &redacted, rest_then(rest, sw_on_written));
}

static void on_found(void *owner, const struct store_answer *answer)
{
    struct rest *rest = owner;
    const rest_fn endpoint = sw_of(rest)->endpoint->handle;
    const struct store_message *row = answer->err ? NULL : STORE_ROWS(answer, store_message);
    if (!row || strcmp(row->project_id, sw_of(rest)->project_id) != 0) {
        sw_fail_store(rest, answer->err ? answer->err : ERR_NOT_FOUND, "message");
        return;
    }
    bool is_on_its_way =
        strcmp(row->status, "queued") == 0 || strcmp(row->status, "initiated") == 0;
    if (endpoint == sw_laml_message_show)
        rest_reply_take(rest, 200, message_json(rest, row));
    else if (endpoint == sw_laml_media_list)
        reply_media(rest, row);
    else if (is_on_its_way)
        sw_laml_refuse(rest, 422, "20009", "The message is not finished");
    else if (endpoint == sw_laml_message_redact)
        redact(rest, row);
    else
        store_message_remove(rest_store(rest), row->id, rest_then(rest, sw_on_removed));
}

static void find(struct rest *rest)
{
    store_message_find(rest_store(rest), rest_captured(rest, 1), rest_then(rest, on_found));
}

void sw_laml_message_show(struct rest *rest)
{
    find(rest);
}

void sw_laml_message_redact(struct rest *rest)
{
    if (sw_text(rest->body, "Body")[0])
        sw_laml_refuse(rest, 422, "20001", "Body must be empty: a message is redacted");
    else
        find(rest);
}

void sw_laml_message_remove(struct rest *rest)
{
    find(rest);
}

void sw_laml_media_list(struct rest *rest)
{
    find(rest);
}
