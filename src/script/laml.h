#pragma once
/* LaML documents (cXML, TwiML) as steps of a script. There is no second interpreter: a document
 * becomes a document of SWML's normal form, whose one step that SWML does not know, laml_action,
 * asks the customer's server for the next document with a form. Any thread. */

#include <jansson.h>

#include "base/err.h"
#include "base/slice.h"

enum { LAML_URL_MAX = 2048 };

/** Is this XML? Documents of both kinds are told apart by their first character. */
bool laml_is(struct slice text);
/** `url`: where it came from, which relative addresses and actions that are not given refer to;
 * empty for a document given as text. `*out` is the caller's: {"sections": {"main": [STEP…]}}.
 * `fault`: what is wrong and its line; nothing is run of a document with an error. `warnings`, an
 * array of texts, tells what was left out; it may be NULL. */
MUST_CHECK enum err laml_load(struct slice text, struct slice url, json_t **out, json_t *warnings,
                              struct fault *fault);
