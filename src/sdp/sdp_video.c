#include "sdp_video.h"

#include <stdio.h>

#include "base/num.h"
#include "sdp.h"
#include "sdp_attr.h"

#define CRLF "\r\n"

/* What can pass, and the parameters that make two formats of one name different ones. */
static const struct {
    const char *name;
    const char *tell[2];
    const char *usual[2]; /* what a missing one means */
} kinds[] = {
    { "VP8", { NULL }, { NULL } },
    { "VP9", { "profile-id" }, { "0" } },
    { "H264", { "packetization-mode", "profile-level-id" }, { "0", "42e0" } },
    { "H265", { "profile-id" }, { "1" } },
    { "AV1", { "profile" }, { "0" } },
    { "rtx", { NULL }, { NULL } },
};

static const struct {
    unsigned bit;
    const char *text;
} feedbacks[] = {
    { SDP_FB_NACK, "nack" },
    { SDP_FB_PLI, "nack pli" },
    { SDP_FB_FIR, "ccm fir" },
    { SDP_FB_REMB, "goog-remb" },
};

static bool is_known(struct slice name)
{
    for (size_t i = 0; i < COUNT_OF(kinds); i++)
        if (slice_iis(name, kinds[i].name))
            return true;
    return false;
}

/* a=rtcp-fb:96 nack pli, or for all formats with an asterisk (RFC 4585 §4.2) */
static unsigned feedback_of(const struct sdp_media *media, struct slice pt)
{
    unsigned bits = 0;
    const struct sdp_attribute *a = NULL;
    while ((a = sdp_find_next(&media->attributes, "rtcp-fb", a))) {
        struct slice rest = a->value;
        struct slice whose = slice_word(&rest);
        if (!slice_eq(whose, pt) && !slice_is(whose, "*"))
            continue;
        for (size_t i = 0; i < COUNT_OF(feedbacks); i++)
            if (slice_iis(slice_trim(rest), feedbacks[i].text))
                bits |= feedbacks[i].bit;
    }
    return bits;
}

static bool read_format(const struct sdp_media *media, struct slice text,
                        struct sdp_video_format *out)
{
    uint32_t pt, apt;
    struct sdp_rtpmap map;
    if (slice_to_u32(text, 127, &pt) || !sdp_rtpmap_find(media, (uint8_t)pt, &map) ||
        !is_known(map.name))
        return false;
    struct slice fmtp = sdp_fmtp_find(media, map.pt);
    *out = (struct sdp_video_format){ .ref = map.pt,
                                      .tx_pt = map.pt,
                                      .rx_pt = map.pt,
                                      .repairs = SDP_VIDEO_NONE,
                                      .clock_hz = map.clock_hz,
                                      .feedback = feedback_of(media, text) };
    if (!slice_copy(map.name, out->name, sizeof out->name))
        return false;
    if (!slice_iis(map.name, "rtx"))
        return slice_copy(fmtp, out->fmtp, sizeof out->fmtp);
    if (slice_to_u32(sdp_fmtp_param(fmtp, "apt"), 127, &apt))
        return false;
    out->repairs = (uint8_t)apt; /* ≤ 127 was checked */
    return true;
}

const struct sdp_video_format *sdp_video_find(const struct sdp_video *video, uint8_t ref)
{
    for (size_t i = 0; i < video->n; i++)
        if (video->formats[i].ref == ref)
            return &video->formats[i];
    return NULL;
}

/* Retransmissions of formats that were left out are of no use to anybody. */
static void drop_orphans(struct sdp_video *video)
{
    size_t kept = 0;
    for (size_t i = 0; i < video->n; i++) {
        uint8_t repairs = video->formats[i].repairs;
        if (repairs == SDP_VIDEO_NONE || sdp_video_find(video, repairs))
            video->formats[kept++] = video->formats[i];
    }
    video->n = kept;
}

void sdp_video_read(const struct sdp_media *media, struct sdp_video *out)
{
    out->n = 0;
    for (size_t i = 0; i < media->n_formats && out->n < SDP_VIDEO_FORMATS; i++)
        if (read_format(media, media->formats[i], &out->formats[out->n]))
            out->n++;
    drop_orphans(out);
}

/* Of profile-level-id only the profile tells formats apart: levels are for who encodes (RFC 6184
 * §8.2.2), and both ends see each other's. */
static bool same_param(struct slice a, struct slice b, const char *name, const char *usual)
{
    struct slice x = sdp_fmtp_param(a, name), y = sdp_fmtp_param(b, name);
    size_t len = slice_is(SLICE("profile-level-id"), name) ? 4 : SIZE_MAX;
    x = slice_sub(x.len ? x : slice_of(usual), 0, len);
    y = slice_sub(y.len ? y : slice_of(usual), 0, len);
    return slice_ieq(x, y);
}

static bool is_same(const struct sdp_video_format *a, const struct sdp_video_format *b)
{
    if (!slice_ieq(slice_of(a->name), slice_of(b->name)) || a->clock_hz != b->clock_hz)
        return false;
    for (size_t i = 0; i < COUNT_OF(kinds); i++) {
        if (!slice_iis(slice_of(a->name), kinds[i].name))
            continue;
        for (size_t j = 0; j < COUNT_OF(kinds[i].tell) && kinds[i].tell[j]; j++)
            if (!same_param(slice_of(a->fmtp), slice_of(b->fmtp), kinds[i].tell[j],
                            kinds[i].usual[j]))
                return false;
    }
    return true;
}

/* Theirs for one of ours: under our number, else any of that kind that is not taken. */
static const struct sdp_video_format *counterpart(const struct sdp_video_format *format,
                                                  const struct sdp_video *theirs, const bool *taken)
{
    for (size_t i = 0; i < theirs->n; i++)
        if (theirs->formats[i].tx_pt == format->rx_pt && is_same(&theirs->formats[i], format))
            return &theirs->formats[i];
    for (size_t i = 0; i < theirs->n; i++)
        if (!taken[i] && is_same(&theirs->formats[i], format))
            return &theirs->formats[i];
    return NULL;
}

/* Theirs that repeats `format`, or NULL. */
static const struct sdp_video_format *repair_of(const struct sdp_video *theirs, uint8_t pt)
{
    for (size_t i = 0; i < theirs->n; i++)
        if (theirs->formats[i].repairs == pt)
            return &theirs->formats[i];
    return NULL;
}

static void add(struct sdp_video *out, const struct sdp_video_format *ours,
                const struct sdp_video_format *theirs)
{
    struct sdp_video_format *format = &out->formats[out->n++];
    *format = *theirs;
    format->ref = ours->ref;
    format->rx_pt = ours->rx_pt;
    format->repairs = ours->repairs;
    format->feedback &= ours->feedback;
}

/* Behind every format the retransmission that both have for it. */
static void add_repairs(const struct sdp_video *known, const struct sdp_video *theirs,
                        struct sdp_video *out)
{
    size_t n = out->n;
    for (size_t i = 0; i < n && out->n < SDP_VIDEO_FORMATS; i++) {
        const struct sdp_video_format *repair = repair_of(theirs, out->formats[i].tx_pt);
        for (size_t j = 0; repair && j < known->n; j++)
            if (known->formats[j].repairs == out->formats[i].ref) {
                add(out, &known->formats[j], repair);
                break;
            }
    }
}

static void sort_as(const struct sdp_video *theirs, struct sdp_video *video)
{
    size_t done = 0;
    for (size_t i = 0; i < theirs->n; i++)
        for (size_t j = done; j < video->n; j++)
            if (video->formats[j].tx_pt == theirs->formats[i].tx_pt) {
                struct sdp_video_format first = video->formats[j];
                video->formats[j] = video->formats[done];
                video->formats[done++] = first;
                break;
            }
}

void sdp_video_match(const struct sdp_video *known, const struct sdp_media *media,
                     bool in_their_order, struct sdp_video *out)
{
    struct sdp_video theirs;
    bool taken[SDP_VIDEO_FORMATS] = { 0 };
    sdp_video_read(media, &theirs);
    out->n = 0;
    for (size_t i = 0; i < known->n; i++) {
        const struct sdp_video_format *format = &known->formats[i];
        const struct sdp_video_format *match =
            format->repairs == SDP_VIDEO_NONE ? counterpart(format, &theirs, taken) : NULL;
        if (!match || taken[match - theirs.formats])
            continue;
        taken[match - theirs.formats] = true;
        add(out, format, match);
    }
    add_repairs(known, &theirs, out);
    if (in_their_order)
        sort_as(&theirs, out);
}

static void print_format(const struct sdp_video *video, const struct sdp_video_format *format,
                         struct buf *out)
{
    unsigned pt = format->rx_pt;
    const struct sdp_video_format *repaired = sdp_video_find(video, format->repairs);
    buf_printf(out, "a=rtpmap:%u %s/%u" CRLF, pt, format->name, format->clock_hz);
    if (repaired)
        buf_printf(out, "a=fmtp:%u apt=%u" CRLF, pt, (unsigned)repaired->rx_pt);
    else if (format->fmtp[0])
        buf_printf(out, "a=fmtp:%u %s" CRLF, pt, format->fmtp);
    for (size_t i = 0; i < COUNT_OF(feedbacks); i++)
        if (format->feedback & feedbacks[i].bit)
            buf_printf(out, "a=rtcp-fb:%u %s" CRLF, pt, feedbacks[i].text);
}

void sdp_video_print(const struct sdp_video *video, struct buf *out)
{
    for (size_t i = 0; i < video->n; i++)
        print_format(video, &video->formats[i], out);
}
