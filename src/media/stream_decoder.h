#pragma once
/* From a far end's packets to continuous PCM: jitter buffer, decoder per codec, concealment,
 * resampling. Made for a stream when somebody first needs to hear it. Time is an argument. Not
 * threaded. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "media/rtp.h"

struct codec;
struct meter;
struct stream_decoder;

/** `meter`, borrowed, gets what is decoded. */
struct stream_decoder *stream_decoder_create(struct meter *meter);
void stream_decoder_destroy(struct stream_decoder *decoder);
/** One audio packet of `codec`. */
void stream_decoder_feed(struct stream_decoder *decoder, const struct codec *codec,
                         const struct rtp_header *header, int64_t now_us);
/** Packets came lately: pulling makes sense. NULL: no. */
bool stream_decoder_is_active(const struct stream_decoder *decoder, int64_t now_us);
/** What it was fed is of no use any more: it is not active until it is fed again. */
void stream_decoder_rest(struct stream_decoder *decoder);
/** The next `n` samples at `rate_hz`, silence where there are none. */
void stream_decoder_pull(struct stream_decoder *decoder, int16_t *pcm, size_t n, uint32_t rate_hz,
                         int64_t now_us);
/** With less noise from now on, or as it came. */
void stream_decoder_denoise(struct stream_decoder *decoder, bool on);
/** Always that late instead of adapting to the network: a modem's signal must not be stretched or
 * shortened for comfort. Before it is fed. */
void stream_decoder_fix_delay(struct stream_decoder *decoder, unsigned ms);
/** Made up for what was lost so far, and what the jitter buffer aims at. */
int64_t stream_decoder_concealed_ms(const struct stream_decoder *decoder);
int64_t stream_decoder_buffer_ms(const struct stream_decoder *decoder);
/** Packets that came too late to be played. */
uint64_t stream_decoder_late(const struct stream_decoder *decoder);
/** What it decoded last; NULL: nothing yet. */
const struct codec *stream_decoder_codec(const struct stream_decoder *decoder);
