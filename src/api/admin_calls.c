/* Calls, those that live and those on record, and the other tables that only the daemon has. A call
 * on record has the keys of a live one (call_json()). */
#include "admin.h"

#include "base/num.h"
#include "net/addr.h"

enum { LIST_MAX = 1000, LIST_DEFAULT = 50 };

static json_t *live(const struct rest *rest, json_t *(*fn)(void *owner))
{
    return fn ? fn(rest->api->config.owner) : json_array();
}

static json_t *known(int64_t ms)
{
    return ms ? json_integer(ms) : json_null();
}

static json_t *record_json(const struct store_call *row)
{
    int64_t duration_ms = row->answered_ms ? row->ended_ms - row->answered_ms : 0;
    return json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:I, s:o, s:I, s:o}", "id",
                     row->id, "state", row->state, "face", row->face, "direction", row->direction,
                     "from", row->from, "to", row->to, "trunk", row->trunk, "codec_a", row->codec_a,
                     "codec_b", row->codec_b, "session", row->correlation, "created_ms",
                     (json_int_t)row->created_ms, "answered_ms", known(row->answered_ms),
                     "duration_ms", (json_int_t)duration_ms, "ended_ms", known(row->ended_ms));
}

static void on_records(void *owner, const struct store_answer *answer)
{
    struct rest *rest = owner;
    if (!rest_has(rest, answer, "call"))
        return;
    const struct store_call *rows = STORE_ROWS(answer, store_call);
    json_t *list = rest->answer;
    rest->answer = NULL;
    for (size_t i = 0; i < answer->n; i++)
        json_array_append_new(list, record_json(&rows[i]));
    rest_reply_take(rest, 200, list);
}

/* Those that live; with ?all=N also the newest N on record. */
void admin_call_list(struct rest *rest)
{
    const struct admin_live_ops *ops = rest->api->config.live;
    const char *all = rest_param(rest, "all");
    json_t *list = live(rest, ops ? ops->calls : NULL);
    if (!all) {
        rest_reply_take(rest, 200, list);
        return;
    }
    uint32_t limit = LIST_DEFAULT;
    rest->answer = list;
    if (all[0] && (slice_to_u32(slice_of(all), LIST_MAX, &limit) || limit == 0)) {
        rest_fail(rest, 422, "invalid", "all", "all: expected a number from 1 to %d", LIST_MAX);
        return;
    }
    store_call_list(rest_store(rest), 0, limit, rest_then(rest, on_records));
}

static void on_timeline(void *owner, const struct store_answer *answer)
{
    struct rest *rest = owner;
    if (!rest_has(rest, answer, "call"))
        return;
    const struct store_event *rows = STORE_ROWS(answer, store_event);
    json_t *timeline = json_array();
    for (size_t i = 0; i < answer->n; i++)
        json_array_append_new(timeline,
                              json_pack("{s:I, s:I, s:s, s:s}", "t", (json_int_t)rows[i].at_ms,
                                        "leg", (json_int_t)rows[i].leg, "kind", rows[i].kind,
                                        "text", rows[i].text));
    json_t *call = rest->answer;
    rest->answer = NULL;
    json_object_set_new(call, "timeline", timeline);
    rest_reply_take(rest, 200, call);
}

static void on_record(void *owner, const struct store_answer *answer)
{
    struct rest *rest = owner;
    if (!rest_has(rest, answer, "call"))
        return;
    const struct store_call *row = STORE_ROWS(answer, store_call);
    json_t *stats = json_loads(row->stats, 0, NULL); /* "legs", "related", "recordings" */
    rest->answer = record_json(row);
    json_object_update(rest->answer, stats);
    json_decref(stats);
    json_object_set_new(rest->answer, "cause",
                        json_pack("{s:I, s:s, s:s, s:s}", "code", (json_int_t)row->code, "token",
                                  row->cause, "text", row->cause_text, "by", row->ended_by));
    store_event_list(rest_store(rest), row->id, rest_then(rest, on_timeline));
}

void admin_call_show(struct rest *rest)
{
    const struct api_config *config = &rest->api->config;
    const char *id = rest_captured(rest, 0);
    json_t *call =
        config->live && config->live->call ? config->live->call(config->owner, slice_of(id)) : NULL;
    if (call)
        rest_reply_take(rest, 200, call);
    else
        store_call_find(rest_store(rest), id, rest_then(rest, on_record));
}

void admin_call_end(struct rest *rest)
{
    const struct api_config *config = &rest->api->config;
    struct slice id = slice_of(rest_captured(rest, 0));
    if (config->live && config->live->hang_up && config->live->hang_up(config->owner, id))
        rest_reply_take(rest, 200, json_pack("{s:s, s:b}", "id", id.ptr, "ended", 1));
    else
        rest_fail(rest, 404, "not_found", "call", "there is no such call, or it is over");
}

static void record(struct rest *rest, const char *mode)
{
    const struct api_config *config = &rest->api->config;
    struct fault fault = { 0 };
    json_t *answer = NULL;
    enum err err = ERR_UNSUPPORTED;
    if (config->live && config->live->record)
        err = config->live->record(config->owner, slice_of(rest_captured(rest, 0)), mode, &answer,
                                   &fault);
    if (!err)
        rest_reply_take(rest, mode ? 201 : 200, answer);
    else if (err == ERR_NOT_FOUND)
        rest_fail(rest, 404, "not_found", fault.where[0] ? fault.where : NULL, "%s", fault.text);
    else
        rest_fail(rest, 409, "conflict", NULL, "%s", fault.text);
}

static bool is_mode(struct slice mode)
{
    return slice_is(mode, "") || slice_is(mode, "mixed") || slice_is(mode, "stereo");
}

void admin_call_record(struct rest *rest)
{
    const char *mode;
    const struct rest_field fields[] = {
        { .name = "mode", .out = &mode, .check = is_mode, .expected = "mixed or stereo" },
    };
    if (rest_take(rest, fields, COUNT_OF(fields)))
        record(rest, mode[0] ? mode : "mixed");
}

void admin_call_record_stop(struct rest *rest)
{
    record(rest, NULL);
}

void admin_registration_list(struct rest *rest)
{
    const struct admin_live_ops *ops = rest->api->config.live;
    rest_reply_take(rest, 200, live(rest, ops ? ops->registrations : NULL));
}

void admin_trunk_list(struct rest *rest)
{
    const struct admin_live_ops *ops = rest->api->config.live;
    rest_reply_take(rest, 200, live(rest, ops ? ops->trunks : NULL));
}

void admin_ban_list(struct rest *rest)
{
    const struct admin_live_ops *ops = rest->api->config.live;
    rest_reply_take(rest, 200, live(rest, ops ? ops->bans : NULL));
}

void admin_ban_lift(struct rest *rest)
{
    const struct api_config *config = &rest->api->config;
    const char *address = rest_captured(rest, 0);
    struct addr addr;
    if (addr_parse_ip(slice_of(address), 0, &addr))
        rest_fail(rest, 422, "invalid", "address", "\"%s\" is not a numeric address", address);
    else if (config->live && config->live->lift_ban && config->live->lift_ban(config->owner, &addr))
        rest_reply_take(rest, 200, json_pack("{s:s}", "removed", address));
    else
        rest_fail(rest, 404, "not_found", "address", "%s is not banned", address);
}
