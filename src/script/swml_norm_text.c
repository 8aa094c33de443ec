/* Other spellings of placeholders: {{name}}, {{a ? 'b' : 'c'}}, {{n | default(0) | int + 1}},
 * %{call.id}, %{args.result}, ${request.response.x}. */
#include <string.h>

#include "base/mem.h"
#include "base/num.h"
#include "script/swml_priv.h"

/* A text that grows. */
struct text {
    char *ptr;
    size_t len, cap;
};

static void put(struct text *out, struct slice more)
{
    if (out->len + more.len + 1 > out->cap) {
        out->cap = (out->len + more.len + 1) * 2;
        out->ptr = mem_resize(out->ptr, out->cap);
    }
    if (more.len)
        memcpy(out->ptr + out->len, more.ptr, more.len);
    out->len += more.len;
    out->ptr[out->len] = '\0';
}

/* The first `|` that is no `||`. */
static size_t bar(struct slice s)
{
    for (size_t i = 0; i < s.len; i++) {
        if (s.ptr[i] != '|')
            continue;
        if (i + 1 < s.len && s.ptr[i + 1] == '|')
            i++;
        else
            return i;
    }
    return s.len;
}

static bool take_word(struct slice *rest, const char *word)
{
    struct slice trimmed = slice_trim(*rest);
    size_t len = strlen(word);
    if (!slice_starts(trimmed, slice_make(word, len)))
        return false;
    *rest = slice_from(trimmed, len);
    return true;
}

/* Rule 5: x | default(0) | int + 1 as (parseInt((x ?? 0)) + 1). */
static enum err filters(struct swml_norm *norm, struct slice body, struct text *out)
{
    enum err err = swml_norm_use(norm, 5, "filters are JavaScript: x ?? 0, parseInt(x)");
    struct text so_far = { 0 }, next = { 0 };
    struct slice rest = body;
    put(&so_far, slice_trim(slice_sub(rest, 0, bar(rest))));
    while (!err && bar(rest) < rest.len) {
        rest = slice_from(rest, bar(rest) + 1);
        struct slice filter = slice_sub(rest, 0, bar(rest)), tail = filter;
        next.len = 0;
        if (take_word(&tail, "default(") && slice_index(tail, ')') < tail.len) {
            put(&next, SLICE("("));
            put(&next, slice_make(so_far.ptr, so_far.len));
            put(&next, SLICE(" ?? "));
            put(&next, slice_cut(&tail, ')'));
            put(&next, SLICE(")"));
        } else if (take_word(&tail, "int")) {
            put(&next, SLICE("parseInt("));
            put(&next, slice_make(so_far.ptr, so_far.len));
            put(&next, SLICE(")"));
        } else {
            err = swml_fail(&norm->place, "js_eval_error", "there is no filter '%.*s'",
                            SLICE_ARG(slice_trim(filter)));
            break;
        }
        put(&next, tail);
        struct text swap = so_far;
        so_far = next;
        next = swap;
    }
    put(out, slice_make(so_far.ptr, so_far.len));
    mem_free(so_far.ptr);
    mem_free(next.ptr);
    return err;
}

static const struct {
    const char *from, *to;
    unsigned rule;
    bool is_beginning;
} aliases[] = {
    { "call.id", "call.call_id", 22, false },
    { "args.result", "prompt_value", 19, false },
    { "request.response.", "request_response.", 27, true },
};

static enum err put_body(struct swml_norm *norm, struct slice body, bool in_ai, struct text *out)
{
    for (size_t i = 0; i < COUNT_OF(aliases) && !in_ai; i++) {
        struct slice from = slice_of(aliases[i].from);
        bool applies = aliases[i].is_beginning ? slice_starts(body, from) : slice_eq(body, from);
        if (!applies)
            continue;
        if (aliases[i].is_beginning)
            norm->saves_response = true;
        put(out, slice_of(aliases[i].to));
        put(out, slice_from(body, from.len));
        return swml_norm_use(norm, aliases[i].rule, "a variable's other name");
    }
    put(out, body);
    return OK;
}

static enum err mustache(struct swml_norm *norm, struct slice body, bool in_ai, struct text *out)
{
    enum err err = swml_norm_use(norm, 3, "{{x}} is written as ${x}");
    put(out, SLICE("${"));
    if (!err && bar(body) < body.len)
        err = filters(norm, body, out);
    else if (!err)
        err = put_body(norm, slice_trim(body), in_ai, out);
    put(out, SLICE("}"));
    return err;
}

/* A `{{…}}` without braces inside begins here. */
static bool is_mustache(struct slice text, size_t i, size_t *len)
{
    bool marked = i > 0 && (text.ptr[i - 1] == '$' || text.ptr[i - 1] == '%');
    if (marked || !slice_starts(slice_from(text, i), SLICE("{{")))
        return false;
    size_t end = slice_find(slice_from(text, i), SLICE("}}"));
    struct slice body = slice_sub(text, i + 2, end - 2);
    *len = end + 2;
    return i + end < text.len && slice_index(body, '{') == body.len;
}

enum err swml_norm_text(struct swml_norm *norm, const char *value, bool in_ai, json_t **out)
{
    struct slice text = slice_of(value);
    struct text grown = { 0 };
    enum err err = OK;
    if (slice_index(text, '{') == text.len)
        return OK;
    for (size_t i = 0; i < text.len && !err;) {
        size_t len;
        bool marked = (text.ptr[i] == '$' || text.ptr[i] == '%') && i + 1 < text.len &&
                      text.ptr[i + 1] == '{';
        if (is_mustache(text, i, &len)) {
            err = mustache(norm, slice_sub(text, i + 2, len - 4), in_ai, &grown);
            i += len;
        } else if (marked) {
            size_t end = slice_index(slice_from(text, i), '}');
            put(&grown, slice_sub(text, i, 2));
            err = put_body(norm, slice_sub(text, i + 2, end - 2), in_ai, &grown);
            i += end;
        } else {
            put(&grown, slice_sub(text, i++, 1));
        }
    }
    if (!err && grown.ptr && strcmp(grown.ptr, value) != 0)
        *out = json_stringn(grown.ptr, grown.len);
    mem_free(grown.ptr);
    return err;
}
