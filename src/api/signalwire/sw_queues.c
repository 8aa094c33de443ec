#include "api/signalwire/sw_queues.h"

#include <stdio.h>
#include <string.h>

#include "api/signalwire/sw_laml.h"
#include "base/num.h"
#include "script/script.h"
#include "script/waiting.h"
#include "store/store_programs.h"

static const char type[] = "queue";

struct queue {
    char id[SW_ID];
    const char *name;
    int64_t max_size, created_ms, updated_ms;
    const json_t *members;            /* who wait, may be NULL */
    const struct store_resource *row; /* NULL: it is only waited in */
};

/* --- what is shown --- */

static int64_t wait_s(const struct rest *rest, const json_t *member)
{
    int64_t since_ms = json_integer_value(json_object_get(member, "since_ms"));
    return num_max(0, (rest_now_ms(rest) - since_ms) / 1000);
}

static int64_t average_wait_s(const struct rest *rest, const json_t *members)
{
    int64_t sum = 0, n = (int64_t)json_array_size(members); /* callers */
    for (int64_t i = 0; i < n; i++)
        sum += wait_s(rest, json_array_get(members, (size_t)i));
    return n ? sum / n : 0;
}

static json_t *queue_json(const struct rest *rest, const struct queue *queue)
{
    bool is_laml = sw_of(rest)->is_laml;
    json_t *json = json_pack(
        "{s:s, s:I, s:I, s:I, s:o, s:o, s:o}", "friendly_name", queue->name, "max_size",
        (json_int_t)queue->max_size, "current_size", (json_int_t)json_array_size(queue->members),
        "average_wait_time", (json_int_t)average_wait_s(rest, queue->members), "date_created",
        is_laml ? sw_laml_time(queue->created_ms) : rest_time(queue->created_ms), "date_updated",
        is_laml ? sw_laml_time(queue->updated_ms) : rest_time(queue->updated_ms), "uri",
        is_laml ? sw_laml_uri(rest, "Queues/%s", queue->id)
                : json_sprintf("/api/relay/rest/queues/%s", queue->id));
    json_object_set_new(json, is_laml ? "sid" : "id", json_string(queue->id));
    json_object_set_new(json, is_laml ? "account_sid" : "project_id",
                        json_string(sw_of(rest)->project_id));
    if (is_laml)
        json_object_set_new(json, "api_version", json_string("2010-04-01"));
    return json;
}

static json_t *member_json(const struct rest *rest, const char *queue, const json_t *member)
{
    const char *call = sw_text(member, "call_id"), *project = sw_of(rest)->project_id;
    int64_t since_ms = json_integer_value(json_object_get(member, "since_ms"));
    json_t *position = json_object_get(member, "position");
    json_int_t waited = wait_s(rest, member);
    if (sw_of(rest)->is_laml)
        return json_pack("{s:s, s:s, s:s, s:o, s:O, s:I, s:s, s:o}", "call_sid", call,
                         "account_sid", project, "queue_sid", queue, "date_enqueued",
                         sw_laml_time(since_ms), "position", position, "wait_time", waited,
                         "member_type", "call", "uri",
                         sw_laml_uri(rest, "Queues/%s/Members/%s", queue, call));
    return json_pack("{s:s, s:s, s:s, s:O, s:o, s:I, s:o}", "call_id", call, "project_id", project,
                     "queue_id", queue, "position", position, "uri",
                     json_sprintf("/api/relay/rest/queues/%s/members/%s", queue, call), "wait_time",
                     waited, "date_enqueued", rest_time(since_ms));
}

/* --- those there are --- */

static json_t *waiting_of(const struct rest *rest)
{
    const struct scripts *scripts = rest->api->config.scripts;
    return scripts ? waiting_json(scripts, sw_of(rest)->project_id) : json_object();
}

static void fill_of_row(const struct store_resource *row, const json_t *waiting, struct queue *out)
{
    json_t *body = json_loads(row->body, 0, NULL);
    int64_t size = json_integer_value(json_object_get(body, "max_size"));
    json_decref(body);
    *out = (struct queue){ .name = row->name,
                           .max_size = size ? size : WAITING_MAX_DEFAULT,
                           .created_ms = row->created_ms,
                           .updated_ms = row->updated_ms,
                           .members = json_object_get(waiting, row->name),
                           .row = row };
    snprintf(out->id, sizeof out->id, "%s", row->id);
}

static void fill_of_name(const struct rest *rest, const char *name, const json_t *members,
                         struct queue *out)
{
    const json_t *first = json_array_get(members, 0);
    int64_t since_ms = json_integer_value(json_object_get(first, "since_ms"));
    *out = (struct queue){ .name = name,
                           .max_size = WAITING_MAX_DEFAULT,
                           .created_ms = since_ms ? since_ms : rest_now_ms(rest),
                           .updated_ms = since_ms ? since_ms : rest_now_ms(rest),
                           .members = members };
    sw_derived_id(type, sw_of(rest)->project_id, name, out->id);
}

static bool has_row(const struct store_answer *answer, const char *name)
{
    const struct store_resource *rows = STORE_ROWS(answer, store_resource);
    for (size_t i = 0; i < answer->n; i++)
        if (strcmp(rows[i].name, name) == 0)
            return true;
    return false;
}

/* Every queue, to a function until it says that this was the one. */
static bool each_queue(struct rest *rest, const struct store_answer *answer, const json_t *waiting,
                       bool (*fn)(struct rest *rest, const struct queue *queue, void *context),
                       void *context)
{
    const struct store_resource *rows = STORE_ROWS(answer, store_resource);
    struct queue queue;
    const char *name;
    json_t *members;
    for (size_t i = 0; i < answer->n; i++) {
        fill_of_row(&rows[i], waiting, &queue);
        if (fn(rest, &queue, context))
            return true;
    }
    json_object_foreach((json_t *)(uintptr_t)waiting, name, members)
    {
        if (!json_array_size(members) || has_row(answer, name))
            continue;
        fill_of_name(rest, name, members, &queue);
        if (fn(rest, &queue, context))
            return true;
    }
    return false;
}

static void ask(struct rest *rest, store_fn fn)
{
    store_resource_list(rest_store(rest), sw_of(rest)->project_id, type, rest_then(rest, fn));
}

static void reply_page(struct rest *rest, const char *plural, json_t *take_all)
{
    struct sw_page page;
    if (!sw_page_read(rest, &page))
        json_decref(take_all);
    else if (sw_of(rest)->is_laml)
        sw_laml_page_reply(rest, &page, plural, sw_page_cut(&page, take_all));
    else
        sw_page_reply_all(rest, &page, take_all);
}

static bool put_queue(struct rest *rest, const struct queue *queue, void *list)
{
    json_array_append_new(list, queue_json(rest, queue));
    return false;
}

static void on_list(void *owner, const struct store_answer *answer)
{
    struct rest *rest = owner;
    if (answer->err) {
        sw_fail_store(rest, answer->err, NULL);
        return;
    }
    json_t *waiting = waiting_of(rest), *list = json_array();
    (void)each_queue(rest, answer, waiting, put_queue, list);
    json_decref(waiting);
    reply_page(rest, "queues", list);
}

void sw_queue_list(struct rest *rest)
{
    ask(rest, on_list);
}

/* --- a new one, and changes --- */

static const char *given_name(const struct rest *rest)
{
    return sw_text(rest->body, sw_of(rest)->is_laml ? "FriendlyName" : "name");
}

static void write_queue(struct rest *rest, const struct queue *before)
{
    char body[64];
    struct queue fresh = *before;
    json_t *size = json_object_get(rest->body, sw_of(rest)->is_laml ? "MaxSize" : "max_size");
    if (given_name(rest)[0])
        fresh.name = given_name(rest);
    if (json_is_integer(size))
        fresh.max_size = json_integer_value(size);
    fresh.updated_ms = rest_now_ms(rest);
    snprintf(body, sizeof body, "{\"max_size\":%lld}", (long long)fresh.max_size);
    const struct store_resource row = { .id = fresh.id,
                                        .project_id = sw_of(rest)->project_id,
                                        .type = type,
                                        .name = fresh.name,
                                        .body = body,
                                        .created_ms = fresh.created_ms,
                                        .updated_ms = fresh.updated_ms };
    rest->answer = queue_json(rest, &fresh);
    rest->changes = "resources";
    store_resource_set(rest_store(rest), &row, rest_then(rest, sw_on_written));
}

static void on_names(void *owner, const struct store_answer *answer)
{
    struct rest *rest = owner;
    struct queue queue;
    if (answer->err) {
        sw_fail_store(rest, answer->err, NULL);
    } else if (has_row(answer, given_name(rest))) {
        sw_refuse(rest, "22003", "friendly_name", "a queue of that name is there");
    } else {
        json_t *waiting = waiting_of(rest);
        const char *name = given_name(rest);
        fill_of_name(rest, name, json_object_get(waiting, name), &queue);
        write_queue(rest, &queue);
        json_decref(waiting);
    }
}

void sw_queue_add(struct rest *rest)
{
    ask(rest, on_names);
}

/* --- one of them --- */

static const char *captured(const struct rest *rest, size_t i)
{
    return rest_captured(rest, i + sw_of(rest)->is_laml); /* behind the account */
}

static const json_t *find_member(const struct rest *rest, const struct queue *queue)
{
    const char *id = rest->path.n > (size_t)sw_of(rest)->is_laml + 1 ? captured(rest, 1) : "next";
    bool is_first = strcmp(id, "Front") == 0 || strcmp(id, "next") == 0;
    json_t *member;
    size_t i;
    json_array_foreach(queue->members, i, member) if (is_first || strcmp(sw_text(member, "call_id"),
                                                                         id) == 0) return member;
    return NULL;
}

static void reply_members(struct rest *rest, const struct queue *queue)
{
    json_t *list = json_array(), *member;
    size_t i;
    json_array_foreach(queue->members, i, member)
        json_array_append_new(list, member_json(rest, queue->id, member));
    reply_page(rest, "queue_members", list);
}

static void reply_member(struct rest *rest, const struct queue *queue)
{
    const json_t *member = find_member(rest, queue);
    if (member)
        rest_reply_take(rest, 200, member_json(rest, queue->id, member));
    else
        rest_fail(rest, 404, "not_found", NULL, "nobody of that call waits there");
}

static void dequeue(struct rest *rest, const struct queue *queue)
{
    const json_t *member = find_member(rest, queue);
    const char *method = sw_text(rest->body, "Method");
    const struct script_source source = { .url = slice_of(sw_text(rest->body, "Url")),
                                          .is_laml = true,
                                          .method = method[0] ? method : NULL };
    struct fault fault = { 0 };
    if (!member)
        rest_fail(rest, 404, "not_found", NULL, "nobody of that call waits there");
    else if (scripts_redirect(rest->api->config.scripts, slice_of(sw_text(member, "call_id")),
                              &source, &fault))
        sw_laml_refuse(rest, 422, "21220", fault.text);
    else
        rest_reply_take(rest, 200, member_json(rest, queue->id, member));
}

static void show(struct rest *rest, const struct queue *queue)
{
    rest_reply_take(rest, 200, queue_json(rest, queue));
}

static void remove_queue(struct rest *rest, const struct queue *queue)
{
    if (json_array_size(queue->members)) {
        sw_refuse(rest, "22002", "id", "somebody waits in the queue");
        return;
    }
    rest->changes = "resources";
    store_resource_remove(rest_store(rest), queue->id, rest_then(rest, sw_on_removed));
}

static const struct {
    rest_fn endpoint;
    void (*act)(struct rest *rest, const struct queue *queue);
} acts[] = {
    { sw_queue_show, show },           { sw_queue_change, write_queue },
    { sw_queue_remove, remove_queue }, { sw_queue_members, reply_members },
    { sw_queue_member, reply_member }, { sw_queue_dequeue, dequeue },
};

static bool act_on(struct rest *rest, const struct queue *queue, void *context)
{
    (void)context;
    if (strcmp(queue->id, captured(rest, 0)) != 0)
        return false;
    for (size_t i = 0; i < COUNT_OF(acts); i++)
        if (acts[i].endpoint == sw_of(rest)->endpoint->handle) {
            acts[i].act(rest, queue);
            break;
        }
    return true;
}

static void on_queues(void *owner, const struct store_answer *answer)
{
    struct rest *rest = owner;
    if (answer->err) {
        sw_fail_store(rest, answer->err, NULL);
        return;
    }
    json_t *waiting = waiting_of(rest);
    if (!each_queue(rest, answer, waiting, act_on, NULL))
        rest_fail(rest, 404, "not_found", NULL, "there is no such queue");
    json_decref(waiting);
}

void sw_queue_show(struct rest *rest)
{
    ask(rest, on_queues);
}

void sw_queue_change(struct rest *rest)
{
    ask(rest, on_queues);
}

void sw_queue_remove(struct rest *rest)
{
    ask(rest, on_queues);
}

void sw_queue_members(struct rest *rest)
{
    ask(rest, on_queues);
}

void sw_queue_member(struct rest *rest)
{
    ask(rest, on_queues);
}

void sw_queue_dequeue(struct rest *rest)
{
    ask(rest, on_queues);
}
