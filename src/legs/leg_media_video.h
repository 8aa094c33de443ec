#pragma once
/* The video half of leg_media: what the far end has passes to the other leg as it is, on the
 * audio's transport with WebRTC, on ports of its own with plain RTP and SDES. What leg->video names
 * is what the far end offers and, once both have spoken, what was agreed. Private to leg_media.c
 * and leg_media_video.c. Control thread. */

#include "legs/leg_media.h"

/** What struct sdp_caps borrows for video. */
struct leg_video_room {
    struct sdp_video video;
    struct sdp_key keys[LEG_SDES_KEYS];
};

/** Our offer or answer may have a video line: what the other leg's far end has. */
void leg_video_fill(struct leg_media *media, struct sdp_caps *caps, struct leg_video_room *room);
/** media->result is new. */
MUST_CHECK enum err leg_video_apply(struct leg_media *media, struct fault *fault);
/** No video from here on. */
void leg_video_stop(struct leg_media *media);

/** leg_media.c: a new key for each profile. */
void leg_media_make_keys(struct leg_sdes_key *keys);
/** leg_media.c: where they want to hear `stream`, which has a port of its own. */
MUST_CHECK enum err leg_media_tell_rtp(const struct leg_media *media, struct media_stream *stream,
                                       const struct sdp_result *result,
                                       const struct leg_sdes_key *keys, struct fault *fault);
