#pragma once
/* What play shares with the other methods that sound: prompt, connect's ringback, pay. */

#include <jansson.h>

#include "base/err.h"

struct script;
struct sound_spec;

/** A text or a list of them into sounds, the caller's; NULL after a warning. */
struct sound_spec *script_sounds(struct script *script, const json_t *what, size_t *n);
/** A parameter of the step that runs as the document has it, placeholders and all. */
const json_t *script_written(const struct script *script, const char *method, const char *name);
/** Its placeholders replaced, codes within `say:` spelled; the caller's. */
MUST_CHECK enum err script_expand_sounds(struct script *script, const json_t *written, json_t **out,
                                         struct fault *fault);
