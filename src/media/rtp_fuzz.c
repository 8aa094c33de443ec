#include <string.h>

#include "media/media_packet.h"
#include "media/rtp.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    static struct media_packet packet;
    struct rtp_header in, again;
    rtp_demux(slice_make(data, len));
    if (len > MEDIA_PACKET_MAX || rtp_parse(&in, slice_make(data, len)))
        return 0;
    BUG_IF(rtp_fill(&packet, &in, in.payload));
    BUG_IF(rtp_parse(&again, slice_make(packet.data, packet.len)));
    BUG_IF(again.seq != in.seq || again.ts != in.ts || again.ssrc != in.ssrc || again.pt != in.pt);
    BUG_IF(again.marker != in.marker || !slice_eq(again.payload, in.payload));
    return 0;
}
