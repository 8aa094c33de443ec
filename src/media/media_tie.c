#include "media/media_tie.h"

#include "base/mem.h"
#include "base/num.h"
#include "media/codecs.h"
#include "media/media.h"
#include "media/rtp_transport.h"
#include "media/transport.h"

/* Audio has numbers that no far end gives video, whose own go through as they are: what RFC 3551 §6
 * leaves to be assigned, less what looks like RTCP beside RTP (RFC 5761 §4). */
enum { FIRST_AUDIO_PT = 20, FIRST_EVENT_PT = 30 };
static const struct {
    uint8_t first, last;
} video_pts[] = { { 35, 63 }, { 96, 127 } };

struct media_tie {
    struct media_stream *ends[2];
};

/* Everything that we know, both ways: what comes in is relayed, never decoded here. */
static struct media_description describe_all(void)
{
    struct media_description all = { .dtmf_send = MEDIA_DTMF_SEND_EVENTS,
                                     .dtmf_hear = MEDIA_DTMF_HEAR_OFF,
                                     .send = true,
                                     .receive = true };
    static const uint32_t clocks[MEDIA_DTMF_MAX] = { 8000, 48000 };
    uint8_t next_pt = FIRST_AUDIO_PT;
    size_t n;
    const struct codec *const *codecs = codecs_all(&n);
    for (size_t i = 0; i < n && i < MEDIA_FORMATS_MAX; i++) {
        uint8_t pt = codecs[i]->static_pt == CODEC_PT_DYNAMIC ? next_pt++ : codecs[i]->static_pt;
        all.formats[all.n_formats++] =
            (struct media_format){ .codec = codecs[i], .tx_pt = pt, .rx_pt = pt };
    }
    for (uint8_t i = 0; i < MEDIA_DTMF_MAX; i++) {
        uint8_t pt = (uint8_t)(FIRST_EVENT_PT + i);
        all.dtmf[all.n_dtmf++] = (struct media_dtmf_format){ clocks[i], pt, pt };
    }
    return all;
}

static struct media_video describe_video(void)
{
    struct media_video all = { .send = true, .receive = true };
    for (size_t i = 0; i < COUNT_OF(video_pts); i++)
        for (uint8_t pt = video_pts[i].first; pt <= video_pts[i].last; pt++)
            all.formats[all.n_formats++] = (struct media_video_format){ pt, pt, pt };
    return all;
}

enum err media_tie_create(struct media_tie **out, struct media *media, unsigned a, unsigned b,
                          struct fault *fault)
{
    static const struct media_events nobody_asks = { 0 };
    const struct media_description all = describe_all();
    const struct media_video video = describe_video();
    const unsigned threads[2] = { a, b };
    struct media_transport *transports[2];
    struct rtp_local local[2];
    for (size_t i = 0; i < 2; i++) {
        enum err err = rtp_transport_create_inner(&transports[i], media, &local[i], fault);
        if (err && i)
            media_transport_destroy(transports[0]);
        if (err)
            return err;
    }
    struct media_tie *tie = mem_new(struct media_tie);
    for (size_t i = 0; i < 2; i++) {
        const struct rtp_remote other = { .rtp = local[1 - i].rtp, .rtcp_mux = true };
        tie->ends[i] = media_stream_create(media, threads[i], transports[i], &nobody_asks, NULL);
        rtp_transport_set_remote(tie->ends[i], &other);
        media_stream_describe(tie->ends[i], &all);
        media_stream_video(tie->ends[i], tie->ends[i], &video);
    }
    *out = tie;
    return OK;
}

void media_tie_destroy(struct media_tie *tie)
{
    if (!tie)
        return;
    media_stream_destroy(tie->ends[0]);
    media_stream_destroy(tie->ends[1]);
    mem_free(tie);
}

struct media_stream *media_tie_end(const struct media_tie *tie, unsigned i)
{
    return tie->ends[i];
}
