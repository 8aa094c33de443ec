/* PCMU and PCMA (RFC 3551 §4.5.14): a byte a sample. */
#include "base/mem.h"
#include "media/codecs.h"
#include "media/conceal.h"
#include "media/g711.h"

enum { RATE_HZ = 8000 };

struct g711_decoder {
    struct codec_decoder base;
    struct conceal *conceal;
};

static uint32_t duration(struct slice payload)
{
    return (uint32_t)payload.len; /* of a datagram */
}

static struct codec_encoder *encoder_create(const struct codec_params *params, uint32_t rate_hz)
{
    (void)params;
    (void)rate_hz;
    return mem_new(struct codec_encoder);
}

static void encoder_destroy(struct codec_encoder *encoder)
{
    mem_free(encoder);
}

static enum err encode(uint8_t (*law)(int16_t), const int16_t *pcm, size_t samples, uint8_t *out,
                       size_t *len)
{
    if (samples > *len)
        return ERR_LIMIT;
    for (size_t i = 0; i < samples; i++)
        out[i] = law(pcm[i]);
    *len = samples;
    return OK;
}

static enum err encode_ulaw(struct codec_encoder *encoder, const int16_t *pcm, size_t samples,
                            uint8_t *out, size_t *len)
{
    (void)encoder;
    return encode(g711_ulaw, pcm, samples, out, len);
}

static enum err encode_alaw(struct codec_encoder *encoder, const int16_t *pcm, size_t samples,
                            uint8_t *out, size_t *len)
{
    (void)encoder;
    return encode(g711_alaw, pcm, samples, out, len);
}

static struct codec_decoder *decoder_create(uint32_t rate_hz)
{
    struct g711_decoder *decoder = mem_new(struct g711_decoder);
    decoder->conceal = conceal_create(rate_hz);
    return &decoder->base;
}

static void decoder_destroy(struct codec_decoder *base)
{
    struct g711_decoder *decoder = (struct g711_decoder *)base; /* its first member */
    conceal_destroy(decoder->conceal);
    mem_free(decoder);
}

static enum err decode(struct codec_decoder *base, const int16_t table[256], struct slice payload,
                       int16_t *pcm, size_t *samples)
{
    const struct g711_decoder *decoder = (const struct g711_decoder *)base; /* its first member */
    if (payload.len > *samples)
        return ERR_LIMIT;
    for (size_t i = 0; i < payload.len; i++)
        pcm[i] = table[(uint8_t)payload.ptr[i]];
    conceal_feed(decoder->conceal, pcm, payload.len);
    *samples = payload.len;
    return OK;
}

static enum err decode_ulaw(struct codec_decoder *decoder, struct slice payload, int16_t *pcm,
                            size_t *samples)
{
    return decode(decoder, g711_ulaw_pcm, payload, pcm, samples);
}

static enum err decode_alaw(struct codec_decoder *decoder, struct slice payload, int16_t *pcm,
                            size_t *samples)
{
    return decode(decoder, g711_alaw_pcm, payload, pcm, samples);
}

static void conceal_lost(struct codec_decoder *base, int16_t *pcm, size_t samples)
{
    const struct g711_decoder *decoder = (const struct g711_decoder *)base; /* its first member */
    conceal_fill(decoder->conceal, pcm, samples);
}

#define G711_ROW(sdp_name, pt, law)                                                        \
    {                                                                                      \
        .name = (sdp_name), .clock_hz = RATE_HZ, .sdp_channels = 1, .static_pt = (pt),     \
        .rate_hz = RATE_HZ, .rates_hz = { RATE_HZ }, .ptime_ms = 20, .duration = duration, \
        .bpl = 25.1 /* G.113 table I.4 */, .encoder_create = encoder_create,               \
        .encoder_destroy = encoder_destroy, .encode = encode_##law,                        \
        .decoder_create = decoder_create, .decoder_destroy = decoder_destroy,              \
        .decode = decode_##law, .conceal = conceal_lost,                                   \
    }

const struct codec codec_pcmu = G711_ROW("PCMU", 0, ulaw);
const struct codec codec_pcma = G711_ROW("PCMA", 8, alaw);
