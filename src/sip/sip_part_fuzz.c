#include "base/mem.h"
#include "sip_part.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

/* The first line is the Content-Type. What is found lies in the body, and is all of itself. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct slice body = slice_make(data, len);
    struct slice type = slice_line(&body), sdp = SLICE("application/sdp");
    struct slice part = sip_part_find(type, body, sdp);
    BUG_IF(part.len && (part.ptr < body.ptr || part.ptr + part.len > body.ptr + body.len));
    BUG_IF(!slice_eq(sip_part_find(sdp, part, sdp), part));
    return 0;
}
