/* What was said in recordings, under the names of the compatibility API. */
#include <string.h>

#include "api/signalwire/sw_laml.h"
#include "api/signalwire/sw_recordings.h"
#include "base/num.h"
#include "store/store_transcriptions.h"

static json_t *transcription_json(const struct rest *rest, const void *of)
{
    const struct store_transcription *row = of;
    return json_pack("{s:s, s:s, s:s, s:s, s:o, s:o, s:I, s:n, s:s, s:s, s:o, s:s, s:o}", "sid",
                     row->id, "account_sid", sw_of(rest)->project_id, "api_version", "2010-04-01",
                     "recording_sid", row->recording_id, "date_created",
                     sw_laml_time(row->created_ms), "date_updated", sw_laml_time(row->updated_ms),
                     "duration", (json_int_t)(row->duration_ms / 1000), "price", "price_unit",
                     "USD", "status", row->status, "transcription_text",
                     sw_text_or_null(row->words), "type", "", "uri",
                     sw_laml_uri(rest, "Transcriptions/%s", row->id));
}

/* --- list --- */

static void on_list(void *owner, const struct store_answer *answer)
{
    struct rest *rest = owner;
    struct sw_page page;
    json_t *list = SW_LIST(rest, answer, store_transcription, transcription_json, &page);
    if (list)
        sw_laml_page_reply(rest, &page, "transcriptions", list);
}

static void list(struct rest *rest, const char *recording)
{
    struct sw_page page;
    if (!sw_page_read(rest, &page) || !sw_laml_dates(rest, "DateCreated", &page))
        return;
    const struct store_transcription_filter filter = {
        .project_id = sw_of(rest)->project_id,
        .recording_id = recording,
        .from_ms = page.from_ms,
        .before_ms = page.before_ms ? num_min(page.before_ms, page.until_ms) : page.until_ms,
        .offset = page.number * page.size,
        .limit = page.size + 1,
    };
    store_transcription_list(rest_store(rest), &filter, rest_then(rest, on_list));
}

static void on_recording(void *owner, const struct store_answer *answer)
{
    if (sw_found_recording(owner, answer))
        list(owner, rest_captured(owner, 1));
}

/* Of the account, or of one recording of it. */
void sw_laml_transcription_list(struct rest *rest)
{
    if (rest->path.n < 2)
        list(rest, "");
    else
        store_recording_find(rest_store(rest), rest_captured(rest, 1),
                             rest_then(rest, on_recording));
}

/* --- one of them --- */

static void on_found(void *owner, const struct store_answer *answer)
{
    struct rest *rest = owner;
    const struct store_transcription *row =
        answer->err ? NULL : STORE_ROWS(answer, store_transcription);
    if (!row || strcmp(row->project_id, sw_of(rest)->project_id) != 0)
        sw_fail_store(rest, answer->err ? answer->err : ERR_NOT_FOUND, "transcription");
    else if (sw_of(rest)->endpoint->handle == sw_laml_transcription_show)
        rest_reply_take(rest, 200, transcription_json(rest, row));
    else
        store_transcription_remove(rest_store(rest), row->id, rest_then(rest, sw_on_removed));
}

static void find(struct rest *rest)
{
    store_transcription_find(rest_store(rest), rest_captured(rest, 1), rest_then(rest, on_found));
}

void sw_laml_transcription_show(struct rest *rest)
{
    find(rest);
}

void sw_laml_transcription_remove(struct rest *rest)
{
    find(rest);
}
