#include "media/jitter.h"

#include "base/mem.h"
#include "base/num.h"
#include "media/jitter_delay.h"
#include "media/rtp.h"

enum {
    FRAME_MS = 20,
    MIN_MS = 20,
    MAX_MS = 400,
    MISORDER = 1000, /* an older sequence number than this is a source that began anew */
    JUMP_MS = 2000,  /* as is a timestamp that leaps by more */
    LATE_RUN = 16,   /* and so is one of which that many in a row come too late */
    SMOOTH = 16,     /* packets that the measured delay is averaged over */
};
#define SHRINK_EVERY_US INT64_C(400000) /* a frame dropped or stretched is heard: not often */
#define GROW_EVERY_US INT64_C(200000)

enum state {
    IDLE,    /* nothing held, silence */
    FILLING, /* packets come, playing starts at play_at_us */
    PLAYING,
};

struct slot {
    bool used;
    uint16_t seq;
    uint32_t ts, duration;
    uint8_t tag;
    char *payload; /* grows to the longest it held */
    size_t len, cap;
};

struct jitter {
    struct jitter_config config;
    uint32_t frame; /* clock units */
    int64_t frame_us;
    enum state state;
    struct slot slots[JITTER_SLOTS]; /* by seq modulo their number */
    unsigned held;
    uint16_t next_seq; /* the first that may still be played */
    uint16_t newest_seq;
    uint32_t next_ts; /* what plays next */
    uint32_t last_duration;
    uint8_t last_tag;
    uint32_t decoded; /* clock units that the consumer got at pulled_us or had left */
    unsigned late_run;
    unsigned concealed_ms; /* without a packet in between */
    int64_t play_at_us;
    int64_t pulled_us;
    int64_t adjusted_us;
    struct jitter_delay delay;
    bool has_measured;
    int64_t measured_us; /* the delay that is really there, averaged */
    struct jitter_stats stats;
};

void jitter_set_frame(struct jitter *jitter, unsigned frame_ms)
{
    jitter->config.frame_ms = frame_ms;
    jitter->frame = jitter->config.clock_hz / 1000 * frame_ms;
    jitter->frame_us = (int64_t)frame_ms * 1000;
}

struct jitter *jitter_create(const struct jitter_config *config)
{
    BUG_IF(config->clock_hz < 1000);
    struct jitter *jitter = mem_new(struct jitter);
    jitter->config = *config;
    if (jitter->config.frame_ms == 0)
        jitter->config.frame_ms = FRAME_MS;
    if (jitter->config.min_ms == 0)
        jitter->config.min_ms = MIN_MS;
    if (jitter->config.max_ms == 0)
        jitter->config.max_ms = MAX_MS;
    jitter_set_frame(jitter, jitter->config.frame_ms);
    jitter_reset(jitter);
    return jitter;
}

void jitter_destroy(struct jitter *jitter)
{
    if (!jitter)
        return;
    for (size_t i = 0; i < JITTER_SLOTS; i++)
        mem_free(jitter->slots[i].payload);
    mem_free(jitter);
}

void jitter_reset(struct jitter *jitter)
{
    for (size_t i = 0; i < JITTER_SLOTS; i++)
        jitter->slots[i].used = false;
    jitter->held = 0;
    jitter->state = IDLE;
    jitter->decoded = 0;
    jitter->concealed_ms = 0;
    jitter->late_run = 0;
    jitter->has_measured = false;
    jitter->last_duration = jitter->frame;
    jitter_delay_init(&jitter->delay, jitter->config.clock_hz);
}

static int64_t to_us(const struct jitter *jitter, int64_t units)
{
    return units * 1000000 / jitter->config.clock_hz;
}

static int64_t wanted_us(const struct jitter *jitter)
{
    return num_min(num_max(jitter_delay_wanted_us(&jitter->delay), jitter->config.min_ms * 1000LL),
                   jitter->config.max_ms * 1000LL);
}

/* No bounds to move between: nothing is left out or put in to keep the delay. */
static bool is_fixed(const struct jitter *jitter)
{
    return jitter->config.min_ms == jitter->config.max_ms;
}

static struct slot *slot_of(struct jitter *jitter, uint16_t seq)
{
    return &jitter->slots[seq % JITTER_SLOTS];
}

static void store(struct jitter *jitter, const struct jitter_packet *packet)
{
    struct slot *slot = slot_of(jitter, packet->seq);
    if (packet->payload.len > slot->cap) {
        slot->payload = mem_resize(slot->payload, packet->payload.len);
        slot->cap = packet->payload.len;
    }
    if (packet->payload.len > 0)
        memcpy(slot->payload, packet->payload.ptr, packet->payload.len);
    slot->len = packet->payload.len;
    slot->seq = packet->seq;
    slot->ts = packet->ts;
    slot->duration = packet->duration;
    slot->tag = packet->tag;
    slot->used = true;
    jitter->late_run = 0;
    if (jitter->held++ == 0 || rtp_seq_after(packet->seq, jitter->newest_seq))
        jitter->newest_seq = packet->seq;
}

/* Has the source begun anew, by its numbers? */
static bool is_elsewhere(const struct jitter *jitter, const struct jitter_packet *packet)
{
    uint16_t behind = (uint16_t)(jitter->next_seq - packet->seq);
    uint16_t ahead = (uint16_t)(packet->seq - jitter->next_seq);
    if ((behind > MISORDER && ahead >= JITTER_SLOTS) || jitter->late_run == LATE_RUN)
        return true;
    if (jitter->state == IDLE)
        return false;
    int64_t leap = (int32_t)(packet->ts - jitter->next_ts);
    return leap > (int64_t)jitter->config.clock_hz * JUMP_MS / 1000 ||
           -leap > (int64_t)jitter->config.clock_hz * JUMP_MS / 1000;
}

/* The delay that is there: how early this packet came for its turn, and how much slower than the
 * fastest it was. */
static void measure(struct jitter *jitter, uint32_t ts, int64_t slower_us, int64_t now_us)
{
    int64_t turn_us = jitter->pulled_us +
                      to_us(jitter, (int32_t)(ts - jitter->next_ts) + (int64_t)jitter->decoded);
    int64_t delay_us = turn_us - now_us + slower_us;
    if (jitter->has_measured)
        jitter->measured_us += (delay_us - jitter->measured_us) / SMOOTH;
    else
        jitter->measured_us = delay_us;
    jitter->has_measured = true;
}

/* The first packet after silence: it waits, the slower it was the less. */
static void begin(struct jitter *jitter, const struct jitter_packet *packet, int64_t slower_us,
                  int64_t now_us)
{
    jitter->state = FILLING;
    jitter->next_seq = packet->seq;
    jitter->next_ts = packet->ts;
    jitter->has_measured = false;
    jitter->play_at_us =
        now_us + num_max(0, wanted_us(jitter) - (is_fixed(jitter) ? 0 : slower_us));
}

void jitter_feed(struct jitter *jitter, const struct jitter_packet *packet, int64_t now_us)
{
    if (packet->duration == 0 || packet->payload.len > JITTER_PAYLOAD_MAX)
        return;
    if (jitter->delay.started && is_elsewhere(jitter, packet))
        jitter_reset(jitter);
    struct slot *slot = slot_of(jitter, packet->seq);
    if (slot->used && slot->seq == packet->seq) {
        jitter->stats.duplicate++;
        return;
    }
    bool is_first = !jitter->delay.started;
    bool is_before = !is_first && rtp_seq_after(jitter->next_seq, packet->seq);
    int64_t slower_us = jitter_delay_feed(&jitter->delay, packet->ts, now_us);
    if (is_before && jitter->state == FILLING &&
        (uint16_t)(jitter->newest_seq - packet->seq) < JITTER_SLOTS) {
        jitter->next_seq = packet->seq; /* reordered before playing started */
        jitter->next_ts = packet->ts;
    } else if (is_before) {
        jitter->stats.late++;
        jitter->late_run++;
        return;
    } else if (jitter->state == IDLE) {
        begin(jitter, packet, slower_us, now_us);
    } else if (jitter->state == PLAYING) {
        measure(jitter, packet->ts, slower_us, now_us);
    }
    store(jitter, packet);
}

/* The earliest packet that is held. */
static struct slot *earliest(struct jitter *jitter)
{
    for (uint16_t n = 0; jitter->held > 0 && n < JITTER_SLOTS; n++) {
        struct slot *slot = slot_of(jitter, (uint16_t)(jitter->next_seq + n));
        if (slot->used)
            return slot;
    }
    return NULL;
}

static void fill_out(const struct slot *slot, struct jitter_packet *out)
{
    *out = (struct jitter_packet){ .seq = slot->seq,
                                   .ts = slot->ts,
                                   .duration = slot->duration,
                                   .tag = slot->tag,
                                   .payload = { slot->payload, slot->len } };
}

static void take_out(struct jitter *jitter, struct slot *slot)
{
    slot->used = false;
    jitter->held--;
    jitter->next_seq = (uint16_t)(slot->seq + 1);
    jitter->next_ts = slot->ts + slot->duration;
}

static enum jitter_result play(struct jitter *jitter, struct slot *slot, struct jitter_packet *out)
{
    take_out(jitter, slot);
    fill_out(slot, out);
    jitter->last_duration = slot->duration;
    jitter->last_tag = slot->tag;
    jitter->concealed_ms = 0;
    jitter->decoded += slot->duration;
    jitter->stats.played++;
    return JITTER_PACKET;
}

/* Silence to the end of the consumer's frame. */
static enum jitter_result silence(struct jitter *jitter)
{
    jitter->decoded = jitter->frame;
    return JITTER_NOTHING;
}

/* Sound for `duration` units that are not there; `next` may hold their FEC. */
static enum jitter_result conceal(struct jitter *jitter, uint32_t duration, const struct slot *next,
                                  struct jitter_packet *out)
{
    *out = (struct jitter_packet){ .ts = jitter->next_ts, .tag = jitter->last_tag };
    if (next)
        fill_out(next, out);
    out->duration = duration;
    jitter->concealed_ms += (unsigned)(to_us(jitter, duration) / 1000);
    jitter->decoded += duration;
    return JITTER_CONCEAL;
}

/* Nothing is held: lost or late, who knows. Time goes on; a packet that comes after all is played
 * late, and the delay has grown by that. */
static enum jitter_result run_dry(struct jitter *jitter, struct jitter_packet *out)
{
    if (jitter->concealed_ms >= JITTER_CONCEAL_MAX_MS) {
        jitter->state = IDLE;
        return silence(jitter);
    }
    enum jitter_result result = conceal(jitter, jitter->frame, NULL, out);
    jitter->next_ts += jitter->frame;
    jitter->stats.concealed++;
    return result;
}

/* `slot` is the next packet, and `gap` units before it are missing: lost, or never sent (DTX). */
static enum jitter_result bridge(struct jitter *jitter, const struct slot *slot, uint32_t gap,
                                 struct jitter_packet *out)
{
    bool is_lost = slot->seq != jitter->next_seq;
    if (!is_lost || jitter->concealed_ms >= JITTER_CONCEAL_MAX_MS) {
        jitter->next_ts += gap < jitter->frame ? gap : jitter->frame;
        return silence(jitter);
    }
    bool is_last = gap <= jitter->last_duration;
    uint32_t duration = is_last ? gap : jitter->last_duration;
    enum jitter_result result = conceal(jitter, duration, is_last ? slot : NULL, out);
    jitter->next_ts += duration;
    jitter->stats.concealed++;
    return result;
}

/* One frame more or less, when the delay is off by more than that can cause. */
static bool wants_less(const struct jitter *jitter, int64_t now_us)
{
    if (is_fixed(jitter) || !jitter->has_measured || now_us - jitter->adjusted_us < SHRINK_EVERY_US)
        return false;
    int64_t step_us = num_max(jitter->frame_us, to_us(jitter, jitter->last_duration));
    return jitter->measured_us > wanted_us(jitter) + step_us + jitter->frame_us / 4;
}

static bool wants_more(const struct jitter *jitter, int64_t now_us)
{
    return !is_fixed(jitter) && jitter->has_measured &&
           now_us - jitter->adjusted_us >= GROW_EVERY_US &&
           jitter->measured_us < wanted_us(jitter) - jitter->frame_us / 2;
}

static void adjusted(struct jitter *jitter, int64_t by_us, int64_t now_us)
{
    jitter->measured_us += by_us;
    jitter->adjusted_us = now_us;
}

static enum jitter_result pull_playing(struct jitter *jitter, int64_t now_us,
                                       struct jitter_packet *out)
{
    struct slot *slot = earliest(jitter);
    if (!slot)
        return run_dry(jitter, out);
    int32_t gap = (int32_t)(slot->ts - jitter->next_ts);
    if (gap > 0)
        return bridge(jitter, slot, (uint32_t)gap, out);
    if (wants_more(jitter, now_us) && jitter->concealed_ms == 0) {
        adjusted(jitter, to_us(jitter, jitter->frame), now_us);
        jitter->stats.stretched++;
        return conceal(jitter, jitter->frame, NULL, out);
    }
    struct slot *next = slot_of(jitter, (uint16_t)(slot->seq + 1));
    if (next->used && wants_less(jitter, now_us)) {
        adjusted(jitter, -to_us(jitter, slot->duration), now_us);
        take_out(jitter, slot);
        jitter->stats.dropped++;
        slot = next;
    }
    return play(jitter, slot, out);
}

/* The consumer took frames since the last pull; it does not pull while it has sound left. */
static void use_up(struct jitter *jitter, int64_t now_us)
{
    int64_t frames = (now_us - jitter->pulled_us + jitter->frame_us / 2) / jitter->frame_us;
    int64_t used = num_max(frames, 1) * jitter->frame;
    /* no more than there is */
    jitter->decoded -= (uint32_t)num_min(used, jitter->decoded);
    jitter->pulled_us = now_us;
}

enum jitter_result jitter_pull(struct jitter *jitter, int64_t now_us, struct jitter_packet *out)
{
    if (now_us != jitter->pulled_us)
        use_up(jitter, now_us);
    if (jitter->state == FILLING && now_us >= jitter->play_at_us)
        jitter->state = PLAYING;
    return jitter->state == PLAYING ? pull_playing(jitter, now_us, out) : silence(jitter);
}

struct jitter_stats jitter_stats(const struct jitter *jitter)
{
    struct jitter_stats stats = jitter->stats;
    stats.delay_ms = (unsigned)(wanted_us(jitter) / 1000);
    stats.held = jitter->held;
    return stats;
}
