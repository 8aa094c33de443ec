#pragma once
/* The table of SWML methods: what each takes, checked when a document is loaded, and how it runs. A
 * new method is a file verb_x.c and a line in verbs.c. */

#include <jansson.h>
#include <stdbool.h>

#include "base/err.h"

struct script;
struct swml_place;

/* What a parameter may be. A text that is one placeholder may stand for anything but steps. */
enum {
    VERB_TEXT = 1,   /* numbers too: a telephone number written bare */
    VERB_NUMBER = 2, /* a text of digits too */
    VERB_BOOL = 4,   /* "true" and "false" too */
    VERB_LIST = 8,
    VERB_OBJECT = 16,
    VERB_STEPS = 32,  /* a list of steps */
    VERB_CASES = 64,  /* an object of lists of steps */
    VERB_RESULT = 128 /* {case, default}, or the list of a cond */
};

struct verb_param {
    const char *name;
    unsigned types;
    bool required;
    const char *words; /* "speak|listen": the texts that it may be; NULL: any */
    double min, max;   /* of numbers; both 0: any */
};

/** How a step goes on. */
enum verb_next {
    VERB_DONE,  /* with the next step */
    VERB_WAITS, /* script_done() will come */
    VERB_JUMPED /* the place in the document was changed, or the script is over */
};

struct verb {
    const char *name;
    const struct verb_param *params; /* up to a row without a name; NULL: none are looked at */
    const char *bare;                /* the parameter that a value which is no object means */
    const char *const *kept; /* parameters that are not expanded before run(); may be NULL */
    bool keeps_all;          /* nothing is expanded before run() */
    bool in_confirm;         /* allowed in connect.confirm */
    /** More than the table says; may be NULL. */
    enum err (*check)(const json_t *value, struct swml_place *place);
    /** `value` has its placeholders replaced, and is borrowed until the step is over. NULL: loaded,
     * but nothing we can do: its <name>_result is `failed`. */
    enum verb_next (*run)(struct script *script, const json_t *value);
    const char *note; /* for docs/swml.md: what is different here; may be NULL */
};

/** `bare` of a method whose value is whatever it is: return, set, label. */
extern const char VERB_ANY_VALUE[];

/** NULL: there is no such method. */
const struct verb *verb_find(const char *name);
/** Every row, by name, for the documentation; NULL at the end. */
const struct verb *verb_at(size_t i);
/** Check the value of one step, and the steps in it. */
MUST_CHECK enum err verb_check(const struct verb *verb, const json_t *value,
                               struct swml_place *place);
