/* Conferences in the list of their logs: those that go on, and those that are over. */
#include <string.h>

#include "api/signalwire/sw_laml.h"
#include "store/store_conferences.h"

static json_t *log_json(const struct rest *rest, const struct store_conference *row,
                        const char *status, size_t members)
{
    return json_pack("{s:s, s:s, s:s, s:s, s:s, s:n, s:I, s:o, s:o, s:s}", "id", row->id,
                     "project_id", sw_of(rest)->project_id, "region", "us", "name", row->name,
                     "status", status, "max_size", "current_participants", (json_int_t)members,
                     "created_at", rest_time(row->created_ms), "updated_at",
                     rest_time(row->ended_ms ? row->ended_ms : row->created_ms), "type",
                     "cxml_conference");
}

static void put_live(const struct rest *rest, const struct sw_page *page, json_t *list)
{
    json_t *all = sw_laml_own_conferences(rest), *one;
    size_t i;
    json_array_foreach(all, i, one)
    {
        const struct store_conference row = {
            .id = sw_text(one, "id"),
            .name = sw_text(one, "name"),
            .created_ms = json_integer_value(json_object_get(one, "created_ms")),
        };
        bool is_started = json_is_true(json_object_get(one, "started"));
        if (row.created_ms >= page->from_ms &&
            (!page->before_ms || row.created_ms < page->before_ms))
            json_array_append_new(list, log_json(rest, &row, is_started ? "in-progress" : "init",
                                                 json_array_size(json_object_get(one, "members"))));
    }
    json_decref(all);
}

static void on_over(void *owner, const struct store_answer *answer)
{
    struct rest *rest = owner;
    struct sw_page page;
    if (answer->err) {
        sw_fail_store(rest, answer->err, NULL);
        return;
    }
    if (!sw_page_read(rest, &page))
        return;
    json_t *list = json_array();
    const struct store_conference *rows = STORE_ROWS(answer, store_conference);
    put_live(rest, &page, list);
    for (size_t i = 0; i < answer->n; i++)
        json_array_append_new(list, log_json(rest, &rows[i], "completed", 0));
    sw_page_reply_all(rest, &page, list);
}

void sw_conference_logs(struct rest *rest)
{
    struct sw_page page;
    if (sw_page_read(rest, &page))
        store_conference_list(rest_store(rest), sw_of(rest)->project_id, page.from_ms,
                              page.before_ms, rest_then(rest, on_over));
}
