/* Any bytes: the length stays, and what was masked once is masked. */
#include "legs/trace_mask.h"

#include <stdint.h>

#include "base/err.h"
#include "base/mem.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    char *once = mem_copy(data, len), *twice;
    trace_mask_json(once, len);
    trace_mask_sip(once, len);
    twice = mem_copy(once, len);
    trace_mask_sip(twice, len);
    BUG_IF(len && memcmp(once, twice, len) != 0);
    mem_free(once);
    mem_free(twice);
    return 0;
}
