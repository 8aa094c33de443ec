#include "rtc/ice_gather.h"

#include "base/mem.h"
#include "base/rand.h"
#include "rtc/stun.h"

enum { RTO_MS = 500, SENDS_MAX = 4 }; /* 7.5 s: whoever waits for it gives up before */

struct question {
    struct ice_path path;
    uint8_t id[STUN_ID_LEN];
    unsigned sent; /* of this transaction; 0: not begun */
    int64_t next_ms;
    bool done; /* answered or given up, once */
    struct addr mapped;
};

struct ice_gather {
    const struct ice_gather_events *events;
    void *owner;
    uint8_t tag[ICE_TAG_LEN];
    size_t n;
    struct question questions[ICE_GATHER_MAX];
};

struct ice_gather *ice_gather_create(const uint8_t tag[ICE_TAG_LEN],
                                     const struct ice_gather_events *events, void *owner)
{
    struct ice_gather *gather = mem_new(struct ice_gather);
    gather->events = events;
    gather->owner = owner;
    memcpy(gather->tag, tag, ICE_TAG_LEN);
    return gather;
}

void ice_gather_destroy(struct ice_gather *gather)
{
    mem_free(gather);
}

void ice_gather_add(struct ice_gather *gather, const struct addr *base, const struct addr *server)
{
    if (gather->n == ICE_GATHER_MAX || addr_is_v6(base) != addr_is_v6(server))
        return;
    gather->questions[gather->n++] = (struct question){ .path = { *base, *server } };
}

bool ice_gather_is_done(const struct ice_gather *gather)
{
    for (size_t i = 0; i < gather->n; i++) {
        if (!gather->questions[i].done)
            return false;
    }
    return true;
}

static void ask(const struct ice_gather *gather, struct question *question, int64_t now_ms)
{
    char mem[STUN_SEND_MAX];
    struct buf buf = BUF_ON(mem);
    if (!question->sent) {
        memcpy(question->id, gather->tag, ICE_TAG_LEN);
        rand_bytes(question->id + ICE_TAG_LEN, STUN_ID_LEN - ICE_TAG_LEN);
    }
    stun_begin(&buf, STUN_REQUEST, STUN_BINDING, question->id);
    stun_put_fingerprint(&buf);
    question->next_ms = now_ms + (RTO_MS << question->sent);
    question->sent++;
    gather->events->on_send(gather->owner, &question->path, buf_slice(&buf));
}

static void rest(struct question *question, int64_t now_ms)
{
    question->done = true;
    question->sent = 0;
    question->next_ms = now_ms + ICE_GATHER_AGAIN_MS;
}

/* One datagram a tick: they may not come faster than Ta (RFC 8445 §14.2). */
void ice_gather_tick(struct ice_gather *gather, int64_t now_ms)
{
    for (size_t i = 0; i < gather->n; i++) {
        struct question *question = &gather->questions[i];
        if (now_ms < question->next_ms)
            continue;
        if (question->sent < SENDS_MAX) {
            ask(gather, question, now_ms);
            return;
        }
        rest(question, now_ms);
    }
}

enum err ice_gather_feed(struct ice_gather *gather, struct slice bytes, int64_t now_ms)
{
    struct stun_msg msg;
    struct addr mapped;
    enum err err = stun_parse(&msg, bytes);
    if (err)
        return err;
    for (size_t i = 0; i < gather->n; i++) {
        struct question *question = &gather->questions[i];
        if (!question->sent || memcmp(question->id, msg.id, STUN_ID_LEN) != 0)
            continue;
        rest(question, now_ms);
        bool found =
            msg.class == STUN_SUCCESS && (stun_find_addr(&msg, STUN_XOR_MAPPED_ADDRESS, &mapped) ||
                                          stun_find_addr(&msg, STUN_MAPPED_ADDRESS, &mapped));
        if (found && !(addr_is_set(&question->mapped) && addr_eq(&mapped, &question->mapped))) {
            question->mapped = mapped;
            gather->events->on_mapped(gather->owner, &question->path.local, &mapped);
        }
        return OK;
    }
    return ERR_NOT_FOUND;
}
