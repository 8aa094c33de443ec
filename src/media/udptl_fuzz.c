#include "media/udptl.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    static char mem[2 * UDPTL_DATAGRAM_MAX];
    struct buf out = BUF_ON(mem);
    struct udptl_packet in, again;
    if (len > UDPTL_DATAGRAM_MAX || udptl_parse(&in, slice_make(data, len)))
        return 0;
    udptl_print(&in, &out);
    BUG_IF(out.overflow || udptl_parse(&again, buf_slice(&out)));
    BUG_IF(in.seq != again.seq || !slice_eq(in.primary, again.primary));
    BUG_IF(in.n_secondary != again.n_secondary || again.has_parity);
    for (size_t i = 0; i < in.n_secondary; i++)
        BUG_IF(!slice_eq(in.secondary[i], again.secondary[i]));
    return 0;
}
