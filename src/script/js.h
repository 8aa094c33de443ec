#pragma once
/* Expressions of scripts: the JavaScript of `${…}` and of `when`, evaluated without an engine of
 * its size: no statements, no assignment, nothing that reaches outside the values it is given.
 * Literals, operators, template strings, regular expressions, arrow functions, the methods of
 * strings, lists and numbers, Math, JSON, Object, Number, Date. Steps, depth and memory are
 * bounded, so that no text of a stranger holds up the loop. A character counts as one, also those
 * that are two units in UTF-16. Any thread. */

#include <jansson.h>
#include <stdint.h>

#include "base/err.h"
#include "base/slice.h"

enum {
    JS_SOURCE_MAX = 1024,       /* characters of an expression, as the original has it */
    JS_MEMORY_MAX = 2 << 20,    /* bytes for everything one evaluation makes */
    JS_STEPS_MAX = 200000,      /* nodes visited, and bytes copied / 16: some milliseconds */
    JS_DEPTH_MAX = 64,          /* of nesting, as written and in a value */
    JS_RUN_DEPTH_MAX = 1500,    /* nodes within nodes, and functions within functions */
    JS_REGEX_STEPS_MAX = 20000, /* of one match: pcre2_set_match_limit() */
    JS_TIME_MAX_MS = 150,       /* of processor time, whatever was counted */
};

/** What the expression may name. */
struct js_scope {
    /** The value of a name, borrowed until the evaluation is over, or NULL: undefined. */
    const json_t *(*find)(void *owner, struct slice name);
    void *owner;
    int64_t now_ms; /* since 1970, for Date */
};

/** Evaluate. `*out` is the caller's, NULL for undefined; functions and NaN have no JSON and become
 * text and null as in JSON.stringify(). ERR_PARSE: no expression.  ERR_INVALID: what JavaScript
 * calls a TypeError or RangeError.  ERR_LIMIT: over a bound.  ERR_UNSUPPORTED: JavaScript that is
 * not for expressions. `fault` (may be NULL) has the words. */
MUST_CHECK enum err js_eval(struct slice source, const struct js_scope *scope, json_t **out,
                            struct fault *fault);
/** As a condition: is the value truthy? */
MUST_CHECK enum err js_test(struct slice source, const struct js_scope *scope, bool *out,
                            struct fault *fault);
/** A number as JavaScript prints it: 0.1, 5, 1e+21. `out` of at least 32 bytes. */
const char *js_print_number(double number, char *out, size_t cap);
