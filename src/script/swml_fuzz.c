/* A document of a stranger: what was taken is in its normal form, which is taken as it is. */
#include "base/mem.h"
#include "script/swml.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct swml_options lax = { .flavour = SWML_CALLING };
    json_t *once = NULL, *again = NULL;
    struct fault fault = { 0 };
    if (swml_load(slice_make(data, size), &lax, &once, NULL, &fault)) {
        BUG_IF(fault.code == OK || !fault.text[0]);
        return 0;
    }
    BUG_IF(swml_load_json(once, &lax, &again, NULL, &fault) || !json_equal(once, again));
    json_decref(once);
    json_decref(again);
    return 0;
}
