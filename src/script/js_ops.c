/* Operators (ECMA-262 §13). */
#include <math.h>
#include <string.h>

#include "script/js_ast.h"

static struct js_value add(struct js *js, struct js_value a, struct js_value b)
{
    bool numbers = a.kind <= JS_NUMBER && b.kind <= JS_NUMBER; /* undefined, null, bool, number */
    if (numbers)
        return js_number(js_to_number(js, a) + js_to_number(js, b));
    struct slice left = js_to_text(js, a), right = js_to_text(js, b);
    char *mem = js_alloc(js, left.len + right.len + 1);
    if (left.len)
        memcpy(mem, left.ptr, left.len);
    if (right.len)
        memcpy(mem + left.len, right.ptr, right.len);
    return js_slice(slice_make(mem, left.len + right.len));
}

static int text_order(struct slice a, struct slice b)
{
    size_t n = a.len < b.len ? a.len : b.len;
    int order = n ? memcmp(a.ptr, b.ptr, n) : 0;
    return order ? order : (a.len > b.len) - (a.len < b.len);
}

static struct js_value compare(struct js *js, enum js_op op, struct js_value a, struct js_value b)
{
    double left, right;
    if (a.kind == JS_TEXT && b.kind == JS_TEXT) {
        left = text_order(a.text, b.text);
        right = 0;
    } else {
        left = js_to_number(js, a);
        right = js_to_number(js, b);
    }
    bool is_true = op == JS_OP_LESS         ? left < right
                   : op == JS_OP_LESS_EQUAL ? left <= right
                   : op == JS_OP_MORE       ? left > right
                                            : left >= right;
    return js_bool(is_true);
}

/* ECMA-262 §7.1.6: modulo 2^32 */
static uint32_t to_uint32(struct js *js, struct js_value value)
{
    double number = js_to_number(js, value);
    if (!isfinite(number))
        return 0;
    number = fmod(trunc(number), 4294967296.0);
    return (uint32_t)(number < 0 ? number + 4294967296.0 : number); /* in 0 to 2^32 - 1 */
}

static struct js_value bits(struct js *js, enum js_op op, struct js_value a, struct js_value b)
{
    uint32_t left = to_uint32(js, a), right = to_uint32(js, b);
    unsigned by = right & 31;
    uint32_t result = op == JS_OP_BIT_OR       ? left | right
                      : op == JS_OP_BIT_XOR    ? left ^ right
                      : op == JS_OP_BIT_AND    ? left & right
                      : op == JS_OP_SHIFT_LEFT ? left << by
                                               : left >> by;
    if (op == JS_OP_SHIFT_RIGHT_ZERO)
        return js_number(result);
    if (op == JS_OP_SHIFT_RIGHT && by && left >> 31)
        result |= UINT32_MAX << (32 - by);
    return js_number((int32_t)result);
}

static bool is_in(struct js *js, struct js_value key, struct js_value of)
{
    if (of.kind == JS_MAP)
        return js_map_get(js, of.map, js_to_text(js, key)).kind != JS_UNDEFINED;
    if (of.kind != JS_LIST)
        js_throw(js, ERR_INVALID, "'in' needs an object");
    double index = js_to_number(js, key);
    return index >= 0 && index < (double)js_list_len(of.list);
}

struct js_value js_binary(struct js *js, enum js_op op, struct js_value a, struct js_value b)
{
    switch (op) {
    case JS_OP_ADD:
        return add(js, a, b);
    case JS_OP_SUBTRACT:
        return js_number(js_to_number(js, a) - js_to_number(js, b));
    case JS_OP_MULTIPLY:
        return js_number(js_to_number(js, a) * js_to_number(js, b));
    case JS_OP_DIVIDE:
        return js_number(js_to_number(js, a) / js_to_number(js, b));
    case JS_OP_REMAINDER:
        return js_number(fmod(js_to_number(js, a), js_to_number(js, b)));
    case JS_OP_POWER:
        return js_number(pow(js_to_number(js, a), js_to_number(js, b)));
    case JS_OP_EQUAL:
    case JS_OP_NOT_EQUAL:
        return js_bool(js_loose_equal(js, a, b) == (op == JS_OP_EQUAL));
    case JS_OP_SAME:
    case JS_OP_NOT_SAME:
        return js_bool(js_strict_equal(a, b) == (op == JS_OP_SAME));
    case JS_OP_LESS:
    case JS_OP_LESS_EQUAL:
    case JS_OP_MORE:
    case JS_OP_MORE_EQUAL:
        return compare(js, op, a, b);
    case JS_OP_IN:
        return js_bool(is_in(js, a, b));
    case JS_OP_BIT_OR:
    case JS_OP_BIT_XOR:
    case JS_OP_BIT_AND:
    case JS_OP_SHIFT_LEFT:
    case JS_OP_SHIFT_RIGHT:
    case JS_OP_SHIFT_RIGHT_ZERO:
        return bits(js, op, a, b);
    case JS_OP_NONE:
    case JS_OP_OR:
    case JS_OP_AND:
    case JS_OP_NULLISH:
    case JS_OP_NOT:
    case JS_OP_BIT_NOT:
    case JS_OP_PLUS:
    case JS_OP_MINUS:
    case JS_OP_TYPEOF:
    case JS_OP_VOID:
        break;
    }
    return JS_NOTHING;
}

struct js_value js_unary(struct js *js, enum js_op op, struct js_value a)
{
    switch ((int)op) {
    case JS_OP_NOT:
        return js_bool(!js_is_true(a));
    case JS_OP_BIT_NOT:
        return js_number((int32_t)~to_uint32(js, a));
    case JS_OP_PLUS:
        return js_number(js_to_number(js, a));
    case JS_OP_MINUS:
        return js_number(-js_to_number(js, a));
    case JS_OP_TYPEOF:
        return js_slice(slice_of(js_type_name(a)));
    }
    return JS_NOTHING; /* void */
}
