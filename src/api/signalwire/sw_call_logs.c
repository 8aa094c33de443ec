/* Calls read back: those that live and those on record, under one form. */
#include <stdio.h>
#include <string.h>

#include "api/signalwire/sw.h"
#include "base/num.h"
#include "call/call.h"
#include "store/store_programs.h"

enum { EVENT_MAX = 400 };

const char *sw_call_type(const char *from, const char *to)
{
    static const char *const sip[] = { "sip:", "sips:" }, *const web[] = { "verto:", "client:" };
    for (size_t i = 0; i < COUNT_OF(web); i++)
        if (slice_istarts(slice_of(to), slice_of(web[i])))
            return "relay_webrtc_call";
    for (size_t i = 0; i < COUNT_OF(sip); i++)
        if (slice_istarts(slice_of(to), slice_of(sip[i])) ||
            slice_istarts(slice_of(from), slice_of(sip[i])))
            return "relay_sip_call";
    return "relay_pstn_call";
}

struct call *sw_call_live(const struct rest *rest, const char *id)
{
    const struct api_config *config = &rest->api->config;
    struct call *call = config->calls ? calls_find(config->calls, slice_of(id)) : NULL;
    return call && strcmp(call_project(call), sw_of(rest)->project_id) == 0 ? call : NULL;
}

static const char *direction_of(const char *face, const char *direction)
{
    if (strcmp(face, "script") == 0)
        return "outbound-api";
    return strcmp(direction, "out") == 0 ? "outbound" : "inbound";
}

/* How it ended, in the words of the interface. */
const char *sw_call_status(const struct store_call *row)
{
    static const struct {
        const char *cause, *status;
    } rows[] = {
        { "busy", "busy" },           { "busy_everywhere", "busy" }, { "declined", "busy" },
        { "no_answer", "no-answer" }, { "timeout", "no-answer" },    { "unavailable", "no-answer" },
        { "cancelled", "canceled" },
    };
    if (row->answered_ms)
        return "completed";
    for (size_t i = 0; i < COUNT_OF(rows); i++)
        if (strcmp(rows[i].cause, row->cause) == 0)
            return rows[i].status;
    return "failed";
}

static const char *live_status(const char *state)
{
    static const struct {
        const char *state, *status;
    } rows[] = {
        { "ringing", "ringing" }, { "early", "ringing" }, { "up", "answered" }, { "done", "ended" }
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++)
        if (strcmp(rows[i].state, state) == 0)
            return rows[i].status;
    return "initiated";
}

static json_t *log_json(const struct store_call *row, const char *status)
{
    int64_t ms = row->answered_ms && row->ended_ms ? row->ended_ms - row->answered_ms : 0;
    json_t *log = json_pack("{s:s, s:s, s:s, s:s, s:i, s:[], s:o, s:s, s:n, s:s, s:s, s:n}", "id",
                            row->id, "from", row->from, "to", row->to, "source", "realtime_api",
                            "charge", 0, "charge_details", "created_at", rest_time(row->created_ms),
                            "type", sw_call_type(row->from, row->to), "url", "direction",
                            direction_of(row->face, row->direction), "status", status, "parent_id");
    json_object_set_new(log, "duration", row->ended_ms ? json_integer(ms / 1000) : json_null());
    json_object_set_new(log, "duration_ms", row->ended_ms ? json_integer(ms) : json_null());
    json_object_set_new(log, "billing_ms", row->ended_ms ? json_integer(ms) : json_null());
    return log;
}

void sw_call_row(const json_t *view, struct store_call *out)
{
    *out = (struct store_call){
        .id = sw_text(view, "id"),
        .from = sw_text(view, "from"),
        .to = sw_text(view, "to"),
        .face = sw_text(view, "face"),
        .direction = sw_text(view, "direction"),
        .created_ms = json_integer_value(json_object_get(view, "created_ms")),
        .answered_ms = json_integer_value(json_object_get(view, "answered_ms")),
    };
}

static json_t *live_json(const json_t *view)
{
    struct store_call row;
    sw_call_row(view, &row);
    return log_json(&row, live_status(sw_text(view, "state")));
}

static bool is_asked_for(const struct sw_page *page, int64_t created_ms)
{
    return created_ms < page->until_ms && created_ms >= page->from_ms &&
           (!page->before_ms || created_ms < page->before_ms);
}

json_t *sw_call_views(const struct rest *rest, const struct sw_page *page)
{
    const struct calls *calls = rest->api->config.calls;
    json_t *views = calls ? calls_json(calls) : json_array();
    json_t *list = json_array(), *view;
    size_t i;
    json_array_foreach(views, i, view)
    {
        int64_t created_ms = json_integer_value(json_object_get(view, "created_ms"));
        if (sw_call_live(rest, sw_text(view, "id")) && is_asked_for(page, created_ms))
            json_array_insert(list, 0, view);
    }
    json_decref(views);
    return list;
}

static void on_records(void *owner, const struct store_answer *answer)
{
    struct rest *rest = owner;
    json_t *list = rest->answer;
    struct sw_page page;
    rest->answer = NULL;
    if (answer->err || !sw_page_read(rest, &page)) {
        json_decref(list);
        if (answer->err)
            sw_fail_store(rest, answer->err, NULL);
        return;
    }
    const struct store_call *rows = STORE_ROWS(answer, store_call);
    for (size_t i = 0; i < answer->n; i++)
        json_array_append_new(list, log_json(&rows[i], sw_call_status(&rows[i])));
    sw_page_reply(rest, &page, list);
}

void sw_call_list(struct rest *rest)
{
    struct sw_page page;
    if (!sw_page_read(rest, &page))
        return;
    int64_t offset = page.number * page.size;
    json_t *views = sw_call_views(rest, &page), *live = json_array(), *view;
    size_t at;
    json_array_foreach(views, at, view) json_array_append_new(live, live_json(view));
    json_decref(views);
    int64_t n_live = (int64_t)json_array_size(live); /* at most the calls there are */
    for (int64_t i = 0; i < num_min(offset, n_live); i++)
        json_array_remove(live, 0);
    rest->answer = live;
    const struct store_page asked = {
        .project_id = sw_of(rest)->project_id,
        .from_ms = page.from_ms,
        .before_ms = page.before_ms ? num_min(page.before_ms, page.until_ms) : page.until_ms,
        .offset = num_max(0, offset - n_live),
        .limit = page.size + 1,
    };
    store_call_page(rest_store(rest), &asked, rest_then(rest, on_records));
}

const struct store_call *sw_call_record(struct rest *rest, const struct store_answer *answer)
{
    const struct store_call *row = answer->err ? NULL : STORE_ROWS(answer, store_call);
    if (row && strcmp(row->project_id, sw_of(rest)->project_id) == 0)
        return row;
    sw_fail_store(rest, answer->err ? answer->err : ERR_NOT_FOUND, "id");
    return NULL;
}

static void on_record(void *owner, const struct store_answer *answer)
{
    const struct store_call *row = sw_call_record(owner, answer);
    if (row)
        rest_reply_take(owner, 200, log_json(row, sw_call_status(row)));
}

void sw_call_show(struct rest *rest)
{
    const char *id = rest_captured(rest, 0);
    const struct call *call = sw_call_live(rest, id);
    if (!call) {
        store_call_find(rest_store(rest), id, rest_then(rest, on_record));
        return;
    }
    json_t *view = call_json(call, false);
    rest_reply_take(rest, 200, live_json(view));
    json_decref(view);
}

static json_t *event_json(const struct rest *rest, int64_t at_ms, const char *kind,
                          const char *text)
{
    char name[EVENT_MAX];
    snprintf(name, sizeof name, "%s: %s", kind, text);
    json_t *line = json_string(name); /* NULL when it was cut within a letter */
    return json_pack("{s:o, s:s, s:o, s:{}, s:s, s:s}", "event_at", rest_time(at_ms), "level",
                     "info", "name", line ? line : json_string(kind), "details", "project_id",
                     sw_of(rest)->project_id, "log_id", rest_captured(rest, 0));
}

static void on_events(void *owner, const struct store_answer *answer)
{
    struct rest *rest = owner;
    if (answer->err) {
        sw_fail_store(rest, answer->err, NULL);
        return;
    }
    const struct store_event *rows = STORE_ROWS(answer, store_event);
    json_t *list = json_array();
    for (size_t i = 0; i < answer->n; i++)
        json_array_append_new(list, event_json(rest, rows[i].at_ms, rows[i].kind, rows[i].text));
    rest_reply_take(rest, 200, json_pack("{s:o}", "data", list));
}

static void on_record_for_events(void *owner, const struct store_answer *answer)
{
    struct rest *rest = owner;
    const struct store_call *row = sw_call_record(rest, answer);
    if (row)
        store_event_list(rest_store(rest), row->id, rest_then(rest, on_events));
}

void sw_call_events(struct rest *rest)
{
    const char *id = rest_captured(rest, 0);
    const struct call *call = sw_call_live(rest, id);
    if (!call) {
        store_call_find(rest_store(rest), id, rest_then(rest, on_record_for_events));
        return;
    }
    json_t *view = call_json(call, true), *list = json_array(), *one;
    size_t i;
    json_array_foreach(json_object_get(view, "timeline"), i, one)
        json_array_append_new(list, event_json(rest, json_integer_value(json_object_get(one, "t")),
                                               sw_text(one, "kind"), sw_text(one, "text")));
    json_decref(view);
    rest_reply_take(rest, 200, json_pack("{s:o}", "data", list));
}
