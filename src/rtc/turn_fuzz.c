/* A server's messages, one after the other, answers made to fit the last request: what a peer's
 * payload is on the way in, it is on the way out. */
#include "rtc/stun.h"
#include "rtc/turn.h"
#include "rtc/turn_frames.h"

struct fuzz {
    struct turn *turn;
    uint8_t id[STUN_ID_LEN]; /* of the last request */
    int64_t now_ms;
    bool ready;
};

static void on_send(void *owner, struct slice message)
{
    struct fuzz *fuzz = owner;
    struct stun_msg msg;
    if (!stun_parse(&msg, message) && msg.class == STUN_REQUEST)
        memcpy(fuzz->id, msg.id, STUN_ID_LEN);
}

static void on_allocated(void *owner, const struct addr *relayed, const struct addr *mapped)
{
    ((struct fuzz *)owner)->ready = addr_is_set(relayed) && addr_is_set(mapped);
}

static void on_data(void *owner, const struct addr *peer, struct slice payload)
{
    struct fuzz *fuzz = owner;
    uint8_t head[TURN_HEAD_MAX];
    size_t pad = 0;
    BUG_IF(!fuzz->ready);
    turn_send(fuzz->turn, peer, payload, fuzz->now_ms);
    turn_bind(fuzz->turn, peer, fuzz->now_ms);
    BUG_IF(turn_head(fuzz->turn, peer, payload.len, head, &pad) > TURN_HEAD_MAX || pad > 3);
}

static void on_failed(void *owner, enum err err, const char *text)
{
    ((struct fuzz *)owner)->ready = false;
    BUG_IF(err == OK || !*text);
}

static void on_message(void *owner, struct slice message)
{
    struct fuzz *fuzz = owner;
    char copy[TURN_MESSAGE_MAX];
    memcpy(copy, message.ptr, message.len);
    if (message.len >= STUN_HEADER_LEN && copy[4] == 0x21)
        memcpy(copy + 8, fuzz->id, STUN_ID_LEN);
    (void)!turn_feed(fuzz->turn, slice_make(copy, message.len), fuzz->now_ms);
    turn_tick(fuzz->turn, fuzz->now_ms += 1000);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct turn_events events = { on_send, on_allocated, on_data, on_failed };
    const struct turn_config config = { .username = SLICE("u"), .password = SLICE("p") };
    struct turn_frames frames = { 0 };
    struct fuzz fuzz = { 0 };
    BUG_IF(turn_create(&fuzz.turn, &config, &events, &fuzz));
    turn_start(fuzz.turn, 0);
    (void)!turn_frames_feed(&frames, slice_make(data, size), on_message, &fuzz);
    turn_destroy(fuzz.turn);
    return 0;
}
