#pragma once
/* The inside of a stream on its media thread, shared by the stream_ files: what comes in
 * (stream_rx), what goes out (stream_tx), what goes out by the clock rather than because something
 * came in (stream_pace), reports (stream_rtcp), and is anybody there (stream_watch). */

#include <stdbool.h>
#include <stdint.h>

#include "base/list.h"
#include "base/num.h"
#include "base/timer.h"
#include "media/codec.h"
#include "media/dtmf.h"
#include "media/loss_follow.h"
#include "media/media_priv.h"
#include "media/media_thread.h"
#include "media/meter.h"
#include "media/player.h"
#include "media/recorder.h"
#include "media/rtcp.h"
#include "media/rtp_bursts.h"
#include "media/rtp_sender.h"
#include "media/rtp_source.h"
#include "media/stage.h"

struct codec_decoder;
struct pcm_pipe;
struct stream_listen;
struct stream_record;
struct codec_encoder;
struct dtmf_detector;
struct stream_decoder;
struct stream_video;

struct stream_tones { /* keys in the audio: stream_tones.c */
    struct stage stage;
    struct media_stream_core *core;
    struct codec_decoder *decoder;  /* NULL until audio comes that is to be listened to */
    struct dtmf_detector *detector; /* likewise */
    uint32_t ssrc;
    uint16_t seq; /* of the last packet heard */
    int64_t heard_us;
    bool quiet; /* since then */
};

struct stream_rx {
    uint8_t format_of[RTP_PT_MAX + 1]; /* payload type to an RX_ value of stream_rx.c */
    bool has_source;
    struct rtp_source source;
    struct rtp_source successor; /* another SSRC that began to send, on probation */
    bool source_left;            /* it said BYE: the next one needs no probation */
    uint64_t lost_before;        /* of earlier sources */
    uint64_t packets, bytes, reordered;
    int64_t last_us; /* 0: none yet */
    const struct codec *codec;
    struct rtp_bursts bursts; /* of all sources; only while reports of it are wanted */
    struct meter meter;
    struct stage meter_stage, dtmf_stage, forward_stage;
    struct dtmf_receiver dtmf;
    struct stream_tones tones;
    struct stream_decoder *decoder; /* NULL until somebody needs PCM */
};

struct stream_tx {
    struct rtp_sender sender;
    uint64_t packets, bytes;
    int64_t last_us; /* 0: none yet */
    const struct codec *codec;
    struct meter meter;
    struct media_packet *queue[MEDIA_BATCH]; /* of the batch at hand */
    size_t n_queue;
    bool is_reported;       /* the far end said how it hears us */
    uint64_t reported_lost; /* it said */
    int64_t reported_jitter_us;
    int64_t reported_buffer_ms; /* -1: it does not say */
    double reported_mos;        /* -1 */
    struct loss_follow follow;  /* what our encoder does about that */
    struct {                    /* the telephone event that is passed on with numbers of our own */
        uint32_t in_ts, out_ts;
        int64_t heard_us; /* 0: none */
        int64_t until_us; /* audio waits; 0: it does not */
    } event;
};

enum { STREAM_FRAME_MAX = CODEC_RATE_MAX_HZ / 1000 * 60 }; /* codec_packet_ms() at most */

struct stream_ears { /* stream_ear.c; the stage is in the chain while somebody listens */
    struct stage stage;
    struct list list;
};

struct stream_pace {
    struct timer timer;
    int64_t due_us;
    struct player player;
    struct dtmf_sender dtmf;
    struct dtmf_tones tones;
    uint8_t dtmf_pt;
    struct codec_encoder *encoder;
};

struct stream_rtcp {
    char cname[RTCP_CNAME_MAX + 1];
    struct rtcp_seen seen;
    int64_t due_us; /* 0: not scheduled */
    int64_t heard_us;
    int64_t rtt_us;
};

struct stream_watch {
    int64_t waiting_since_us; /* packets are expected since; 0: they are not */
    bool silent, failed, first_seen;
    bool was_held; /* waiting began in this state */
    int64_t stats_due_us;
};

struct media_stream_core {
    struct media_thread *thread;
    struct stream_id id;
    struct media_transport *transport;
    struct media_description description;
    bool described, connected;
    struct addr remote;
    bool mute_send, mute_receive;
    bool echo;
    bool denoise;                         /* of what the far end says, wherever it is decoded */
    int64_t hidden_until_us;              /* nobody listens until then */
    struct media_stream_core *peer;       /* linked, both ways */
    struct stream_video *video;           /* what it carries of that; NULL: nothing */
    struct media_stream_core *video_core; /* of a stream with audio: who carries its video */
    struct media_stream_core *carrier;    /* of one with video alone: whose video */
    struct stream_rx rx;
    struct stream_tx tx;
    struct stream_pace pace;
    struct stream_rtcp rtcp;
    struct stream_watch watch;
    struct stream_ears ears;
    struct list feeds;            /* stream_feed.c */
    struct stream_listen *listen; /* stream_listen.c; NULL: nobody asked */
    struct stream_record *record; /* NULL: nobody records */
    uint64_t dropped_auth, dropped_stranger;
};

static inline int64_t stream_now_us(const struct media_stream_core *core)
{
    return media_thread_now_us(core->thread);
}
/** Whose packets go out here and where ours go: the linked stream, this one (echo), or NULL. */
static inline struct media_stream_core *stream_partner(struct media_stream_core *core)
{
    return core->echo ? core : core->peer;
}
/** Fill in the stream's name and post. */
void stream_post(struct media_stream_core *core, struct media_event *event);

/* stream_rx.c */
void stream_rx_init(struct media_stream_core *core);
void stream_rx_clear(struct media_stream_core *core);
void stream_rx_describe(struct media_stream_core *core);
void stream_rx_tick(struct media_stream_core *core);
/** The far end pressed a key: say so, and let the partner's far end know. */
void stream_rx_digit(struct media_stream_core *core, char digit, unsigned duration_ms,
                     bool in_audio);
uint64_t stream_rx_lost(const struct media_stream_core *core);

/* stream_tones.c */
void stream_tones_init(struct stream_tones *tones, struct media_stream_core *core,
                       struct stage *next);
/** Forget what was heard; the next packet starts anew. */
void stream_tones_clear(struct stream_tones *tones);
void stream_tones_tick(struct stream_tones *tones);

/* stream_forward.c: the last stage */
void stream_forward_take(struct stage *stage, struct stage_item *items, size_t n);

/* stream_tx.c */
void stream_tx_init(struct media_stream_core *core);
void stream_tx_clear(struct media_stream_core *core);
/** The far end wants audio, and can be reached. */
bool stream_tx_can_send(const struct media_stream_core *core);
/** How the far end wants this codec, or NULL. */
const struct media_format *stream_tx_format(const struct media_stream_core *core,
                                            const struct codec *codec);
/** What this payload type is toward the far end, or NULL: no audio. */
const struct media_format *stream_format_sent(const struct media_stream_core *core, uint8_t pt);
/** The event format for the clock of what is sent, else any, or NULL: keys are not sent so. */
const struct media_dtmf_format *stream_tx_dtmf_format(const struct media_stream_core *core,
                                                      uint32_t clock_hz);
/** Pass an audio packet on as it is, in its own memory; sent with stream_tx_flush(). */
void stream_tx_relay(struct media_stream_core *core, struct stage_item *item,
                     const struct media_format *format);
/** The same for a telephone event. */
void stream_tx_relay_event(struct media_stream_core *core, struct stage_item *item);
void stream_tx_flush(struct media_stream_core *core);
/** A packet made here; `header` has all but the payload's. */
void stream_tx_send(struct media_stream_core *core, const struct rtp_header *header,
                    struct slice payload);

/* stream_pace.c */
void stream_pace_clear(struct media_stream_core *core);
/** What the far end reports to be lost has changed: tell the encoder. */
void stream_pace_adapt(struct media_stream_core *core);
/** Something may want to be sent by the clock now. */
void stream_pace_wake(struct media_stream_core *core);
/** What is sent by the clock replaces what the partner sends. */
bool stream_pace_overrides(const struct media_stream_core *core);
/** What is sent by the clock is added to what the partner sends, which must be decoded for it. */
bool stream_pace_mixes(struct media_stream_core *core);
void stream_pace_send_dtmf(struct media_stream_core *core, struct slice digits,
                           unsigned duration_ms, unsigned gap_ms);

/* stream_rtcp.c */
void stream_rtcp_init(struct media_stream_core *core);
void stream_rtcp_receive(struct media_stream_core *core, const struct media_packet *packet);
void stream_rtcp_tick(struct media_stream_core *core);
void stream_rtcp_bye(struct media_stream_core *core);

/* stream_record.c */
void stream_record_start(struct media_stream_core *core, struct recorder *recorder,
                         struct recorder_key key, unsigned channels);
/** Nothing to do is fine. */
void stream_record_stop(struct media_stream_core *core);

/* stream_ear.c */
/** The stream's `denoise` has changed. */
void stream_ears_denoise(struct media_stream_core *core);
void stream_ears_clear(struct media_stream_core *core);
/** A packet went out; only while somebody listens. */
void stream_ears_sent(struct media_stream_core *core, const struct rtp_header *header,
                      struct slice payload);

/* stream_feed.c */
/** Audio that is added to what is sent until the other end of the pipe is closed. `steady`: it
 * always comes, and late is worse than lost. */
void stream_feed_add(struct media_stream_core *core, struct pcm_pipe *take, uint32_t rate_hz,
                     bool steady);
void stream_feeds_clear(struct media_stream_core *core);
bool stream_feeds_are_active(struct media_stream_core *core);
/** Of the first; 0: there is none. */
uint32_t stream_feeds_rate(const struct media_stream_core *core);
void stream_feeds_add_to(struct media_stream_core *core, int16_t *pcm, size_t n, uint32_t rate_hz);

/* stream_stats.c */
struct media_stats stream_stats_collect(struct media_stream_core *core);
struct rtcp_voip;
/** R factor and MOS of what is received; left alone when there is too little to go by. */
void stream_stats_fill_quality(const struct media_stream_core *core,
                               const struct media_flow_stats *rx, struct rtcp_voip *out);

/* stream_watch.c */
void stream_watch_heard(struct media_stream_core *core);
void stream_watch_tick(struct media_stream_core *core);
