/* Opus (RFC 6716, 7587): mono inside, whatever the packets hold; libopus mixes stereo down and
 * resamples. Only this file knows libopus. */
#include <opus/opus.h>

#include "base/mem.h"
#include "base/num.h"
#include "media/codec_priv.h"
#include "media/codecs.h"

enum {
    CLOCK_HZ = 48000,
    BITRATE = 32000, /* fullband speech in mono (RFC 7587 §3.1.1) */
    BITRATE_MIN = 6000,
    BITRATE_MAX = 510000, /* RFC 7587 §6.1 */
    COMPLEXITY = 5,       /* of 10: half the work of the default, hard to tell apart on speech */
    FEC_LOSS_PERCENT = 5, /* libopus spends nothing on FEC at 0 */
    DTX_BYTES = 2,        /* such a packet need not be sent (opus_encode) */
    FULL_PERMILLE = 1000,
    STEP_HZ = 400, /* lengths are multiples of 2.5 ms */
};

struct opus_enc {
    struct codec_encoder base;
    OpusEncoder *state;
    bool dtx, fec;
    opus_int32 bitrate; /* while little is lost */
};
struct opus_dec {
    struct codec_decoder base;
    OpusDecoder *state;
};

static bool is_one(struct slice value)
{
    return slice_is(value, "1");
}

/* RFC 7587 §6.1: what the far end says of its receiver. */
static void parse_fmtp(struct slice fmtp, struct codec_params *out)
{
    struct slice name, value;
    uint32_t number;
    while (codec_fmtp_next(&fmtp, &name, &value)) {
        if (slice_iis(name, "useinbandfec"))
            out->fec = is_one(value);
        else if (slice_iis(name, "usedtx"))
            out->dtx = is_one(value);
        else if (slice_iis(name, "cbr"))
            out->cbr = is_one(value);
        else if (slice_iis(name, "maxplaybackrate") && slice_to_u32(value, CLOCK_HZ, &number) == OK)
            out->max_rate_hz = number;
        else if (slice_iis(name, "maxaveragebitrate") &&
                 slice_to_u32(value, BITRATE_MAX, &number) == OK)
            out->max_bitrate = number;
    }
}

static uint32_t duration(struct slice payload)
{
    int n = opus_packet_get_nb_samples((const unsigned char *)payload.ptr, (opus_int32)payload.len,
                                       CLOCK_HZ);
    return n > 0 ? (uint32_t)n : 0;
}

/* The widest band whose sampling rate the far end plays. */
static opus_int32 bandwidth(uint32_t max_rate_hz)
{
    static const struct {
        uint32_t rate_hz;
        opus_int32 bandwidth;
    } bands[] = {
        /* sorted by rate */
        { 8000, OPUS_BANDWIDTH_NARROWBAND },
        { 12000, OPUS_BANDWIDTH_MEDIUMBAND },
        { 16000, OPUS_BANDWIDTH_WIDEBAND },
        { 24000, OPUS_BANDWIDTH_SUPERWIDEBAND },
    };
    for (size_t i = 0; max_rate_hz != 0 && i < COUNT_OF(bands); i++)
        if (max_rate_hz <= bands[i].rate_hz)
            return bands[i].bandwidth;
    return OPUS_BANDWIDTH_FULLBAND;
}

static opus_int32 bitrate(const struct codec_params *params)
{
    int64_t most = params->max_bitrate ? params->max_bitrate : BITRATE_MAX;
    return (opus_int32)num_max(num_min(BITRATE, most), BITRATE_MIN); /* in these bounds */
}

static void adapt(struct codec_encoder *base, unsigned loss_percent, unsigned rate_permille)
{
    const struct opus_enc *encoder = (const struct opus_enc *)base; /* its first member */
    int64_t loss = encoder->fec ? num_max(loss_percent, FEC_LOSS_PERCENT) : 0;
    int64_t rate = (int64_t)encoder->bitrate * rate_permille / FULL_PERMILLE;
    /* both in their bounds */
    opus_encoder_ctl(encoder->state, OPUS_SET_BITRATE((opus_int32)num_max(rate, BITRATE_MIN)));
    opus_encoder_ctl(encoder->state, OPUS_SET_PACKET_LOSS_PERC((opus_int32)num_min(loss, 100)));
}

static struct codec_encoder *encoder_create(const struct codec_params *params, uint32_t rate_hz)
{
    struct opus_enc *encoder = mem_new(struct opus_enc);
    int error;
    encoder->state = opus_encoder_create((opus_int32)rate_hz, 1, OPUS_APPLICATION_VOIP, &error);
    BUG_IF(error != OPUS_OK);
    encoder->dtx = params->dtx;
    encoder->fec = params->fec;
    encoder->bitrate = bitrate(params);
    opus_encoder_ctl(encoder->state, OPUS_SET_COMPLEXITY(COMPLEXITY));
    opus_encoder_ctl(encoder->state, OPUS_SET_MAX_BANDWIDTH(bandwidth(params->max_rate_hz)));
    opus_encoder_ctl(encoder->state, OPUS_SET_VBR(!params->cbr));
    opus_encoder_ctl(encoder->state, OPUS_SET_DTX(params->dtx));
    opus_encoder_ctl(encoder->state, OPUS_SET_INBAND_FEC(params->fec));
    adapt(&encoder->base, params->loss_percent, FULL_PERMILLE);
    return &encoder->base;
}

static void encoder_destroy(struct codec_encoder *base)
{
    struct opus_enc *encoder = (struct opus_enc *)base; /* its first member */
    opus_encoder_destroy(encoder->state);
    mem_free(encoder);
}

static enum err encode(struct codec_encoder *base, const int16_t *pcm, size_t samples, uint8_t *out,
                       size_t *len)
{
    const struct opus_enc *encoder = (const struct opus_enc *)base; /* its first member */
    opus_int32 n = opus_encode(encoder->state, pcm, (int)samples, out,
                               (opus_int32)num_min((int64_t)*len, CODEC_MAX_BYTES));
    if (n < 0)
        return n == OPUS_BUFFER_TOO_SMALL ? ERR_LIMIT : ERR_INVALID;
    *len = encoder->dtx && n <= DTX_BYTES ? 0 : (size_t)n;
    return OK;
}

static struct codec_decoder *decoder_create(uint32_t rate_hz)
{
    struct opus_dec *decoder = mem_new(struct opus_dec);
    int error;
    decoder->state = opus_decoder_create((opus_int32)rate_hz, 1, &error);
    BUG_IF(error != OPUS_OK);
    return &decoder->base;
}

static void decoder_destroy(struct codec_decoder *base)
{
    struct opus_dec *decoder = (struct opus_dec *)base; /* its first member */
    opus_decoder_destroy(decoder->state);
    mem_free(decoder);
}

static enum err decode(struct codec_decoder *base, struct slice payload, int16_t *pcm,
                       size_t *samples)
{
    const struct opus_dec *decoder = (const struct opus_dec *)base; /* its first member */
    int n = opus_decode(decoder->state, (const unsigned char *)payload.ptr, (opus_int32)payload.len,
                        pcm, (int)num_min((int64_t)*samples, CODEC_MAX_SAMPLES), 0);
    if (n <= 0)
        return n == OPUS_BUFFER_TOO_SMALL ? ERR_LIMIT : ERR_PARSE;
    *samples = (size_t)n;
    return OK;
}

/* Lost sound, from `next` (its FEC) or from nothing. Of a length Opus does not know: silence. */
static enum err fill(struct codec_decoder *base, struct slice next, int16_t *pcm, size_t samples)
{
    const struct opus_dec *decoder = (const struct opus_dec *)base; /* its first member */
    if (samples % (base->rate_hz / STEP_HZ) != 0 || samples > CODEC_MAX_SAMPLES)
        return ERR_INVALID;
    int n = opus_decode(decoder->state, (const unsigned char *)next.ptr, (opus_int32)next.len, pcm,
                        (int)samples, next.ptr != NULL);
    return n == (int)samples ? OK : ERR_PARSE;
}

static enum err recover(struct codec_decoder *base, struct slice next, int16_t *pcm, size_t samples)
{
    return fill(base, next, pcm, samples);
}

static void conceal(struct codec_decoder *base, int16_t *pcm, size_t samples)
{
    if (fill(base, SLICE_NONE, pcm, samples) != OK)
        memset(pcm, 0, samples * sizeof(*pcm));
}

static const uint8_t packets_ms[] = { 60, 40, 20, 10, 0 }; /* RFC 6716 §2.1.4 */

const struct codec codec_opus = {
    .name = "opus",
    .clock_hz = CLOCK_HZ,
    .sdp_channels = 2, /* always, whatever is inside (RFC 7587 §7) */
    .static_pt = CODEC_PT_DYNAMIC,
    .rate_hz = CLOCK_HZ,
    .rates_hz = { 48000, 16000, 8000 },
    .ptime_ms = 20,
    .packets_ms = packets_ms,
    /* G.113 has no narrow-band figures for it: it sounds no worse than G.711, and its FEC makes up
     * for about every other single loss (RFC 6716 §2.1.7), so twice G.711's robustness */
    .ie = 0,
    .bpl = 50,
    .fmtp = "minptime=10;useinbandfec=1",
    .parse_fmtp = parse_fmtp,
    .duration = duration,
    .encoder_create = encoder_create,
    .encoder_destroy = encoder_destroy,
    .adapt = adapt,
    .encode = encode,
    .decoder_create = decoder_create,
    .decoder_destroy = decoder_destroy,
    .decode = decode,
    .conceal = conceal,
    .recover = recover,
};
