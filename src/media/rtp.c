#include "media/rtp.h"

#include <string.h>

#include "base/num.h"
#include "base/wire.h"
#include "media/media_packet.h"

enum { VERSION = 2 };

enum rtp_demux_kind rtp_demux(struct slice datagram)
{
    static const struct {
        uint8_t first, last;
        enum rtp_demux_kind kind;
    } ranges[] = {
        { 0, 3, RTP_DEMUX_STUN },   { 16, 19, RTP_DEMUX_ZRTP },  { 20, 63, RTP_DEMUX_DTLS },
        { 64, 79, RTP_DEMUX_TURN }, { 128, 191, RTP_DEMUX_RTP },
    };
    if (slice_empty(datagram))
        return RTP_DEMUX_UNKNOWN;
    uint8_t first = (uint8_t)datagram.ptr[0];
    for (size_t i = 0; i < COUNT_OF(ranges); i++) {
        if (first < ranges[i].first || first > ranges[i].last)
            continue;
        if (ranges[i].kind != RTP_DEMUX_RTP || datagram.len < 2)
            return ranges[i].kind;
        uint8_t second = (uint8_t)datagram.ptr[1];
        return second >= 192 && second <= 223 ? RTP_DEMUX_RTCP : RTP_DEMUX_RTP;
    }
    return RTP_DEMUX_UNKNOWN;
}

enum err rtp_header_len(struct slice packet, size_t *out)
{
    if (packet.len < RTP_HEADER_LEN || (uint8_t)packet.ptr[0] >> 6 != VERSION)
        return ERR_PARSE;
    size_t len = RTP_HEADER_LEN + 4U * ((uint8_t)packet.ptr[0] & 0x0f);
    if ((packet.ptr[0] & 0x10) != 0) {
        struct wire w = wire_of(slice_from(packet, len));
        wire_skip(&w, 2);
        len += 4 + 4U * wire_u16(&w);
        if (w.short_read)
            return ERR_PARSE;
    }
    if (len > packet.len)
        return ERR_PARSE;
    *out = len;
    return OK;
}

enum err rtp_parse(struct rtp_header *out, struct slice packet)
{
    size_t len;
    enum err err = rtp_header_len(packet, &len);
    if (err)
        return err;
    struct wire w = wire_of(packet);
    uint8_t first = wire_u8(&w);
    uint8_t second = wire_u8(&w);
    struct rtp_header header = { .pt = second & 0x7f, .marker = second >> 7 };
    header.seq = wire_u16(&w);
    header.ts = wire_u32(&w);
    header.ssrc = wire_u32(&w);
    header.csrcs = wire_bytes(&w, 4U * (first & 0x0f));
    header.has_extension = (first & 0x10) != 0;
    if (header.has_extension) {
        header.extension_profile = wire_u16(&w);
        header.extension = wire_bytes(&w, 4U * wire_u16(&w));
    }
    header.payload = slice_from(packet, len);
    if ((first & 0x20) != 0) {
        if (slice_empty(header.payload))
            return ERR_PARSE;
        header.padding = (uint8_t)packet.ptr[packet.len - 1];
        if (header.padding == 0 || header.padding > header.payload.len)
            return ERR_PARSE;
        header.payload.len -= header.padding;
    }
    *out = header;
    return OK;
}

void rtp_print(const struct rtp_header *header, uint8_t out[RTP_HEADER_LEN])
{
    out[0] = VERSION << 6;
    out[1] = (uint8_t)((header->marker ? 0x80 : 0) | (header->pt & 0x7f));
    wire_put_u16(out + 2, header->seq);
    wire_put_u32(out + 4, header->ts);
    wire_put_u32(out + 8, header->ssrc);
}

void rtp_replace(struct media_packet *packet, const struct rtp_header *received,
                 const struct rtp_header *header)
{
    /* the payload lies inside this very packet, behind 12 bytes or more of header */
    uint8_t *payload = packet->data + (received->payload.ptr - (const char *)packet->data);
    BUG_IF(payload < packet->data + RTP_HEADER_LEN ||
           payload + received->payload.len > packet->data + packet->len);
    packet->data = payload - RTP_HEADER_LEN;
    /* no longer than it was, so it fits 32 bits */
    packet->len = (uint32_t)(RTP_HEADER_LEN + received->payload.len);
    rtp_print(header, packet->data);
}

enum err rtp_fill(struct media_packet *packet, const struct rtp_header *header,
                  struct slice payload)
{
    if (payload.len > MEDIA_PACKET_MAX - RTP_HEADER_LEN)
        return ERR_LIMIT;
    packet->data = packet->room + MEDIA_PACKET_HEAD;
    packet->len = (uint32_t)(RTP_HEADER_LEN + payload.len); /* checked above */
    packet->is_rtcp = false;
    rtp_print(header, packet->data);
    if (!slice_empty(payload))
        memcpy(packet->data + RTP_HEADER_LEN, payload.ptr, payload.len);
    return OK;
}
