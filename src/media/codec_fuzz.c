#include "media/codecs.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

/* Packets of a byte of length each, behind a byte that picks the row, into one decoder. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    static int16_t pcm[CODEC_MAX_SAMPLES];
    size_t n;
    const struct codec *const *all = codecs_all(&n);
    if (len == 0)
        return 0;
    struct codec_decoder *decoder = codec_decoder_create(all[data[0] % n], 8000);
    for (size_t at = 1; at < len; at += 1 + data[at]) {
        size_t rest = len - at - 1, samples = CODEC_MAX_SAMPLES;
        struct slice payload = slice_make(data + at + 1, data[at] < rest ? data[at] : rest);
        if (at % 3 == 0)
            codec_recover(decoder, payload, pcm, 160);
        bool ok = codec_decode(decoder, payload, pcm, &samples) == OK;
        BUG_IF(ok && samples != codec_duration(decoder->codec, payload) /
                                    (decoder->codec->clock_hz / 8000));
    }
    codec_decoder_destroy(decoder);
    return 0;
}
