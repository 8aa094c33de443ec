/* Faxes under the names of the compatibility API: sent, listed, and their documents. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "api/faxes.h"
#include "api/signalwire/sw_faxes.h"
#include "api/signalwire/sw_laml.h"
#include "base/buf.h"
#include "base/mem.h"
#include "base/num.h"
#include "call/call.h"
#include "script/script.h"

enum { PATH_MAX_LEN = 1024, TEXT_MAX = FAULT_TEXT_MAX + FAULT_WHERE_MAX + 16, TTL_MIN = 60 };

/* --- what is shown --- */

static void media_sid(const struct store_fax *row, char out[SW_ID])
{
    sw_derived_id("fax_media", row->id, "", out);
}

static bool has_media(const struct store_fax *row)
{
    return row->media[0] || row->document[0];
}

/* Where the document is: what was received lies here. */
static json_t *media_url(const struct rest *rest, const struct store_fax *row)
{
    char own[SW_URL_MAX];
    if (row->media[0]) {
        sw_own_url(rest, own, sizeof own);
        return json_sprintf("%s/recordings/%s", own, row->media);
    }
    char *document = faxes_document(rest->api->config.seal, row);
    json_t *url = sw_text_or_null(document);
    mem_free(document);
    return url;
}

static json_t *fax_json(const struct rest *rest, const struct store_fax *row)
{
    char sid[SW_ID];
    media_sid(row, sid);
    json_t *pages = row->pages < 0 ? json_null() : json_sprintf("%lld", (long long)row->pages);
    json_t *fax =
        json_pack("{s:s, s:s, s:o, s:o, s:s, s:s, s:o, s:s, s:o, s:n, s:s, s:s}", "account_sid",
                  sw_of(rest)->project_id, "api_version", "v1", "date_created",
                  rest_time(row->created_ms), "date_updated", rest_time(row->updated_ms),
                  "direction", fax_is_inbound(row) ? "inbound" : "outbound", "from", row->from,
                  "media_url", media_url(rest, row), "media_sid", sid, "num_pages", pages, "price",
                  "price_unit", "USD", "quality", row->quality);
    json_t *more = json_pack(
        "{s:s, s:s, s:s, s:I, s:{s:o}, s:o, s:o, s:o}", "sid", row->id, "status", row->status, "to",
        row->to, "duration", (json_int_t)(row->duration_ms / 1000), "links", "media",
        sw_laml_uri(rest, "Faxes/%s/Media", row->id), "url", sw_laml_uri(rest, "Faxes/%s", row->id),
        "error_code", sw_text_or_null(row->error_code), "error_message",
        sw_text_or_null(row->error_message));
    json_object_update(fax, more);
    json_decref(more);
    return fax;
}

static json_t *media_json(const struct rest *rest, const struct store_fax *row)
{
    char sid[SW_ID];
    media_sid(row, sid);
    json_t *uri = sw_laml_uri(rest, "Faxes/%s/Media/%s", row->id, sid);
    json_t *url = media_url(rest, row);
    bool is_pdf = slice_ends(slice_of(json_string_value(url)), SLICE(".pdf"));
    json_t *media = json_pack(
        "{s:s, s:s, s:o, s:o, s:s, s:s, s:o, s:O}", "account_sid", sw_of(rest)->project_id,
        "content_type", is_pdf ? "application/pdf" : "image/tiff", "date_created",
        rest_time(row->created_ms), "date_updated", rest_time(row->updated_ms), "fax_sid", row->id,
        "sid", sid, "uri", uri, "url", json_is_null(url) ? uri : url);
    json_decref(url);
    return media;
}

/* --- list --- */

static json_t *listed(const struct rest *rest, const void *of)
{
    return fax_json(rest, of);
}

static bool read_page(struct rest *rest, struct sw_page *page)
{
    return sw_page_read(rest, page) &&
           sw_laml_dates_between(rest, "DateCreatedAfter", "DateCreatedOnOrBefore", page);
}

static void on_list(void *owner, const struct store_answer *answer)
{
    struct rest *rest = owner;
    struct sw_page page;
    json_t *list = SW_LIST(rest, answer, store_fax, listed, &page);
    if (list)
        sw_laml_page_reply(rest, &page, "faxes", list);
}

void sw_laml_fax_list(struct rest *rest)
{
    struct sw_page page;
    if (!read_page(rest, &page))
        return;
    struct store_fax_filter filter = sw_fax_filter(rest, &page);
    filter.from = sw_laml_param(rest, "From");
    filter.to = sw_laml_param(rest, "To");
    store_fax_list(rest_store(rest), &filter, rest_then(rest, on_list));
}

/* --- send --- */

static void on_placed(void *rest, const struct store_fax *row)
{
    rest_reply_take(rest, 200, fax_json(rest, row));
}

static json_t *document_of(const json_t *body)
{
    const char *from = sw_text(body, "From");
    return json_pack("{s:s, s:{s:[{s:{s:s, s:s}}, {s:{}}]}}", "version", "1.0.0", "sections",
                     "main", "send_fax", "document", sw_text(body, "MediaUrl"), "identity", from,
                     "hangup");
}

static void refuse(struct rest *rest, enum err err, const struct fault *fault)
{
    char text[TEXT_MAX];
    fault_print(fault, text, sizeof text);
    sw_laml_refuse(rest, 422, err == ERR_NOT_FOUND ? "21217" : "20422", text);
}

static void place(struct rest *rest, const struct fax_order *order)
{
    struct faxes *faxes = rest->api->config.faxes;
    const json_t *body = rest->body, *ttl = json_object_get(body, "Ttl");
    const char *user = sw_text(body, "SipAuthUsername"), *word = sw_text(body, "SipAuthPassword");
    json_t *document = document_of(body);
    const struct script_dial dial = {
        .project_id = slice_of(order->project_id),
        .from = slice_of(order->from),
        .to = slice_of(order->to),
        .source = { .document = document },
        .username = user[0] ? user : NULL,
        .password = word[0] ? word : NULL,
        /* 5 to 300 minutes */
        .max_duration_s = (unsigned)(ttl ? json_integer_value(ttl) : TTL_MIN) * 60,
    };
    struct fault fault = { 0 };
    struct call *call;
    faxes_begin(faxes, order);
    enum err err = scripts_dial_out(rest->api->config.scripts, &dial, &call, &fault);
    json_decref(document);
    faxes_placed(faxes, err ? NULL : call_id(call), on_placed, rest);
    if (err)
        refuse(rest, err, &fault);
}

void sw_laml_fax_add(struct rest *rest)
{
    const json_t *body = rest->body, *stores = json_object_get(body, "StoreMedia");
    const char *quality = sw_text(body, "Quality");
    char events_mem[SW_LAML_EVENTS_MAX];
    struct buf events = BUF_ON(events_mem);
    if (!rest->api->config.scripts || !rest->api->config.faxes) {
        rest_fail(rest, 503, "unsupported", NULL, "faxes cannot be sent here");
        return;
    }
    if (!sw_laml_events(rest, "StatusCallbackEvent",
                        " initiated ringing answered completed ringing_forwarded ringing_queued ",
                        "completed", &events))
        return;
    const struct fax_order order = {
        .project_id = sw_of(rest)->project_id,
        .from = sw_text(body, "From"),
        .to = sw_text(body, "To"),
        .quality = quality[0] ? quality : "fine",
        .document = sw_text(body, "MediaUrl"),
        .forgets = stores && !json_is_true(stores),
        .status_url = sw_text(body, "StatusCallback"),
        .status_method = sw_text(body, "StatusCallbackMethod"),
        .status_events = buf_cstr(&events),
    };
    place(rest, &order);
}

/* --- one of them --- */

static void remove_files(const struct rest *rest, const struct store_fax *row)
{
    static const char *const endings[] = { ".pdf", ".tif" };
    struct slice name = slice_of(row->media), id = slice_cut(&name, '.');
    const char *dir = rest->api->config.record_dir;
    if (!dir || slice_empty(id) || slice_index(id, '/') < id.len)
        return;
    for (size_t i = 0; i < COUNT_OF(endings); i++) {
        char path[PATH_MAX_LEN];
        snprintf(path, sizeof path, "%s/%.*s%s", dir, SLICE_ARG(id), endings[i]);
        (void)unlink(path); /* it may be old, and gone */
    }
}

static void cancel(struct rest *rest, const struct store_fax *row)
{
    struct call *call = sw_call_live(rest, row->call_id);
    if (!call || call_get_state(call) == CALL_UP || !fax_is_open(row)) {
        sw_laml_refuse(rest, 422, "21220", "The fax is not queued. Cannot cancel it.");
        return;
    }
    struct store_fax now = *row;
    now.status = "canceled";
    json_t *answer = fax_json(rest, &now);
    const struct cause cause = cause_of_token("cancelled", CAUSE_BY_SYSTEM, "A program ended it.");
    call_end(call, &cause);
    rest_reply_take(rest, 200, answer);
}

static void reply_media(struct rest *rest, const struct store_fax *row)
{
    struct sw_page page;
    if (!sw_page_read(rest, &page))
        return;
    json_t *list = json_array();
    if (has_media(row))
        json_array_append_new(list, media_json(rest, row));
    json_t *body = sw_laml_page_json(rest, &page, "media", sw_page_cut(&page, list));
    json_object_set(body, "fax_media", json_object_get(body, "media")); /* the vendor has both */
    rest_reply_take(rest, 200, body);
}

static void drop_media(struct rest *rest, const struct store_fax *row)
{
    struct store_fax bare = *row;
    bare.media = bare.document = "";
    bare.updated_ms = rest_now_ms(rest);
    remove_files(rest, row);
    store_fax_set(rest_store(rest), &bare, rest_then(rest, sw_on_removed));
}

static void on_media(struct rest *rest, const struct store_fax *row)
{
    char sid[SW_ID];
    media_sid(row, sid);
    if (!has_media(row) || strcmp(sid, rest_captured(rest, 2)) != 0)
        rest_fail(rest, 404, "not_found", NULL, "there is no such media");
    else if (sw_of(rest)->endpoint->handle == sw_laml_fax_media_show)
        rest_reply_take(rest, 200, media_json(rest, row));
    else if (fax_is_open(row))
        sw_laml_refuse(rest, 409, "20009", "The fax is in progress");
    else
        drop_media(rest, row);
}

static void on_found(void *owner, const struct store_answer *answer)
{
    struct rest *rest = owner;
    const rest_fn endpoint = sw_of(rest)->endpoint->handle;
    const struct store_fax *row = sw_found_fax(rest, answer);
    if (!row)
        return;
    if (endpoint == sw_laml_fax_show) {
        rest_reply_take(rest, 200, fax_json(rest, row));
    } else if (endpoint == sw_laml_fax_change) {
        cancel(rest, row);
    } else if (endpoint == sw_laml_fax_media_list) {
        reply_media(rest, row);
    } else if (endpoint != sw_laml_fax_remove) {
        on_media(rest, row);
    } else if (fax_is_open(row)) {
        sw_laml_refuse(rest, 409, "20009", "The fax is in progress");
    } else {
        remove_files(rest, row);
        store_fax_remove(rest_store(rest), row->id, rest_then(rest, sw_on_removed));
    }
}

static void find(struct rest *rest)
{
    store_fax_find(rest_store(rest), rest_captured(rest, 1), rest_then(rest, on_found));
}

void sw_laml_fax_show(struct rest *rest)
{
    find(rest);
}

void sw_laml_fax_change(struct rest *rest)
{
    find(rest);
}

void sw_laml_fax_remove(struct rest *rest)
{
    find(rest);
}

void sw_laml_fax_media_list(struct rest *rest)
{
    find(rest);
}

void sw_laml_fax_media_show(struct rest *rest)
{
    find(rest);
}

void sw_laml_fax_media_remove(struct rest *rest)
{
    find(rest);
}
