#include "sdp_match.h"

#include "base/num.h"

struct sdp_rtpmap sdp_match_codec_map(const struct sdp_codec *codec, uint8_t pt)
{
    return (struct sdp_rtpmap){ pt, slice_of(codec->name), codec->clock_hz,
                                codec->channels ? codec->channels : 1 };
}

struct sdp_rtpmap sdp_match_dtmf_map(uint32_t clock_hz, uint8_t pt)
{
    return (struct sdp_rtpmap){ pt, SLICE("telephone-event"), clock_hz, 1 };
}

static bool is_same(const struct sdp_rtpmap *a, const struct sdp_rtpmap *b)
{
    return slice_ieq(a->name, b->name) && a->clock_hz == b->clock_hz && a->channels == b->channels;
}

static bool read_format(const struct sdp_media *media, size_t i, struct sdp_rtpmap *out)
{
    uint32_t pt;
    if (slice_to_u32(media->formats[i], 127, &pt))
        return false;
    return sdp_rtpmap_find(media, (uint8_t)pt, out); /* ≤ 127 was checked */
}

static bool has_codec(const struct sdp_result *result, size_t codec)
{
    for (size_t i = 0; i < result->n_formats; i++)
        if (result->formats[i].codec == codec)
            return true;
    return false;
}

/* Add the pair unless it does not match or the codec is in already (they may list it twice). */
static void try_pair(const struct sdp_caps *caps, const struct sdp_media *media, size_t theirs,
                     size_t ours, struct sdp_result *result)
{
    struct sdp_rtpmap map;
    if (!read_format(media, theirs, &map) || has_codec(result, ours))
        return;
    struct sdp_rtpmap own = sdp_match_codec_map(&caps->codecs[ours], 0);
    if (!is_same(&map, &own))
        return;
    result->formats[result->n_formats++] = (struct sdp_format){
        .codec = ours,
        .ref = caps->codecs[ours].ref,
        .tx_pt = map.pt,
        .rx_pt = map.pt,
        .fmtp = sdp_fmtp_find(media, map.pt),
    };
}

static bool clock_in_use(const struct sdp_caps *caps, const struct sdp_result *result,
                         uint32_t clock_hz)
{
    for (size_t i = 0; i < result->n_formats; i++)
        if (caps->codecs[result->formats[i].codec].clock_hz == clock_hz)
            return true;
    return false;
}

static void add_dtmf(struct sdp_result *result, const struct sdp_rtpmap *map)
{
    for (size_t i = 0; i < result->n_dtmf; i++)
        if (result->dtmf[i].clock_hz == map->clock_hz)
            return;
    if (result->n_dtmf < SDP_RESULT_MAX_DTMF)
        result->dtmf[result->n_dtmf++] = (struct sdp_dtmf){ map->clock_hz, map->pt, map->pt };
}

/* Events of one clock rate: that of formats[0], of any other codec, or (`any`) whatever there is.
 */
static void match_dtmf(const struct sdp_caps *caps, const struct sdp_media *media, bool any,
                       uint32_t clock_hz, struct sdp_result *result)
{
    for (size_t i = 0; i < media->n_formats; i++) {
        struct sdp_rtpmap map;
        if (!read_format(media, i, &map) || !slice_iis(map.name, "telephone-event"))
            continue;
        if (clock_hz ? map.clock_hz == clock_hz : any || clock_in_use(caps, result, map.clock_hz))
            add_dtmf(result, &map);
    }
}

enum err sdp_match_formats(const struct sdp_caps *caps, enum sdp_prefer prefer,
                           const struct sdp_media *media, struct sdp_result *result)
{
    BUG_IF(caps->n_codecs > SDP_CAPS_MAX_CODECS);
    bool local = prefer == SDP_PREFER_LOCAL;
    size_t outer = local ? caps->n_codecs : media->n_formats;
    size_t inner = local ? media->n_formats : caps->n_codecs;
    for (size_t i = 0; i < outer; i++)
        for (size_t j = 0; j < inner; j++)
            try_pair(caps, media, local ? j : i, local ? i : j, result);
    if (!result->n_formats)
        return ERR_UNSUPPORTED;
    if (!caps->dtmf)
        return OK;
    match_dtmf(caps, media, false, caps->codecs[result->formats[0].codec].clock_hz, result);
    match_dtmf(caps, media, false, 0, result);
    /* opus with telephone-event/8000 alone is what baresip and older PBXs offer */
    if (!result->n_dtmf)
        match_dtmf(caps, media, true, 0, result);
    return OK;
}

static void print_map(const struct sdp_rtpmap *map, struct buf *out)
{
    buf_printf(out, "%.*s/%u", SLICE_ARG(map->name), map->clock_hz);
    if (map->channels != 1)
        buf_printf(out, "/%u", (unsigned)map->channels);
}

void sdp_match_print_theirs(const struct sdp_media *media, struct buf *out)
{
    for (size_t i = 0; i < media->n_formats; i++) {
        struct sdp_rtpmap map;
        if (i)
            buf_text(out, ", ");
        if (read_format(media, i, &map))
            print_map(&map, out);
        else
            buf_printf(out, "type %.*s", SLICE_ARG(media->formats[i]));
    }
}

void sdp_match_print_ours(const struct sdp_caps *caps, struct buf *out)
{
    for (size_t i = 0; i < caps->n_codecs; i++) {
        struct sdp_rtpmap map = sdp_match_codec_map(&caps->codecs[i], 0);
        if (i)
            buf_text(out, ", ");
        print_map(&map, out);
    }
}
