#pragma once
/* What a codec is to everybody else: one const row and an encoder and a decoder made from it. PCM
 * is 16-bit mono. Encoders and decoders belong to one thread. Rows are found in media/codecs.h. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/slice.h"

enum {
    CODEC_PT_DYNAMIC = 255,
    CODEC_PTIME_MAX_MS = 120,
    CODEC_RATE_MAX_HZ = 48000,
    CODEC_MAX_SAMPLES = CODEC_RATE_MAX_HZ / 1000 * CODEC_PTIME_MAX_MS, /* of one packet */
    CODEC_MAX_BYTES = 1400,                                            /* of one encoded packet */
    CODEC_RATES_MAX = 4,
    CODEC_FMTP_MAX = 512, /* a longer fmtp is ignored past this */
};

struct codec;

/** What the far end's fmtp asks of our encoder. */
struct codec_params {
    uint32_t max_rate_hz; /* audio bandwidth × 2 that it plays; 0: any */
    uint32_t max_bitrate; /* bits a second; 0: the codec's choice */
    bool fec;             /* it decodes in-band FEC */
    bool dtx;             /* it likes silence not to be sent */
    bool cbr;
    unsigned loss_percent; /* expected; makes an encoder spend bits on FEC */
};

struct codec_encoder { /* first member of each codec's own */
    const struct codec *codec;
    uint32_t rate_hz;
};
struct codec_decoder {
    const struct codec *codec;
    uint32_t rate_hz;
};

struct codec {
    const char *name;     /* as in a=rtpmap */
    uint32_t clock_hz;    /* of RTP timestamps */
    uint8_t sdp_channels; /* the number in a=rtpmap; audio is mono inside all the same */
    uint8_t static_pt;    /* RFC 3551 table 4, or CODEC_PT_DYNAMIC */
    uint32_t rate_hz;     /* of its own audio */
    uint32_t
        rates_hz[CODEC_RATES_MAX]; /* that it encodes and decodes without a resampler; 0 ends */
    unsigned ptime_ms;             /* default */
    const uint8_t *packets_ms;     /* what its encoder makes, longest first, 0 ends; NULL: any
                                    * multiple of 10 */
    double ie, bpl;                /* how it sounds, and how it stands loss (ITU-T G.113) */
    const char *fmtp;              /* to announce, or NULL */

    /** NULL: fmtp means nothing to it. Unknown parameters are skipped (RFC 4855 §3). */
    void (*parse_fmtp)(struct slice fmtp, struct codec_params *out);
    /** How long a packet lasts, in clock units; 0: malformed or empty. */
    uint32_t (*duration)(struct slice payload);

    struct codec_encoder *(*encoder_create)(const struct codec_params *params, uint32_t rate_hz);
    void (*encoder_destroy)(struct codec_encoder *encoder);
    /** See codec_adapt(). NULL: it has one bit rate and no protection. */
    void (*adapt)(struct codec_encoder *encoder, unsigned loss_percent, unsigned rate_permille);
    enum err (*encode)(struct codec_encoder *encoder, const int16_t *pcm, size_t samples,
                       uint8_t *out, size_t *len);
    struct codec_decoder *(*decoder_create)(uint32_t rate_hz);
    void (*decoder_destroy)(struct codec_decoder *decoder);
    enum err (*decode)(struct codec_decoder *decoder, struct slice payload, int16_t *pcm,
                       size_t *samples);
    /** Sound for a lost packet. */
    void (*conceal)(struct codec_decoder *decoder, int16_t *pcm, size_t samples);
    /** The lost packet before `next`, out of its FEC; NULL: the codec has none. */
    enum err (*recover)(struct codec_decoder *decoder, struct slice next, int16_t *pcm,
                        size_t samples);
};

/** Of the far end's fmtp; an empty one gives the defaults. */
struct codec_params codec_parse_fmtp(const struct codec *codec, struct slice fmtp);
bool codec_has_rate(const struct codec *codec, uint32_t rate_hz);
/** The rate to transcode at between two codecs without a resampler, or 0: there is none. */
uint32_t codec_common_rate(const struct codec *a, const struct codec *b);
/** The longest packet that its encoder makes, not over `ms`; at least 10, at most 60. */
unsigned codec_packet_ms(const struct codec *codec, unsigned ms);
uint32_t codec_duration(const struct codec *codec, struct slice payload);

/** `rate_hz` is one of the codec's rates_hz (else a bug). `params` NULL: the defaults. */
struct codec_encoder *codec_encoder_create(const struct codec *codec,
                                           const struct codec_params *params, uint32_t rate_hz);
void codec_encoder_destroy(struct codec_encoder *encoder);
/** From now on: protect against so much loss, as far as the far end understands that, and spend
 * that share of the usual bit rate. */
void codec_adapt(struct codec_encoder *encoder, unsigned loss_percent, unsigned rate_permille);
/** One packet of `samples` (a length of codec_packet_ms(), at the encoder's rate). `*len` is the
 * room in `out` and then the bytes; 0: send nothing (DTX). ERR_INVALID: another size.  ERR_LIMIT:
 * no room. */
MUST_CHECK enum err codec_encode(struct codec_encoder *encoder, const int16_t *pcm, size_t samples,
                                 uint8_t *out, size_t *len);

struct codec_decoder *codec_decoder_create(const struct codec *codec, uint32_t rate_hz);
void codec_decoder_destroy(struct codec_decoder *decoder);
/** `*samples` is the room in `pcm` (CODEC_MAX_SAMPLES always does) and then what the packet held.
 * ERR_PARSE: malformed.  ERR_LIMIT: longer than the room. */
MUST_CHECK enum err codec_decode(struct codec_decoder *decoder, struct slice payload, int16_t *pcm,
                                 size_t *samples);
/** Sound in place of a lost packet of `samples`, fading out when called again and again. */
void codec_conceal(struct codec_decoder *decoder, int16_t *pcm, size_t samples);
/** As codec_conceal(), but when the packet after the lost one is here already and carries FEC, out
 * of that. Decode `next` afterwards as usual. */
void codec_recover(struct codec_decoder *decoder, struct slice next, int16_t *pcm, size_t samples);
