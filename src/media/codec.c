#include "media/codec.h"

#include "base/num.h"
#include "media/codec_priv.h"

enum { STEP_MS = 10, PACKET_MAX_MS = 60 };

static struct codec_params codec_params_default(void)
{
    return (struct codec_params){ 0 };
}

struct codec_params codec_parse_fmtp(const struct codec *codec, struct slice fmtp)
{
    struct codec_params params = codec_params_default();
    if (codec->parse_fmtp)
        codec->parse_fmtp(slice_sub(fmtp, 0, CODEC_FMTP_MAX), &params);
    return params;
}

bool codec_fmtp_next(struct slice *rest, struct slice *name, struct slice *value)
{
    while (!slice_empty(*rest)) {
        struct slice item = slice_trim(slice_cut(rest, ';'));
        *name = slice_trim(slice_cut(&item, '='));
        *value = slice_trim(item);
        if (!slice_empty(*name))
            return true;
    }
    return false;
}

bool codec_has_rate(const struct codec *codec, uint32_t rate_hz)
{
    for (size_t i = 0; i < CODEC_RATES_MAX && codec->rates_hz[i] != 0; i++)
        if (codec->rates_hz[i] == rate_hz)
            return true;
    return false;
}

/* The best that both can use: more than the lesser one's own rate carries nothing. */
uint32_t codec_common_rate(const struct codec *a, const struct codec *b)
{
    uint32_t most = a->rate_hz < b->rate_hz ? a->rate_hz : b->rate_hz;
    uint32_t best = 0;
    for (size_t i = 0; i < CODEC_RATES_MAX && a->rates_hz[i] != 0; i++) {
        uint32_t rate = a->rates_hz[i];
        if (rate <= most && rate > best && codec_has_rate(b, rate))
            best = rate;
    }
    return best;
}

unsigned codec_packet_ms(const struct codec *codec, unsigned ms)
{
    if (!codec->packets_ms)
        return (unsigned)num_max(num_min(ms, PACKET_MAX_MS) / STEP_MS * STEP_MS, STEP_MS);
    const uint8_t *size = codec->packets_ms;
    while (size[1] && *size > ms)
        size++;
    return *size;
}

uint32_t codec_duration(const struct codec *codec, struct slice payload)
{
    return slice_empty(payload) ? 0 : codec->duration(payload);
}

struct codec_encoder *codec_encoder_create(const struct codec *codec,
                                           const struct codec_params *params, uint32_t rate_hz)
{
    BUG_IF(!codec_has_rate(codec, rate_hz));
    struct codec_params defaults = codec_params_default();
    struct codec_encoder *encoder = codec->encoder_create(params ? params : &defaults, rate_hz);
    encoder->codec = codec;
    encoder->rate_hz = rate_hz;
    return encoder;
}

void codec_encoder_destroy(struct codec_encoder *encoder)
{
    if (encoder)
        encoder->codec->encoder_destroy(encoder);
}

void codec_adapt(struct codec_encoder *encoder, unsigned loss_percent, unsigned rate_permille)
{
    if (encoder->codec->adapt)
        encoder->codec->adapt(encoder, loss_percent, rate_permille);
}

enum err codec_encode(struct codec_encoder *encoder, const int16_t *pcm, size_t samples,
                      uint8_t *out, size_t *len)
{
    size_t step = encoder->rate_hz / 100;
    if (samples == 0 || samples % step != 0 || samples / step > CODEC_PTIME_MAX_MS / 10)
        return ERR_INVALID;
    return encoder->codec->encode(encoder, pcm, samples, out, len);
}

struct codec_decoder *codec_decoder_create(const struct codec *codec, uint32_t rate_hz)
{
    BUG_IF(!codec_has_rate(codec, rate_hz));
    struct codec_decoder *decoder = codec->decoder_create(rate_hz);
    decoder->codec = codec;
    decoder->rate_hz = rate_hz;
    return decoder;
}

void codec_decoder_destroy(struct codec_decoder *decoder)
{
    if (decoder)
        decoder->codec->decoder_destroy(decoder);
}

enum err codec_decode(struct codec_decoder *decoder, struct slice payload, int16_t *pcm,
                      size_t *samples)
{
    if (slice_empty(payload))
        return ERR_PARSE;
    return decoder->codec->decode(decoder, payload, pcm, samples);
}

void codec_conceal(struct codec_decoder *decoder, int16_t *pcm, size_t samples)
{
    decoder->codec->conceal(decoder, pcm, samples);
}

void codec_recover(struct codec_decoder *decoder, struct slice next, int16_t *pcm, size_t samples)
{
    if (!decoder->codec->recover || slice_empty(next) ||
        decoder->codec->recover(decoder, next, pcm, samples) != OK)
        codec_conceal(decoder, pcm, samples);
}
