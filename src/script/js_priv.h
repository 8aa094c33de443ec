#pragma once
/* What the files of the expression evaluator share. Everything lives in the arena of one
 * evaluation; js_throw() leaves it in one jump, so nothing here is ever half-checked. */

#include <jansson.h>
#include <setjmp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/slice.h"
#include "script/js.h"

struct js;
struct js_node;
struct js_value;

enum js_kind {
    JS_UNDEFINED,
    JS_NULL,
    JS_BOOL,
    JS_NUMBER,
    JS_TEXT,
    JS_LIST,
    JS_MAP,
    JS_ARROW,
    JS_BUILTIN,
    JS_SPACE, /* Math, JSON … */
    JS_REGEX,
    JS_DATE,
};

struct js_call;
typedef struct js_value (*js_fn)(struct js *js, const struct js_call *call);
struct js_builtin {
    const char *name;
    js_fn fn;
};
struct js_space {
    const char *name;
    const struct js_builtin *functions;
    size_t n_functions;
    js_fn call;   /* Number("5"); NULL: not a function */
    js_fn create; /* new Date(); NULL: not a class */
};

struct js_value {
    enum js_kind kind;
    union {
        bool truth;
        double number; /* also a date's milliseconds */
        struct slice text;
        struct js_list *list;
        struct js_map *map;
        const struct js_arrow *arrow;
        js_fn builtin;
        const struct js_space *space;
        const struct js_regex *regex;
    };
};

/* Lists and maps of the script's variables are looked into only as far as they are used. */
struct js_list {
    const json_t *source; /* not loaded yet; NULL: `items` count */
    struct js_value *items;
    size_t n, cap;
};
struct js_member {
    struct slice key;
    struct js_value value;
};
struct js_map {
    const json_t *source;
    struct js_member *members;
    size_t n, cap;
};
struct js_env { /* the parameters of a call */
    const struct js_env *up;
    const struct slice *names;
    struct js_value *values;
    size_t n;
};
struct js_arrow {
    const struct js_node *node;
    const struct js_env *env;
};
struct js_regex {
    struct slice pattern, flags;
};
struct js_call {
    struct js_value self;
    const struct js_value *args;
    size_t n;
};

struct js_block;
struct js {
    const struct js_scope *scope;
    struct js_block *blocks;
    size_t memory;
    json_t *kept; /* an array */
    unsigned steps, depth;
    int64_t until_us; /* of the thread's processor time */
    jmp_buf escape;
    enum err err;
    char text[200];
};

/* js.c */
_Noreturn void js_throw(struct js *js, enum err err, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
void *js_alloc(struct js *js, size_t size);
/** As js_alloc(), but NULL when there is no room. */
void *js_try_alloc(struct js *js, size_t size);
/** Work was done; too much of it throws. */
void js_step(struct js *js, size_t n);
/** Throws when the processor time is up: before work that steps do not measure. */
void js_check_time(struct js *js);
struct js_value js_of_json(struct js *js, const json_t *json);
/** The evaluation lets go of it at its end. */
void js_keep_json(struct js *js, json_t *take);
/** The caller's; NULL for undefined. */
json_t *js_to_json(struct js *js, struct js_value value);

/* js_value.c */
#define JS_NOTHING ((struct js_value){ .kind = JS_UNDEFINED })
struct js_value js_bool(bool truth);
struct js_value js_number(double number);
struct js_value js_slice(struct slice text); /* borrowed */
struct js_value js_copy(struct js *js, struct slice text);
struct js_value js_new_list(struct js *js);
struct js_value js_new_map(struct js *js);
void js_list_load(struct js *js, struct js_list *list);
void js_list_push(struct js *js, struct js_list *list, struct js_value value);
size_t js_list_len(const struct js_list *list);
struct js_value js_list_at(struct js *js, struct js_list *list, size_t i);
void js_map_load(struct js *js, struct js_map *map);
void js_map_set(struct js *js, struct js_map *map, struct slice key, struct js_value value);
struct js_value js_map_get(struct js *js, const struct js_map *map, struct slice key);
bool js_is_nullish(struct js_value value);
bool js_is_true(struct js_value value);
double js_to_number(struct js *js, struct js_value value);
/** Whole, 0 for NaN, clipped to what fits. */
int64_t js_to_integer(struct js *js, struct js_value value);
double js_text_number(struct slice text); /* Number("…"): NaN when it is none */
struct slice js_to_text(struct js *js, struct js_value value);
bool js_strict_equal(struct js_value a, struct js_value b);
bool js_loose_equal(struct js *js, struct js_value a, struct js_value b);
const char *js_type_name(struct js_value value);
/** Argument `i`, undefined when it is not there. */
struct js_value js_arg(const struct js_call *call, size_t i);

/* js_parse.c */
const struct js_node *js_parse(struct js *js, struct slice source);
/* js_eval.c */
struct js_value js_run(struct js *js, const struct js_node *node, const struct js_env *env);
struct js_value js_invoke(struct js *js, struct js_value fn, const struct js_value *args, size_t n);
/** A method of a value by its name; throws when there is none. */
struct js_value js_method(struct js *js, struct js_value self, struct slice name,
                          const struct js_value *args, size_t n);
/* The tables; NULL when there is no such name. */
js_fn js_text_method(struct slice name);
js_fn js_list_method(struct slice name);
js_fn js_number_method(struct slice name);
js_fn js_date_method(struct slice name);
enum { JS_DATE_TEXT = 40 };
/** "2026-01-31T12:00:00.000Z"; false for an invalid date (not a number, out of ECMA-262's range).
 */
bool js_date_print(double ms, char out[JS_DATE_TEXT]);
js_fn js_regex_method(struct slice name);
js_fn js_table_find(const struct js_builtin *rows, size_t n, struct slice name);
/** A global name: parseInt, Math …; undefined when there is none. */
struct js_value js_global(struct slice name);
extern const struct js_space js_date_space;
/** Math.PI and its like. */
struct js_value js_space_constant(const struct js_space *space, struct slice name);

/* js_regex.c */
struct js_match {
    size_t at, end;
    size_t groups[10][2]; /* [0] is all of it; SIZE_MAX: did not take part */
    size_t n;
};
bool js_regex_match(struct js *js, const struct js_regex *regex, struct slice text, size_t from,
                    struct js_match *match);
bool js_regex_is_global(const struct js_regex *regex);

/* js_text.c: characters and bytes of UTF-8 */
size_t js_char_count(struct slice text);
/** Where character `i` begins; text.len at the end or past it. */
size_t js_char_at(struct slice text, size_t i);

/* js_text_search.c */
struct js_value js_text_match(struct js *js, const struct js_call *call);
struct js_value js_text_replace(struct js *js, const struct js_call *call);
struct js_value js_text_replace_all(struct js *js, const struct js_call *call);
struct js_value js_text_search(struct js *js, const struct js_call *call);
struct js_value js_text_split(struct js *js, const struct js_call *call);

/* js_json.c: JSON.stringify, JSON.parse */
struct js_value js_json_stringify(struct js *js, const struct js_call *call);
struct js_value js_json_parse(struct js *js, const struct js_call *call);
