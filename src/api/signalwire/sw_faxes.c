#include "api/signalwire/sw_faxes.h"

#include <string.h>

#include "base/num.h"

/* A fax's status as that of a call. */
static const char *status_of(const struct store_fax *row)
{
    static const struct {
        const char *fax, *call;
    } rows[] = {
        { "processing", "ringing" },  { "sending", "in-progress" }, { "receiving", "in-progress" },
        { "delivered", "completed" }, { "received", "completed" },
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++)
        if (strcmp(rows[i].fax, row->status) == 0)
            return rows[i].call;
    return row->status;
}

static json_t *log_json(const struct rest *rest, const struct store_fax *row)
{
    char own[SW_URL_MAX];
    sw_own_url(rest, own, sizeof own);
    json_t *pages = row->pages < 0 ? json_null() : json_integer(row->pages);
    json_t *url =
        json_sprintf("%s/api/laml/2010-04-01/Accounts/%s/Faxes/%s", own, row->project_id, row->id);
    return json_pack(
        "{s:s, s:o, s:o, s:s, s:s, s:s, s:s, s:o, s:o, s:i, s:o, s:o, s:[], s:o, s:o, "
        "s:o}",
        "id", row->id, "from", sw_text_or_null(row->from), "to", sw_text_or_null(row->to), "status",
        status_of(row), "direction", row->direction, "source", "laml", "type", "laml_call", "url",
        url, "remote_station", sw_text_or_null(row->remote_station), "charge", 0, "number_of_pages",
        pages, "quality", sw_text_or_null(row->quality), "charge_details", "created_at",
        rest_time(row->created_ms), "error_code", sw_text_or_null(row->error_code), "error_message",
        sw_text_or_null(row->error_message));
}

static json_t *listed(const struct rest *rest, const void *of)
{
    return log_json(rest, of);
}

struct store_fax_filter sw_fax_filter(const struct rest *rest, const struct sw_page *page)
{
    return (struct store_fax_filter){
        .project_id = sw_of(rest)->project_id,
        .from_ms = page->from_ms,
        .before_ms = page->before_ms ? num_min(page->before_ms, page->until_ms) : page->until_ms,
        .offset = page->number * page->size,
        .limit = page->size + 1,
    };
}

static void on_list(void *owner, const struct store_answer *answer)
{
    struct rest *rest = owner;
    struct sw_page page;
    json_t *list = SW_LIST(rest, answer, store_fax, listed, &page);
    if (list)
        sw_page_reply(rest, &page, list);
}

void sw_fax_list(struct rest *rest)
{
    struct sw_page page;
    if (!sw_page_read(rest, &page))
        return;
    const struct store_fax_filter filter = sw_fax_filter(rest, &page);
    store_fax_list(rest_store(rest), &filter, rest_then(rest, on_list));
}

const struct store_fax *sw_found_fax(struct rest *rest, const struct store_answer *answer)
{
    const struct store_fax *row = answer->err ? NULL : STORE_ROWS(answer, store_fax);
    if (row && strcmp(row->project_id, sw_of(rest)->project_id) == 0)
        return row;
    sw_fail_store(rest, answer->err ? answer->err : ERR_NOT_FOUND, "fax");
    return NULL;
}

static void on_found(void *owner, const struct store_answer *answer)
{
    const struct store_fax *row = sw_found_fax(owner, answer);
    if (row)
        rest_reply_take(owner, 200, log_json(owner, row));
}

void sw_fax_show(struct rest *rest)
{
    store_fax_find(rest_store(rest), rest_captured(rest, 0), rest_then(rest, on_found));
}
