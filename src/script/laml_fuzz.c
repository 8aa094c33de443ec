/* LaML: whatever is read is either refused with words or a list of steps that all exist. */
#include "script/laml.h"
#include "script/verbs.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fault fault = { 0 };
    json_t *out = NULL, *warnings = json_array(), *step;
    size_t i;
    enum err err =
        laml_load(slice_make(data, size), SLICE("https://h/a/b?c"), &out, warnings, &fault);
    BUG_IF(err ? out || !fault.text[0] : !out);
    json_array_foreach(json_object_get(json_object_get(out, "sections"), "main"), i, step)
        BUG_IF(!verb_find(json_object_iter_key(json_object_iter(step))));
    json_decref(out);
    json_decref(warnings);
    return 0;
}
