#include "stream_video.h"

#include <string.h>
#include <time.h>

#include "base/mem.h"
#include "base/wire.h"
#include "media/media_packet.h"
#include "media/rtcp.h"
#include "media/rtp.h"
#include "media/stream_priv.h"
#include "media/transport.h"

enum {
    NONE = MEDIA_PT_NONE,
    SOURCES = 8, /* a picture, its retransmissions, and what they were before */
    REPORTS = 4, /* sender reports whose times are remembered */
    SR_BLOCKS = 28,
    RR_BLOCKS = 8,
    BLOCK = 24,
    FB_HEAD = 12,
    FB_NACK = 1, /* RFC 4585 §6.2.1, §6.3.1; RFC 5104 §4.3.1 */
    FB_PLI = 1,
    FB_FIR = 4,
    FB_REMB = 15,
};

struct stream_video {
    uint8_t ref_of[RTP_PT_MAX + 1]; /* by the number that comes */
    uint8_t pt_of[RTP_PT_MAX + 1];  /* by ref: the number to send */
    bool send, receive;
    uint32_t sources[SOURCES]; /* SSRCs that came; 0: none */
    unsigned n_sources;
    struct {
        uint32_t ours, theirs; /* the middle of the NTP time, as passed on and as it came */
    } reports[REPORTS];
    unsigned n_reports;
};

static struct media_stream_core *audio_of(struct media_stream_core *core)
{
    return core->carrier ? core->carrier : core;
}

/* Whose video goes out there; NULL: nobody's. */
static struct media_stream_core *target_of(struct media_stream_core *core)
{
    struct media_stream_core *peer = stream_partner(audio_of(core));
    struct media_stream_core *to = peer ? peer->video_core : NULL;
    return to && to->video && to->video->send && core->video->receive ? to : NULL;
}

static bool is_source(const struct stream_video *video, uint32_t ssrc)
{
    for (unsigned i = 0; i < SOURCES; i++)
        if (ssrc && video->sources[i] == ssrc)
            return true;
    return false;
}

static void note_source(struct media_stream_core *core, uint32_t ssrc)
{
    struct stream_video *video = core->video;
    if (is_source(video, ssrc))
        return;
    if (!video->n_sources)
        media_stream_core_step(audio_of(core), "video", "pictures come in");
    video->sources[video->n_sources++ % SOURCES] = ssrc;
}

/* RTP: only the number of the format changes. */
static bool renumber(struct media_stream_core *core, const struct media_stream_core *to,
                     struct media_packet *packet)
{
    uint8_t pt = packet->data[1] & RTP_PT_MAX;
    uint8_t ref = core->video->ref_of[pt];
    if (ref == NONE || packet->len < RTP_HEADER_LEN)
        return false;
    note_source(core, wire_get_u32(packet->data + 8));
    if (!to || to->video->pt_of[ref] == NONE)
        return false;
    packet->data[1] = (uint8_t)((packet->data[1] & 0x80) | to->video->pt_of[ref]);
    return true;
}

/* Reports */

static uint64_t now_ntp(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return rtcp_ntp((int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000);
}

/* A report block about what `to` sends: the time in it is one of ours, who sent wants its own. */
static void restore_time(const struct stream_video *to, uint8_t *block)
{
    uint32_t ours = wire_get_u32(block + 16);
    for (unsigned i = 0; i < REPORTS; i++)
        if (ours && to->reports[i].ours == ours) {
            wire_put_u32(block + 16, to->reports[i].theirs);
            return;
        }
    memset(block + 16, 0, 8); /* "no report came yet" */
}

static void change_blocks(const struct stream_video *to, uint8_t *part, size_t len, size_t at)
{
    for (unsigned n = part[0] & 31; n > 0 && at + BLOCK <= len; n--, at += BLOCK)
        restore_time(to, part + at);
}

static void change_sender_time(struct stream_video *from, uint8_t *part)
{
    uint64_t ntp = now_ntp();
    unsigned i = from->n_reports++ % REPORTS;
    from->reports[i].theirs = (wire_get_u32(part + 8) << 16) | (wire_get_u32(part + 12) >> 16);
    from->reports[i].ours = rtcp_ntp_middle(ntp);
    wire_put_u32(part + 8, (uint32_t)(ntp >> 32));
    wire_put_u32(part + 12, (uint32_t)ntp);
}

/* Change one part of a compound for the other side; false: it is none of its business. */
static bool change_part(struct stream_video *from, const struct stream_video *to, uint8_t *part,
                        size_t len)
{
    unsigned what = part[0] & 31;
    switch (part[1]) {
    case RTCP_SR:
        if (len < SR_BLOCKS)
            return false;
        change_sender_time(from, part);
        change_blocks(to, part, len, SR_BLOCKS);
        return true;
    case RTCP_RR:
        change_blocks(to, part, len, RR_BLOCKS);
        return true;
    case RTCP_RTPFB:
        return len >= FB_HEAD && what == FB_NACK;
    case RTCP_PSFB:
        return len >= FB_HEAD && (what == FB_PLI || what == FB_FIR || what == FB_REMB);
    default:
        return part[1] == RTCP_SDES || part[1] == RTCP_BYE;
    }
}

static size_t part_len(const struct media_packet *packet, size_t at)
{
    if (at + RTCP_HEADER_LEN > packet->len)
        return 0;
    size_t len = 4 * ((size_t)wire_get_u16(packet->data + at + 2) + 1);
    return at + len <= packet->len ? len : 0;
}

/* Does a part speak of what the target's far end sends? */
static bool is_about(const struct stream_video *to, const uint8_t *part, size_t len)
{
    size_t at = part[1] == RTCP_SR ? SR_BLOCKS : RR_BLOCKS;
    bool is_report = part[1] == RTCP_SR || part[1] == RTCP_RR;
    if (is_report && (part[0] & 31) && at + BLOCK <= len)
        return is_source(to, wire_get_u32(part + at));
    if ((part[1] != RTCP_RTPFB && part[1] != RTCP_PSFB) || len < FB_HEAD)
        return false;
    if (is_source(to, wire_get_u32(part + 8)))
        return true;
    /* FIR and REMB name whom they mean behind the head */
    return (len >= FB_HEAD + 4 && is_source(to, wire_get_u32(part + 12))) ||
           (len >= FB_HEAD + 12 && is_source(to, wire_get_u32(part + 20)));
}

static bool is_video_report(struct media_stream_core *core, const struct media_stream_core *to,
                            const struct media_packet *packet)
{
    if (core->carrier)
        return true;
    for (size_t at = 0, len; (len = part_len(packet, at)) > 0; at += len) {
        const uint8_t *part = packet->data + at;
        if (is_source(core->video, wire_get_u32(part + 4)) ||
            (to && is_about(to->video, part, len)))
            return true;
    }
    return false;
}

static void pass_report(struct media_stream_core *core, struct media_stream_core *to,
                        const struct media_packet *packet)
{
    struct media_packet *out = media_packet_take(to->thread);
    for (size_t at = 0, len; (len = part_len(packet, at)) > 0; at += len) {
        uint8_t *part = out->data + out->len;
        memcpy(part, packet->data + at, len); /* both hold MEDIA_PACKET_MAX */
        if (change_part(core->video, to->video, part, len))
            out->len += (uint32_t)len;
    }
    out->is_rtcp = true;
    if (out->len)
        to->transport->ops->send(to->transport, &out, 1);
    media_packet_give_back(to->thread, out);
}

/* A picture loss indication of our own (RFC 4585 §6.3.1), behind an empty report. */
static void ask_for_picture(struct media_stream_core *core)
{
    struct media_packet *out = media_packet_take(core->thread);
    uint32_t self = audio_of(core)->tx.sender.ssrc;
    uint32_t last = core->video->sources[(core->video->n_sources - 1) % SOURCES];
    static const uint8_t heads[] = { 0x80, RTCP_RR, 0, 1, 0, 0, 0, 0, 0x81, RTCP_PSFB, 0, 2 };
    memcpy(out->data, heads, sizeof heads);
    wire_put_u32(out->data + 4, self);
    wire_put_u32(out->data + 12, self);
    wire_put_u32(out->data + 16, last);
    out->len = 20;
    out->is_rtcp = true;
    core->transport->ops->send(core->transport, &out, 1);
    media_packet_give_back(core->thread, out);
}

void stream_video_linked(struct media_stream_core *core)
{
    struct media_stream_core *from = core->video_core;
    if (from && from->video && from->video->n_sources && target_of(from))
        ask_for_picture(from);
}

size_t stream_video_take(struct media_stream_core *core, struct media_packet **packets, size_t n)
{
    struct media_stream_core *to = target_of(core);
    struct media_packet *out[MEDIA_BATCH];
    size_t n_out = 0, left = 0;
    for (size_t i = 0; i < n; i++) {
        struct media_packet *packet = packets[i];
        bool is_video =
            packet->is_rtcp
                ? is_video_report(core, to, packet)
                : core->carrier || core->video->ref_of[packet->data[1] & RTP_PT_MAX] != NONE;
        if (!is_video)
            packets[left++] = packet;
        else if (!packet->is_rtcp && renumber(core, to, packet))
            out[n_out++] = packet;
        else if (packet->is_rtcp && to)
            pass_report(core, to, packet);
    }
    if (n_out)
        to->transport->ops->send(to->transport, out, n_out);
    return left;
}

/* Messages */

void stream_video_clear(struct media_stream_core *core)
{
    if (core->carrier)
        core->carrier->video_core = NULL;
    if (core->video_core && core->video_core != core)
        core->video_core->carrier = NULL;
    core->carrier = core->video_core = NULL;
    mem_free(core->video);
    core->video = NULL;
}

static void describe(struct stream_video *video, const struct media_video *described)
{
    memset(video->ref_of, NONE, sizeof video->ref_of);
    memset(video->pt_of, NONE, sizeof video->pt_of);
    video->send = described->send;
    video->receive = described->receive;
    for (size_t i = 0; i < described->n_formats; i++) {
        const struct media_video_format *format = &described->formats[i];
        video->ref_of[format->rx_pt & RTP_PT_MAX] = format->ref & RTP_PT_MAX;
        video->pt_of[format->ref & RTP_PT_MAX] = format->tx_pt & RTP_PT_MAX;
    }
}

void stream_core_run_video(struct media_thread *thread, struct media_stream_core *core,
                           const struct media_cmd *cmd)
{
    struct media_video *described = cmd->give;
    struct media_stream_core *carrier = media_thread_find_core(thread, cmd->peer);
    if (!described->n_formats) {
        stream_video_clear(core);
    } else if (carrier) {
        if (!core->video)
            core->video = mem_new(struct stream_video);
        describe(core->video, described);
        core->carrier = carrier == core ? NULL : carrier;
        carrier->video_core = core;
        stream_video_linked(carrier);
        if (stream_partner(carrier))
            stream_video_linked(stream_partner(carrier));
    }
    mem_free(described);
}
