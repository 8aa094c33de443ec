#include "rest.h"

#include <stdarg.h>
#include <time.h>

#include "base/loop.h"
#include "base/mem.h"
#include "base/num.h"
#include "message/message.h"
#include "routes.h"

enum { MESSAGE_MAX = 400 };

static void drop(struct rest *rest)
{
    list_remove(&rest->link);
    loop_timer_stop(rest->api->config.loop, &rest->poll);
    if (rest->is_gone)
        *rest->is_gone = true;
    store_forget(rest->api->config.store, rest);
    if (rest->api->config.messages)
        messages_forget(rest->api->config.messages, rest);
    json_decref(rest->body);
    json_decref(rest->answer);
    mem_free(rest->state);
    for (size_t i = 0; i < rest->n_headers; i++)
        mem_free(rest->headers[i].value);
    for (size_t i = 0; i < rest->path.n; i++)
        mem_free(rest->texts[i]);
    for (size_t i = 0; i < rest->n_params; i++) {
        mem_free((char *)(uintptr_t)rest->params[i].name.ptr); /* copies of our own */
        mem_free((char *)(uintptr_t)rest->params[i].value.ptr);
    }
    mem_free(rest);
}

void rest_keep_captures(struct rest *rest)
{
    for (size_t i = 0; i < rest->path.n; i++)
        rest->texts[i] = slice_dup(rest->path.captured[i]);
}

void rest_cancel(struct rest *rest)
{
    drop(rest);
}

static void reply(struct rest *rest, struct api_reply *answer)
{
    if (rest->family->dress)
        rest->family->dress(rest, answer->status);
    answer->headers = rest->headers;
    answer->n_headers = rest->n_headers;
    rest->reply(rest->owner, answer);
    drop(rest);
}

void rest_reply_take(struct rest *rest, int status, json_t *take)
{
    struct api_reply answer = { .status = status, .body = take };
    reply(rest, &answer);
    json_decref(take);
}

void rest_reply_text(struct rest *rest, int status, const char *type, struct slice text)
{
    struct api_reply answer = { .status = status, .type = type, .text = text };
    reply(rest, &answer);
}

void rest_set_header(struct rest *rest, const char *name, struct slice value)
{
    BUG_IF(rest->n_headers == REST_HEADERS_MAX);
    rest->headers[rest->n_headers++] = (struct rest_header){ name, slice_dup(value) };
}

struct slice rest_header(const struct rest *rest, const char *name)
{
    return rest->asked.header ? rest->asked.header(rest->asked.source, name) : SLICE_NONE;
}

struct slice rest_bearer(const struct rest *rest)
{
    struct slice value = slice_trim(rest->asked.authorization);
    return slice_iis(slice_cut(&value, ' '), "Bearer") ? slice_trim(value) : SLICE_NONE;
}

void rest_fail(struct rest *rest, int status, const char *code, const char *field, const char *fmt,
               ...)
{
    char text[MESSAGE_MAX];
    va_list args;
    va_start(args, fmt);
    vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    struct rest_error error = { status, code, field, text };
    rest_reply_take(rest, status, rest->family->error(rest, &error));
}

void rest_fail_store(struct rest *rest, enum err err, const char *field)
{
    if (err == ERR_NOT_FOUND)
        rest_fail(rest, 404, "not_found", field, "there is no such %s", field);
    else if (err == ERR_EXISTS)
        rest_fail(rest, 409, "exists", field, "this %s is taken", field);
    else if (err == ERR_INVALID)
        rest_fail(rest, 422, "invalid", field, "this %s refers to nobody", field);
    else if (err == ERR_LIMIT)
        rest_fail(rest, 503, "busy", NULL, "the database is busy: try again");
    else
        rest_fail(rest, 500, "internal", NULL, "the database failed; the log says why");
}

bool rest_has(struct rest *rest, const struct store_answer *answer, const char *what)
{
    if (answer->err)
        rest_fail_store(rest, answer->err, what);
    return !answer->err;
}

void rest_reply_prepared(struct rest *rest, int status)
{
    json_t *body = rest->answer;
    rest->answer = NULL;
    rest_tell_change(rest);
    rest_reply_take(rest, status, body);
}

void rest_reply_list(struct rest *rest, const struct store_answer *answer,
                     const struct rest_list *list)
{
    if (!rest_has(rest, answer, list->what))
        return;
    const char *rows = store_answer_rows(answer, list->table);
    json_t *array = json_array();
    for (size_t i = 0; i < answer->n; i++) {
        json_t *row = list->print(rest, rows + i * list->row_size);
        if (row)
            json_array_append_new(array, row);
    }
    rest_reply_take(rest, 200, array);
}

static bool is_known(const struct rest_field *fields, size_t n, const char *name)
{
    for (size_t i = 0; i < n; i++)
        if (strcmp(fields[i].name, name) == 0)
            return true;
    return false;
}

static bool take_one(struct rest *rest, const struct rest_field *field)
{
    const json_t *value = json_object_get(rest->body, field->name);
    size_t max = field->max ? field->max : REST_TEXT_MAX;
    if (!field->out)
        return true;
    *field->out = "";
    if ((!value || json_is_null(value)) && !field->is_required)
        return true;
    if (!json_is_string(value) || json_string_length(value) == 0) {
        rest_fail(rest, 422, "invalid", field->name, "%s is missing: expected text", field->name);
        return false;
    }
    struct slice text = slice_make(json_string_value(value), json_string_length(value));
    if (text.len > max || memchr(text.ptr, '\0', text.len)) {
        rest_fail(rest, 422, "invalid", field->name, "%s: expected at most %zu bytes of text",
                  field->name, max);
        return false;
    }
    if (field->check && !field->check(text)) {
        rest_fail(rest, 422, "invalid", field->name, "%s: expected %s", field->name,
                  field->expected);
        return false;
    }
    *field->out = json_string_value(value);
    return true;
}

bool rest_take(struct rest *rest, const struct rest_field *fields, size_t n)
{
    const char *name;
    json_t *value;
    json_object_foreach(rest->body, name, value) if (!is_known(fields, n, name))
    {
        rest_fail(rest, 422, "invalid", name, "unknown field");
        return false;
    }
    for (size_t i = 0; i < n; i++)
        if (!take_one(rest, &fields[i]))
            return false;
    return true;
}

bool rest_number(struct rest *rest, const char *name, int64_t low, int64_t high, int64_t *out)
{
    const json_t *value = json_object_get(rest->body, name);
    if (!value || json_is_null(value))
        return true;
    int64_t number = json_integer_value(value);
    if (!json_is_integer(value) || number < low || number > high) {
        rest_fail(rest, 422, "invalid", name, "%s: expected a number from %lld to %lld", name,
                  (long long)low, (long long)high);
        return false;
    }
    *out = number;
    return true;
}

bool rest_is_name(struct slice value)
{
    for (size_t i = 0; i < value.len; i++) {
        char c = value.ptr[i];
        bool fine = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                    c == '-' || c == '_' || c == '.';
        if (!fine)
            return false;
    }
    return value.len > 0 && value.len <= 63;
}

const char *rest_given(const struct rest *rest, const char *name, const char *otherwise)
{
    const char *value = json_string_value(json_object_get(rest->body, name));
    return value ? value : otherwise;
}

const char *rest_captured(const struct rest *rest, size_t i)
{
    BUG_IF(i >= rest->path.n);
    return rest->texts[i];
}

const char *rest_param(const struct rest *rest, const char *name)
{
    return http_query_find(rest->params, rest->n_params, name).ptr;
}

bool rest_param_number(struct rest *rest, const char *name, uint64_t max, uint64_t *out)
{
    const char *value = rest_param(rest, name);
    if (!value || !slice_to_u64(slice_of(value), max, out))
        return true;
    rest_fail(rest, 422, "invalid", name, "%s: expected a number up to %llu", name,
              (unsigned long long)max);
    return false;
}

int64_t rest_now_ms(const struct rest *rest)
{
    return loop_wall_ms(rest->api->config.loop);
}

json_t *rest_time(int64_t ms)
{
    char text[REST_TIME];
    struct tm tm;
    time_t seconds = (time_t)(ms / 1000);
    if (ms == 0 || !gmtime_r(&seconds, &tm) ||
        strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &tm) == 0)
        return json_null();
    return json_string(text);
}

struct store *rest_store(const struct rest *rest)
{
    return rest->api->config.store;
}

struct store_reply rest_then(struct rest *rest, store_fn fn)
{
    return (struct store_reply){ fn, rest };
}

void rest_tell_change(const struct rest *rest)
{
    const struct api_config *config = &rest->api->config;
    if (rest->changes && config->live && config->live->on_change)
        config->live->on_change(config->owner, rest->changes);
}

void rest_on_added(void *owner, const struct store_answer *answer)
{
    struct rest *rest = owner;
    if (rest_has(rest, answer, "name"))
        rest_reply_prepared(rest, 201);
}

void rest_on_removed(void *owner, const struct store_answer *answer)
{
    struct rest *rest = owner;
    if (!rest_has(rest, answer, "id"))
        return;
    rest_tell_change(rest);
    rest_reply_take(rest, 200, json_pack("{s:I}", "removed", (json_int_t)answer->changed));
}
