#include "media/dtmf.h"

#include "base/num.h"
#include "base/wire.h"
#include "media/rtp.h"

enum {
    ENDS = 3, /* times that the last packet of an event goes (RFC 4733 §2.5.1.4) */
    END_BIT = 0x80,
    STALE_MS = 2000, /* after this long an older timestamp is no repetition, but a new clock */
};

/* in the order of the event codes (RFC 4733 §3.2, table 3) */
static const char digits_of[] = "0123456789*#ABCD";

int dtmf_event_of(char digit)
{
    if (digit >= 'a' && digit <= 'd')
        digit = (char)(digit - 'a' + 'A');
    for (int i = 0; digits_of[i]; i++)
        if (digits_of[i] == digit)
            return i;
    return -1;
}

char dtmf_digit_of(unsigned event)
{
    return event < sizeof(digits_of) - 1 ? digits_of[event] : 0;
}

bool dtmf_frequencies(char digit, double *low_hz, double *high_hz)
{
    static const char keypad[] = "123A456B789C*0#D";
    static const double lows[] = { 697, 770, 852, 941 };
    static const double highs[] = { 1209, 1336, 1477, 1633 };
    int event = dtmf_event_of(digit);
    if (event < 0)
        return false;
    size_t key = slice_index(slice_of(keypad), digits_of[event]);
    *low_hz = lows[key / 4];
    *high_hz = highs[key % 4];
    return true;
}

static enum err queue_add(struct dtmf_queue *queue, struct slice digits, unsigned duration_ms,
                          unsigned gap_ms, unsigned most_ms)
{
    if (duration_ms > DTMF_MAX_MS || gap_ms > DTMF_MAX_MS)
        return ERR_INVALID;
    for (size_t i = 0; i < digits.len; i++)
        if (digits.ptr[i] != ',' && dtmf_event_of(digits.ptr[i]) < 0)
            return ERR_INVALID;
    if (digits.len > DTMF_QUEUE_MAX - queue->count)
        return ERR_LIMIT;
    unsigned on_ms = duration_ms ? duration_ms : DTMF_DEFAULT_MS;
    on_ms = (unsigned)num_min(num_max(on_ms, DTMF_MIN_MS), most_ms);
    for (size_t i = 0; i < digits.len; i++) {
        bool pause = digits.ptr[i] == ',';
        /* both are at most DTMF_MAX_MS */
        queue->items[(queue->head + queue->count++) % DTMF_QUEUE_MAX] = (struct dtmf_item){
            .digit = digits.ptr[i],
            .on_ms = (uint16_t)(pause ? DTMF_PAUSE_MS : on_ms),
            .gap_ms = (uint16_t)(pause    ? 0
                                 : gap_ms ? gap_ms
                                          : DTMF_DEFAULT_GAP_MS),
        };
    }
    return OK;
}

static const struct dtmf_item *queue_first(const struct dtmf_queue *queue)
{
    return queue->count ? &queue->items[queue->head] : NULL;
}

static void queue_drop(struct dtmf_queue *queue)
{
    queue->head = (queue->head + 1) % DTMF_QUEUE_MAX;
    queue->count--;
}

void dtmf_sender_init(struct dtmf_sender *sender, uint32_t clock_hz)
{
    *sender = (struct dtmf_sender){ .clock_hz = clock_hz };
}

enum err dtmf_sender_add(struct dtmf_sender *sender, struct slice digits, unsigned duration_ms,
                         unsigned gap_ms)
{
    if (!dtmf_sender_is_busy(sender))
        sender->pending_ms = 0;
    uint32_t most_ms = (uint32_t)(UINT16_MAX * 1000ULL / sender->clock_hz); /* 8191 at most */
    return queue_add(&sender->queue, digits, duration_ms, gap_ms, most_ms);
}

bool dtmf_sender_is_busy(const struct dtmf_sender *sender)
{
    return sender->queue.count > 0;
}

static uint32_t units(const struct dtmf_sender *sender, uint64_t ms)
{
    return (uint32_t)(ms * sender->clock_hz / 1000); /* timestamps wrap */
}

/* The event so far, one step further; the end when it is over. */
static void event_packet(struct dtmf_sender *sender, const struct dtmf_item *item, unsigned step_ms,
                         struct dtmf_packet *out)
{
    uint64_t so_far = (uint64_t)sender->at_ms + step_ms;
    bool ends = so_far >= item->on_ms;
    uint32_t duration = units(sender, ends ? item->on_ms : so_far); /* fits, see most_ms */
    out->marker = sender->at_ms == 0;
    out->ts_advance = out->marker ? units(sender, sender->pending_ms) : 0;
    out->payload[0] = (uint8_t)dtmf_event_of(item->digit); /* checked when it was added */
    out->payload[1] = ends ? END_BIT | DTMF_VOLUME : DTMF_VOLUME;
    out->payload[2] = (uint8_t)(duration >> 8);
    out->payload[3] = (uint8_t)duration;
    if (out->marker)
        sender->pending_ms = 0;
    if (ends)
        sender->ends_sent++;
}

bool dtmf_sender_tick(struct dtmf_sender *sender, unsigned step_ms, struct dtmf_packet *out)
{
    const struct dtmf_item *item = queue_first(&sender->queue);
    if (!item)
        return false;
    bool pause = item->digit == ',';
    bool sends = !pause && sender->ends_sent < ENDS;
    if (sends)
        event_packet(sender, item, step_ms, out);
    sender->pending_ms += step_ms;
    sender->at_ms += step_ms;
    if (sender->at_ms >= (uint32_t)item->on_ms + item->gap_ms &&
        (pause || sender->ends_sent == ENDS)) {
        queue_drop(&sender->queue);
        sender->at_ms = 0;
        sender->ends_sent = 0;
    }
    return sends;
}

void dtmf_receiver_init(struct dtmf_receiver *receiver, const struct dtmf_events *events,
                        void *owner)
{
    *receiver = (struct dtmf_receiver){ .events = events, .owner = owner };
}

struct ended {
    char digit; /* 0: none */
    unsigned duration_ms;
};

static struct ended end_digit(struct dtmf_receiver *receiver)
{
    uint64_t duration = receiver->before + receiver->duration;
    receiver->pressed = false;
    receiver->has_ended = true;
    receiver->ended_ts = receiver->ts;
    return (struct ended){ receiver->digit,
                           (unsigned)num_min((int64_t)(duration * 1000 / receiver->clock_hz),
                                             INT32_MAX) };
}

/* Is it what a peer that repeats or reorders sends again? */
static bool is_old(const struct dtmf_receiver *receiver, uint32_t ts, int64_t now_ms)
{
    if (receiver->pressed)
        return rtp_ts_after(receiver->ts, ts) && now_ms - receiver->heard_ms < STALE_MS;
    if (!receiver->has_ended)
        return false;
    if (ts == receiver->ended_ts)
        return true;
    return rtp_ts_after(receiver->ended_ts, ts) && now_ms - receiver->heard_ms < STALE_MS;
}

static void start_digit(struct dtmf_receiver *receiver, char digit, uint32_t ts, uint32_t clock_hz)
{
    receiver->pressed = true;
    receiver->digit = digit;
    receiver->ts = ts;
    receiver->clock_hz = clock_hz;
    receiver->duration = 0;
    receiver->before = 0;
}

enum err dtmf_receiver_feed(struct dtmf_receiver *receiver, uint32_t clock_hz, uint32_t ts,
                            struct slice payload, int64_t now_ms)
{
    struct wire w = wire_of(payload);
    char digit = dtmf_digit_of(wire_u8(&w));
    bool ends = (wire_u8(&w) & END_BIT) != 0;
    uint16_t duration = wire_u16(&w);
    if (w.short_read || clock_hz == 0)
        return ERR_PARSE;
    if (!digit || is_old(receiver, ts, now_ms))
        return OK;
    struct ended ended[2] = { 0 };
    if (receiver->pressed && ts != receiver->ts) {
        if (digit == receiver->digit && ts == receiver->ts + receiver->duration) {
            receiver->before += receiver->duration; /* the next segment of the same event */
            receiver->ts = ts;
            receiver->duration = 0;
        } else {
            ended[0] = end_digit(receiver); /* its end packets were lost */
        }
    }
    if (!receiver->pressed)
        start_digit(receiver, digit, ts, clock_hz);
    if (duration > receiver->duration)
        receiver->duration = duration;
    receiver->heard_ms = now_ms;
    if (ends)
        ended[1] = end_digit(receiver);
    const struct dtmf_events *events = receiver->events;
    void *owner = receiver->owner;
    for (size_t i = 0; i < COUNT_OF(ended); i++)
        if (ended[i].digit)
            events->on_digit(owner, ended[i].digit, ended[i].duration_ms);
    return OK;
}

void dtmf_receiver_tick(struct dtmf_receiver *receiver, int64_t now_ms)
{
    if (!receiver->pressed || now_ms - receiver->heard_ms < DTMF_LOST_END_MS)
        return;
    struct ended ended = end_digit(receiver);
    receiver->events->on_digit(receiver->owner, ended.digit, ended.duration_ms);
}

enum err dtmf_convert(uint8_t *payload, size_t len, uint32_t from_hz, uint32_t to_hz)
{
    if (len < DTMF_PAYLOAD_LEN || from_hz == 0)
        return ERR_PARSE;
    uint64_t duration = (uint64_t)(payload[2] << 8 | payload[3]) * to_hz / from_hz;
    if (duration > UINT16_MAX)
        duration = UINT16_MAX;
    payload[2] = (uint8_t)(duration >> 8);
    payload[3] = (uint8_t)duration;
    return OK;
}

void dtmf_tones_init(struct dtmf_tones *tones, uint32_t rate_hz)
{
    *tones = (struct dtmf_tones){ .rate_hz = rate_hz };
}

enum err dtmf_tones_add(struct dtmf_tones *tones, struct slice digits, unsigned duration_ms,
                        unsigned gap_ms)
{
    return queue_add(&tones->queue, digits, duration_ms, gap_ms, DTMF_MAX_MS);
}

bool dtmf_tones_is_busy(const struct dtmf_tones *tones)
{
    return tones->queue.count > 0;
}

static void start_tone(struct dtmf_tones *tones, char digit)
{
    double low, high;
    if (dtmf_frequencies(digit, &low, &high))
        tone_init_dual(&tones->tone, tones->rate_hz, low, DTMF_LOW_DBM0, high, DTMF_HIGH_DBM0);
    else
        tones->tone = (struct tone){ 0 }; /* a pause */
}

void dtmf_tones_render(struct dtmf_tones *tones, int16_t *pcm, size_t n)
{
    const struct dtmf_item *item;
    while (n > 0 && (item = queue_first(&tones->queue))) {
        uint64_t on = (uint64_t)item->on_ms * tones->rate_hz / 1000;
        uint64_t all = on + (uint64_t)item->gap_ms * tones->rate_hz / 1000;
        if (tones->at == 0)
            start_tone(tones, item->digit);
        bool sounds = tones->at < on;
        /* no more than n, so it is a size */
        size_t run = (size_t)num_min((int64_t)((sounds ? on : all) - tones->at), (int64_t)n);
        if (sounds)
            tone_render(&tones->tone, pcm, run);
        else
            memset(pcm, 0, run * sizeof(*pcm));
        pcm += run;
        n -= run;
        tones->at += run;
        if (tones->at == all) {
            queue_drop(&tones->queue);
            tones->at = 0;
        }
    }
    memset(pcm, 0, n * sizeof(*pcm));
}
