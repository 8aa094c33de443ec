#pragma once
/* Documents of either kind: SWML, or LaML when it is XML. Any thread. */

#include <jansson.h>

#include "base/err.h"
#include "base/slice.h"

/** As swml_load() or laml_load(); `url` is where the text came from, "" for nowhere. */
MUST_CHECK enum err script_document_load(struct slice text, const char *url, json_t **out,
                                         json_t *warnings, struct fault *fault);
