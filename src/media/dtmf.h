#pragma once
/* DTMF as RTP events (RFC 4733): an engine that sends digits, one that receives them, and the same
 * digits as in-band tones. Time is an argument. Not threaded, nothing on the heap. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/slice.h"
#include "media/tone.h"

enum {
    DTMF_PAYLOAD_LEN = 4,
    DTMF_QUEUE_MAX = 64,   /* digits and pauses waiting */
    DTMF_DEFAULT_MS = 160, /* of a digit, when 0 is given */
    DTMF_DEFAULT_GAP_MS = 80,
    DTMF_MIN_MS = 40, /* shorter ones are lengthened (RFC 4733 §2.5.1.1, ITU-T Q.24) */
    DTMF_MAX_MS = 6000,
    DTMF_PAUSE_MS = 1000,   /* of a comma */
    DTMF_LOST_END_MS = 200, /* a digit is over after this long without a packet */
    DTMF_VOLUME = 10,       /* -dBm0 that our events claim */
    DTMF_LOW_DBM0 = -8,     /* of our tones; the higher one is louder (ITU-T Q.24) */
    DTMF_HIGH_DBM0 = -6,
};

/** 0-9 * # A-D to the event code (RFC 4733 §3.2), either case; -1: no digit. And back; 0: none. */
int dtmf_event_of(char digit);
char dtmf_digit_of(unsigned event);
/** The two frequencies of a digit (ITU-T Q.23); false: no digit. */
bool dtmf_frequencies(char digit, double *low_hz, double *high_hz);

struct dtmf_item {
    char digit; /* ',': a pause */
    uint16_t on_ms, gap_ms;
};
struct dtmf_queue { /* of the two senders below */
    struct dtmf_item items[DTMF_QUEUE_MAX];
    unsigned head, count;
};

/* Digits to event packets. */
struct dtmf_sender {
    struct dtmf_queue queue;
    uint32_t clock_hz;
    uint32_t at_ms;      /* since the current item began */
    uint32_t pending_ms; /* passed since the last packet's timestamp */
    unsigned ends_sent;
};
struct dtmf_packet {
    uint8_t payload[DTMF_PAYLOAD_LEN];
    bool marker;         /* the first of its digit */
    uint32_t ts_advance; /* rtp_sender_advance() by this before rtp_sender_make(…, 0, …) */
};
void dtmf_sender_init(struct dtmf_sender *sender, uint32_t clock_hz);
/** Digits 0-9*#A-D and `,` (a pause of 1 s); 0 ms are the defaults. Appends. A digit is cut to what
 * 16 bits of its clock can say: 1365 ms at 48000. ERR_INVALID: another character, a time over
 * DTMF_MAX_MS.  ERR_LIMIT: over DTMF_QUEUE_MAX. Nothing is taken then. */
MUST_CHECK enum err dtmf_sender_add(struct dtmf_sender *sender, struct slice digits,
                                    unsigned duration_ms, unsigned gap_ms);
/** While it is, audio gives way. */
bool dtmf_sender_is_busy(const struct dtmf_sender *sender);
/** Each `step_ms` (the stream's ptime) while busy. True: send `out`. The last packet of a digit
 * goes three times (RFC 4733 §2.5.1.4). Call rtp_sender_switch() when it begins to be busy, and
 * again before audio goes on. */
bool dtmf_sender_tick(struct dtmf_sender *sender, unsigned step_ms, struct dtmf_packet *out);

/* Event packets to digits. */
struct dtmf_events {
    /** Once a key, at its end. */
    void (*on_digit)(void *owner, char digit, unsigned duration_ms);
};
struct dtmf_receiver {
    const struct dtmf_events *events;
    void *owner;
    bool pressed; /* a digit goes on */
    char digit;
    uint32_t ts;       /* of its segment */
    uint32_t duration; /* of its segment, clock units */
    uint64_t before;   /* of its earlier segments (RFC 4733 §2.5.1.3) */
    uint32_t clock_hz;
    bool has_ended; /* a digit ended: what is not after it is a repetition */
    uint32_t ended_ts;
    int64_t heard_ms;
};
void dtmf_receiver_init(struct dtmf_receiver *receiver, const struct dtmf_events *events,
                        void *owner);
/** One packet of payload type telephone-event/`clock_hz`; init again when the SSRC changes.
 * ERR_PARSE: too short. Events other than digits are ignored. */
MUST_CHECK enum err dtmf_receiver_feed(struct dtmf_receiver *receiver, uint32_t clock_hz,
                                       uint32_t ts, struct slice payload, int64_t now_ms);
/** A key of this sender was heard, or is heard now. */
static inline bool dtmf_receiver_has_heard(const struct dtmf_receiver *receiver)
{
    return receiver->pressed || receiver->has_ended;
}
/** Now and then: ends a digit whose end packets were lost. */
void dtmf_receiver_tick(struct dtmf_receiver *receiver, int64_t now_ms);

/** For relays: the duration of one event payload from one clock to another, in place; it saturates
 * at 65535. ERR_PARSE: too short. */
MUST_CHECK enum err dtmf_convert(uint8_t *payload, size_t len, uint32_t from_hz, uint32_t to_hz);

/* Digits to tones in the audio itself, for far ends without telephone-event. */
struct dtmf_tones {
    struct dtmf_queue queue;
    uint32_t rate_hz;
    uint64_t at; /* samples since the current item began */
    struct tone tone;
};
void dtmf_tones_init(struct dtmf_tones *tones, uint32_t rate_hz);
MUST_CHECK enum err dtmf_tones_add(struct dtmf_tones *tones, struct slice digits,
                                   unsigned duration_ms, unsigned gap_ms);
bool dtmf_tones_is_busy(const struct dtmf_tones *tones);
/** Fill `n` samples, silence after the end. */
void dtmf_tones_render(struct dtmf_tones *tones, int16_t *pcm, size_t n);
