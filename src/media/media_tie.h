#pragma once
/* Two media threads joined: a pair of streams of our own, one on each thread, that talk plain RTP
 * over loopback. Packets go through as they came, audio in whatever codec and video with its
 * feedback, so that only the streams that are linked to the ends transcode. For media_link(), whose
 * streams an attended transfer may bring together long after each was pinned to its thread. Control
 * thread. */

#include "base/err.h"

struct media;
struct media_stream;
struct media_tie;

/** Ends on threads `a` and `b` of `media`. ERR_IO: no socket is left. */
MUST_CHECK enum err media_tie_create(struct media_tie **out, struct media *media, unsigned a,
                                     unsigned b, struct fault *fault);
/** NULL is fine. */
void media_tie_destroy(struct media_tie *tie);
/** The end on thread `a` (0) or `b` (1), to be linked there. */
struct media_stream *media_tie_end(const struct media_tie *tie, unsigned i);
