/* Conferences that go on, who is in them, and those that are over. */
#include <string.h>

#include "api/signalwire/sw_laml.h"
#include "base/num.h"
#include "script/conference.h"
#include "store/store_conferences.h"

static json_t *print_conference(const struct rest *rest, const struct store_conference *row,
                                const char *status)
{
    return json_pack("{s:s, s:s, s:o, s:o, s:s, s:s, s:s, s:s, s:o, s:{s:o, s:o}}", "sid", row->id,
                     "account_sid", sw_of(rest)->project_id, "date_created",
                     sw_laml_time(row->created_ms), "date_updated",
                     sw_laml_time(row->ended_ms ? row->ended_ms : row->created_ms), "friendly_name",
                     row->name, "status", status, "api_version", "2010-04-01", "region", "us",
                     "uri", sw_laml_uri(rest, "Conferences/%s", row->id), "subresource_uris",
                     "participants", sw_laml_uri(rest, "Conferences/%s/Participants", row->id),
                     "recordings", sw_laml_uri(rest, "Conferences/%s/Recordings", row->id));
}

static json_t *conference_json(const struct rest *rest, const json_t *view)
{
    bool is_started = json_is_true(json_object_get(view, "started"));
    const struct store_conference row = {
        .id = sw_text(view, "id"),
        .name = sw_text(view, "name"),
        .created_ms = json_integer_value(json_object_get(view, "created_ms")),
    };
    return print_conference(rest, &row, is_started ? "in-progress" : "init");
}

json_t *sw_laml_participant_json(const struct rest *rest, const char *conference,
                                 const json_t *member)
{
    const char *call = sw_text(member, "call_id"), *coach = sw_text(member, "coach");
    int64_t joined_ms = json_integer_value(json_object_get(member, "joined_ms"));
    return json_pack("{s:s, s:s, s:o, s:b, s:s, s:o, s:s, s:o, s:O, s:O, s:O, s:O, s:o}",
                     "account_sid", sw_of(rest)->project_id, "call_sid", call, "call_sid_to_coach",
                     sw_text_or_null(coach), "coaching", coach[0] != '\0', "conference_sid",
                     conference, "date_created", sw_laml_time(joined_ms), "status", "in-progress",
                     "date_updated", sw_laml_time(joined_ms), "end_conference_on_exit",
                     json_object_get(member, "ends_on_exit"), "muted",
                     json_object_get(member, "muted"), "hold", json_object_get(member, "held"),
                     "start_conference_on_enter", json_object_get(member, "starts"), "uri",
                     sw_laml_uri(rest, "Conferences/%s/Participants/%s", conference, call));
}

json_t *sw_laml_own_conferences(const struct rest *rest)
{
    struct scripts *scripts = rest->api->config.scripts;
    return scripts ? conferences_json(scripts, sw_of(rest)->project_id) : json_array();
}

const json_t *sw_laml_find_conference(const struct rest *rest, const json_t *conferences)
{
    const json_t *one;
    size_t i;
    json_array_foreach(conferences, i,
                       one) if (strcmp(sw_text(one, "id"), rest_captured(rest, 1)) == 0) return one;
    return NULL;
}

/* The path's conference of that list, borrowed; NULL: answered. */
static const json_t *find(struct rest *rest, const json_t *conferences)
{
    const json_t *one = sw_laml_find_conference(rest, conferences);
    if (!one)
        rest_fail(rest, 404, "not_found", NULL, "there is no such conference");
    return one;
}

/* --- list --- */

static bool read_page(struct rest *rest, struct sw_page *page)
{
    return sw_page_read(rest, page) && sw_laml_dates(rest, "DateCreated", page);
}

static void put_wanted(const struct rest *rest, json_t *list, json_t *take_conference)
{
    const char *name = sw_laml_param(rest, "FriendlyName"), *status = sw_laml_param(rest, "Status");
    if ((!name[0] || strcmp(name, sw_text(take_conference, "friendly_name")) == 0) &&
        (!status[0] || strcmp(status, sw_text(take_conference, "status")) == 0))
        json_array_append(list, take_conference);
    json_decref(take_conference);
}

/* Those that are over, behind those that go on. */
static void on_over(void *owner, const struct store_answer *answer)
{
    struct rest *rest = owner;
    struct sw_page page;
    if (answer->err) {
        sw_fail_store(rest, answer->err, NULL);
        return;
    }
    if (!read_page(rest, &page))
        return;
    json_t *all = sw_laml_own_conferences(rest), *list = json_array(), *one;
    const struct store_conference *rows = STORE_ROWS(answer, store_conference);
    size_t i;
    json_array_foreach(all, i, one)
    {
        int64_t created_ms = json_integer_value(json_object_get(one, "created_ms"));
        if (created_ms >= page.from_ms && (!page.before_ms || created_ms < page.before_ms))
            put_wanted(rest, list, conference_json(rest, one));
    }
    json_decref(all);
    for (i = 0; i < answer->n; i++)
        put_wanted(rest, list, print_conference(rest, &rows[i], "completed"));
    sw_laml_page_reply(rest, &page, "conferences", sw_page_cut(&page, list));
}

void sw_laml_conference_list(struct rest *rest)
{
    struct sw_page page;
    if (read_page(rest, &page))
        store_conference_list(rest_store(rest), sw_of(rest)->project_id, page.from_ms,
                              page.before_ms, rest_then(rest, on_over));
}

/* --- one of them --- */

static void on_record(void *owner, const struct store_answer *answer)
{
    struct rest *rest = owner;
    const rest_fn endpoint = sw_of(rest)->endpoint->handle;
    const struct store_conference *row = answer->err ? NULL : STORE_ROWS(answer, store_conference);
    struct sw_page page;
    if (!row || strcmp(row->project_id, sw_of(rest)->project_id) != 0)
        sw_fail_store(rest, answer->err ? answer->err : ERR_NOT_FOUND, "conference");
    else if (endpoint == sw_laml_conference_show)
        rest_reply_take(rest, 200, print_conference(rest, row, "completed"));
    else if (endpoint == sw_laml_conference_change)
        sw_laml_refuse(rest, 422, "21220", "The conference is over");
    else if (endpoint == sw_laml_conference_recording_list)
        sw_laml_list_of_conference(rest);
    else if (sw_page_read(rest, &page)) /* nobody is in it */
        sw_laml_page_reply(rest, &page, "participants", json_array());
}

static void find_record(struct rest *rest)
{
    store_conference_find(rest_store(rest), rest_captured(rest, 1), rest_then(rest, on_record));
}

void sw_laml_conference_show(struct rest *rest)
{
    json_t *all = sw_laml_own_conferences(rest);
    const json_t *one = sw_laml_find_conference(rest, all);
    if (one)
        rest_reply_take(rest, 200, conference_json(rest, one));
    else
        find_record(rest);
    json_decref(all);
}

/* NULL: nothing is announced. */
static const char *announce_url(const struct rest *rest)
{
    const char *url = sw_text(rest->body, "AnnounceUrl");
    return url[0] ? url : NULL;
}

static const char *announce_method(const struct rest *rest)
{
    const char *method = sw_text(rest->body, "AnnounceMethod");
    return method[0] ? method : "POST";
}

void sw_laml_conference_recording_list(struct rest *rest)
{
    json_t *all = sw_laml_own_conferences(rest);
    bool is_live = sw_laml_find_conference(rest, all) != NULL;
    json_decref(all);
    if (is_live)
        sw_laml_list_of_conference(rest);
    else
        find_record(rest);
}

void sw_laml_conference_change(struct rest *rest)
{
    json_t *all = sw_laml_own_conferences(rest);
    const json_t *one = sw_laml_find_conference(rest, all);
    json_t *answer = one ? conference_json(rest, one) : NULL;
    json_decref(all);
    if (!answer) {
        find_record(rest);
        return;
    }
    bool ends = sw_text(rest->body, "Status")[0] != '\0';
    const struct conference_order order = { .conference_id = rest_captured(rest, 1),
                                            .leaves = ends,
                                            .announce_url = announce_url(rest),
                                            .announce_method = announce_method(rest) };
    if (ends)
        json_object_set_new(answer, "status", json_string("completed"));
    /* it was there a moment ago, and nothing ran in between */
    (void)!conference_order(rest->api->config.scripts, sw_of(rest)->project_id, &order);
    rest_reply_take(rest, 200, answer);
}

/* --- who is in it --- */

static bool is_wanted(const struct rest *rest, const char *param, const json_t *value)
{
    const char *asked = sw_laml_param(rest, param);
    return !asked[0] || slice_iis(slice_of(asked), json_is_true(value) ? "true" : "false");
}

void sw_laml_participant_list(struct rest *rest)
{
    struct sw_page page;
    if (!sw_page_read(rest, &page))
        return;
    json_t *all = sw_laml_own_conferences(rest), *list = json_array(), *member;
    const json_t *one = sw_laml_find_conference(rest, all);
    size_t i;
    json_array_foreach(json_object_get(one, "members"), i, member)
    {
        if (is_wanted(rest, "Muted", json_object_get(member, "muted")) &&
            is_wanted(rest, "Hold", json_object_get(member, "held")))
            json_array_append_new(list,
                                  sw_laml_participant_json(rest, rest_captured(rest, 1), member));
    }
    json_decref(all);
    if (one) {
        sw_laml_page_reply(rest, &page, "participants", sw_page_cut(&page, list));
    } else {
        json_decref(list);
        find_record(rest);
    }
}

void sw_laml_participant_show(struct rest *rest)
{
    json_t *all = sw_laml_own_conferences(rest), *member, *found = NULL;
    const json_t *one = find(rest, all);
    size_t i;
    json_array_foreach(json_object_get(one, "members"), i, member)
    {
        if (!found && strcmp(sw_text(member, "call_id"), rest_captured(rest, 2)) == 0)
            found = sw_laml_participant_json(rest, rest_captured(rest, 1), member);
    }
    json_decref(all);
    if (found)
        rest_reply_take(rest, 200, found);
    else if (one)
        rest_fail(rest, 404, "not_found", NULL, "there is no such participant");
}

void sw_laml_participant_change(struct rest *rest)
{
    const json_t *muted = json_object_get(rest->body, "Muted");
    const json_t *held = json_object_get(rest->body, "Hold");
    const bool is_muted = json_is_true(muted), is_held = json_is_true(held);
    const struct conference_order order = {
        .conference_id = rest_captured(rest, 1),
        .call_id = rest_captured(rest, 2),
        .muted = muted ? &is_muted : NULL,
        .held = held ? &is_held : NULL,
        .announce_url = announce_url(rest),
        .announce_method = announce_method(rest),
    };
    if (conference_order(rest->api->config.scripts, sw_of(rest)->project_id, &order))
        rest_fail(rest, 404, "not_found", NULL, "there is no such participant");
    else
        sw_laml_participant_show(rest);
}

void sw_laml_participant_remove(struct rest *rest)
{
    const struct conference_order order = { .conference_id = rest_captured(rest, 1),
                                            .call_id = rest_captured(rest, 2),
                                            .leaves = true };
    if (conference_order(rest->api->config.scripts, sw_of(rest)->project_id, &order))
        rest_fail(rest, 404, "not_found", NULL, "there is no such participant");
    else
        rest_reply_text(rest, 204, NULL, SLICE_NONE);
}
