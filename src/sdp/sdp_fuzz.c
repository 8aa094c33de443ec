#include "sdp.h"

#include "base/mem.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static char once[4 * SDP_MAX_BYTES], twice[4 * SDP_MAX_BYTES];
    struct sdp_session *first = NULL;
    struct sdp_session *second = NULL;
    struct buf a = BUF_ON(once);
    struct buf b = BUF_ON(twice);
    if (sdp_parse(&first, slice_make(data, size)))
        return 0;
    sdp_print(first, &a);
    if (sdp_parse(&second, buf_slice(&a)) == OK) /* printing may pass SDP_MAX_BYTES */
        sdp_print(second, &b);
    BUG_IF(second ? !slice_eq(buf_slice(&a), buf_slice(&b)) : a.len <= SDP_MAX_BYTES);
    sdp_session_destroy(first);
    sdp_session_destroy(second);
    return 0;
}
