/* Methods of arrays (ECMA-262 §23.1.3). Those that change an array change a copy that nobody else
 * sees: variables of the script are not changed by an expression. */
#include <math.h>
#include <string.h>

#include "base/num.h"
#include "script/js_ast.h"

enum { FLAT_DEPTH_MAX = 16 };

static struct js_list *self_list(struct js *js, const struct js_call *call)
{
    struct js_list *list = call->self.list;
    js_list_load(js, list);
    js_step(js, list->n / 8);
    return list;
}

static struct js_value call_with(struct js *js, const struct js_call *call, struct js_value item,
                                 size_t i)
{
    struct js_value args[] = { item, js_number((double)i), call->self };
    return js_invoke(js, js_arg(call, 0), args, COUNT_OF(args));
}

static struct js_value map(struct js *js, const struct js_call *call)
{
    struct js_list *list = self_list(js, call);
    struct js_value out = js_new_list(js);
    for (size_t i = 0; i < list->n; i++)
        js_list_push(js, out.list, call_with(js, call, list->items[i], i));
    return out;
}

static struct js_value filter(struct js *js, const struct js_call *call)
{
    struct js_list *list = self_list(js, call);
    struct js_value out = js_new_list(js);
    for (size_t i = 0; i < list->n; i++)
        if (js_is_true(call_with(js, call, list->items[i], i)))
            js_list_push(js, out.list, list->items[i]);
    return out;
}

/* The first item, from the front or the back, for which the function is true; n when none. */
static size_t first(struct js *js, const struct js_call *call, bool wanted)
{
    struct js_list *list = self_list(js, call);
    size_t i = 0;
    while (i < list->n && js_is_true(call_with(js, call, list->items[i], i)) != wanted)
        i++;
    return i;
}

static struct js_value find(struct js *js, const struct js_call *call)
{
    size_t i = first(js, call, true);
    return i < call->self.list->n ? call->self.list->items[i] : JS_NOTHING;
}

static struct js_value find_index(struct js *js, const struct js_call *call)
{
    size_t i = first(js, call, true);
    return js_number(i < call->self.list->n ? (double)i : -1);
}

static struct js_value some(struct js *js, const struct js_call *call)
{
    return js_bool(first(js, call, true) < call->self.list->n);
}

static struct js_value every(struct js *js, const struct js_call *call)
{
    return js_bool(first(js, call, false) == call->self.list->n);
}

static struct js_value for_each(struct js *js, const struct js_call *call)
{
    (void)map(js, call);
    return JS_NOTHING;
}

static struct js_value fold(struct js *js, const struct js_call *call, bool from_end)
{
    struct js_list *list = self_list(js, call);
    size_t i = 0;
    struct js_value so_far = js_arg(call, 1);
    if (call->n < 2) {
        if (!list->n)
            js_throw(js, ERR_INVALID, "reduce() of an empty list needs a first value");
        so_far = list->items[from_end ? list->n - 1 : 0];
        i = 1;
    }
    for (; i < list->n; i++) {
        size_t at = from_end ? list->n - 1 - i : i;
        struct js_value args[] = { so_far, list->items[at], js_number((double)at), call->self };
        so_far = js_invoke(js, js_arg(call, 0), args, COUNT_OF(args));
    }
    return so_far;
}

static struct js_value reduce(struct js *js, const struct js_call *call)
{
    return fold(js, call, false);
}

static struct js_value reduce_right(struct js *js, const struct js_call *call)
{
    return fold(js, call, true);
}

static struct js_value join(struct js *js, const struct js_call *call)
{
    struct js_list *list = self_list(js, call);
    struct js_value by = js_arg(call, 0);
    struct slice between = by.kind == JS_UNDEFINED ? SLICE(",") : js_to_text(js, by);
    struct slice *parts = js_alloc(js, (list->n + 1) * sizeof *parts);
    size_t len = 0, at = 0;
    if (++js->depth > JS_RUN_DEPTH_MAX)
        js_throw(js, ERR_LIMIT, "a list is nested too deep");
    for (size_t i = 0; i < list->n; i++) {
        bool is_empty = js_is_nullish(list->items[i]);
        parts[i] = is_empty ? SLICE_NONE : js_to_text(js, list->items[i]);
        len += parts[i].len + (i ? between.len : 0);
    }
    js->depth--;
    char *mem = js_alloc(js, len + 1);
    for (size_t i = 0; i < list->n; i++) {
        if (i && between.len)
            memcpy(mem + at, between.ptr, between.len);
        at += i ? between.len : 0;
        if (parts[i].len)
            memcpy(mem + at, parts[i].ptr, parts[i].len);
        at += parts[i].len;
    }
    return js_slice(slice_make(mem, len));
}

static size_t place(struct js *js, struct js_value value, size_t n, size_t otherwise)
{
    if (value.kind == JS_UNDEFINED)
        return otherwise;
    int64_t i = js_to_integer(js, value), len = (int64_t)n;
    return (size_t)(i < 0 ? num_max(i + len, 0) : num_min(i, len));
}

static struct js_value part(struct js *js, const struct js_list *list, size_t from, size_t to)
{
    struct js_value out = js_new_list(js);
    for (size_t i = from; i < to; i++)
        js_list_push(js, out.list, list->items[i]);
    return out;
}

static struct js_value slice_method(struct js *js, const struct js_call *call)
{
    struct js_list *list = self_list(js, call);
    return part(js, list, place(js, js_arg(call, 0), list->n, 0),
                place(js, js_arg(call, 1), list->n, list->n));
}

static struct js_value concat(struct js *js, const struct js_call *call)
{
    struct js_list *list = self_list(js, call);
    struct js_value out = part(js, list, 0, list->n);
    for (size_t i = 0; i < call->n; i++) {
        if (call->args[i].kind != JS_LIST) {
            js_list_push(js, out.list, call->args[i]);
            continue;
        }
        js_list_load(js, call->args[i].list);
        for (size_t k = 0; k < call->args[i].list->n; k++)
            js_list_push(js, out.list, call->args[i].list->items[k]);
    }
    return out;
}

static size_t position(struct js *js, const struct js_call *call)
{
    struct js_list *list = self_list(js, call);
    size_t i = 0;
    while (i < list->n && !js_strict_equal(list->items[i], js_arg(call, 0)))
        i++;
    return i;
}

static struct js_value index_of(struct js *js, const struct js_call *call)
{
    size_t i = position(js, call);
    return js_number(i < call->self.list->n ? (double)i : -1);
}

static struct js_value includes(struct js *js, const struct js_call *call)
{
    return js_bool(position(js, call) < call->self.list->n);
}

static struct js_value at(struct js *js, const struct js_call *call)
{
    struct js_list *list = self_list(js, call);
    int64_t i = js_to_integer(js, js_arg(call, 0)), n = (int64_t)list->n;
    i = i < 0 ? i + n : i;
    return i >= 0 && i < n ? list->items[i] : JS_NOTHING;
}

static struct js_value reverse(struct js *js, const struct js_call *call)
{
    struct js_list *list = self_list(js, call);
    struct js_value out = js_new_list(js);
    for (size_t i = list->n; i-- > 0;)
        js_list_push(js, out.list, list->items[i]);
    return out;
}

static bool goes_before(struct js *js, struct js_value fn, struct js_value a, struct js_value b)
{
    struct js_value args[] = { a, b };
    if (fn.kind != JS_UNDEFINED)
        return js_to_number(js, js_invoke(js, fn, args, 2)) < 0;
    struct js_value left = js_slice(js_to_text(js, a)), right = js_slice(js_to_text(js, b));
    return js_is_true(js_binary(js, JS_OP_LESS, left, right));
}

/* Stable, as the standard wants it; lists here are short, and steps are counted. */
static struct js_value sort(struct js *js, const struct js_call *call)
{
    struct js_list *list = self_list(js, call);
    struct js_value out = part(js, list, 0, list->n), fn = js_arg(call, 0);
    struct js_value *items = out.list->items;
    for (size_t i = 1; i < out.list->n; i++)
        for (size_t k = i; k > 0 && goes_before(js, fn, items[k], items[k - 1]); k--) {
            struct js_value moved = items[k];
            items[k] = items[k - 1];
            items[k - 1] = moved;
            js_step(js, 1);
        }
    return out;
}

static void flatten(struct js *js, struct js_list *list, struct js_list *out, int64_t depth)
{
    js_list_load(js, list);
    for (size_t i = 0; i < list->n; i++)
        if (list->items[i].kind == JS_LIST && depth > 0)
            flatten(js, list->items[i].list, out, depth - 1);
        else
            js_list_push(js, out, list->items[i]);
}

static struct js_value flat(struct js *js, const struct js_call *call)
{
    struct js_value out = js_new_list(js), depth = js_arg(call, 0);
    int64_t n = depth.kind == JS_UNDEFINED ? 1 : js_to_integer(js, depth);
    flatten(js, call->self.list, out.list, num_min(n, FLAT_DEPTH_MAX));
    return out;
}

static struct js_value flat_map(struct js *js, const struct js_call *call)
{
    struct js_value mapped = map(js, call), out = js_new_list(js);
    flatten(js, mapped.list, out.list, 1);
    return out;
}

static struct js_value pop(struct js *js, const struct js_call *call)
{
    struct js_list *list = self_list(js, call);
    return list->n ? list->items[list->n - 1] : JS_NOTHING;
}

static struct js_value shift(struct js *js, const struct js_call *call)
{
    struct js_list *list = self_list(js, call);
    return list->n ? list->items[0] : JS_NOTHING;
}

static struct js_value push(struct js *js, const struct js_call *call)
{
    return js_number((double)(self_list(js, call)->n + call->n));
}

static struct js_value keys(struct js *js, const struct js_call *call)
{
    struct js_list *list = self_list(js, call);
    struct js_value out = js_new_list(js);
    for (size_t i = 0; i < list->n; i++)
        js_list_push(js, out.list, js_number((double)i));
    return out;
}

js_fn js_list_method(struct slice name)
{
    static const struct js_builtin rows[] = {
        { "at", at },
        { "concat", concat },
        { "every", every },
        { "filter", filter },
        { "find", find },
        { "findIndex", find_index },
        { "flat", flat },
        { "flatMap", flat_map },
        { "forEach", for_each },
        { "includes", includes },
        { "indexOf", index_of },
        { "join", join },
        { "keys", keys },
        { "map", map },
        { "pop", pop },
        { "push", push },
        { "reduce", reduce },
        { "reduceRight", reduce_right },
        { "reverse", reverse },
        { "shift", shift },
        { "slice", slice_method },
        { "some", some },
        { "sort", sort },
        { "toString", join },
    };
    return js_table_find(rows, COUNT_OF(rows), name);
}
