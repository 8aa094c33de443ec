/* G.722 at 64 kbit/s (RFC 3551 §4.5.2, whose RTP clock is 8000 by an old mistake), by spandsp,
 * which can also give and take 8000 Hz audio. */
#include <stdint.h>

#include <spandsp/telephony.h>

#include <spandsp/g722.h>

#include "base/mem.h"
#include "media/codecs.h"
#include "media/conceal.h"

enum { BITRATE = 64000, CLOCK_HZ = 8000, NARROW_HZ = 8000, WIDE_HZ = 16000 };

struct g722_encoder {
    struct codec_encoder base;
    g722_encode_state_t *state;
};
struct g722_decoder {
    struct codec_decoder base;
    g722_decode_state_t *state;
    struct conceal *conceal;
};

static int options(uint32_t rate_hz)
{
    return rate_hz == NARROW_HZ ? G722_SAMPLE_RATE_8000 : 0;
}

static uint32_t duration(struct slice payload)
{
    return (uint32_t)payload.len; /* of a datagram; a byte is 1/8000 s */
}

static struct codec_encoder *encoder_create(const struct codec_params *params, uint32_t rate_hz)
{
    (void)params;
    struct g722_encoder *encoder = mem_new(struct g722_encoder);
    encoder->state = g722_encode_init(NULL, BITRATE, options(rate_hz));
    BUG_IF(!encoder->state);
    return &encoder->base;
}

static void encoder_destroy(struct codec_encoder *base)
{
    struct g722_encoder *encoder = (struct g722_encoder *)base; /* its first member */
    g722_encode_free(encoder->state);
    mem_free(encoder);
}

static enum err encode(struct codec_encoder *base, const int16_t *pcm, size_t samples, uint8_t *out,
                       size_t *len)
{
    const struct g722_encoder *encoder = (const struct g722_encoder *)base; /* its first member */
    if (samples / (base->rate_hz / CLOCK_HZ) > *len)
        return ERR_LIMIT;
    *len = (size_t)g722_encode(encoder->state, out, pcm, (int)samples); /* 120 ms at most */
    return OK;
}

static struct codec_decoder *decoder_create(uint32_t rate_hz)
{
    struct g722_decoder *decoder = mem_new(struct g722_decoder);
    decoder->state = g722_decode_init(NULL, BITRATE, options(rate_hz));
    BUG_IF(!decoder->state);
    decoder->conceal = conceal_create(rate_hz);
    return &decoder->base;
}

static void decoder_destroy(struct codec_decoder *base)
{
    struct g722_decoder *decoder = (struct g722_decoder *)base; /* its first member */
    g722_decode_free(decoder->state);
    conceal_destroy(decoder->conceal);
    mem_free(decoder);
}

static enum err decode(struct codec_decoder *base, struct slice payload, int16_t *pcm,
                       size_t *samples)
{
    const struct g722_decoder *decoder = (const struct g722_decoder *)base; /* its first member */
    if (payload.len > *samples / (base->rate_hz / CLOCK_HZ))
        return ERR_LIMIT;
    *samples = (size_t)g722_decode(decoder->state, pcm, (const uint8_t *)payload.ptr,
                                   (int)payload.len); /* bounded by *samples */
    conceal_feed(decoder->conceal, pcm, *samples);
    return OK;
}

static void conceal_lost(struct codec_decoder *base, int16_t *pcm, size_t samples)
{
    const struct g722_decoder *decoder = (const struct g722_decoder *)base; /* its first member */
    conceal_fill(decoder->conceal, pcm, samples);
}

const struct codec codec_g722 = {
    .name = "G722",
    .clock_hz = CLOCK_HZ,
    .sdp_channels = 1,
    .static_pt = 9,
    .rate_hz = WIDE_HZ,
    .rates_hz = { WIDE_HZ, NARROW_HZ },
    .ptime_ms = 20,
    /* on the narrow-band scale it is no worse than G.711, and conceals alike */
    .ie = 0,
    .bpl = 25.1,
    .duration = duration,
    .encoder_create = encoder_create,
    .encoder_destroy = encoder_destroy,
    .encode = encode,
    .decoder_create = decoder_create,
    .decoder_destroy = decoder_destroy,
    .decode = decode,
    .conceal = conceal_lost,
};
