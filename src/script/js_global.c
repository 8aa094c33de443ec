/* Names that are always there: Math, JSON, Object, Number and a few functions (ECMA-262 §19, §20,
 * §21). */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/num.h"
#include "base/rand.h"
#include "script/js_priv.h"

enum { FIXED_MAX = 100, FIXED_TEXT = 440 };

static double first(struct js *js, const struct js_call *call)
{
    return js_to_number(js, js_arg(call, 0));
}

#define MATH(name, expression)                                                    \
    static struct js_value math_##name(struct js *js, const struct js_call *call) \
    {                                                                             \
        double x = first(js, call);                                               \
        return js_number(expression);                                             \
    }
MATH(abs, fabs(x))
MATH(ceil, ceil(x))
MATH(floor, floor(x))
MATH(round, floor(x + 0.5))
MATH(sign, (x > 0) - (x < 0))
MATH(sqrt, sqrt(x))
MATH(cbrt, cbrt(x))
MATH(trunc, trunc(x))
MATH(log, log(x))
MATH(log10, log10(x))
MATH(log2, log2(x))
MATH(exp, exp(x))
MATH(sin, sin(x))
MATH(cos, cos(x))
MATH(tan, tan(x))

static struct js_value math_pow(struct js *js, const struct js_call *call)
{
    return js_number(pow(first(js, call), js_to_number(js, js_arg(call, 1))));
}

static struct js_value math_random(struct js *js, const struct js_call *call)
{
    (void)js, (void)call;
    return js_number(rand_u32() / 4294967296.0);
}

static struct js_value extreme(struct js *js, const struct js_call *call, double sign)
{
    double best = -INFINITY;
    for (size_t i = 0; i < call->n; i++) {
        double x = js_to_number(js, call->args[i]) * sign;
        if (isnan(x))
            return js_number(NAN);
        best = x > best ? x : best;
    }
    return js_number(best * sign);
}

static struct js_value math_max(struct js *js, const struct js_call *call)
{
    return extreme(js, call, 1);
}

static struct js_value math_min(struct js *js, const struct js_call *call)
{
    return extreme(js, call, -1);
}

static const struct js_builtin math_rows[] = {
    { "abs", math_abs },       { "cbrt", math_cbrt },   { "ceil", math_ceil },
    { "cos", math_cos },       { "exp", math_exp },     { "floor", math_floor },
    { "log", math_log },       { "log10", math_log10 }, { "log2", math_log2 },
    { "max", math_max },       { "min", math_min },     { "pow", math_pow },
    { "random", math_random }, { "round", math_round }, { "sign", math_sign },
    { "sin", math_sin },       { "sqrt", math_sqrt },   { "tan", math_tan },
    { "trunc", math_trunc },
};

static struct js_value parse_int(struct js *js, const struct js_call *call)
{
    struct slice text = slice_trim(js_to_text(js, js_arg(call, 0)));
    int64_t base = js_to_integer(js, js_arg(call, 1));
    bool minus = text.len && text.ptr[0] == '-';
    if (minus || (text.len && text.ptr[0] == '+'))
        text = slice_from(text, 1);
    if ((base == 0 || base == 16) && slice_istarts(text, SLICE("0x"))) {
        text = slice_from(text, 2);
        base = 16;
    }
    base = base ? base : 10;
    double number = 0;
    size_t n = 0;
    for (; n < text.len && base >= 2 && base <= 36; n++) {
        char c = text.ptr[n];
        int digit = c >= '0' && c <= '9'   ? c - '0'
                    : c >= 'a' && c <= 'z' ? c - 'a' + 10
                    : c >= 'A' && c <= 'Z' ? c - 'A' + 10
                                           : 99;
        if (digit >= base)
            break;
        number = number * (double)base + digit;
    }
    return js_number(n == 0 ? NAN : minus ? -number : number);
}

static struct js_value parse_float(struct js *js, const struct js_call *call)
{
    struct slice text = slice_trim(js_to_text(js, js_arg(call, 0)));
    size_t n = 0, best = 0;
    bool dot = false, exponent = false;
    for (; n < text.len; n++) { /* the longest beginning that is a number */
        char c = text.ptr[n];
        bool is_sign =
            (c == '-' || c == '+') && (n == 0 || text.ptr[n - 1] == 'e' || text.ptr[n - 1] == 'E');
        if (c >= '0' && c <= '9')
            best = n + 1;
        else if (c == '.' && !dot && !exponent)
            dot = true;
        else if ((c == 'e' || c == 'E') && best && !exponent)
            exponent = true;
        else if (!is_sign)
            break;
    }
    return js_number(best ? js_text_number(slice_sub(text, 0, best)) : NAN);
}

static struct js_value is_nan(struct js *js, const struct js_call *call)
{
    return js_bool(isnan(first(js, call)));
}

static struct js_value is_finite(struct js *js, const struct js_call *call)
{
    return js_bool(isfinite(first(js, call)));
}

static struct js_value is_integer(struct js *js, const struct js_call *call)
{
    (void)js;
    struct js_value x = js_arg(call, 0);
    return js_bool(x.kind == JS_NUMBER && isfinite(x.number) && x.number == floor(x.number));
}

static const struct js_builtin number_rows[] = {
    { "isFinite", is_finite },     { "isInteger", is_integer }, { "isNaN", is_nan },
    { "parseFloat", parse_float }, { "parseInt", parse_int },
};

static struct js_value to_number(struct js *js, const struct js_call *call)
{
    return js_number(call->n ? first(js, call) : 0);
}

static struct js_value to_text(struct js *js, const struct js_call *call)
{
    return js_slice(call->n ? js_to_text(js, call->args[0]) : SLICE(""));
}

static struct js_value to_bool(struct js *js, const struct js_call *call)
{
    (void)js;
    return js_bool(js_is_true(js_arg(call, 0)));
}

static struct js_value is_array(struct js *js, const struct js_call *call)
{
    (void)js;
    return js_bool(js_arg(call, 0).kind == JS_LIST);
}

static struct js_value array_from(struct js *js, const struct js_call *call)
{
    struct js_value from = js_arg(call, 0), nothing = js_slice(SLICE("")), list = js_new_list(js);
    if (from.kind == JS_TEXT)
        list = js_method(js, from, SLICE("split"), &nothing, 1);
    if (from.kind == JS_MAP) { /* Array.from({length: 3}, (_, i) => i) */
        int64_t n = js_to_integer(js, js_map_get(js, from.map, SLICE("length")));
        for (int64_t i = 0; i < n; i++)
            js_list_push(js, list.list, JS_NOTHING);
    }
    if (from.kind == JS_LIST)
        list = js_method(js, from, SLICE("slice"), NULL, 0);
    struct js_value fn = js_arg(call, 1);
    return fn.kind == JS_UNDEFINED ? list : js_method(js, list, SLICE("map"), &fn, 1);
}

static const struct js_builtin array_rows[] = { { "from", array_from }, { "isArray", is_array } };

/* keys, values or both, of an object or a list. */
static struct js_value members(struct js *js, const struct js_call *call, bool key, bool value)
{
    struct js_value of = js_arg(call, 0), out = js_new_list(js);
    size_t n = of.kind == JS_LIST ? js_list_len(of.list) : 0;
    if (of.kind == JS_MAP) {
        js_map_load(js, of.map);
        n = of.map->n;
    }
    for (size_t i = 0; i < n; i++) {
        bool is_map = of.kind == JS_MAP;
        struct js_value k =
            js_slice(is_map ? of.map->members[i].key : js_to_text(js, js_number((double)i)));
        struct js_value v = is_map ? of.map->members[i].value : js_list_at(js, of.list, i);
        struct js_value pair = key && value ? js_new_list(js) : key ? k : v;
        if (key && value) {
            js_list_push(js, pair.list, k);
            js_list_push(js, pair.list, v);
        }
        js_list_push(js, out.list, pair);
    }
    return out;
}

static struct js_value object_keys(struct js *js, const struct js_call *call)
{
    return members(js, call, true, false);
}

static struct js_value object_values(struct js *js, const struct js_call *call)
{
    return members(js, call, false, true);
}

static struct js_value object_entries(struct js *js, const struct js_call *call)
{
    return members(js, call, true, true);
}

static const struct js_builtin object_rows[] = { { "entries", object_entries },
                                                 { "keys", object_keys },
                                                 { "values", object_values } };
static const struct js_builtin json_rows[] = { { "parse", js_json_parse },
                                               { "stringify", js_json_stringify } };

static const struct js_space spaces[] = {
    { .name = "Array", .functions = array_rows, .n_functions = COUNT_OF(array_rows) },
    { .name = "Boolean", .call = to_bool },
    { .name = "JSON", .functions = json_rows, .n_functions = COUNT_OF(json_rows) },
    { .name = "Math", .functions = math_rows, .n_functions = COUNT_OF(math_rows) },
    { .name = "Number",
      .functions = number_rows,
      .n_functions = COUNT_OF(number_rows),
      .call = to_number },
    { .name = "Object", .functions = object_rows, .n_functions = COUNT_OF(object_rows) },
    { .name = "String", .call = to_text },
};

/* encodeURIComponent() and encodeURI() (ECMA-262 §19.2.6) */
static struct js_value encode(struct js *js, const struct js_call *call, const char *kept)
{
    struct slice text = js_to_text(js, js_arg(call, 0));
    struct buf out;
    buf_init(&out, js_alloc(js, text.len * 3 + 1), text.len * 3 + 1);
    for (size_t i = 0; i < text.len; i++) {
        char c = text.ptr[i];
        bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                     (c && strchr(kept, c));
        if (plain)
            buf_char(&out, c);
        else
            buf_printf(&out, "%%%02X", (unsigned char)c);
    }
    return js_slice(buf_slice(&out));
}

static struct js_value encode_component(struct js *js, const struct js_call *call)
{
    return encode(js, call, "-_.!~*'()");
}

static struct js_value encode_uri(struct js *js, const struct js_call *call)
{
    return encode(js, call, "-_.!~*'();/?:@&=+$,#");
}

static const struct js_builtin functions[] = {
    { "encodeURI", encode_uri },   { "encodeURIComponent", encode_component },
    { "isFinite", is_finite },     { "isNaN", is_nan },
    { "parseFloat", parse_float }, { "parseInt", parse_int },
};

struct js_value js_global(struct slice name)
{
    js_fn fn = js_table_find(functions, COUNT_OF(functions), name);
    if (fn)
        return (struct js_value){ .kind = JS_BUILTIN, .builtin = fn };
    for (size_t i = 0; i < COUNT_OF(spaces); i++)
        if (slice_is(name, spaces[i].name))
            return (struct js_value){ .kind = JS_SPACE, .space = &spaces[i] };
    if (slice_is(name, js_date_space.name))
        return (struct js_value){ .kind = JS_SPACE, .space = &js_date_space };
    if (slice_is(name, "NaN"))
        return js_number(NAN);
    return slice_is(name, "Infinity") ? js_number(INFINITY) : JS_NOTHING;
}

struct js_value js_space_constant(const struct js_space *space, struct slice name)
{
    static const struct {
        const char *space, *name;
        double value;
    } rows[] = {
        { "Math", "E", M_E },         { "Math", "LN10", M_LN10 },
        { "Math", "LN2", M_LN2 },     { "Math", "PI", M_PI },
        { "Math", "SQRT2", M_SQRT2 }, { "Number", "MAX_SAFE_INTEGER", 9007199254740991.0 },
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++)
        if (slice_is(name, rows[i].name) && strcmp(space->name, rows[i].space) == 0)
            return js_number(rows[i].value);
    js_fn fn = js_table_find(space->functions, space->n_functions, name);
    return fn ? (struct js_value){ .kind = JS_BUILTIN, .builtin = fn } : JS_NOTHING;
}

/* Halves go up in size (ECMA-262 §21.1.3.3 step 10), where printf rounds them to even: the long
 * double holds x × 10^digits exactly for the halves that a double can be. */
static struct js_value to_fixed(struct js *js, const struct js_call *call)
{
    int64_t digits = js_to_integer(js, js_arg(call, 0));
    double x = js_to_number(js, call->self);
    if (digits < 0 || digits > FIXED_MAX)
        js_throw(js, ERR_INVALID, "toFixed() takes 0 to 100 digits");
    if (!isfinite(x) || fabs(x) >= 1e21)
        return js_slice(js_to_text(js, js_number(x)));
    char *mem = js_alloc(js, FIXED_TEXT);
    long double scaled = fabsl((long double)x) * powl(10, (long double)digits);
    long double whole = floorl(scaled);
    if (digits <= 15 && scaled < 9e15L && scaled - whole == 0.5L)
        snprintf(mem, FIXED_TEXT, "%s%.*Lf", x < 0 ? "-" : "", (int)digits,
                 (whole + 1) / powl(10, (long double)digits));
    else
        snprintf(mem, FIXED_TEXT, "%.*f", (int)digits, x);
    if (mem[0] == '-' && strspn(mem, "-0.") == strlen(mem)) /* there is no -0.00 */
        mem++;
    return js_slice(slice_of(mem));
}

static struct js_value number_to_string(struct js *js, const struct js_call *call)
{
    int64_t base = js_to_integer(js, js_arg(call, 0));
    double x = call->self.kind == JS_NUMBER ? call->self.number : 0;
    bool plain =
        base == 0 || base == 10 || call->self.kind != JS_NUMBER || x != floor(x) || fabs(x) > 9e15;
    if (plain || base < 2 || base > 36)
        return js_slice(js_to_text(js, call->self));
    enum { DIGITS = 70 };
    char *mem = js_alloc(js, DIGITS);
    size_t at = DIGITS;
    uint64_t n = (uint64_t)fabs(x); /* below 2^53 */
    do
        mem[--at] = "0123456789abcdefghijklmnopqrstuvwxyz"[n % (uint64_t)base];
    while ((n /= (uint64_t)base) && at > 1);
    if (x < 0)
        mem[--at] = '-';
    return js_slice(slice_make(mem + at, DIGITS - at));
}

/* 1,234,567.891 as people in the United States write it: the default of the original's machines. */
static struct js_value to_locale_string(struct js *js, const struct js_call *call)
{
    struct js_value three = js_number(3);
    struct js_call fixed = { call->self, &three, 1 };
    struct slice text = to_fixed(js, &fixed).text;
    size_t dot = slice_index(text, '.');
    while (text.len > dot && text.ptr[text.len - 1] == '0')
        text.len--;
    if (text.len == dot + 1)
        text.len--;
    size_t first_digit = text.len && text.ptr[0] == '-';
    struct buf out;
    buf_init(&out, js_alloc(js, text.len * 2 + 1), text.len * 2 + 1);
    for (size_t i = 0; i < text.len; i++) {
        if (i > first_digit && i < dot && (dot - i) % 3 == 0)
            buf_char(&out, ',');
        buf_char(&out, text.ptr[i]);
    }
    return js_slice(buf_slice(&out));
}

static struct js_value value_of(struct js *js, const struct js_call *call)
{
    (void)js;
    return call->self;
}

js_fn js_number_method(struct slice name)
{
    static const struct js_builtin rows[] = {
        { "toFixed", to_fixed },
        { "toLocaleString", to_locale_string },
        { "toString", number_to_string },
        { "valueOf", value_of },
    };
    return js_table_find(rows, COUNT_OF(rows), name);
}
