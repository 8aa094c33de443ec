#include "base/buf.h"
#include "media/rtcp.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    static struct rtcp in, again;
    static char bytes[2][1 << 17];
    struct buf first = BUF_ON(bytes[0]), second = BUF_ON(bytes[1]);
    if (len > 65535 || rtcp_parse(&in, slice_make(data, len)))
        return 0;
    BUG_IF(rtcp_print(&in, &first));
    if (first.len == 0)
        return 0; /* nothing in it that we print */
    BUG_IF(rtcp_parse(&again, buf_slice(&first)));
    BUG_IF(rtcp_print(&again, &second) || !slice_eq(buf_slice(&first), buf_slice(&second)));
    BUG_IF(again.n_blocks != in.n_blocks || !slice_eq(again.cname, in.cname));
    BUG_IF(again.n_feedback != in.n_feedback || again.n_byes != in.n_byes);
    return 0;
}
