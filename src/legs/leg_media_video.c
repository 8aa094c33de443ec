#include "legs/leg_media_video.h"

#include <strings.h>

#include "base/mem.h"
#include "call/call.h"
#include "legs/leg_env.h"
#include "media/media.h"
#include "sdp/sdp.h"
#include "sdp/sdp_video.h"

/* Phones without WebRTC expect few formats, and their INVITE may have to fit a datagram. */
enum { PLAIN_FORMATS = 3 };

static const struct media_events no_events; /* what matters is told by the audio's stream */

static void set(struct leg *leg, const struct sdp_video *video)
{
    mem_free(leg->video);
    leg->video = NULL;
    if (!video || !video->n)
        return;
    leg->video = mem_new(struct sdp_video);
    *leg->video = *video;
}

void leg_media_note_video(struct leg_media *media, struct leg *leg, struct slice offer)
{
    media->leg = leg;
    struct sdp_session *session;
    struct sdp_video found = { 0 };
    if (sdp_parse(&session, offer))
        return;
    for (size_t i = 0; i < session->n_media && !found.n; i++)
        if (session->media[i].kind == SDP_VIDEO && session->media[i].port != 0)
            sdp_video_read(&session->media[i], &found);
    sdp_session_destroy(session);
    set(leg, &found);
}

void leg_media_forget_video(struct leg *leg)
{
    set(leg, NULL);
}

bool leg_media_has_same_video(const struct leg *a, const struct leg *b)
{
    size_t n = 0;
    for (size_t i = 0; a->video && b->video && i < a->video->n; i++) {
        const struct sdp_video_format *one = &a->video->formats[i];
        const struct sdp_video_format *other = sdp_video_find(b->video, one->ref);
        if (other && strcasecmp(one->name, other->name) != 0)
            return false;
        n += other != NULL;
    }
    return n > 0 || (!a->video && !b->video);
}

static bool is_bundled(const struct leg_media *media)
{
    return media->kind == LEG_MEDIA_WEBRTC || media->kind == LEG_MEDIA_ICE;
}

static void keep_few(struct sdp_video *video)
{
    size_t kept = 0;
    for (size_t i = 0; i < video->n && kept < PLAIN_FORMATS; i++)
        if (video->formats[i].repairs == SDP_VIDEO_NONE)
            video->formats[kept++] = video->formats[i];
    video->n = kept;
}

/* The ports must be in the description before anybody has answered. */
static bool open_ports(struct leg_media *media)
{
    struct media_transport *transport;
    struct fault fault;
    if (media->video_stream)
        return true;
    if (rtp_transport_create(&transport, media->env->media, &media->video_rtp, &fault)) {
        log_warn(&media->leg->log, "no video: %s", fault.text);
        return false;
    }
    leg_media_make_keys(media->video_keys); /* no key counts packets from zero twice */
    media->video_stream = media_stream_create(
        media->env->media, media_stream_thread(media->leg->stream), transport, &no_events, NULL);
    return true;
}

void leg_video_fill(struct leg_media *media, struct sdp_caps *caps, struct leg_video_room *room)
{
    const struct leg *other = call_other(media->leg->call, media->leg);
    if (!media->passes_video || !other || !other->video)
        return;
    room->video = *other->video;
    if (!is_bundled(media)) {
        keep_few(&room->video);
        if (!open_ports(media))
            return;
        caps->video_port = addr_port(&media->video_rtp.rtp);
        caps->video_rtcp_port = addr_port(&media->video_rtp.rtcp);
        for (size_t i = 0; i < caps->n_keys; i++)
            room->keys[i] = (struct sdp_key){ caps->keys[i].suite, media->video_keys[i].text };
        caps->video_keys = room->keys;
    }
    caps->video = &room->video;
}

static void describe(struct leg_media *media, const struct sdp_video_result *agreed)
{
    struct leg *leg = media->leg;
    struct media_video video = { .send = sdp_can_send(agreed->line.direction),
                                 .receive = sdp_can_receive(agreed->line.direction) };
    for (size_t i = 0; i < agreed->formats.n && i < MEDIA_VIDEO_FORMATS; i++) {
        const struct sdp_video_format *format = &agreed->formats.formats[i];
        video.formats[video.n_formats++] =
            (struct media_video_format){ format->ref, format->tx_pt, format->rx_pt };
    }
    media_stream_video(is_bundled(media) ? leg->stream : media->video_stream, leg->stream, &video);
}

enum err leg_video_apply(struct leg_media *media, struct fault *fault)
{
    const struct sdp_video_result *agreed = media->result.video;
    if (!agreed) {
        leg_video_stop(media);
        return OK;
    }
    enum err err = OK;
    if (!is_bundled(media))
        err =
            leg_media_tell_rtp(media, media->video_stream, &agreed->line, media->video_keys, fault);
    if (err)
        return err;
    if (!media->has_video)
        leg_on_event(media->leg, "video", "%s", agreed->formats.formats[0].name);
    media->has_video = true;
    set(media->leg, &agreed->formats);
    describe(media, agreed);
    return OK;
}

void leg_video_stop(struct leg_media *media)
{
    static const struct media_video none;
    struct leg *leg = media->leg;
    if (media->has_video && leg->stream && is_bundled(media))
        media_stream_video(leg->stream, leg->stream, &none);
    media_stream_destroy(media->video_stream);
    media->video_stream = NULL;
    media->has_video = false;
    set(leg, NULL);
}
