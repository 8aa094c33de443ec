/* An expression of a stranger: no crash, within its bounds, and the same value each time. */
#include "base/num.h"
#include "script/js.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct js_scope scope = { .now_ms = 1 };
    json_t *once = NULL, *again = NULL;
    enum err err = js_eval(slice_make(data, size), &scope, &once, NULL);
    if (err != js_eval(slice_make(data, size), &scope, &again, NULL) && err != ERR_LIMIT)
        return slice_find(slice_make(data, size), SLICE("random")) < size ? 0 : (abort(), 0);
    json_decref(once);
    json_decref(again);
    return 0;
}
