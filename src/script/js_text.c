/* Methods of strings (ECMA-262 §22.1.3). Text is UTF-8, places are counted in characters. */
#include <math.h>
#include <string.h>

#include "base/buf.h"
#include "base/num.h"
#include "script/js_priv.h"

size_t js_char_count(struct slice text)
{
    size_t n = 0;
    for (size_t i = 0; i < text.len; i++)
        n += ((unsigned char)text.ptr[i] & 0xc0) != 0x80;
    return n;
}

size_t js_char_at(struct slice text, size_t i)
{
    size_t at = 0;
    for (; at < text.len; at++)
        if (((unsigned char)text.ptr[at] & 0xc0) != 0x80 && i-- == 0)
            break;
    return at;
}

static struct slice self_text(struct js *js, const struct js_call *call)
{
    js_step(js, call->self.text.len / 32);
    return call->self.text;
}

/* A place of JavaScript, from the end when negative, within 0 to n. */
static size_t place(struct js *js, struct js_value value, size_t n, size_t otherwise)
{
    if (value.kind == JS_UNDEFINED)
        return otherwise;
    int64_t i = js_to_integer(js, value), len = (int64_t)n;
    i = i < 0 ? num_max(i + len, 0) : num_min(i, len);
    return (size_t)i;
}

static struct js_value part(struct slice text, size_t from, size_t to)
{
    size_t a = js_char_at(text, from), b = js_char_at(text, to);
    return js_slice(slice_sub(text, a, b > a ? b - a : 0));
}

static struct js_value slice_method(struct js *js, const struct js_call *call)
{
    struct slice text = self_text(js, call);
    size_t n = js_char_count(text);
    return part(text, place(js, js_arg(call, 0), n, 0), place(js, js_arg(call, 1), n, n));
}

static struct js_value substring(struct js *js, const struct js_call *call)
{
    struct slice text = self_text(js, call);
    int64_t n = (int64_t)js_char_count(text);
    int64_t a = num_min(num_max(js_to_integer(js, js_arg(call, 0)), 0), n);
    struct js_value end = js_arg(call, 1);
    int64_t b = end.kind == JS_UNDEFINED ? n : num_min(num_max(js_to_integer(js, end), 0), n);
    return part(text, (size_t)num_min(a, b), (size_t)num_max(a, b));
}

static struct js_value substr(struct js *js, const struct js_call *call)
{
    struct slice text = self_text(js, call);
    size_t n = js_char_count(text), from = place(js, js_arg(call, 0), n, 0);
    struct js_value len = js_arg(call, 1);
    int64_t count = len.kind == JS_UNDEFINED ? (int64_t)n : js_to_integer(js, len);
    return part(text, from, from + (size_t)num_min(num_max(count, 0), (int64_t)(n - from)));
}

static struct js_value char_at(struct js *js, const struct js_call *call)
{
    struct slice text = self_text(js, call);
    int64_t i = js_to_integer(js, js_arg(call, 0));
    return i < 0 ? js_slice(SLICE("")) : part(text, (size_t)i, (size_t)i + 1);
}

static struct js_value at(struct js *js, const struct js_call *call)
{
    struct slice text = self_text(js, call);
    int64_t i = js_to_integer(js, js_arg(call, 0)), n = (int64_t)js_char_count(text);
    i = i < 0 ? i + n : i;
    return i < 0 || i >= n ? JS_NOTHING : part(text, (size_t)i, (size_t)i + 1);
}

static struct js_value char_code_at(struct js *js, const struct js_call *call)
{
    struct slice one = char_at(js, call).text;
    if (!one.len)
        return js_number(NAN);
    unsigned first = (unsigned char)one.ptr[0];
    unsigned code = one.len == 1 ? first : first & (0x7fU >> one.len);
    for (size_t i = 1; i < one.len; i++)
        code = code << 6 | ((unsigned char)one.ptr[i] & 0x3f);
    return js_number(code);
}

static struct js_value cased(struct js *js, const struct js_call *call, char first, int by)
{
    struct js_value copy = js_copy(js, self_text(js, call));
    char *text = (char *)(uintptr_t)copy.text.ptr;
    for (size_t i = 0; i < copy.text.len; i++)
        if (text[i] >= first && text[i] < first + 26)
            text[i] = (char)(text[i] + by);
    return copy;
}

static struct js_value to_lower(struct js *js, const struct js_call *call)
{
    return cased(js, call, 'A', 'a' - 'A');
}

static struct js_value to_upper(struct js *js, const struct js_call *call)
{
    return cased(js, call, 'a', 'A' - 'a');
}

static struct js_value trim(struct js *js, const struct js_call *call)
{
    return js_slice(slice_trim(self_text(js, call)));
}

static struct js_value trim_start(struct js *js, const struct js_call *call)
{
    struct slice text = self_text(js, call), trimmed = slice_trim(text);
    return js_slice(trimmed.len ? slice_from(text, (size_t)(trimmed.ptr - text.ptr)) : trimmed);
}

static struct js_value trim_end(struct js *js, const struct js_call *call)
{
    struct slice text = self_text(js, call), trimmed = slice_trim(text);
    size_t skipped = trimmed.len ? (size_t)(trimmed.ptr - text.ptr) : 0;
    return js_slice(slice_sub(text, 0, skipped + trimmed.len));
}

static struct js_value index_of(struct js *js, const struct js_call *call)
{
    struct slice text = self_text(js, call), what = js_to_text(js, js_arg(call, 0));
    size_t from = js_char_at(text, place(js, js_arg(call, 1), js_char_count(text), 0));
    size_t found = slice_find(slice_from(text, from), what) + from;
    return js_number(
        found + what.len > text.len ? -1 : (double)js_char_count(slice_sub(text, 0, found)));
}

static struct js_value last_index_of(struct js *js, const struct js_call *call)
{
    struct slice text = self_text(js, call), what = js_to_text(js, js_arg(call, 0));
    for (size_t i = text.len + 1; i-- > 0;)
        if (slice_starts(slice_from(text, i), what))
            return js_number((double)js_char_count(slice_sub(text, 0, i)));
    return js_number(-1);
}

static struct js_value includes(struct js *js, const struct js_call *call)
{
    return js_bool(index_of(js, call).number >= 0);
}

static struct js_value starts_with(struct js *js, const struct js_call *call)
{
    struct slice text = self_text(js, call);
    size_t from = js_char_at(text, place(js, js_arg(call, 1), js_char_count(text), 0));
    return js_bool(slice_starts(slice_from(text, from), js_to_text(js, js_arg(call, 0))));
}

static struct js_value ends_with(struct js *js, const struct js_call *call)
{
    return js_bool(slice_ends(self_text(js, call), js_to_text(js, js_arg(call, 0))));
}

static struct js_value repeated(struct js *js, struct slice unit, size_t bytes)
{
    char *mem = js_alloc(js, bytes + 1);
    for (size_t i = 0; i < bytes; i++)
        mem[i] = unit.ptr[i % unit.len];
    js_step(js, bytes / 16);
    return js_slice(slice_make(mem, bytes));
}

static struct js_value repeat(struct js *js, const struct js_call *call)
{
    struct slice text = self_text(js, call);
    int64_t n = js_to_integer(js, js_arg(call, 0));
    if (n < 0)
        js_throw(js, ERR_INVALID, "repeat() needs a number that is not negative");
    size_t bytes;
    if (!num_mul(text.len, (size_t)n, &bytes))
        js_throw(js, ERR_LIMIT, "the expression needs too much memory");
    return text.len ? repeated(js, text, bytes) : js_slice(text);
}

static struct js_value padded(struct js *js, const struct js_call *call, bool at_start)
{
    struct slice text = self_text(js, call);
    struct js_value with = js_arg(call, 1);
    struct slice unit = with.kind == JS_UNDEFINED ? SLICE(" ") : js_to_text(js, with);
    int64_t missing = js_to_integer(js, js_arg(call, 0)) - (int64_t)js_char_count(text);
    if (missing <= 0 || !unit.len)
        return js_slice(text);
    if (missing > JS_MEMORY_MAX)
        js_throw(js, ERR_LIMIT, "the expression needs too much memory");
    size_t units = (size_t)missing / js_char_count(unit);
    size_t rest = js_char_at(unit, (size_t)missing % js_char_count(unit));
    struct slice fill = repeated(js, unit, units * unit.len + rest).text;
    char *mem = js_alloc(js, fill.len + text.len + 1);
    memcpy(mem + (at_start ? 0 : text.len), fill.ptr, fill.len);
    if (text.len)
        memcpy(mem + (at_start ? fill.len : 0), text.ptr, text.len);
    return js_slice(slice_make(mem, fill.len + text.len));
}

static struct js_value pad_start(struct js *js, const struct js_call *call)
{
    return padded(js, call, true);
}

static struct js_value pad_end(struct js *js, const struct js_call *call)
{
    return padded(js, call, false);
}

static struct js_value concat(struct js *js, const struct js_call *call)
{
    struct js_value list = js_new_list(js), nothing = js_slice(SLICE(""));
    js_list_push(js, list.list, js_slice(self_text(js, call)));
    for (size_t i = 0; i < call->n; i++)
        js_list_push(js, list.list, js_slice(js_to_text(js, call->args[i])));
    return js_method(js, list, SLICE("join"), &nothing, 1);
}

static struct js_value to_string(struct js *js, const struct js_call *call)
{
    return js_slice(self_text(js, call));
}

static struct js_value locale_compare(struct js *js, const struct js_call *call)
{
    struct slice a = self_text(js, call), b = js_to_text(js, js_arg(call, 0));
    size_t n = a.len < b.len ? a.len : b.len;
    int order = n ? strncasecmp(a.ptr, b.ptr, n) : 0;
    order = order ? order : (a.len > b.len) - (a.len < b.len);
    return js_number((order > 0) - (order < 0));
}

js_fn js_text_method(struct slice name)
{
    static const struct js_builtin rows[] = {
        { "at", at },
        { "charAt", char_at },
        { "charCodeAt", char_code_at },
        { "codePointAt", char_code_at },
        { "concat", concat },
        { "endsWith", ends_with },
        { "includes", includes },
        { "indexOf", index_of },
        { "lastIndexOf", last_index_of },
        { "localeCompare", locale_compare },
        { "match", js_text_match },
        { "padEnd", pad_end },
        { "padStart", pad_start },
        { "repeat", repeat },
        { "replace", js_text_replace },
        { "replaceAll", js_text_replace_all },
        { "search", js_text_search },
        { "slice", slice_method },
        { "split", js_text_split },
        { "startsWith", starts_with },
        { "substr", substr },
        { "substring", substring },
        { "toLocaleLowerCase", to_lower },
        { "toLocaleUpperCase", to_upper },
        { "toLowerCase", to_lower },
        { "toString", to_string },
        { "toUpperCase", to_upper },
        { "trim", trim },
        { "trimEnd", trim_end },
        { "trimStart", trim_start },
        { "valueOf", to_string },
    };
    return js_table_find(rows, COUNT_OF(rows), name);
}
