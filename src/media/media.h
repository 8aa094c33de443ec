#pragma once
/* The media engine as control sees it: threads, streams, links. Control thread only. Every call
 * posts a message to the stream's media thread and returns; events come back through the control
 * loop. A stream stays on one thread for life. Streams that are linked are best on the same one. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/slice.h"
#include "media/codec.h"
#include "media/machine.h"
#include "net/addr.h"

struct loop;
struct media;
struct media_stream;
struct media_transport; /* plain RTP: media/rtp_transport.h; WebRTC: rtc/rtc_transport.h */

/* How long nothing may come before it matters; all in ms. */
struct media_patience {
    int64_t silent_ms;  /* on_silent; 0: 5000 */
    int64_t timeout_ms; /* on_failed(ERR_TIMEOUT), of a call that talks both ways; 0: 60000 */
    int64_t held_ms;    /* the same of one that is on hold, either way; 0: 3600000 */
};

/* Where new work is turned away: shares of a thread's time, in percent. */
struct media_limits {
    unsigned transcode_percent; /* no more to transcode; 0: nothing ever */
    unsigned percent;           /* no more at all; 0: no limit */
};
enum media_work { MEDIA_WORK_RELAY, MEDIA_WORK_TRANSCODE };

struct media_config {
    unsigned threads;          /* 0: one per core */
    uint16_t rtp_min, rtp_max; /* UDP ports for plain RTP, even ones RTP; both 0: any free */
    struct addr bind;          /* where plain RTP binds; unset: 0.0.0.0 */
    struct media_patience patience;
    struct media_limits limits;
};

MUST_CHECK enum err media_create(struct media **out, struct loop *control,
                                 const struct media_config *config, struct fault *fault);
/** Every stream must be destroyed first. Joins the threads. */
void media_destroy(struct media *media);
/** From now on, for the streams that are there as well. */
void media_set_patience(struct media *media, const struct media_patience *patience);
unsigned media_threads(const struct media *media);
/** The thread with the fewest streams among those with room: pick once a call. */
unsigned media_pick_thread(const struct media *media);

void media_set_limits(struct media *media, const struct media_limits *limits);
/** The share of its time that the thread was at work, 0 to 1, over some seconds; negative: not
 * measured yet. What was reserved and is not measured yet is in it. */
double media_busy(const struct media *media, unsigned thread);
/** RTP packets that came to shared ports (rtp_shared.h) and were nobody's: dropped. Up to a second
 * old. */
uint64_t media_unclaimed(const struct media *media);
/** May one more call be taken on there? */
bool media_has_room(const struct media *media, unsigned thread, enum media_work work);
/** A call that will be transcoded was taken on: it counts until its work is measured. */
void media_reserve(struct media *media, unsigned thread);

/** Messages that wait now: for control, and for media thread `thread`. Gauges. */
size_t media_events_waiting(const struct media *media);
size_t media_commands_waiting(const struct media *media, unsigned thread);

/* What was negotiated: the outcome of offer and answer, no SDP in it. */
enum { MEDIA_FORMATS_MAX = 8, MEDIA_PT_NONE = 255, MEDIA_DTMF_MAX = 2 };
struct media_format {
    const struct codec *codec;
    uint8_t tx_pt;              /* the payload type that the peer wants to receive */
    uint8_t rx_pt;              /* the one that we announced, so the one it sends */
    struct codec_params params; /* of the peer's fmtp; zeroed is fine */
};
struct media_dtmf_format {
    uint32_t clock_hz; /* 8000 or 48000 */
    uint8_t tx_pt, rx_pt;
};
/* How keys go out to this far end, and whether they are looked for in what it says. */
enum media_dtmf_send {
    MEDIA_DTMF_SEND_AUTO,   /* telephone events when negotiated, else tones */
    MEDIA_DTMF_SEND_EVENTS, /* nothing when not negotiated */
    MEDIA_DTMF_SEND_TONES,
    MEDIA_DTMF_SEND_NONE, /* the signalling carries them (SIP INFO): media leaves them out */
};
enum media_dtmf_hear {
    MEDIA_DTMF_HEAR_AUTO, /* in G.711 without telephone events, where else would they be */
    MEDIA_DTMF_HEAR_ON,   /* in audio of any codec, telephone events or not */
    MEDIA_DTMF_HEAR_OFF,  /* telephone events alone */
};
struct media_description {
    struct media_format
        formats[MEDIA_FORMATS_MAX]; /* [0] is what we send unless a link knows better */
    size_t n_formats;
    struct media_dtmf_format dtmf[MEDIA_DTMF_MAX];
    size_t n_dtmf;
    enum media_dtmf_send dtmf_send;
    enum media_dtmf_hear dtmf_hear;
    unsigned ptime_ms; /* what we send: 10, 20 … 60, others rounded down; 0: 20 */
    /* The far end takes no longer packets (a=maxptime; 0: any): a linked one's that last longer are
     * decoded and packed anew. Everything else passes as it is, whatever ptime says. */
    unsigned maxptime_ms;
    bool xr_voip;       /* the far end takes VoIP metrics (RFC 3611) in our reports */
    bool send, receive; /* from our side: a=sendrecv is both */
};

/* Video that passes as it came between linked streams that both have it. `ref` is what the two call
 * the same format. */
enum { MEDIA_VIDEO_FORMATS = 64 };
struct media_video_format {
    uint8_t ref, tx_pt, rx_pt;
};
struct media_video {
    struct media_video_format formats[MEDIA_VIDEO_FORMATS];
    size_t n_formats; /* 0: none any more */
    bool send, receive;
};

struct media_flow_stats { /* one direction; counters since the stream began */
    uint64_t packets, bytes;
    uint64_t lost;       /* RFC 3550 §6.4.1, never negative here */
    int64_t jitter_us;   /* -1: not measured */
    int64_t last_age_ms; /* since the last packet; -1: none yet */
    int level_dbov;    /* of the last second; 1: not measured. Pass-through G.711 is measured too */
    int64_t reordered; /* came after a later one, or twice; -1: not known (tx) */
    int64_t concealed_ms; /* made up by our decoder; -1: nothing is decoded here */
    int64_t buffer_ms;    /* the jitter buffer's aim; -1: none here (rx), not told (tx) */
    /* 1 to 4.41 by the E-model (media/mos.h) since the stream began; -1: not measured. Delay counts
     * as far as it is known: without RTCP it is how it would sound to one who only listens. */
    double mos;
};
struct media_stats {
    struct media_flow_stats rx, tx; /* tx.lost and tx.jitter_us are what the far end reports */
    int64_t rtt_us;                 /* -1: not measured */
    double far_mos;                 /* that the far end itself reports (RTCP XR); -1 */
    uint64_t dropped_auth;          /* SRTP that did not verify or was replayed */
    uint64_t dropped_stranger;      /* from an address that may not send here */
    const struct codec *rx_codec, *tx_codec; /* NULL until a packet went */
    bool transcoding;
    struct addr remote;
};

struct media_recorded {
    uint32_t record_id;
    enum err err;        /* ERR_IO: the file could not be opened or written */
    int64_t duration_ms; /* in the file */
    unsigned dropped_ms; /* left out: the disk was too slow */
};
/* What is in the audio of the far end. */
enum media_heard_kind {
    MEDIA_HEARD_VOICE,   /* it talks */
    MEDIA_HEARD_SILENCE, /* it talks no more */
    /* answering-machine detection: one of the first three, once */
    MEDIA_HEARD_HUMAN,
    MEDIA_HEARD_MACHINE,
    MEDIA_HEARD_UNKNOWN,
    MEDIA_HEARD_READY, /* the machine's greeting is over: it records */
    MEDIA_HEARD_BEEP,  /* one tone, over now */
    MEDIA_HEARD_CNG,   /* a calling fax (ITU-T T.30: 1100 Hz) */
    MEDIA_HEARD_CED,   /* an answering one (2100 Hz, or its preamble) */
};
struct media_listen {
    bool voice;                     /* VOICE and SILENCE */
    int64_t silence_ms;             /* it talks no more after so long; 0: 400 */
    bool machine;                   /* HUMAN, MACHINE, UNKNOWN, READY */
    struct machine_config greeting; /* how that is judged; zeroed is fine */
    bool beep, fax;
};
struct media_heard {
    enum media_heard_kind kind;
    int64_t after_ms; /* of audio since listening began, when it began; of HUMAN, MACHINE, UNKNOWN,
                       * when it was decided */
};
struct media_events { /* any may be NULL; never called from inside a media_ function */
    void (*on_connected)(
        void *owner); /* keys agreed and the peer's address known: media may flow */
    void (*on_first_packet)(void *owner); /* the first valid RTP packet arrived */
    /** Once a key, at its end, heard as a telephone event or in the audio. It is news, nothing to
     * act on for a linked stream's sake: that one's far end has it relayed already, as its
     * dtmf_send says. Only with MEDIA_DTMF_SEND_NONE there the owner passes it on. */
    void (*on_dtmf)(void *owner, char digit, unsigned duration_ms);
    void (*on_play_done)(void *owner, uint32_t play_id);
    /** The file is complete, after media_stream_record_stop(). */
    void (*on_recorded)(void *owner, const struct media_recorded *recorded);
    void (*on_heard)(void *owner, const struct media_heard *heard);
    void (*on_silent)(void *owner, int64_t silent_ms); /* once until packets come again */
    void (*on_heard_again)(void *owner);
    /** The stream is of no more use: ERR_AUTH (DTLS fingerprint), ERR_TIMEOUT (consent or media).
     */
    void (*on_failed)(void *owner, enum err err, const char *text);
    /** A step for the timeline: "ice" "pair 10.0.0.1:5000", "dtls" "DTLSv1.2 AEAD_AES_128_GCM". */
    void (*on_step)(void *owner, const char *step, const char *detail);
    /** The transport says something of its own kind, borrowed until return: WebRTC a struct
     * rtc_event (rtc/rtc_transport.h). */
    void (*on_transport)(void *owner, const void *event);
};

/** Takes the transport, which was created for `thread`. */
struct media_stream *media_stream_create(struct media *media, unsigned thread,
                                         struct media_transport *take,
                                         const struct media_events *events, void *owner);
/** No event comes after this. NULL is fine. */
void media_stream_destroy(struct media_stream *stream);
unsigned media_stream_thread(const struct media_stream *stream);

void media_stream_describe(struct media_stream *stream,
                           const struct media_description *description);
/** `stream` carries the video of `audio`, on the same thread: itself, where both come over one
 * transport (BUNDLE, RFC 9143), else a stream that was made for it and is described by nothing
 * else. The video goes where the audio is linked to. */
void media_stream_video(struct media_stream *stream, struct media_stream *audio,
                        const struct media_video *video);
/** Hand a message of the transport's own kind (heap) to it on its thread: set-remote, candidate. */
void media_stream_tell_transport(struct media_stream *stream, void *take);

/** What one receives the other sends, codec kept where the other side has it, else transcoded. From
 * one thread to another that takes a way through the kernel (media/media_tie.h). */
void media_link(struct media_stream *a, struct media_stream *b);
void media_unlink(struct media_stream *stream); /* both ends */
/** Send back what comes in (an echo); a link ends it. */
void media_stream_echo(struct media_stream *stream, bool on);
/** Block toward the far end (`send`: it gets silence, whatever is linked or plays) or from it
 * (`receive`: the linked one gets silence). */
void media_stream_mute(struct media_stream *stream, bool send, bool receive);
/** Take steady noise out of what the far end says, for the linked one and for whoever listens or
 * records. A relay decodes while that is on. */
void media_stream_denoise(struct media_stream *stream, bool on);
/** Whoever listens or records (forks, taps, recordings, speech) gets silence of both directions: a
 * secret is being typed, perhaps as tones. It ends a moment after it is told to, for what is heard
 * is a little late. Keys are told as ever. */
void media_stream_hide(struct media_stream *stream, bool on);

/** Play mono PCM, given away, to the far end once it is connected; replaces what plays and, while
 * it lasts, what a link or echo sends. on_play_done carries `play_id`; it does not come for a clip
 * that was stopped or replaced. */
void media_stream_play(struct media_stream *stream, uint32_t play_id, int16_t *take_pcm,
                       size_t samples, uint32_t rate_hz);
/** The same, added to what a link sends instead of in its place. */
void media_stream_play_over(struct media_stream *stream, uint32_t play_id, int16_t *take_pcm,
                            size_t samples, uint32_t rate_hz);
/** Of the clip `play_id`, if that is what plays: stop and go on; how loud; where, from its
 * beginning. While it pauses, what a link sends is heard. */
void media_stream_play_pause(struct media_stream *stream, uint32_t play_id, bool on);
void media_stream_play_gain(struct media_stream *stream, uint32_t play_id, double gain_db);
void media_stream_play_seek(struct media_stream *stream, uint32_t play_id, int64_t at_ms);
/** A steady tone (`level_dbm0` ≤ 0) in place of what plays, until stopped; 1004 Hz at 0 dBm0 is
 * milliwatt. */
void media_stream_tone(struct media_stream *stream, double hz, double level_dbm0);
void media_stream_play_stop(struct media_stream *stream);
/** Digits 0-9*#A-D, `,` is a pause of 1 s, sent as dtmf_send says; a step "dtmf" tells when they
 * could not be. */
void media_stream_send_dtmf(struct media_stream *stream, struct slice digits, unsigned duration_ms,
                            unsigned gap_ms);

/** Listen anew to what the far end says, from now on, for on_heard. Zeroed: no more. */
void media_stream_listen(struct media_stream *stream, const struct media_listen *listen);

/** Write what the far end says and what it is sent to a WAV file of 16 kHz, mixed, or in `stereo`
 * left and right; another recording of this stream ends. A relay stays a relay: its packets are
 * decoded beside it, and a slow disk costs gaps in the file, never packets. A stream that is
 * destroyed completes its file, but reports no more: stop, and wait for on_recorded. */
void media_stream_record(struct media_stream *stream, uint32_t record_id, const char *path,
                         bool stereo);
void media_stream_record_stop(struct media_stream *stream);
/** What is not to be in the file: the time is left out of it, or is silence. */
enum media_record_pause { MEDIA_RECORD_ON, MEDIA_RECORD_SKIP, MEDIA_RECORD_SILENCE };
void media_stream_record_pause(struct media_stream *stream, enum media_record_pause pause);

/** The newest figures, at most a second old; all unknown before the first report. */
const struct media_stats *media_stream_stats(const struct media_stream *stream);
