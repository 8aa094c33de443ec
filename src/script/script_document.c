#include "script/script_document.h"

#include "script/laml.h"
#include "script/swml.h"

enum err script_document_load(struct slice text, const char *url, json_t **out, json_t *warnings,
                              struct fault *fault)
{
    const struct swml_options options = { .flavour = SWML_CALLING };
    return laml_is(text) ? laml_load(text, slice_of(url), out, warnings, fault)
                         : swml_load(text, &options, out, warnings, fault);
}
