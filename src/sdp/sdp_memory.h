#pragma once
/* What a dialog's later offers and answers must keep (RFC 3264 §8): the m= lines in their order,
 * the payload numbers in use, the last text sent. Private to sdp/. Control thread. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/slice.h"
#include "sdp/sdp.h"
#include "sdp/sdp_attr.h"

struct sdp_session_state;

enum { SDP_MEMORY_MAX_FORMATS = 32, SDP_NAME_MAX = 32, SDP_NO_LINE = SDP_MAX_MEDIA };

struct sdp_known_format {
    char name[SDP_NAME_MAX];
    uint32_t clock_hz;
    uint8_t channels, pt;
};
struct sdp_memory {
    char *lines[SDP_MAX_MEDIA]; /* rejected ones, printed whole; NULL for the two below */
    size_t n_lines;             /* 0: nothing was said yet */
    size_t active;              /* index of the audio line */
    char *mid;                  /* of the audio line; NULL: none */
    char *proto;                /* as it was spelled */
    bool bundled;
    enum sdp_setup setup; /* our DTLS role once it is decided */
    struct sdp_known_format formats[SDP_MEMORY_MAX_FORMATS];
    size_t n_formats;
    /* the video line: SDP_NO_LINE until there is one, then its place for good */
    size_t video;
    char *video_mid, *video_proto;
    uint8_t video_pts[128]; /* ours by ref; 0: none yet */
    char *sent;             /* our last description behind its o= line */
};

struct sdp_memory *sdp_memory_create(void);
void sdp_memory_destroy(struct sdp_memory *memory);

/** Replace what is known about lines by those of `offer`, of which `active` is the audio line and
 * `video` that of video, or SDP_NO_LINE. */
void sdp_memory_keep_lines(struct sdp_memory *memory, const struct sdp_session *offer,
                           size_t active, size_t video);
/** The same where an image (T.38) is the active line: how audio is spelled there stays known. */
void sdp_memory_keep_image(struct sdp_memory *memory, const struct sdp_session *offer, size_t at);
/** An offer of our own has a video line from now on. */
void sdp_memory_add_video(struct sdp_memory *memory, const char *proto, const char *mid);
/** Is the number in use by audio or video? */
bool sdp_memory_has_pt(const struct sdp_memory *memory, uint8_t pt);
/** A first offer of our own: one audio line. */
void sdp_memory_first_line(struct sdp_memory *memory, const char *proto, const char *mid);

/** Is a number known for this format? */
bool sdp_memory_find_pt(const struct sdp_memory *memory, const struct sdp_rtpmap *format,
                        uint8_t *out);
/** Note `format->pt`, so that later offers keep it; forgets who had that number before. */
void sdp_memory_note_pt(struct sdp_memory *memory, const struct sdp_rtpmap *format);
/** The number to offer a format under: the known one, else `wish` when it suits, else a free
 * dynamic one. Notes it. */
uint8_t sdp_memory_choose_pt(struct sdp_memory *memory, const struct sdp_rtpmap *format,
                             uint8_t wish);
