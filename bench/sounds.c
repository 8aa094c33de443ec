/* A second of sound, encoded before the bench begins, so that it costs the generator nothing; and
 * what the codecs alone take for it. */
#include "base/err.h"
#include "base/mem.h"
#include "bench/bench.h"
#include "media/codecs.h"
#include "media/tone.h"

enum { ROUNDS = 10 };

static void speak(int16_t *pcm, uint32_t rate_hz)
{
    struct tone low, high;
    int16_t other[CODEC_RATE_MAX_HZ];
    tone_init(&low, rate_hz, 300, -15);
    tone_init(&high, rate_hz, 1700, -20);
    tone_render(&low, pcm, rate_hz);
    tone_render(&high, other, rate_hz);
    for (uint32_t i = 0; i < rate_hz; i++) /* syllables: four a second */
        pcm[i] =
            (int16_t)((pcm[i] + other[i]) * (int)((i * 4 / rate_hz + i * 8 / rate_hz) % 2 + 1) / 2);
}

static void encode(const struct codec *codec, const int16_t *pcm, uint8_t *out, size_t room,
                   size_t *lens)
{
    struct codec_encoder *encoder = codec_encoder_create(codec, NULL, codec->rate_hz);
    size_t frame = codec->rate_hz / PACKETS_A_SECOND;
    for (size_t i = 0; i < PACKETS_A_SECOND; i++) {
        size_t len = room;
        BUG_IF(codec_encode(encoder, pcm + i * frame, frame, out + i * room, &len));
        if (lens)
            lens[i] = len;
    }
    codec_encoder_destroy(encoder);
}

/* Opus to PCMU and back, at the rate that the engine takes for the pair. */
static double measure(const struct sounds *sounds)
{
    uint32_t rate = codec_common_rate(&codec_opus, &codec_pcmu);
    struct codec_decoder *from_opus = codec_decoder_create(&codec_opus, rate);
    struct codec_decoder *from_pcmu = codec_decoder_create(&codec_pcmu, 8000);
    struct codec_encoder *to_opus = codec_encoder_create(&codec_opus, NULL, rate);
    struct codec_encoder *to_pcmu = codec_encoder_create(&codec_pcmu, NULL, 8000);
    int64_t before = now_ns();
    for (size_t n = 0; n < ROUNDS * PACKETS_A_SECOND; n++) {
        size_t i = n % PACKETS_A_SECOND, samples = CODEC_MAX_SAMPLES, len = CODEC_MAX_BYTES;
        int16_t pcm[CODEC_MAX_SAMPLES];
        uint8_t bytes[CODEC_MAX_BYTES];
        BUG_IF(codec_decode(from_opus, slice_make(sounds->opus[i], sounds->opus_len[i]), pcm,
                            &samples));
        BUG_IF(codec_encode(to_pcmu, pcm, samples, bytes, &len));
        samples = CODEC_MAX_SAMPLES;
        len = CODEC_MAX_BYTES;
        BUG_IF(codec_decode(from_pcmu, slice_make(sounds->pcmu[i], PAYLOAD_MAX), pcm, &samples));
        BUG_IF(codec_encode(to_opus, pcm, samples, bytes, &len));
    }
    double took = (double)(now_ns() - before) / (ROUNDS * PACKETS_A_SECOND);
    codec_decoder_destroy(from_opus);
    codec_decoder_destroy(from_pcmu);
    codec_encoder_destroy(to_opus);
    codec_encoder_destroy(to_pcmu);
    return took;
}

void sounds_make(struct sounds *sounds)
{
    int16_t pcm[CODEC_RATE_MAX_HZ];
    speak(pcm, 48000);
    encode(&codec_opus, pcm, sounds->opus[0], sizeof sounds->opus[0], sounds->opus_len);
    speak(pcm, 8000);
    encode(&codec_pcmu, pcm, sounds->pcmu[0], PAYLOAD_MAX, NULL);
    sounds->codec_ns = measure(sounds);
}
