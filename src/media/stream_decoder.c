#include "stream_decoder.h"

#include <string.h>

#include "base/mem.h"
#include "base/num.h"
#include "media/codec.h"
#include "media/denoiser.h"
#include "media/jitter.h"
#include "media/meter.h"
#include "media/pcm_fifo.h"

enum {
    ACTIVE_US = 1000000, /* Opus in DTX sends every 400 ms */
    CODECS_MAX = 8,      /* that one far end changes between; more share the last place */
};

struct stream_decoder {
    struct meter *meter;
    struct jitter *jitter;
    uint32_t clock_hz;
    uint32_t ssrc;
    int64_t fed_us; /* 0: never */
    const struct codec *codecs[CODECS_MAX];
    struct codec_decoder *decoders[CODECS_MAX];
    size_t n_codecs;
    const struct codec *last;
    unsigned frame_ms; /* that it is pulled in; 0: not yet */
    unsigned fixed_ms; /* 0: the delay adapts */
    uint64_t concealed_us;
    uint64_t late_before; /* of jitter buffers before this one */
    struct pcm_fifo fifo;
    struct denoiser *denoiser; /* NULL: as it came */
};

struct stream_decoder *stream_decoder_create(struct meter *meter)
{
    struct stream_decoder *decoder = mem_new(struct stream_decoder);
    decoder->meter = meter;
    return decoder;
}

void stream_decoder_destroy(struct stream_decoder *decoder)
{
    if (!decoder)
        return;
    for (size_t i = 0; i < decoder->n_codecs; i++)
        codec_decoder_destroy(decoder->decoders[i]);
    jitter_destroy(decoder->jitter);
    pcm_fifo_clear(&decoder->fifo);
    denoiser_destroy(decoder->denoiser);
    mem_free(decoder);
}

void stream_decoder_denoise(struct stream_decoder *decoder, bool on)
{
    if (on == (decoder->denoiser != NULL))
        return;
    denoiser_destroy(decoder->denoiser);
    decoder->denoiser = on ? denoiser_create() : NULL;
}

void stream_decoder_fix_delay(struct stream_decoder *decoder, unsigned ms)
{
    decoder->fixed_ms = ms;
}

static uint8_t tag_of(struct stream_decoder *decoder, const struct codec *codec)
{
    for (size_t i = 0; i < decoder->n_codecs; i++)
        if (decoder->codecs[i] == codec)
            return (uint8_t)i;
    if (decoder->n_codecs < CODECS_MAX)
        decoder->n_codecs++;
    size_t place = decoder->n_codecs - 1;
    codec_decoder_destroy(decoder->decoders[place]);
    decoder->decoders[place] = NULL;
    decoder->codecs[place] = codec;
    return (uint8_t)place;
}

void stream_decoder_feed(struct stream_decoder *decoder, const struct codec *codec,
                         const struct rtp_header *header, int64_t now_us)
{
    struct jitter_packet packet = { .seq = header->seq,
                                    .ts = header->ts,
                                    .duration = codec_duration(codec, header->payload),
                                    .payload = header->payload };
    if (packet.duration == 0)
        return;
    if (decoder->clock_hz != codec->clock_hz) {
        decoder->late_before = stream_decoder_late(decoder);
        jitter_destroy(decoder->jitter);
        decoder->jitter = jitter_create(&(struct jitter_config){ .clock_hz = codec->clock_hz,
                                                                 .frame_ms = decoder->frame_ms,
                                                                 .min_ms = decoder->fixed_ms,
                                                                 .max_ms = decoder->fixed_ms });
        decoder->clock_hz = codec->clock_hz;
    } else if (decoder->ssrc != header->ssrc) {
        jitter_reset(decoder->jitter);
    }
    decoder->ssrc = header->ssrc;
    packet.tag = tag_of(decoder, codec);
    jitter_feed(decoder->jitter, &packet, now_us);
    decoder->fed_us = now_us;
    decoder->last = codec;
}

bool stream_decoder_is_active(const struct stream_decoder *decoder, int64_t now_us)
{
    return decoder && decoder->fed_us && now_us - decoder->fed_us < ACTIVE_US;
}

void stream_decoder_rest(struct stream_decoder *decoder)
{
    decoder->fed_us = 0;
    decoder->fifo.n_held = 0;
    if (decoder->jitter)
        jitter_reset(decoder->jitter);
}

int64_t stream_decoder_concealed_ms(const struct stream_decoder *decoder)
{
    return (int64_t)(decoder->concealed_us / 1000);
}

int64_t stream_decoder_buffer_ms(const struct stream_decoder *decoder)
{
    return decoder->jitter ? (int64_t)jitter_stats(decoder->jitter).delay_ms : -1;
}

uint64_t stream_decoder_late(const struct stream_decoder *decoder)
{
    return decoder->late_before + (decoder->jitter ? jitter_stats(decoder->jitter).late : 0);
}

const struct codec *stream_decoder_codec(const struct stream_decoder *decoder)
{
    return decoder ? decoder->last : NULL;
}

/* The decoder at `tag`, at the rate that is wanted if the codec has it. */
static struct codec_decoder *decoder_at(struct stream_decoder *decoder, uint8_t tag,
                                        uint32_t rate_hz)
{
    const struct codec *codec = decoder->codecs[tag];
    uint32_t rate = codec_has_rate(codec, rate_hz) ? rate_hz : codec->rate_hz;
    struct codec_decoder **place = &decoder->decoders[tag];
    if (*place && (*place)->rate_hz != rate) {
        codec_decoder_destroy(*place);
        *place = NULL;
    }
    if (!*place)
        *place = codec_decoder_create(codec, rate);
    return *place;
}

static size_t conceal(const struct stream_decoder *decoder, struct codec_decoder *codec_decoder,
                      const struct jitter_packet *lost, int16_t *pcm)
{
    uint64_t want = (uint64_t)lost->duration * codec_decoder->rate_hz / decoder->clock_hz;
    size_t samples = want < CODEC_MAX_SAMPLES ? (size_t)want : CODEC_MAX_SAMPLES;
    if (slice_empty(lost->payload))
        codec_conceal(codec_decoder, pcm, samples);
    else
        codec_recover(codec_decoder, lost->payload, pcm, samples);
    return samples;
}

/* The next packet's worth into the queue; false: there is nothing to play. */
static bool decode_one(struct stream_decoder *decoder, uint32_t rate_hz, int64_t now_us)
{
    struct jitter_packet packet;
    enum jitter_result what = jitter_pull(decoder->jitter, now_us, &packet);
    if (what == JITTER_NOTHING)
        return false;
    int16_t pcm[CODEC_MAX_SAMPLES];
    size_t samples = CODEC_MAX_SAMPLES;
    struct codec_decoder *codec_decoder = decoder_at(decoder, packet.tag, rate_hz);
    if (what == JITTER_CONCEAL ||
        codec_decode(codec_decoder, packet.payload, pcm, &samples) != OK) {
        if (what == JITTER_PACKET)
            packet.payload = SLICE_NONE; /* malformed: as good as lost */
        samples = conceal(decoder, codec_decoder, &packet, pcm);
        decoder->concealed_us += samples * 1000000ULL / codec_decoder->rate_hz;
    }
    meter_feed(decoder->meter, pcm, samples);
    pcm_fifo_set_rates(&decoder->fifo, codec_decoder->rate_hz, rate_hz);
    pcm_fifo_feed(&decoder->fifo, pcm, samples);
    return samples > 0;
}

void stream_decoder_pull(struct stream_decoder *decoder, int16_t *pcm, size_t n, uint32_t rate_hz,
                         int64_t now_us)
{
    unsigned frame_ms = (unsigned)(n * 1000 / rate_hz); /* a packet at most */
    if (decoder->frame_ms != frame_ms && decoder->jitter)
        jitter_set_frame(decoder->jitter, frame_ms);
    decoder->frame_ms = frame_ms;
    size_t done = decoder->fifo.out_hz == rate_hz ? pcm_fifo_take(&decoder->fifo, pcm, n) : 0;
    while (done < n && decoder->jitter && decode_one(decoder, rate_hz, now_us))
        done += pcm_fifo_take(&decoder->fifo, pcm + done, n - done);
    memset(pcm + done, 0, (n - done) * sizeof *pcm);
    if (decoder->denoiser)
        denoiser_run(decoder->denoiser, pcm, n, rate_hz);
}
