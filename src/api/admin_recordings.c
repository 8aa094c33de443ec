/* The files of recordings, each with the call it is of while that is on record. */
#include "admin.h"

#include <string.h>

enum { CALLS_MAX = 1000 }; /* of the newest, in which a file's call is looked for */

static json_t *files(const struct rest *rest)
{
    const struct api_config *config = &rest->api->config;
    return config->live && config->live->recordings ? config->live->recordings(config->owner)
                                                    : json_array();
}

static json_t *find(const json_t *list, const char *id)
{
    size_t i;
    json_t *row;
    json_array_foreach(list, i, row) if (strcmp(json_string_value(json_object_get(row, "id")),
                                                id) == 0) return row;
    return NULL;
}

/* What a call's record knows of its recordings. */
static void tell_calls(const json_t *list, const struct store_call *call)
{
    json_t *stats = json_loads(call->stats, 0, NULL);
    size_t i;
    const json_t *recording;
    json_array_foreach(json_object_get(stats, "recordings"), i, recording)
    {
        const char *id = json_string_value(json_object_get(recording, "id"));
        json_t *row = id ? find(list, id) : NULL;
        if (!row)
            continue;
        json_object_set_new(row, "call", json_string(call->id));
        json_object_set_new(row, "from", json_string(call->from));
        json_object_set_new(row, "to", json_string(call->to));
        json_object_set(row, "duration_ms", json_object_get(recording, "duration_ms"));
    }
    json_decref(stats);
}

static bool take_calls(struct rest *rest, const struct store_answer *answer, json_t **list)
{
    if (!rest_has(rest, answer, "recording"))
        return false;
    const struct store_call *rows = STORE_ROWS(answer, store_call);
    *list = rest->answer;
    rest->answer = NULL;
    for (size_t i = 0; i < answer->n; i++)
        tell_calls(*list, &rows[i]);
    return true;
}

static void on_list(void *owner, const struct store_answer *answer)
{
    json_t *list;
    if (take_calls(owner, answer, &list))
        rest_reply_take(owner, 200, list);
}

void admin_recording_list(struct rest *rest)
{
    rest->answer = files(rest);
    store_call_list(rest_store(rest), 0, CALLS_MAX, rest_then(rest, on_list));
}

static void none(struct rest *rest)
{
    rest_fail(rest, 404, "not_found", "recording", "there is no recording %s",
              rest_captured(rest, 0));
}

static void on_show(void *owner, const struct store_answer *answer)
{
    struct rest *rest = owner;
    json_t *list;
    if (!take_calls(rest, answer, &list))
        return;
    json_t *row = json_incref(json_array_get(list, 0));
    json_decref(list);
    rest_reply_take(rest, 200, row);
}

void admin_recording_show(struct rest *rest)
{
    json_t *list = files(rest);
    json_t *row = find(list, rest_captured(rest, 0));
    if (row) {
        rest->answer = json_pack("[O]", row);
        store_call_list(rest_store(rest), 0, CALLS_MAX, rest_then(rest, on_show));
    } else {
        none(rest);
    }
    json_decref(list);
}

void admin_recording_remove(struct rest *rest)
{
    const struct api_config *config = &rest->api->config;
    const char *id = rest_captured(rest, 0);
    if (config->live && config->live->remove_recording &&
        config->live->remove_recording(config->owner, slice_of(id)))
        rest_reply_take(rest, 200, json_pack("{s:s}", "removed", id));
    else
        none(rest);
}
