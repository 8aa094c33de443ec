#pragma once
/* Video on its way from one stream to the linked one, as it came (media_video in media.h): numbers
 * of formats change, sequence numbers and SSRCs do not, so feedback (NACK, PLI, FIR, REMB) and
 * retransmission work end to end. Reports pass too, with our clock in them, so that lips and voice
 * stay together beside audio that is ours. Media thread. */

#include "media/media_priv.h"

struct media_stream_core;
struct media_packet;
struct stream_video;

/** Take what is video out of `packets` and pass it on; return how many are left, in front. */
size_t stream_video_take(struct media_stream_core *core, struct media_packet **packets, size_t n);
/** It is linked anew: whoever sends begins with a whole picture. */
void stream_video_linked(struct media_stream_core *core);
/** It ends: nobody refers to it any more. */
void stream_video_clear(struct media_stream_core *core);
void stream_core_run_video(struct media_thread *thread, struct media_stream_core *core,
                           const struct media_cmd *cmd); /* give: struct media_video */
