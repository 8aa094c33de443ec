/* Values of expressions and what JavaScript makes of one when it wants another (ECMA-262 §7). */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "script/js_priv.h"

enum { NUMBER_TEXT_MAX = 32, LIST_MIN = 8 };

struct js_value js_bool(bool truth)
{
    return (struct js_value){ .kind = JS_BOOL, .truth = truth };
}

struct js_value js_number(double number)
{
    return (struct js_value){ .kind = JS_NUMBER, .number = number };
}

struct js_value js_slice(struct slice text)
{
    return (struct js_value){ .kind = JS_TEXT, .text = text };
}

struct js_value js_copy(struct js *js, struct slice text)
{
    char *mem = js_alloc(js, text.len + 1);
    if (text.len)
        memcpy(mem, text.ptr, text.len);
    return js_slice(slice_make(mem, text.len));
}

struct js_value js_new_list(struct js *js)
{
    struct js_list *list = js_alloc(js, sizeof *list);
    *list = (struct js_list){ 0 };
    return (struct js_value){ .kind = JS_LIST, .list = list };
}

struct js_value js_new_map(struct js *js)
{
    struct js_map *map = js_alloc(js, sizeof *map);
    *map = (struct js_map){ 0 };
    return (struct js_value){ .kind = JS_MAP, .map = map };
}

void js_list_push(struct js *js, struct js_list *list, struct js_value value)
{
    js_list_load(js, list);
    if (list->n == list->cap) {
        size_t cap = list->cap ? list->cap * 2 : LIST_MIN;
        struct js_value *items = js_alloc(js, cap * sizeof *items);
        if (list->n)
            memcpy(items, list->items, list->n * sizeof *items);
        list->items = items;
        list->cap = cap;
    }
    list->items[list->n++] = value;
}

void js_list_load(struct js *js, struct js_list *list)
{
    const json_t *source = list->source;
    list->source = NULL;
    for (size_t i = 0; source && i < json_array_size(source); i++)
        js_list_push(js, list, js_of_json(js, json_array_get(source, i)));
}

size_t js_list_len(const struct js_list *list)
{
    return list->source ? json_array_size(list->source) : list->n;
}

struct js_value js_list_at(struct js *js, struct js_list *list, size_t i)
{
    if (list->source)
        return js_of_json(js, json_array_get(list->source, i));
    return i < list->n ? list->items[i] : JS_NOTHING;
}

void js_map_set(struct js *js, struct js_map *map, struct slice key, struct js_value value)
{
    js_map_load(js, map);
    js_step(js, map->n / 8);
    for (size_t i = 0; i < map->n; i++)
        if (slice_eq(map->members[i].key, key)) {
            map->members[i].value = value;
            return;
        }
    if (map->n == map->cap) {
        size_t cap = map->cap ? map->cap * 2 : LIST_MIN;
        struct js_member *members = js_alloc(js, cap * sizeof *members);
        if (map->n)
            memcpy(members, map->members, map->n * sizeof *members);
        map->members = members;
        map->cap = cap;
    }
    map->members[map->n++] = (struct js_member){ key, value };
}

void js_map_load(struct js *js, struct js_map *map)
{
    const char *key;
    json_t *value;
    const json_t *source = map->source;
    map->source = NULL;
    if (!source)
        return;
    json_object_foreach((json_t *)(uintptr_t)source, key, value)
        js_map_set(js, map, slice_of(key), js_of_json(js, value));
}

struct js_value js_map_get(struct js *js, const struct js_map *map, struct slice key)
{
    if (map->source)
        return js_of_json(js, json_object_getn(map->source, key.ptr, key.len));
    js_step(js, map->n / 8);
    for (size_t i = 0; i < map->n; i++)
        if (slice_eq(map->members[i].key, key))
            return map->members[i].value;
    return JS_NOTHING;
}

bool js_is_nullish(struct js_value value)
{
    return value.kind == JS_UNDEFINED || value.kind == JS_NULL;
}

bool js_is_true(struct js_value value)
{
    switch (value.kind) {
    case JS_UNDEFINED:
    case JS_NULL:
        return false;
    case JS_BOOL:
        return value.truth;
    case JS_NUMBER:
        return value.number != 0 && !isnan(value.number);
    case JS_TEXT:
        return value.text.len > 0;
    case JS_LIST:
    case JS_MAP:
    case JS_ARROW:
    case JS_BUILTIN:
    case JS_SPACE:
    case JS_REGEX:
    case JS_DATE:
        return true;
    }
    return true;
}

static double radix_number(struct slice digits, unsigned base)
{
    double number = 0;
    for (size_t i = 0; i < digits.len; i++) {
        char c = digits.ptr[i];
        unsigned digit = c >= '0' && c <= '9'   ? (unsigned)(c - '0')
                         : c >= 'a' && c <= 'f' ? (unsigned)(c - 'a' + 10)
                         : c >= 'A' && c <= 'F' ? (unsigned)(c - 'A' + 10)
                                                : base;
        if (digit >= base)
            return NAN;
        number = number * base + digit;
    }
    return digits.len ? number : NAN;
}

double js_text_number(struct slice text)
{
    static const struct {
        const char *prefix;
        unsigned base;
    } bases[] = { { "0x", 16 }, { "0o", 8 }, { "0b", 2 } };
    char mem[64];
    text = slice_trim(text);
    if (!text.len)
        return 0;
    for (size_t i = 0; i < 3; i++)
        if (slice_istarts(text, slice_of(bases[i].prefix)))
            return radix_number(slice_from(text, 2), bases[i].base);
    struct slice bare = slice_from(text, text.ptr[0] == '-' || text.ptr[0] == '+');
    if (slice_is(bare, "Infinity"))
        return text.ptr[0] == '-' ? -INFINITY : INFINITY;
    if (!slice_copy(text, mem, sizeof mem) || strspn(mem, "0123456789+-.eE") != text.len)
        return NAN;
    char *end;
    double number = strtod(mem, &end);
    return *end ? NAN : number;
}

double js_to_number(struct js *js, struct js_value value)
{
    switch (value.kind) {
    case JS_NULL:
        return 0;
    case JS_BOOL:
        return value.truth;
    case JS_NUMBER:
    case JS_DATE:
        return value.number;
    case JS_TEXT:
    case JS_LIST:
        return js_text_number(js_to_text(js, value));
    case JS_UNDEFINED:
    case JS_MAP:
    case JS_ARROW:
    case JS_BUILTIN:
    case JS_SPACE:
    case JS_REGEX:
        return NAN;
    }
    return NAN;
}

int64_t js_to_integer(struct js *js, struct js_value value)
{
    double number = trunc(js_to_number(js, value));
    if (isnan(number))
        return 0;
    return number > 1e15 ? (int64_t)1e15 : number < -1e15 ? (int64_t)-1e15 : (int64_t)number;
}

/* ECMA-262 §6.1.6.1.20: the shortest digits that read back the same; exponents from 1e21 and below
 * 1e-6. */
const char *js_print_number(double number, char *out, size_t cap)
{
    if (isnan(number))
        return snprintf(out, cap, "NaN"), out;
    if (isinf(number))
        return snprintf(out, cap, number < 0 ? "-Infinity" : "Infinity"), out;
    char digits[NUMBER_TEXT_MAX];
    int precision = 0;
    do
        snprintf(digits, sizeof digits, "%.*e", precision, number);
    while (strtod(digits, NULL) != number && ++precision < 17);
    int exponent = (int)strtol(strchr(digits, 'e') + 1, NULL, 10);
    if (number == 0) {
        snprintf(out, cap, "0");
    } else if (exponent >= 21 || exponent < -6) {
        *strchr(digits, 'e') = '\0';
        snprintf(out, cap, "%se%+d", digits, exponent);
    } else {
        snprintf(out, cap, "%.*f", precision > exponent ? precision - exponent : 0, number);
    }
    return out;
}

static struct slice number_text(struct js *js, double number)
{
    char *mem = js_alloc(js, NUMBER_TEXT_MAX);
    return slice_of(js_print_number(number, mem, NUMBER_TEXT_MAX));
}

static struct slice list_text(struct js *js, struct js_list *list)
{
    struct js_value comma = js_slice(SLICE(","));
    struct js_value self = { .kind = JS_LIST, .list = list };
    return js_to_text(js, js_method(js, self, SLICE("join"), &comma, 1));
}

struct slice js_to_text(struct js *js, struct js_value value)
{
    js_step(js, 1);
    switch (value.kind) {
    case JS_UNDEFINED:
        return SLICE("undefined");
    case JS_NULL:
        return SLICE("null");
    case JS_BOOL:
        return value.truth ? SLICE("true") : SLICE("false");
    case JS_NUMBER:
        return number_text(js, value.number);
    case JS_TEXT:
        return value.text;
    case JS_LIST:
        return list_text(js, value.list);
    case JS_MAP:
    case JS_SPACE:
        return SLICE("[object Object]");
    case JS_ARROW:
    case JS_BUILTIN:
        return SLICE("function");
    case JS_REGEX:
        return value.regex->pattern;
    case JS_DATE:
        return js_to_text(js, js_method(js, value, SLICE("toISOString"), NULL, 0));
    }
    return SLICE_NONE;
}

bool js_strict_equal(struct js_value a, struct js_value b)
{
    if (a.kind != b.kind)
        return false;
    switch (a.kind) {
    case JS_UNDEFINED:
    case JS_NULL:
        return true;
    case JS_BOOL:
        return a.truth == b.truth;
    case JS_NUMBER:
    case JS_DATE:
        return a.number == b.number;
    case JS_TEXT:
        return slice_eq(a.text, b.text);
    case JS_LIST:
        /* the same variable read twice is the same list in JavaScript */
        return a.list == b.list || (a.list->source && a.list->source == b.list->source);
    case JS_MAP:
        return a.map == b.map || (a.map->source && a.map->source == b.map->source);
    case JS_ARROW:
    case JS_BUILTIN:
    case JS_SPACE:
    case JS_REGEX:
        return false;
    }
    return false;
}

static bool is_plain(struct js_value value)
{
    return value.kind == JS_BOOL || value.kind == JS_NUMBER || value.kind == JS_TEXT;
}

/* ECMA-262 §7.2.14 */
bool js_loose_equal(struct js *js, struct js_value a, struct js_value b)
{
    if (js_is_nullish(a) || js_is_nullish(b))
        return js_is_nullish(a) && js_is_nullish(b);
    if (a.kind == b.kind)
        return js_strict_equal(a, b);
    if (is_plain(a) && is_plain(b))
        return js_to_number(js, a) == js_to_number(js, b);
    if (is_plain(a) != is_plain(b)) /* a list or object against text or number: as text */
        return js_loose_equal(js, is_plain(a) ? a : js_slice(js_to_text(js, a)),
                              is_plain(b) ? b : js_slice(js_to_text(js, b)));
    return false;
}

const char *js_type_name(struct js_value value)
{
    static const char *const names[] = {
        [JS_UNDEFINED] = "undefined", [JS_NULL] = "object",    [JS_BOOL] = "boolean",
        [JS_NUMBER] = "number",       [JS_TEXT] = "string",    [JS_LIST] = "object",
        [JS_MAP] = "object",          [JS_ARROW] = "function", [JS_BUILTIN] = "function",
        [JS_SPACE] = "object",        [JS_REGEX] = "object",   [JS_DATE] = "object",
    };
    return names[value.kind];
}

struct js_value js_arg(const struct js_call *call, size_t i)
{
    return i < call->n ? call->args[i] : JS_NOTHING;
}
