#include "media/rtcp.h"

#include "base/buf.h"
#include "base/wire.h"
#include "media/rtp_source.h"

enum {
    VERSION = 2,
    WORD = 4,
    SDES_CNAME = 1,
    XR_VOIP = 7,      /* RFC 3611 §4.7 */
    XR_VOIP_LEN = 32, /* behind the block's header */
    XR_UNKNOWN = 127,
    COUNT_MAX = 31, /* of report blocks, chunks or sources: five bits */
    RTT_MAX_S = 60,
    RTT_ROUNDING = 655, /* 10 ms of 2^-16 s: what two clocks that round may be off */
};

#define NTP_EPOCH_S 2208988800ULL /* 1900 to 1970 */

static struct rtcp_block read_block(struct wire *w)
{
    struct rtcp_block block = { .ssrc = wire_u32(w) };
    uint32_t lost = wire_u32(w);
    block.fraction_lost = (uint8_t)(lost >> 24);
    lost &= 0xffffff;
    block.lost = lost < 0x800000 ? (int32_t)lost : (int32_t)lost - 0x1000000; /* 24-bit signed */
    block.highest_seq = wire_u32(w);
    block.jitter = wire_u32(w);
    block.lsr = wire_u32(w);
    block.dlsr = wire_u32(w);
    return block;
}

static enum err read_blocks(struct rtcp *out, struct wire *w, unsigned count)
{
    if (count > RTCP_MAX_BLOCKS - out->n_blocks)
        return ERR_LIMIT;
    for (unsigned i = 0; i < count; i++)
        out->blocks[out->n_blocks++] = read_block(w);
    return OK; /* what follows is a profile's extension */
}

static enum err parse_sr(struct rtcp *out, struct wire *w, unsigned count)
{
    wire_skip(w, WORD);
    out->has_sr = true;
    out->sr.ntp = wire_u64(w);
    out->sr.rtp_ts = wire_u32(w);
    out->sr.packets = wire_u32(w);
    out->sr.octets = wire_u32(w);
    return read_blocks(out, w, count);
}

static enum err parse_rr(struct rtcp *out, struct wire *w, unsigned count)
{
    wire_skip(w, WORD);
    out->has_rr = true;
    return read_blocks(out, w, count);
}

/* RFC 3550 §6.5: chunks of items, each chunk ended by a zero and padded to a word. */
static enum err parse_sdes(struct rtcp *out, struct wire *w, unsigned count)
{
    for (unsigned i = 0; i < count && !w->short_read; i++) {
        uint32_t ssrc = wire_u32(w);
        for (;;) {
            uint8_t type = wire_u8(w);
            if (type == 0 || w->short_read)
                break;
            struct slice text = wire_bytes(w, wire_u8(w));
            if (type != SDES_CNAME || !slice_empty(out->cname))
                continue;
            out->cname = text;
            out->cname_ssrc = ssrc;
        }
        wire_skip(w, w->rest.len % WORD);
    }
    return OK;
}

static enum err parse_bye(struct rtcp *out, struct wire *w, unsigned count)
{
    if (count > RTCP_MAX_BYES - out->n_byes)
        return ERR_LIMIT;
    out->has_bye = true;
    for (unsigned i = 0; i < count; i++)
        out->byes[out->n_byes++] = wire_u32(w);
    if (!slice_empty(w->rest))
        out->bye_reason = wire_bytes(w, wire_u8(w));
    return OK;
}

static enum err skip_part(struct rtcp *out, struct wire *w, unsigned count)
{
    (void)w;
    (void)count;
    out->n_ignored++;
    return OK;
}

typedef enum err (*part_fn)(struct rtcp *out, struct wire *body, unsigned count);
/* 127 is "unavailable" (RFC 3611 §4.7.5); levels are signed. */
static int known(uint8_t value)
{
    return value == XR_UNKNOWN ? RTCP_UNKNOWN : value;
}

static int known_level(uint8_t value)
{
    return value == XR_UNKNOWN ? RTCP_UNKNOWN : (int8_t)value;
}

static uint8_t as_known(int value)
{
    return value == RTCP_UNKNOWN ? XR_UNKNOWN : (uint8_t)value; /* of eight bits, as parsed */
}

static void parse_voip(struct rtcp_voip *out, struct wire *w)
{
    out->ssrc = wire_u32(w);
    out->loss_rate = wire_u8(w);
    out->discard_rate = wire_u8(w);
    out->burst_density = wire_u8(w);
    out->gap_density = wire_u8(w);
    out->burst_ms = wire_u16(w);
    out->gap_ms = wire_u16(w);
    out->rtt_ms = wire_u16(w);
    out->end_delay_ms = wire_u16(w);
    out->signal_dbm0 = known_level(wire_u8(w));
    out->noise_dbm0 = known_level(wire_u8(w));
    out->echo_loss_db = known(wire_u8(w));
    out->gmin = wire_u8(w);
    out->r_factor = known(wire_u8(w));
    out->external_r = known(wire_u8(w));
    out->mos_lq_x10 = known(wire_u8(w));
    out->mos_cq_x10 = known(wire_u8(w));
    out->config = wire_u8(w);
    wire_skip(w, 1);
    out->buffer_ms = wire_u16(w);
    out->buffer_max_ms = wire_u16(w);
    out->buffer_most_ms = wire_u16(w);
}

/* Blocks that do not fit their packet are a mistake of the far end's; the rest of the compound is
 * worth having all the same. */
static enum err parse_xr(struct rtcp *out, struct wire *w, unsigned count)
{
    (void)count;
    size_t before = out->n_voips;
    uint32_t ssrc = wire_u32(w);
    while (w->rest.len >= WORD) {
        uint8_t type = wire_u8(w);
        wire_skip(w, 1);
        size_t len = (size_t)wire_u16(w) * WORD;
        if (len > w->rest.len)
            break;
        struct wire block = wire_of(wire_bytes(w, len));
        if (type == XR_VOIP && len == XR_VOIP_LEN && out->n_voips < RTCP_MAX_VOIPS)
            parse_voip(&out->voips[out->n_voips++], &block);
    }
    if (out->n_voips == before)
        out->n_ignored++;
    else
        out->voip_ssrc = ssrc;
    w->rest = SLICE_NONE;
    w->short_read = false;
    return OK;
}

static const part_fn parts[] = {
    [RTCP_SR - RTCP_SR] = parse_sr,     [RTCP_RR - RTCP_SR] = parse_rr,
    [RTCP_SDES - RTCP_SR] = parse_sdes, [RTCP_BYE - RTCP_SR] = parse_bye,
    [RTCP_APP - RTCP_SR] = skip_part,   [RTCP_RTPFB - RTCP_SR] = skip_part,
    [RTCP_PSFB - RTCP_SR] = skip_part,  [RTCP_XR - RTCP_SR] = parse_xr,
};

/* RTPFB and PSFB are kept as they came (RFC 4585 §6.1: two SSRCs at least). */
static void keep_feedback(struct rtcp *out, struct slice part)
{
    if (out->n_feedback < RTCP_MAX_FEEDBACK && part.len >= 3 * WORD)
        out->feedback[out->n_feedback++] = part;
    else
        out->n_ignored++;
}

static uint32_t first_ssrc(struct slice part)
{
    struct wire w = wire_of(slice_from(part, WORD));
    return wire_u32(&w); /* 0 for an SDES or BYE about nobody */
}

/* One part: a common header, then `len` words. */
static enum err parse_part(struct rtcp *out, struct slice part, bool is_last)
{
    uint8_t first = (uint8_t)part.ptr[0];
    uint8_t type = (uint8_t)part.ptr[1];
    struct wire body = wire_of(slice_from(part, WORD));
    if ((first & 0x20) != 0) { /* padding: only at the very end (RFC 3550 §6.4.1) */
        uint8_t padding = (uint8_t)part.ptr[part.len - 1];
        if (!is_last || padding == 0 || padding % WORD != 0 || padding > body.rest.len)
            return ERR_PARSE;
        body.rest.len -= padding;
    }
    if (type == RTCP_RTPFB || type == RTCP_PSFB) {
        keep_feedback(out, part);
        return OK;
    }
    part_fn parse = type >= RTCP_SR && type <= RTCP_XR ? parts[type - RTCP_SR] : skip_part;
    enum err err = parse(out, &body, first & 0x1f);
    return err ? err : body.short_read ? ERR_PARSE : OK;
}

enum err rtcp_parse(struct rtcp *out, struct slice packet)
{
    *out = (struct rtcp){ 0 };
    struct slice rest = packet;
    for (unsigned n = 0; n == 0 || !slice_empty(rest); n++) {
        if (n == RTCP_MAX_PARTS)
            return ERR_LIMIT;
        if (rest.len < WORD || (uint8_t)rest.ptr[0] >> 6 != VERSION)
            return ERR_PARSE;
        size_t len = WORD * (1 + ((size_t)(uint8_t)rest.ptr[2] << 8 | (uint8_t)rest.ptr[3]));
        if (len > rest.len)
            return ERR_PARSE;
        struct slice part = slice_sub(rest, 0, len);
        rest = slice_from(rest, len);
        if (n == 0)
            out->ssrc = first_ssrc(part);
        enum err err = parse_part(out, part, slice_empty(rest));
        if (err)
            return err;
    }
    return OK;
}

static void print_head(struct buf *out, size_t count, uint8_t type, size_t body_words)
{
    /* count is at most 31 and the lengths are those of a datagram: both fit */
    buf_u8(out, (uint8_t)(VERSION << 6 | count));
    buf_u8(out, type);
    buf_u16(out, (uint16_t)body_words);
}

static void print_block(struct buf *out, const struct rtcp_block *block)
{
    buf_u32(out, block->ssrc);
    buf_u32(out, (uint32_t)block->fraction_lost << 24 | ((uint32_t)block->lost & 0xffffff));
    buf_u32(out, block->highest_seq);
    buf_u32(out, block->jitter);
    buf_u32(out, block->lsr);
    buf_u32(out, block->dlsr);
}

static void print_report(struct buf *out, const struct rtcp *in)
{
    print_head(out, in->n_blocks, in->has_sr ? RTCP_SR : RTCP_RR,
               (in->has_sr ? 6 : 1) + 6 * in->n_blocks);
    buf_u32(out, in->ssrc);
    if (in->has_sr) {
        buf_u64(out, in->sr.ntp);
        buf_u32(out, in->sr.rtp_ts);
        buf_u32(out, in->sr.packets);
        buf_u32(out, in->sr.octets);
    }
    for (size_t i = 0; i < in->n_blocks; i++)
        print_block(out, &in->blocks[i]);
}

static void print_sdes(struct buf *out, const struct rtcp *in)
{
    size_t items = 2 + in->cname.len;
    size_t end = WORD - items % WORD; /* one zero at least */
    print_head(out, 1, RTCP_SDES, 1 + (items + end) / WORD);
    buf_u32(out, in->cname_ssrc);
    buf_u8(out, SDES_CNAME);
    buf_u8(out, (uint8_t)in->cname.len); /* checked by the caller */
    buf_put(out, in->cname);
    while (end-- > 0)
        buf_u8(out, 0);
}

static void print_bye(struct buf *out, const struct rtcp *in)
{
    size_t text = slice_empty(in->bye_reason) ? 0 : 1 + in->bye_reason.len;
    size_t pad = (WORD - text % WORD) % WORD;
    print_head(out, in->n_byes, RTCP_BYE, in->n_byes + (text + pad) / WORD);
    for (size_t i = 0; i < in->n_byes; i++)
        buf_u32(out, in->byes[i]);
    if (text > 0) {
        buf_u8(out, (uint8_t)in->bye_reason.len); /* checked by the caller */
        buf_put(out, in->bye_reason);
    }
    while (pad-- > 0)
        buf_u8(out, 0);
}

static void print_voip(struct buf *out, const struct rtcp_voip *in)
{
    buf_u8(out, XR_VOIP);
    buf_u8(out, 0);
    buf_u16(out, XR_VOIP_LEN / WORD);
    buf_u32(out, in->ssrc);
    buf_u8(out, in->loss_rate);
    buf_u8(out, in->discard_rate);
    buf_u8(out, in->burst_density);
    buf_u8(out, in->gap_density);
    buf_u16(out, in->burst_ms);
    buf_u16(out, in->gap_ms);
    buf_u16(out, in->rtt_ms);
    buf_u16(out, in->end_delay_ms);
    buf_u8(out, as_known(in->signal_dbm0));
    buf_u8(out, as_known(in->noise_dbm0));
    buf_u8(out, as_known(in->echo_loss_db));
    buf_u8(out, in->gmin);
    buf_u8(out, as_known(in->r_factor));
    buf_u8(out, as_known(in->external_r));
    buf_u8(out, as_known(in->mos_lq_x10));
    buf_u8(out, as_known(in->mos_cq_x10));
    buf_u8(out, in->config);
    buf_u8(out, 0);
    buf_u16(out, in->buffer_ms);
    buf_u16(out, in->buffer_max_ms);
    buf_u16(out, in->buffer_most_ms);
}

static void print_xr(struct buf *out, const struct rtcp *in)
{
    print_head(out, 0, RTCP_XR, 1 + in->n_voips * (1 + XR_VOIP_LEN / WORD));
    buf_u32(out, in->voip_ssrc);
    for (size_t i = 0; i < in->n_voips; i++)
        print_voip(out, &in->voips[i]);
}

enum err rtcp_print(const struct rtcp *in, struct buf *out)
{
    if (in->n_blocks > COUNT_MAX || in->n_byes > COUNT_MAX || in->cname.len > RTCP_CNAME_MAX ||
        in->bye_reason.len > UINT8_MAX)
        return ERR_LIMIT;
    if (in->has_sr || in->has_rr)
        print_report(out, in);
    if (!slice_empty(in->cname))
        print_sdes(out, in);
    if (in->n_voips)
        print_xr(out, in);
    if (in->has_bye)
        print_bye(out, in);
    for (size_t i = 0; i < in->n_feedback; i++)
        buf_put(out, in->feedback[i]);
    return out->overflow ? ERR_LIMIT : OK;
}

void rtcp_seen_feed(struct rtcp_seen *seen, const struct rtcp *report, int64_t now_us)
{
    if (!report->has_sr)
        return;
    seen->lsr = rtcp_ntp_middle(report->sr.ntp);
    seen->arrived_us = now_us;
}

uint8_t rtcp_share(uint64_t part, uint64_t all)
{
    if (part >= all)
        return all ? UINT8_MAX : 0;
    return (uint8_t)((part << 8) / all); /* below 256 */
}

/* RFC 3550 §A.3 */
static uint8_t fraction_lost(struct rtp_source *source, uint32_t expected)
{
    uint32_t expected_now = expected - source->expected_prior;
    uint32_t received_now = source->received - source->received_prior;
    source->expected_prior = expected;
    source->received_prior = source->received;
    if (expected_now == 0 || received_now >= expected_now)
        return 0;
    return rtcp_share(expected_now - received_now, expected_now);
}

void rtcp_block_make(struct rtcp_block *out, struct rtp_source *source,
                     const struct rtcp_seen *seen, int64_t now_us)
{
    uint32_t expected = rtp_source_expected(source);
    int64_t lost = (int64_t)source->lost_before + expected - source->received;
    lost = lost > 0x7fffff ? 0x7fffff : lost < -0x800000 ? -0x800000 : lost; /* 24 bits */
    *out = (struct rtcp_block){
        .ssrc = source->ssrc,
        .fraction_lost = fraction_lost(source, expected),
        .lost = (int32_t)lost,
        .highest_seq = rtp_source_highest(source),
        .jitter = source->jitter_x16 >> 4,
        .lsr = seen->lsr,
    };
    if (seen->lsr != 0) /* modulo 2^32, as on the wire */
        out->dlsr = (uint32_t)((now_us - seen->arrived_us) * 65536 / 1000000);
}

const struct rtcp_block *rtcp_block_find(const struct rtcp *report, uint32_t ssrc)
{
    for (size_t i = 0; i < report->n_blocks; i++)
        if (report->blocks[i].ssrc == ssrc)
            return &report->blocks[i];
    return NULL;
}

const struct rtcp_voip *rtcp_voip_find(const struct rtcp *report, uint32_t ssrc)
{
    for (size_t i = 0; i < report->n_voips; i++)
        if (report->voips[i].ssrc == ssrc)
            return &report->voips[i];
    return NULL;
}

uint64_t rtcp_ntp(int64_t wall_us)
{
    uint64_t seconds = (uint64_t)(wall_us / 1000000) + NTP_EPOCH_S;
    uint64_t fraction = ((uint64_t)(wall_us % 1000000) << 32) / 1000000;
    return seconds << 32 | fraction;
}

int64_t rtcp_rtt_us(const struct rtcp_block *block, uint64_t now_ntp)
{
    if (block->lsr == 0)
        return -1;
    int32_t rtt = (int32_t)(rtcp_ntp_middle(now_ntp) - block->lsr - block->dlsr);
    if (rtt < -RTT_ROUNDING || rtt > RTT_MAX_S * 65536)
        return -1;
    return rtt < 0 ? 0 : (int64_t)rtt * 1000000 / 65536;
}
