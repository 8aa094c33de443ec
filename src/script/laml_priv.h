#pragma once
/* What the files of the LaML translation share. */

#include <stdbool.h>

#include "script/laml.h"

struct laml {
    struct slice url;
    json_t *steps; /* so far */
    json_t *warnings;
    struct fault *fault;
};

/* Of an element as laml_xml_parse() gives it. */
const char *laml_name(const json_t *node);
int laml_line(const json_t *node);
const char *laml_attribute(const json_t *node, const char *name, const char *otherwise);
double laml_number(const json_t *node, const char *name, double otherwise);
bool laml_bool(const json_t *node, const char *name, bool otherwise);
/** All text within, white space folded; the caller's, mem_free(). */
char *laml_text(const json_t *node);

/** "line 3: <Say>: …" */
enum err laml_fail(struct laml *laml, const json_t *node, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
void laml_warn(struct laml *laml, const json_t *node, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/** A text for a step: what SWML would take for a placeholder is kept from it. */
json_t *laml_literal(const char *text);
/** `key` of a step, unless `text` is NULL. */
void laml_put(json_t *step, const char *key, const char *text);
/** An address: absolute, or made so. `*out` is the caller's. */
MUST_CHECK enum err laml_resolve(struct laml *laml, const json_t *node, const char *reference,
                                 char **out);
/** The same of an attribute into `key` of a step, if it is there. */
MUST_CHECK enum err laml_put_url(struct laml *laml, const json_t *node, const char *attribute,
                                 json_t *step, const char *key);
/** The step {method: value}, which it takes. */
void laml_step(struct laml *laml, const char *method, json_t *take_value);
/** What follows `after`: a request to the verb's `action`, which is this document when
 * `is_default` and none is given; further `extra` keys, which it takes, may be NULL. */
MUST_CHECK enum err laml_action(struct laml *laml, const json_t *node, const char *after,
                                bool is_default, json_t *take_extra);
/** Say, Play or Pause as things to be heard, appended to a list. */
MUST_CHECK enum err laml_sounds(struct laml *laml, const json_t *node, json_t *list);

/* laml_dial.c: verbs that bring in others */
enum err laml_dial(struct laml *laml, const json_t *node);
enum err laml_enqueue(struct laml *laml, const json_t *node);
enum err laml_connect(struct laml *laml, const json_t *node);
enum err laml_start(struct laml *laml, const json_t *node);
enum err laml_stop(struct laml *laml, const json_t *node);
enum err laml_message(struct laml *laml, const json_t *node);
enum err laml_refer(struct laml *laml, const json_t *node);

/* laml_elements.c: the table of elements and attributes */
/** Is every element where it may be, with values that its attributes may have? */
MUST_CHECK enum err laml_check(struct laml *laml, const json_t *root);
