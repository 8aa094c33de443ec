#pragma once
/* SWML documents: JSON or YAML text to one normal form, checked before a call is touched. The
 * simplified forms of the vendor's guides and of the seed become official ones here, so that the
 * interpreter knows one form only. Any thread. */

#include <jansson.h>
#include <stdbool.h>

#include "base/err.h"
#include "base/slice.h"

enum { SWML_MAX_BYTES = 1 << 20, SWML_MAX_DEPTH = 64, SWML_MAX_STEPS = 10000 };

enum swml_flavour { SWML_CALLING, SWML_MESSAGING };

struct swml_options {
    enum swml_flavour flavour;
    bool strict; /* the official form only: each simplified one is an error */
};

/** A text that begins with `{` is JSON, every other YAML. `*out` is the caller's:
 * {"version": "1.0.0", "sections": {NAME: [STEP…]}}, each step an object of one method. On an error
 * `fault` has a code of the original ("relay_script_method_undefined: …"), the JSON pointer
 * (RFC 6901) of the place in `where` and its line. `warnings`, an array of texts, gets one for each
 * rule that was applied; it may be NULL. */
MUST_CHECK enum err swml_load(struct slice text, const struct swml_options *options, json_t **out,
                              json_t *warnings, struct fault *fault);
/** The same of a value; lines are unknown. */
MUST_CHECK enum err swml_load_json(const json_t *value, const struct swml_options *options,
                                   json_t **out, json_t *warnings, struct fault *fault);
