#pragma once
/* What the files of the document loader share. */

#include "script/swml.h"

enum { SWML_PATH_MAX = 180 };

/* Where we are in the document, as a JSON pointer. */
struct swml_place {
    char path[SWML_PATH_MAX];
    size_t len;
    struct fault *fault;
};

/** One level down; give the result to swml_place_up(). */
size_t swml_place_key(struct swml_place *place, const char *key);
size_t swml_place_index(struct swml_place *place, size_t i);
void swml_place_up(struct swml_place *place, size_t to);
/** "relay_script_" and the code of the original, then the words. Returns ERR_INVALID. */
enum err swml_fail(struct swml_place *place, const char *code, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* swml_norm.c: the whole document into the normal form, in place. */
struct swml_norm {
    const struct swml_options *options;
    struct swml_place place;
    json_t *warnings;
    unsigned long used; /* a bit for each rule */
    bool saves_response;
};
/** `*document` may be replaced. */
MUST_CHECK enum err swml_norm(struct swml_norm *norm, json_t **document);
/** A rule was needed: a warning, once; an error when strict. `rule` is its number in docs/swml.md.
 */
MUST_CHECK enum err swml_norm_use(struct swml_norm *norm, unsigned rule, const char *what);
/* swml_norm_text.c */
/** `{{x}}` and the other spellings of placeholders. `*out` is NULL when nothing was to be done. */
MUST_CHECK enum err swml_norm_text(struct swml_norm *norm, const char *text, bool in_ai,
                                   json_t **out);
/* swml_norm_ai.c: the value of an `ai` method, in place. */
MUST_CHECK enum err swml_norm_ai(struct swml_norm *norm, json_t *ai);

/* swml_check.c: does the normal form make sense? */
MUST_CHECK enum err swml_check(const json_t *document, enum swml_flavour flavour,
                               struct swml_place *place);
