/* What happened to a device, and who used a token. */
#include "api/prov.h"
#include "legs/trace.h"

static void put_time(json_t *row, int64_t at_ms)
{
    json_object_set_new(row, "At", rest_time(at_ms));
    json_object_set_new(row, "AtMs", json_integer(at_ms));
}

/* The text of an event is a JSON object. */
static void on_events(void *owner, const struct store_answer *answer)
{
    struct rest *rest = owner;
    if (!rest_has(rest, answer, "device"))
        return;
    const struct store_device_event *rows = STORE_ROWS(answer, store_device_event);
    json_t *list = json_array();
    for (size_t i = 0; i < answer->n; i++) {
        json_t *row = json_loads(rows[i].text, 0, NULL);
        if (!json_is_object(row)) {
            json_decref(row);
            row = json_object();
        }
        put_time(row, rows[i].at_ms);
        if (strcmp(rows[i].kind, "latency") == 0)
            json_object_set_new(row, "LatencyMs", json_integer(rows[i].value));
        json_array_append_new(list, row);
    }
    rest_reply_take(rest, 200, list);
}

static void read_log(struct rest *rest, const struct store_device *device, const char *kind)
{
    int64_t limit;
    int64_t from_ms;
    int64_t to_ms;
    if (prov_limit(rest, &limit) && prov_day(rest, &from_ms, &to_ms))
        store_device_event_list(rest_store(rest), device->id, kind, from_ms, to_ms, limit,
                                rest_then(rest, on_events));
}

static void read_registers(struct rest *rest, const struct store_device *device)
{
    read_log(rest, device, "register");
}

static void read_latencies(struct rest *rest, const struct store_device *device)
{
    read_log(rest, device, "latency");
}

void prov_register_log(struct rest *rest)
{
    prov_with_device(rest, read_registers);
}

void prov_latency_log(struct rest *rest)
{
    prov_with_device(rest, read_latencies);
}

static void read_console(struct rest *rest, const struct store_device *device)
{
    read_log(rest, device, "console");
}

void prov_console_log(struct rest *rest)
{
    prov_with_device(rest, read_console);
}

static void on_noted(void *owner, const struct store_answer *answer)
{
    struct rest *rest = owner;
    if (rest_has(rest, answer, "device"))
        rest_reply_text(rest, 204, NULL, SLICE_NONE);
}

static void note_console(struct rest *rest, const struct store_device *device)
{
    const char *level = json_string_value(json_object_get(rest->body, "Level"));
    const char *text = json_string_value(json_object_get(rest->body, "Text"));
    if (!text || strlen(text) > PROV_TEXT_MAX || (level && strlen(level) > REST_TIME)) {
        rest_fail(rest, 422, "invalid", "Text",
                  "Text: expected at most %d bytes, and a short Level", PROV_TEXT_MAX);
        return;
    }
    json_t *row = json_pack("{s:s, s:s}", "Level", level ? level : "log", "Text", text);
    char *line = json_dumps(row, JSON_COMPACT);
    struct store_device_event event = { .kind = "console",
                                        .at_ms = rest_now_ms(rest),
                                        .text = line };
    store_device_event_add(rest_store(rest), device->sip_username, &event,
                           rest_then(rest, on_noted));
    free(line);
    json_decref(row);
}

/* What a phone wants its administrator to know. */
void prov_console_add(struct rest *rest)
{
    prov_with_device(rest, note_console);
}

static json_t *message_json(const json_t *message)
{
    json_t *row =
        json_pack("{s:O, s:O, s:O, s:O}", "Direction", json_object_get(message, "direction"),
                  "Transport", json_object_get(message, "transport"), "Method",
                  json_object_get(message, "method"), "Message", json_object_get(message, "text"));
    put_time(row, json_integer_value(json_object_get(message, "t")));
    return row;
}

/* Newest first, like the other logs; masked, as the trace is kept. */
static void read_trace(struct rest *rest, const struct store_device *device)
{
    const struct api_config *config = &rest->api->config;
    int64_t limit;
    int64_t from_ms;
    int64_t to_ms;
    if (!prov_limit(rest, &limit) || !prov_day(rest, &from_ms, &to_ms))
        return;
    struct trace_query query = { .names = { slice_of(device->sip_username),
                                            slice_of(device->contact) },
                                 .max = TRACE_MESSAGES_MAX };
    json_t *found =
        config->live && config->live->trace ? config->live->trace(config->owner, &query) : NULL;
    const json_t *messages = json_object_get(found, "messages");
    json_t *list = json_array();
    for (size_t i = json_array_size(messages); i-- > 0 && (int64_t)json_array_size(list) < limit;) {
        const json_t *message = json_array_get(messages, i);
        int64_t at_ms = json_integer_value(json_object_get(message, "t"));
        if (at_ms >= from_ms && (!to_ms || at_ms < to_ms))
            json_array_append_new(list, message_json(message));
    }
    json_decref(found);
    rest_reply_take(rest, 200, list);
}

void prov_trace_log(struct rest *rest)
{
    prov_with_device(rest, read_trace);
}

static void on_accesses(void *owner, const struct store_answer *answer)
{
    struct rest *rest = owner;
    if (!rest_has(rest, answer, "token"))
        return;
    const struct store_access *rows = STORE_ROWS(answer, store_access);
    json_t *list = json_array();
    for (size_t i = 0; i < answer->n; i++) {
        json_t *row = json_pack("{s:s, s:s, s:s, s:I, s:s, s:s}", "PatId", rows[i].token_id,
                                "FriendlyName", rows[i].token_name, "Action", rows[i].action,
                                "Status", (json_int_t)rows[i].status, "Address", rows[i].address,
                                "UserAgent", rows[i].agent);
        put_time(row, rows[i].at_ms);
        json_array_append_new(list, row);
    }
    rest_reply_take(rest, 200, list);
}

void prov_access_log(struct rest *rest)
{
    int64_t limit;
    if (prov_may(rest, "account") && prov_limit(rest, &limit))
        store_access_list(rest_store(rest), NULL, prov_of(rest)->target_id, limit,
                          rest_then(rest, on_accesses));
}
