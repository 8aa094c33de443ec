/* Regular expressions of JavaScript on PCRE2, which differ in little; matches are bounded in steps
 * and memory, and everything lies in the arena. */
#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>
#include <string.h>

#include "base/num.h"
#include "script/js_priv.h"

enum { HEAP_KIB = 256 };

static void *allocate(size_t size, void *js)
{
    return js_try_alloc(js, size);
}

static void forget(void *ptr, void *js)
{
    (void)ptr, (void)js; /* the arena goes as a whole */
}

static const struct {
    char flag;
    uint32_t option;
} flags[] = { { 'i', PCRE2_CASELESS },
              { 'm', PCRE2_MULTILINE },
              { 's', PCRE2_DOTALL },
              { 'g', 0 },
              { 'u', 0 },
              { 'y', 0 } };

bool js_regex_is_global(const struct js_regex *regex)
{
    return slice_index(regex->flags, 'g') < regex->flags.len;
}

static uint32_t options_of(struct js *js, const struct js_regex *regex)
{
    uint32_t options = PCRE2_UTF | PCRE2_MATCH_INVALID_UTF | PCRE2_DOLLAR_ENDONLY | PCRE2_ALT_BSUX |
                       PCRE2_MATCH_UNSET_BACKREF | PCRE2_ALLOW_EMPTY_CLASS |
                       PCRE2_NEVER_BACKSLASH_C;
    for (size_t i = 0; i < regex->flags.len; i++) {
        size_t k = 0;
        while (k < COUNT_OF(flags) && flags[k].flag != regex->flags.ptr[i])
            k++;
        if (k == COUNT_OF(flags))
            js_throw(js, ERR_PARSE, "a regular expression with the flag '%c'", regex->flags.ptr[i]);
        options |= flags[k].option;
    }
    return options;
}

static pcre2_code *compile(struct js *js, const struct js_regex *regex,
                           pcre2_general_context *general)
{
    int error;
    PCRE2_SIZE at;
    pcre2_compile_context *context = pcre2_compile_context_create(general);
    if (!context)
        js_throw(js, ERR_LIMIT, "the expression needs too much memory");
    pcre2_code *code = pcre2_compile((PCRE2_SPTR)regex->pattern.ptr, regex->pattern.len,
                                     options_of(js, regex), &error, &at, context);
    js_step(js, 20 + regex->pattern.len);
    if (code)
        return code;
    char words[120];
    pcre2_get_error_message(error, (PCRE2_UCHAR *)words, sizeof words);
    js_throw(js, ERR_PARSE, "the regular expression /%.*s/: %s", SLICE_ARG(regex->pattern), words);
}

bool js_regex_match(struct js *js, const struct js_regex *regex, struct slice text, size_t from,
                    struct js_match *match)
{
    pcre2_general_context *general = pcre2_general_context_create(allocate, forget, js);
    if (!general)
        js_throw(js, ERR_LIMIT, "the expression needs too much memory");
    pcre2_code *code = compile(js, regex, general);
    pcre2_match_context *context = pcre2_match_context_create(general);
    pcre2_match_data *data = pcre2_match_data_create_from_pattern(code, general);
    if (!context || !data)
        js_throw(js, ERR_LIMIT, "the expression needs too much memory");
    pcre2_set_match_limit(context, JS_REGEX_STEPS_MAX);
    pcre2_set_heap_limit(context, HEAP_KIB);
    js_check_time(js); /* a match that fails may take all its steps */
    int rc =
        pcre2_match(code, (PCRE2_SPTR)(text.ptr ? text.ptr : ""), text.len, from, 0, data, context);
    js_step(js, rc < 0 && rc != PCRE2_ERROR_NOMATCH ? JS_REGEX_STEPS_MAX : 10 + text.len / 16);
    if (rc == PCRE2_ERROR_NOMATCH)
        return false;
    if (rc < 0)
        js_throw(js, ERR_LIMIT, "the regular expression takes too long");
    const PCRE2_SIZE *offsets = pcre2_get_ovector_pointer(data);
    uint32_t n = pcre2_get_ovector_count(data);
    match->at = offsets[0];
    match->end = offsets[1] < offsets[0] ? offsets[0] : offsets[1]; /* \K */
    match->n = n < COUNT_OF(match->groups) ? n : COUNT_OF(match->groups);
    for (size_t i = 0; i < match->n; i++) {
        match->groups[i][0] = i < (size_t)rc ? offsets[2 * i] : SIZE_MAX;
        match->groups[i][1] = i < (size_t)rc ? offsets[2 * i + 1] : SIZE_MAX;
    }
    return true;
}

static struct js_value test(struct js *js, const struct js_call *call)
{
    struct js_match match;
    return js_bool(
        js_regex_match(js, call->self.regex, js_to_text(js, js_arg(call, 0)), 0, &match));
}

static struct js_value exec(struct js *js, const struct js_call *call)
{
    struct js_regex first = { call->self.regex->pattern, SLICE_NONE }; /* as without `g` */
    char kept[8];
    size_t n = 0;
    for (size_t i = 0; i < call->self.regex->flags.len && n < sizeof kept; i++)
        if (call->self.regex->flags.ptr[i] != 'g')
            kept[n++] = call->self.regex->flags.ptr[i];
    first.flags = slice_make(kept, n);
    struct js_value regex = { .kind = JS_REGEX, .regex = &first };
    return js_method(js, js_slice(js_to_text(js, js_arg(call, 0))), SLICE("match"), &regex, 1);
}

static struct js_value to_string(struct js *js, const struct js_call *call)
{
    return js_slice(js_to_text(js, call->self));
}

js_fn js_regex_method(struct slice name)
{
    static const struct js_builtin rows[] = {
        { "exec", exec },
        { "test", test },
        { "toString", to_string },
    };
    return js_table_find(rows, COUNT_OF(rows), name);
}
