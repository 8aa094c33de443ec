/* A pattern, a newline and a number: no pattern may lead out of its own bytes. */
#include "call/route.h"

#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct slice number = slice_make(data, len);
    struct slice pattern = slice_cut(&number, '\n');
    struct route_target target;
    bool once = route_pattern_match(pattern, number);
    BUG_IF(once && number.len && slice_is(pattern, ""));
    if (!route_target_parse(number, &target))
        BUG_IF(!target.kind[0] && number.ptr[0] != ':');
    return 0;
}
