#include "script/expr.h"

#include <string.h>

#include "base/mem.h"
#include "base/num.h"
#include "script/js.h"

enum { SPELLED_MIN = 4, SPELLED_MAX = 10 };

static const json_t *find_name(void *owner, struct slice name)
{
    const struct expr_scope *scope = owner;
    const struct {
        const char *name;
        const json_t *value;
    } spaces[] = {
        { "vars", scope->vars }, { "envs", scope->envs },     { "env", scope->envs },
        { "call", scope->call }, { "params", scope->params },
    };
    for (size_t i = 0; i < COUNT_OF(spaces); i++)
        if (slice_is(name, spaces[i].name) && spaces[i].value)
            return spaces[i].value;
    const json_t *const order[] = { scope->vars, scope->envs, scope->call, scope->params };
    const json_t *found = NULL;
    for (size_t i = 0; i < COUNT_OF(order) && !found; i++)
        found = json_object_getn(order[i], name.ptr, name.len);
    return found;
}

static bool is_name_char(char c, bool first)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
           (!first && ((c >= '0' && c <= '9') || c == '-'));
}

static struct slice take_name(struct slice *rest)
{
    size_t n = 0;
    while (n < rest->len && is_name_char(rest->ptr[n], n == 0))
        n++;
    struct slice name = slice_sub(*rest, 0, n);
    *rest = slice_from(*rest, n);
    return name;
}

/* One more step of a path: `.name`, `.0` or `[0]`. */
static bool take_step(struct slice *rest, struct slice *key, bool *is_index)
{
    bool bracket = rest->ptr[0] == '[';
    if (!bracket && rest->ptr[0] != '.')
        return false;
    *rest = slice_from(*rest, 1);
    size_t digits = 0;
    while (digits < rest->len && rest->ptr[digits] >= '0' && rest->ptr[digits] <= '9')
        digits++;
    *is_index = digits > 0;
    *key = digits ? slice_sub(*rest, 0, digits) : SLICE_NONE;
    if (digits)
        *rest = slice_from(*rest, digits);
    else if (!bracket)
        *key = take_name(rest);
    if (!bracket)
        return key->len > 0;
    bool closed = digits && rest->len && rest->ptr[0] == ']';
    *rest = slice_from(*rest, closed);
    return closed;
}

/* Is it a path at all? Its value, if there is one, in `*found`. */
static bool walk(const struct expr_scope *scope, struct slice path, const json_t **found)
{
    struct slice rest = path, name = take_name(&rest);
    *found = NULL;
    if (!name.len)
        return false;
    const json_t *at = find_name((void *)(uintptr_t)scope, name);
    while (rest.len) {
        struct slice key;
        bool is_index;
        uint32_t i;
        if (!take_step(&rest, &key, &is_index))
            return false;
        if (is_index && json_is_array(at))
            at = slice_to_u32(key, INT32_MAX, &i) ? NULL : json_array_get(at, i);
        else
            at = json_object_getn(at, key.ptr, key.len);
    }
    *found = at;
    return true;
}

const json_t *expr_find(const struct expr_scope *scope, struct slice path)
{
    const json_t *found;
    return walk(scope, slice_trim(path), &found) ? found : NULL;
}

/* The value of what stands between the braces; undefined is "". */
static enum err value_of(const struct expr_scope *scope, struct slice body, json_t **out,
                         struct fault *fault)
{
    const json_t *found;
    body = slice_trim(body);
    bool is_path = walk(scope, body, &found);
    /* `total-tax` is a path only where somebody is called so */
    if (is_path && (found || slice_index(body, '-') == body.len)) {
        *out = found ? json_deep_copy(found) : json_string("");
        return OK;
    }
    const struct js_scope js = { .find = find_name,
                                 .owner = (void *)(uintptr_t)scope,
                                 .now_ms = scope->now_ms };
    *out = NULL;
    struct fault why = { 0 };
    enum err err = js_eval(body, &js, out, &why);
    if (err)
        return fault_set(fault, err, "", 0, "relay_script_js_eval_error: %s", why.text);
    if (!*out)
        *out = json_string("");
    return OK;
}

/* Where the braces that begin before `from` end: text in quotes and braces in braces are skipped.
 * s.len when they do not. */
static size_t closing(struct slice s, size_t from, bool heed_quotes)
{
    char quote = '\0';
    unsigned depth = 0;
    for (size_t i = from; i < s.len; i++) {
        char c = s.ptr[i];
        if (quote) {
            i += c == '\\';
            if (c == quote)
                quote = '\0';
        } else if (heed_quotes && (c == '"' || c == '\'' || c == '`')) {
            quote = c;
        } else if (c == '{') {
            depth++;
        } else if (c == '}' && depth-- == 0) {
            return i;
        }
    }
    return s.len;
}

struct placeholder {
    size_t at, end; /* of all of it */
    struct slice body;
    bool is_bare; /* {name} */
};

static bool is_identifier(struct slice text)
{
    struct slice rest = text;
    return take_name(&rest).len && !rest.len && slice_index(text, '-') == text.len;
}

static bool next_placeholder(const struct expr_scope *scope, struct slice text, size_t from,
                             struct placeholder *out)
{
    for (size_t i = from; i < text.len; i++) {
        bool marked = (text.ptr[i] == '$' || text.ptr[i] == '%') && i + 1 < text.len &&
                      text.ptr[i + 1] == '{';
        size_t open = i + marked;
        if (text.ptr[open] != '{')
            continue;
        size_t end = closing(text, open + 1, true);
        if (end == text.len) /* an apostrophe is no quote in a broken or spoken text */
            end = closing(text, open + 1, false);
        if (end == text.len)
            continue;
        *out =
            (struct placeholder){ i, end + 1, slice_sub(text, open + 1, end - open - 1), !marked };
        /* the seed's form: only a name that is known, for braces are also just braces */
        if (marked || (is_identifier(out->body) && find_name((void *)(uintptr_t)scope, out->body)))
            return true;
    }
    return false;
}

/* A text that grows. */
struct buf_text {
    char *ptr;
    size_t len, cap;
};

static void put(struct buf_text *out, struct slice text)
{
    if (out->len + text.len + 1 > out->cap) {
        out->cap = (out->len + text.len + 1) * 2;
        out->ptr = mem_resize(out->ptr, out->cap);
    }
    if (text.len)
        memcpy(out->ptr + out->len, text.ptr, text.len);
    out->len += text.len;
    out->ptr[out->len] = '\0';
}

static void print_into(const json_t *value, struct buf_text *out)
{
    char number[40];
    size_t i;
    json_t *item;
    switch (json_typeof(value)) {
    case JSON_STRING:
        put(out, slice_make(json_string_value(value), json_string_length(value)));
        return;
    case JSON_INTEGER:
    case JSON_REAL:
        put(out, slice_of(js_print_number(json_number_value(value), number, sizeof number)));
        return;
    case JSON_TRUE:
    case JSON_FALSE:
        put(out, json_is_true(value) ? SLICE("true") : SLICE("false"));
        return;
    case JSON_NULL:
        return;
    case JSON_ARRAY:
        json_array_foreach(value, i, item)
        {
            if (i)
                put(out, SLICE(","));
            print_into(item, out);
        }
        return;
    case JSON_OBJECT: {
        char *json = json_dumps(value, JSON_COMPACT);
        put(out, slice_of(json));
        free(json); /* jansson's own */
        return;
    }
    }
}

char *expr_print(const json_t *value)
{
    struct buf_text out = { 0 };
    put(&out, SLICE(""));
    if (value)
        print_into(value, &out);
    return out.ptr;
}

/* Codes are heard, not read: "482913" as "4 8 2 9 1 3". */
static void put_spelled(const struct expr_scope *scope, const json_t *value, struct buf_text *out)
{
    struct buf_text one = { 0 };
    put(&one, SLICE(""));
    print_into(value, &one);
    bool spelled = scope->spells_digits && one.len >= SPELLED_MIN && one.len <= SPELLED_MAX &&
                   strspn(one.ptr, "0123456789") == one.len;
    for (size_t i = 0; i < one.len && spelled; i++) {
        put(out, i ? SLICE(" ") : SLICE_NONE);
        put(out, slice_make(one.ptr + i, 1));
    }
    if (!spelled)
        put(out, slice_make(one.ptr, one.len));
    mem_wipe(one.ptr, one.len);
    mem_free(one.ptr);
}

static enum err expand(const struct expr_scope *scope, struct slice text, struct buf_text *out,
                       struct fault *fault)
{
    struct placeholder next;
    size_t from = 0;
    while (next_placeholder(scope, text, from, &next)) {
        json_t *value = NULL;
        put(out, slice_sub(text, from, next.at - from));
        enum err err = value_of(scope, next.body, &value, fault);
        if (err)
            return err;
        put_spelled(scope, value, out);
        json_decref(value);
        from = next.end;
        if (out->len > EXPR_TEXT_MAX)
            return fault_set(fault, ERR_LIMIT, "", 0,
                             "relay_script_internal_error: a text of more "
                             "than %d bytes",
                             EXPR_TEXT_MAX);
    }
    put(out, slice_from(text, from));
    return OK;
}

enum err expr_text(const struct expr_scope *scope, struct slice text, json_t **out,
                   struct fault *fault)
{
    struct placeholder only;
    if (next_placeholder(scope, text, 0, &only) && only.at == 0 && only.end == text.len &&
        !scope->spells_digits)
        return value_of(scope, only.body, out, fault);
    struct buf_text grown = { 0 };
    enum err err = expand(scope, text, &grown, fault);
    if (!err) {
        *out = json_stringn(grown.ptr, grown.len);
        if (!*out) /* a value that is no UTF-8 */
            err = fault_set(fault, ERR_INVALID, "", 0, "relay_script_js_eval_error: no text");
    }
    mem_free(grown.ptr);
    return err;
}

static enum err branch(const struct expr_scope *scope, const json_t *tree, json_t **out,
                       struct fault *fault);

static enum err object(const struct expr_scope *scope, const json_t *tree, const char *const *kept,
                       json_t *copy, struct fault *fault)
{
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)(uintptr_t)tree, key, value)
    {
        json_t *expanded = NULL;
        const char *const *keep = kept;
        while (keep && *keep && strcmp(*keep, key) != 0)
            keep++;
        enum err err = OK;
        if (keep && *keep)
            expanded = json_incref(value);
        else
            err = branch(scope, value, &expanded, fault);
        if (err)
            return err;
        json_object_set_new(copy, key, expanded);
    }
    return OK;
}

static enum err branch(const struct expr_scope *scope, const json_t *tree, json_t **out,
                       struct fault *fault)
{
    if (json_is_string(tree))
        return expr_text(scope, slice_make(json_string_value(tree), json_string_length(tree)), out,
                         fault);
    if (json_is_object(tree))
        return expr_tree(scope, tree, NULL, out, fault);
    if (!json_is_array(tree)) {
        *out = json_incref((json_t *)(uintptr_t)tree);
        return OK;
    }
    json_t *copy = json_array(), *item;
    enum err err = OK;
    size_t i;
    json_array_foreach(tree, i, item)
    {
        json_t *expanded = NULL;
        err = branch(scope, item, &expanded, fault);
        if (err)
            break;
        json_array_append_new(copy, expanded);
    }
    if (err)
        json_decref(copy);
    else
        *out = copy;
    return err;
}

enum err expr_tree(const struct expr_scope *scope, const json_t *tree, const char *const *kept,
                   json_t **out, struct fault *fault)
{
    if (!json_is_object(tree))
        return branch(scope, tree, out, fault);
    json_t *copy = json_object();
    enum err err = object(scope, tree, kept, copy, fault);
    if (err)
        json_decref(copy);
    else
        *out = copy;
    return err;
}

/* The quote within which `text` goes on, or NUL. */
static char open_quote(struct slice text)
{
    char quote = '\0';
    for (size_t i = 0; i < text.len; i++) {
        char c = text.ptr[i];
        if (quote && c == '\\')
            i++;
        else if (quote)
            quote = c == quote ? '\0' : quote;
        else if (c == '"' || c == '\'' || c == '`')
            quote = c;
    }
    return quote;
}

/* '${prompt_value}' == '1': the value as the letters of that string, whatever it holds. */
static enum err put_quoted(const struct expr_scope *scope, struct slice body, char quote,
                           struct buf_text *out, struct fault *fault)
{
    json_t *value = NULL;
    enum err err = value_of(scope, body, &value, fault);
    if (err)
        return err;
    char *text = expr_print(value);
    for (const char *at = text; *at; at++) {
        if (*at == quote || *at == '\\' || *at == '\n')
            put(out, SLICE("\\"));
        put(out, *at == '\n' ? SLICE("n") : slice_make(at, 1));
    }
    mem_free(text);
    json_decref(value);
    return OK;
}

/* In `when` a placeholder stands for a value, not for its letters: what a caller said must not
 * become code. `${a} == 1` is the same as `a == 1`, so the marks go and parentheses come. */
static enum err plain_condition(const struct expr_scope *scope, struct slice when,
                                struct buf_text *out, struct fault *fault)
{
    struct placeholder next;
    size_t from = 0;
    enum err err = OK;
    put(out, SLICE(""));
    while (!err && next_placeholder(scope, when, from, &next)) {
        put(out, slice_sub(when, from, next.at - from));
        char quote = open_quote(slice_sub(when, 0, next.at));
        if (next.is_bare || quote == '`') { /* an object, or JavaScript's own */
            put(out, slice_sub(when, next.at, next.end - next.at));
        } else if (quote) {
            err = put_quoted(scope, next.body, quote, out, fault);
        } else {
            put(out, SLICE("("));
            put(out, next.body);
            put(out, SLICE(")"));
        }
        from = next.end;
    }
    put(out, slice_from(when, from));
    return err;
}

enum err expr_is_true(const struct expr_scope *scope, struct slice when, bool *out,
                      struct fault *fault)
{
    struct buf_text plain = { 0 };
    struct fault why = { 0 };
    const struct js_scope js = { .find = find_name,
                                 .owner = (void *)(uintptr_t)scope,
                                 .now_ms = scope->now_ms };
    enum err err = plain_condition(scope, when, &plain, fault);
    if (err) {
        mem_free(plain.ptr);
        return err;
    }
    err = js_test(slice_make(plain.ptr, plain.len), &js, out, &why);
    mem_free(plain.ptr);
    return err ? fault_set(fault, err, "", 0, "relay_script_js_eval_error: %s", why.text) : OK;
}
