/* What searches in a string: by a text or a regular expression (ECMA-262 §22.1.3, §22.2.6). */
#include <string.h>

#include "script/js_priv.h"

/* Text that grows in the arena. */
struct growing {
    struct js *js;
    char *ptr;
    size_t len, cap;
};

static void grow(struct growing *out, struct slice text)
{
    if (text.len > out->cap - out->len) {
        size_t cap = (out->len + text.len) * 2;
        char *mem = js_alloc(out->js, cap);
        if (out->len)
            memcpy(mem, out->ptr, out->len);
        out->ptr = mem;
        out->cap = cap;
    }
    if (text.len)
        memcpy(out->ptr + out->len, text.ptr, text.len);
    out->len += text.len;
}

/* The next place of a text or regular expression. */
static bool find(struct js *js, struct js_value what, struct slice text, size_t from,
                 struct js_match *match)
{
    if (what.kind == JS_REGEX)
        return js_regex_match(js, what.regex, text, from, match);
    struct slice needle = what.text;
    size_t at = slice_find(slice_from(text, from), needle) + from;
    js_step(js, 1 + (text.len - from) / 32);
    if (at + needle.len > text.len)
        return false;
    *match = (struct js_match){ .at = at, .end = at + needle.len };
    return true;
}

static struct slice group(struct slice text, const struct js_match *match, size_t i)
{
    bool took_part = i < match->n && match->groups[i][0] != SIZE_MAX;
    return took_part
               ? slice_sub(text, match->groups[i][0], match->groups[i][1] - match->groups[i][0])
               : SLICE_NONE;
}

static struct js_value group_value(struct slice text, const struct js_match *match, size_t i)
{
    bool took_part = i < match->n && match->groups[i][0] != SIZE_MAX;
    return took_part ? js_slice(group(text, match, i)) : JS_NOTHING;
}

/* $1, $&, $$ (ECMA-262 §22.1.3.19.1) */
static void put_template(struct growing *out, struct slice with, struct slice text,
                         const struct js_match *match)
{
    for (size_t i = 0; i < with.len; i++) {
        char next = with.ptr[i] == '$' && i + 1 < with.len ? with.ptr[i + 1] : '\0';
        if (next == '$')
            grow(out, SLICE("$"));
        else if (next == '&')
            grow(out, slice_sub(text, match->at, match->end - match->at));
        else if (next >= '1' && next <= '9' && (size_t)(next - '0') < match->n)
            grow(out, group(text, match, (size_t)(next - '0')));
        else {
            grow(out, slice_sub(with, i, 1));
            continue;
        }
        i++;
    }
}

static void put_called(struct growing *out, struct js_value fn, struct slice text,
                       const struct js_match *match)
{
    struct js_value args[10] = { js_slice(slice_sub(text, match->at, match->end - match->at)) };
    size_t n = 1;
    for (; n < match->n; n++)
        args[n] = group_value(text, match, n);
    grow(out, js_to_text(out->js, js_invoke(out->js, fn, args, n)));
}

static size_t behind(struct slice text, const struct js_match *match)
{
    size_t next = match->end;
    if (match->end == match->at) /* an empty match: one character further */
        for (next++; next < text.len && ((unsigned char)text.ptr[next] & 0xc0) == 0x80;)
            next++;
    return next;
}

static struct js_value replace(struct js *js, const struct js_call *call, bool all)
{
    struct slice text = call->self.text;
    struct js_value what = js_arg(call, 0), with = js_arg(call, 1);
    bool is_function = with.kind == JS_ARROW || with.kind == JS_BUILTIN || with.kind == JS_SPACE;
    struct growing out = { .js = js };
    struct js_match match;
    size_t from = 0, copied = 0;
    if (what.kind != JS_REGEX)
        what = js_slice(js_to_text(js, what));
    else
        all = all || js_regex_is_global(what.regex);
    struct slice template = is_function ? SLICE_NONE : js_to_text(js, with);
    while (from <= text.len && find(js, what, text, from, &match)) {
        grow(&out, slice_sub(text, copied, match.at - copied));
        if (is_function)
            put_called(&out, with, text, &match);
        else
            put_template(&out, template, text, &match);
        copied = match.end;
        from = behind(text, &match);
        if (!all)
            break;
    }
    grow(&out, slice_from(text, copied));
    return js_slice(slice_make(out.ptr, out.len));
}

struct js_value js_text_replace(struct js *js, const struct js_call *call)
{
    return replace(js, call, false);
}

struct js_value js_text_replace_all(struct js *js, const struct js_call *call)
{
    return replace(js, call, true);
}

static struct js_value as_regex(struct js *js, struct js_value what)
{
    if (what.kind == JS_REGEX)
        return what;
    struct js_regex *regex = js_alloc(js, sizeof *regex);
    *regex = (struct js_regex){ js_to_text(js, what), SLICE_NONE };
    return (struct js_value){ .kind = JS_REGEX, .regex = regex };
}

struct js_value js_text_match(struct js *js, const struct js_call *call)
{
    struct slice text = call->self.text;
    struct js_value what = as_regex(js, js_arg(call, 0)), list = js_new_list(js);
    bool all = js_regex_is_global(what.regex);
    struct js_match match;
    size_t from = 0;
    while (from <= text.len && find(js, what, text, from, &match)) {
        for (size_t i = 0; i < (all ? 1 : match.n); i++)
            js_list_push(js, list.list, group_value(text, &match, i));
        from = behind(text, &match);
        if (!all)
            break;
    }
    return list.list->n ? list : (struct js_value){ .kind = JS_NULL };
}

struct js_value js_text_search(struct js *js, const struct js_call *call)
{
    struct js_match match;
    if (!find(js, as_regex(js, js_arg(call, 0)), call->self.text, 0, &match))
        return js_number(-1);
    return js_number((double)js_char_count(slice_sub(call->self.text, 0, match.at)));
}

static struct js_value split_chars(struct js *js, struct slice text, int64_t limit)
{
    struct js_value list = js_new_list(js);
    for (size_t i = 0; i < text.len && (int64_t)list.list->n < limit;) {
        struct slice rest = slice_from(text, i);
        size_t len = js_char_at(rest, 1);
        js_list_push(js, list.list, js_slice(slice_sub(rest, 0, len)));
        i += len;
    }
    return list;
}

struct js_value js_text_split(struct js *js, const struct js_call *call)
{
    struct slice text = call->self.text;
    struct js_value by = js_arg(call, 0), list = js_new_list(js), max = js_arg(call, 1);
    int64_t limit = max.kind == JS_UNDEFINED ? INT32_MAX : js_to_integer(js, max);
    struct js_match match;
    size_t from = 0, start = 0;
    if (by.kind != JS_REGEX && by.kind != JS_UNDEFINED)
        by = js_slice(js_to_text(js, by));
    if (by.kind == JS_TEXT && !by.text.len)
        return split_chars(js, text, limit);
    while (by.kind != JS_UNDEFINED && (int64_t)list.list->n < limit && from <= text.len &&
           find(js, by, text, from, &match)) {
        from = behind(text, &match);
        if (match.end == match.at && (match.at == start || match.at >= text.len))
            continue; /* an empty match splits between characters only */
        js_list_push(js, list.list, js_slice(slice_sub(text, start, match.at - start)));
        for (size_t i = 1; i < match.n; i++)
            js_list_push(js, list.list, group_value(text, &match, i));
        start = match.end;
    }
    if ((int64_t)list.list->n < limit)
        js_list_push(js, list.list, js_slice(slice_from(text, start)));
    return list;
}
