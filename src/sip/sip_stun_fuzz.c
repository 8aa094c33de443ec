/* Any bytes on the SIP port: an answer is the request's transaction and fits its buffer. */
#include "base/log.h"
#include "sip_stun.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char mem[64];
    struct buf out = BUF_ON(mem);
    struct addr from = addr_loopback4(5060);
    if (sip_stun_answer(slice_make(data, size), &from, &out))
        BUG_IF(out.len != 32 || memcmp(out.ptr + 4, data + 4, 16) != 0);
    return 0;
}
