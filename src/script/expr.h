#pragma once
/* Variables in texts: `${…}` and `%{…}`, which are the same, and the seed's `{name}`. A plain path
 * is looked up; everything else is JavaScript (script/js.h). What was put in is never read again
 * for placeholders: values come from strangers. Any thread. */

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/slice.h"

enum { EXPR_TEXT_MAX = 1 << 20 };

/** What a name may mean; any may be NULL. Without a prefix: vars, envs, call, then params. */
struct expr_scope {
    const json_t *vars, *envs, *call, *params;
    int64_t now_ms;
    /* A value of 4 to 10 digits is spoken one by one where the whole text is meant to be said. */
    bool spells_digits;
};

/** The value at a path such as `vars.a[0].b`, borrowed, or NULL. A name with a `-` is a path when
 * there is a value. */
const json_t *expr_find(const struct expr_scope *scope, struct slice path);
/** A text with its placeholders replaced. One that is a placeholder and nothing else keeps the
 * value's type; a path without a value is "". `*out` is the caller's. ERR_INVALID and others: as
 * js_eval(), the name of the error in front. */
MUST_CHECK enum err expr_text(const struct expr_scope *scope, struct slice text, json_t **out,
                              struct fault *fault);
/** Every text in a tree, except below the keys in `kept` (NULL-terminated; may be NULL), which only
 * the top level knows. */
MUST_CHECK enum err expr_tree(const struct expr_scope *scope, const json_t *tree,
                              const char *const *kept, json_t **out, struct fault *fault);
/** `when`: JavaScript, in which placeholders are allowed though not needed. */
MUST_CHECK enum err expr_is_true(const struct expr_scope *scope, struct slice when, bool *out,
                                 struct fault *fault);
/** A value as text: numbers as JavaScript prints them, lists with commas, objects as JSON; the
 * caller frees it with mem_free(). */
char *expr_print(const json_t *value);
