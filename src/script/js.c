/* One evaluation: its arena, its limits, values in and out. */
#include "script/js.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/mem.h"
#include "script/js_priv.h"

enum { BLOCK_MIN = 8192, TIME_STEPS = 2048 };

struct js_block {
    struct js_block *next;
    size_t used, cap;
    max_align_t mem[];
};

void js_throw(struct js *js, enum err err, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    vsnprintf(js->text, sizeof js->text, fmt, args);
    va_end(args);
    js->err = err;
    longjmp(js->escape, 1);
}

void *js_try_alloc(struct js *js, size_t size)
{
    if (size > JS_MEMORY_MAX)
        return NULL;
    size = (size + sizeof(max_align_t) - 1) & ~(sizeof(max_align_t) - 1);
    struct js_block *block = js->blocks;
    if (!block || block->cap - block->used < size) {
        size_t cap = size > BLOCK_MIN ? size : BLOCK_MIN;
        if (cap > JS_MEMORY_MAX - js->memory)
            return NULL;
        block = mem_alloc(sizeof *block + cap);
        block->cap = cap;
        block->next = js->blocks;
        js->blocks = block;
        js->memory += cap;
    }
    void *ptr = (char *)block->mem + block->used;
    block->used += size;
    return ptr;
}

void *js_alloc(struct js *js, size_t size)
{
    void *ptr = js_try_alloc(js, size);
    if (!ptr)
        js_throw(js, ERR_LIMIT, "the expression needs too much memory");
    js_step(js, size / 64);
    return ptr;
}

static int64_t used_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

void js_check_time(struct js *js)
{
    if (used_us() > js->until_us)
        js_throw(js, ERR_LIMIT, "the expression takes too long");
}

void js_step(struct js *js, size_t n)
{
    if (n >= JS_STEPS_MAX - js->steps)
        js_throw(js, ERR_LIMIT, "the expression takes too long");
    unsigned before = js->steps;
    js->steps += (unsigned)n;
    if (before / TIME_STEPS != js->steps / TIME_STEPS)
        js_check_time(js);
}

void js_keep_json(struct js *js, json_t *take)
{
    if (!js->kept)
        js->kept = json_array();
    json_array_append_new(js->kept, take);
}

struct js_value js_of_json(struct js *js, const json_t *json)
{
    struct js_value value = JS_NOTHING;
    if (!json)
        return value;
    switch (json_typeof(json)) {
    case JSON_NULL:
        return (struct js_value){ .kind = JS_NULL };
    case JSON_TRUE:
    case JSON_FALSE:
        return js_bool(json_is_true(json));
    case JSON_INTEGER:
    case JSON_REAL:
        return js_number(json_number_value(json));
    case JSON_STRING:
        return js_slice(slice_make(json_string_value(json), json_string_length(json)));
    case JSON_ARRAY:
        value = js_new_list(js);
        value.list->source = json;
        return value;
    case JSON_OBJECT:
        value = js_new_map(js);
        value.map->source = json;
        return value;
    }
    return value;
}

static json_t *number_to_json(double number)
{
    if (!isfinite(number))
        return json_null();
    if (number == floor(number) && fabs(number) < 9007199254740992.0)
        return json_integer((json_int_t)number); /* below 2^53: exact */
    return json_real(number);
}

/* Called outside of the evaluation's jump, so it must not throw, or what it built would leak: a
 * value that holds itself many times over is cut, and said so in js->err. */
static json_t *to_json(struct js *js, struct js_value value, unsigned depth);

static json_t *list_to_json(struct js *js, struct js_list *list, unsigned depth)
{
    if (list->source)
        return json_deep_copy(list->source);
    json_t *array = json_array();
    for (size_t i = 0; i < list->n; i++) {
        json_t *item = to_json(js, list->items[i], depth);
        json_array_append_new(array, item ? item : json_null());
    }
    return array;
}

static json_t *map_to_json(struct js *js, struct js_map *map, unsigned depth)
{
    if (map->source)
        return json_deep_copy(map->source);
    json_t *object = json_object();
    for (size_t i = 0; i < map->n; i++) {
        json_t *value = to_json(js, map->members[i].value, depth);
        char *key = slice_dup(map->members[i].key);
        if (value)
            json_object_set_new(object, key, value);
        mem_free(key);
    }
    return object;
}

static json_t *date_to_json(double ms)
{
    char text[JS_DATE_TEXT];
    return js_date_print(ms, text) ? json_string(text) : json_null();
}

static json_t *to_json(struct js *js, struct js_value value, unsigned depth)
{
    if (depth == JS_DEPTH_MAX || js->steps >= JS_STEPS_MAX) {
        js->err = ERR_LIMIT;
        return NULL;
    }
    js->steps++;
    json_t *string;
    switch (value.kind) {
    case JS_UNDEFINED:
    case JS_ARROW:
    case JS_BUILTIN:
    case JS_SPACE:
    case JS_REGEX:
        return NULL;
    case JS_NULL:
        return json_null();
    case JS_BOOL:
        return json_boolean(value.truth);
    case JS_NUMBER:
        return number_to_json(value.number);
    case JS_TEXT:
        string = json_stringn(value.text.len ? value.text.ptr : "", value.text.len);
        return string ? string : json_string(""); /* cut in the middle of a character */
    case JS_DATE:
        return date_to_json(value.number);
    case JS_LIST:
        return list_to_json(js, value.list, depth + 1);
    case JS_MAP:
        return map_to_json(js, value.map, depth + 1);
    }
    return NULL;
}

json_t *js_to_json(struct js *js, struct js_value value)
{
    js->err = OK;
    json_t *json = to_json(js, value, 0);
    if (!js->err)
        return json;
    json_decref(json);
    return NULL;
}

static void release(struct js *js)
{
    json_decref(js->kept);
    while (js->blocks) {
        struct js_block *next = js->blocks->next;
        mem_free(js->blocks);
        js->blocks = next;
    }
}

/* Nothing but `js` and `value` is touched on both sides of the jump. */
static enum err run(struct js *js, struct slice source, struct js_value *value)
{
    if (setjmp(js->escape))
        return js->err;
    *value = js_run(js, js_parse(js, source), NULL);
    return OK;
}

static enum err evaluate(struct js *js, struct slice source, struct js_value *value,
                         struct fault *fault)
{
    if (js_char_count(source) > JS_SOURCE_MAX)
        return fault_set(fault, ERR_LIMIT, "", 0, "the expression is longer than %d characters",
                         JS_SOURCE_MAX);
    enum err err = run(js, source, value);
    return err ? fault_set(fault, err, "", 0, "%s in '%.*s'", js->text,
                           SLICE_ARG(slice_sub(source, 0, 120)))
               : OK;
}

enum err js_eval(struct slice source, const struct js_scope *scope, json_t **out,
                 struct fault *fault)
{
    struct js js = { .scope = scope, .until_us = used_us() + JS_TIME_MAX_MS * 1000 };
    struct js_value value = JS_NOTHING;
    enum err err = evaluate(&js, source, &value, fault);
    json_t *json = err ? NULL : js_to_json(&js, value);
    if (!err && js.err)
        err = fault_set(fault, js.err, "", 0, "the value of the expression is too large");
    release(&js);
    if (!err)
        *out = json;
    return err;
}

enum err js_test(struct slice source, const struct js_scope *scope, bool *out, struct fault *fault)
{
    struct js js = { .scope = scope, .until_us = used_us() + JS_TIME_MAX_MS * 1000 };
    struct js_value value = JS_NOTHING;
    enum err err = evaluate(&js, source, &value, fault);
    if (!err)
        *out = js_is_true(value);
    release(&js);
    return err;
}
