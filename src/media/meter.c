#include "meter.h"

#include <math.h>

#include "media/codec.h"
#include "media/codecs.h"
#include "media/tone.h"

enum { ONE_IN = 10 };

void meter_clear(struct meter *meter)
{
    codec_decoder_destroy(meter->decoder);
    *meter = (struct meter){ 0 };
}

void meter_feed(struct meter *meter, const int16_t *pcm, size_t n)
{
    uint64_t power = 0;
    for (size_t i = 0; i < n; i++)
        power += (uint64_t)((int64_t)pcm[i] * pcm[i]);
    meter->power += power;
    meter->samples += n;
}

static bool is_cheap(const struct codec *codec)
{
    return codec == &codec_pcmu || codec == &codec_pcma;
}

void meter_feed_packet(struct meter *meter, const struct codec *codec, struct slice payload)
{
    int16_t pcm[CODEC_MAX_SAMPLES];
    size_t samples = CODEC_MAX_SAMPLES;
    if (meter->skipped++ % ONE_IN != 0 || !is_cheap(codec))
        return;
    if (!meter->decoder || meter->decoder->codec != codec) {
        codec_decoder_destroy(meter->decoder);
        meter->decoder = codec_decoder_create(codec, codec->rate_hz);
    }
    if (codec_decode(meter->decoder, payload, pcm, &samples) == OK)
        meter_feed(meter, pcm, samples);
}

int meter_read(struct meter *meter)
{
    if (!meter->samples)
        return METER_UNKNOWN;
    double mean = (double)meter->power / (double)meter->samples / (32768.0 * 32768.0);
    meter->power = meter->samples = 0;
    if (mean < 1e-12)
        return LEVEL_SILENT_DBOV;
    return (int)fmax(round(10 * log10(mean)), LEVEL_SILENT_DBOV);
}
