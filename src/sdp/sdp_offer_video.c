#include "sdp_offer_video.h"

#include <string.h>

#include "base/mem.h"
#include "base/num.h"
#include "sdp_peer.h"

/* What the dialog calls each format; those without a number have their ref for a wish. */
static struct sdp_video numbered(const struct sdp_video *video, const struct sdp_memory *memory)
{
    struct sdp_video out = *video;
    for (size_t i = 0; i < out.n; i++) {
        struct sdp_video_format *format = &out.formats[i];
        uint8_t known = memory->video_pts[format->ref];
        format->rx_pt = known ? known : format->ref;
    }
    return out;
}

/* The dynamic numbers, then the range that RFC 3551 leaves unassigned (RFC 8843 §9.2 wants each to
 * tell its line). 0: none is left. */
static uint8_t free_pt(const struct sdp_memory *memory, uint8_t wish)
{
    if (wish >= 96 && !sdp_memory_has_pt(memory, wish))
        return wish;
    for (uint8_t pt = 127; pt >= 96; pt--)
        if (!sdp_memory_has_pt(memory, pt))
            return pt;
    for (uint8_t pt = 63; pt >= 35; pt--)
        if (!sdp_memory_has_pt(memory, pt))
            return pt;
    return 0;
}

static void number(struct sdp_memory *memory, struct sdp_video *video)
{
    size_t kept = 0;
    for (size_t i = 0; i < video->n; i++) {
        uint8_t *pt = &memory->video_pts[video->formats[i].ref];
        if (!*pt)
            *pt = free_pt(memory, video->formats[i].ref);
        video->formats[i].rx_pt = *pt;
        if (*pt)
            video->formats[kept++] = video->formats[i];
    }
    video->n = kept;
}

void sdp_offer_video(const struct sdp_caps *caps, struct sdp_memory *memory, struct sdp_line *line)
{
    bool dtls = caps->transport == SDP_RTP_DTLS;
    if (!caps->video || !caps->video->n)
        return;
    sdp_memory_add_video(memory, memory->proto, dtls ? "video" : NULL);
    if (memory->video == SDP_NO_LINE)
        return;
    line->video = (struct sdp_video_line){ .formats = *caps->video,
                                           .direction = caps->direction,
                                           .rtcp_mux = dtls || caps->rtcp_mux };
    number(memory, &line->video.formats);
}

/* Keys of the line's own in place of the audio's. */
static struct sdp_caps line_caps(const struct sdp_caps *caps)
{
    struct sdp_caps own = *caps;
    own.keys = caps->video_keys;
    own.ptime_ms = own.maxptime_ms = 0;
    return own;
}

/* With DTLS it must share the audio's transport: there is one ICE session. */
static bool is_bundled(const struct sdp_session *session, size_t audio, size_t video)
{
    struct slice first = sdp_mid(&session->media[audio]), second = sdp_mid(&session->media[video]);
    return first.len && second.len && sdp_group_has(session, "BUNDLE", first) &&
           sdp_group_has(session, "BUNDLE", second);
}

static bool read_line(const struct sdp_caps *all, const struct sdp_session *session, size_t audio,
                      size_t i, bool is_answer, struct sdp_result *out)
{
    const struct sdp_media *media = &session->media[i];
    struct sdp_caps caps = line_caps(all);
    enum sdp_transport transport;
    if (media->kind != SDP_VIDEO || sdp_peer_is_rejected(media) ||
        !sdp_peer_transport(session, media, &transport) || transport != caps.transport)
        return false;
    if (transport == SDP_RTP_DTLS && !is_bundled(session, audio, i))
        return false;
    if (transport == SDP_RTP_SDES && sdp_peer_choose_key(&caps, media, is_answer, out))
        return false;
    return sdp_peer_read(&caps, session, i, out, NULL) == OK;
}

static struct sdp_video_result *take(const struct sdp_caps *caps, const struct sdp_memory *memory,
                                     const struct sdp_session *session, size_t audio, size_t i,
                                     bool is_answer)
{
    struct sdp_video_result *found = mem_new(struct sdp_video_result);
    if (read_line(caps, session, audio, i, is_answer, &found->line)) {
        struct sdp_video known = numbered(caps->video, memory);
        sdp_video_match(&known, &session->media[i], is_answer, &found->formats);
    }
    if (found->formats.n)
        return found;
    mem_free(found);
    return NULL;
}

struct sdp_video_result *sdp_offer_video_pick(const struct sdp_caps *caps,
                                              const struct sdp_memory *memory,
                                              const struct sdp_session *offer, size_t audio)
{
    struct sdp_video_result *found = NULL;
    for (size_t i = 0; caps->video && i < offer->n_media && !found; i++)
        found = take(caps, memory, offer, audio, i, false);
    for (size_t i = 0; found && i < found->formats.n; i++)
        found->formats.formats[i].rx_pt = found->formats.formats[i].tx_pt;
    return found;
}

void sdp_offer_video_answer(const struct sdp_caps *caps, struct sdp_memory *memory,
                            const struct sdp_result *result, struct sdp_line *line)
{
    const struct sdp_video_result *found = result->video;
    if (!found)
        return;
    struct sdp_video *out = &line->video.formats;
    for (size_t i = 0; i < found->formats.n; i++) {
        const struct sdp_video_format *theirs = &found->formats.formats[i];
        struct sdp_video_format *ours = &out->formats[out->n++];
        *ours =
            *sdp_video_find(caps->video, theirs->ref); /* what the other side wants to receive */
        ours->feedback = theirs->feedback;             /* of both */
        ours->rx_pt = memory->video_pts[theirs->ref] = theirs->rx_pt;
    }
    line->video.direction = found->line.direction;
    line->video.rtcp_mux = found->line.rtcp_mux;
    line->video.key = found->line.key;
    line->video.key_tag = found->line.crypto.tag;
}

struct sdp_video_result *sdp_offer_video_read(const struct sdp_caps *caps,
                                              const struct sdp_memory *memory,
                                              const struct sdp_session *answer)
{
    if (!caps->video || memory->video >= answer->n_media)
        return NULL;
    return take(caps, memory, answer, memory->active, memory->video, true);
}
