/* Any bytes: parse, write again attribute by attribute, parse, compare. */
#include "rtc/stun.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static char mem[1 << 17];
    struct buf buf = BUF_ON(mem);
    struct stun_msg a, b;
    struct stun_attr attr, again;
    if (stun_parse(&a, slice_make(data, size)))
        return 0;
    BUG_IF(stun_check_integrity(&a, SLICE("no")) == OK || stun_check_fingerprint(&a) == ERR_PARSE);
    stun_begin(&buf, a.class, a.method, a.id);
    for (size_t at = 0; stun_next(&a, &at, &attr);)
        stun_put(&buf, attr.type, attr.value);
    BUG_IF(buf.overflow || stun_parse(&b, buf_slice(&buf)) || a.class != b.class);
    for (size_t at = 0, at_b = 0; stun_next(&a, &at, &attr);)
        BUG_IF(!stun_next(&b, &at_b, &again) || !slice_eq(attr.value, again.value));
    return 0;
}
