#include "rtc/turn.h"

#include "base/mem.h"
#include "base/num.h"
#include "base/rand.h"
#include "base/wire.h"
#include "rtc/turn_priv.h"

enum {
    LIFETIME_S = 600,
    LIFETIME_MAX_S = 86400, /* nobody's clock is believed for longer */
    CHANNEL_FIRST = 0x4000,
    CHANNEL_HEAD = 4,
    PAYLOAD_MAX = 1664, /* as large as media packets are with their tags */
};

enum err turn_create(struct turn **out, const struct turn_config *config,
                     const struct turn_events *events, void *owner)
{
    struct turn *turn = mem_new(struct turn);
    if (!slice_copy(config->username, turn->username, sizeof turn->username)) {
        mem_free(turn);
        return ERR_LIMIT;
    }
    turn->events = events;
    turn->owner = owner;
    turn->stream = config->stream;
    secret_set(&turn->password, config->password);
    rand_bytes(turn->indication_id, sizeof turn->indication_id);
    *out = turn;
    return OK;
}

static void drop_held(struct turn_peer *peer)
{
    mem_free(peer->held);
    peer->held = NULL;
}

void turn_destroy(struct turn *turn)
{
    if (!turn)
        return;
    for (size_t i = 0; i < turn->n_peers; i++)
        drop_held(&turn->peers[i]);
    secret_clear(&turn->password);
    secret_clear(&turn->key);
    mem_free(turn);
}

void turn_fail(struct turn *turn, enum err err, const char *text)
{
    if (turn->state == TURN_OVER)
        return;
    turn->state = TURN_OVER;
    turn->events->on_failed(turn->owner, err, text);
}

void turn_start(struct turn *turn, int64_t now_ms)
{
    if (turn->state != TURN_IDLE)
        return;
    turn->state = TURN_ALLOCATING;
    turn_request_start(turn, STUN_ALLOCATE, 0, 0, now_ms); /* the first: there is room */
}

void turn_close(struct turn *turn)
{
    if (turn->state == TURN_READY) {
        for (size_t i = 0; i < TURN_REQUESTS_MAX; i++)
            turn->requests[i].used = false;
        turn_request_start(turn, STUN_REFRESH, 0, 0, 0);
    }
    turn->state = TURN_OVER;
}

/* The allocation */

static void plan_refresh(struct turn *turn, const struct stun_msg *msg, int64_t now_ms)
{
    uint32_t lifetime_s = LIFETIME_S;
    stun_find_u32(msg, STUN_LIFETIME, &lifetime_s);
    int64_t ms = num_min(lifetime_s, LIFETIME_MAX_S) * 1000;
    turn->refresh_ms = now_ms + num_max(ms - TURN_REFRESH_MS, ms / 2);
}

void turn_allocated(struct turn *turn, const struct stun_msg *msg, int64_t now_ms)
{
    struct addr relayed, mapped;
    if (!stun_find_addr(msg, STUN_XOR_RELAYED_ADDRESS, &relayed) ||
        !stun_find_addr(msg, STUN_XOR_MAPPED_ADDRESS, &mapped)) {
        turn_fail(turn, ERR_REFUSED, "the TURN server's answer names no relayed address");
        return;
    }
    turn->state = TURN_READY;
    plan_refresh(turn, msg, now_ms);
    turn->events->on_allocated(turn->owner, &relayed, &mapped);
}

void turn_refreshed(struct turn *turn, const struct stun_msg *msg, int64_t now_ms)
{
    turn->refreshing = false;
    plan_refresh(turn, msg, now_ms);
}

/* Peers */

static struct turn_peer *find_peer(struct turn *turn, const struct addr *addr)
{
    for (size_t i = 0; i < turn->n_peers; i++) {
        if (addr_eq(&turn->peers[i].addr, addr))
            return &turn->peers[i];
    }
    return NULL;
}

static struct turn_peer *need_peer(struct turn *turn, const struct addr *addr, int64_t now_ms)
{
    struct turn_peer *peer = find_peer(turn, addr);
    if (peer || turn->n_peers == TURN_PEERS_MAX)
        return peer;
    peer = &turn->peers[turn->n_peers++];
    *peer = (struct turn_peer){ .addr = *addr, .renew_ms = now_ms };
    return peer;
}

/* A channel also renews the permission (RFC 8656 §12). */
static void ask_for(struct turn *turn, struct turn_peer *peer, int64_t now_ms)
{
    uint16_t method = peer->want_channel ? STUN_CHANNEL_BIND : STUN_CREATE_PERMISSION;
    size_t index = (size_t)(peer - turn->peers);
    if (turn->state != TURN_READY || peer->asking || peer->forbidden || now_ms < peer->renew_ms)
        return;
    peer->asking = turn_request_start(turn, method, index, 0, now_ms);
}

void turn_permitted(struct turn *turn, struct turn_peer *peer, bool channel, int64_t now_ms)
{
    peer->asking = false;
    peer->granted = true;
    peer->bound |= channel;
    peer->renew_ms = now_ms + (peer->want_channel && !channel ? 0 : TURN_PERMIT_MS);
    if (peer->held)
        turn_send(turn, &peer->addr, slice_make(peer->held, peer->held_len), now_ms);
    drop_held(peer);
}

/* Without a channel there is still the longer way; without a permission there is none. */
void turn_forbidden(struct turn *turn, struct turn_peer *peer, bool channel, int64_t now_ms)
{
    (void)turn;
    peer->asking = false;
    peer->bound = false;
    if (channel) {
        peer->want_channel = false;
        peer->renew_ms = now_ms;
        return;
    }
    peer->granted = false;
    peer->forbidden = true;
    drop_held(peer);
}

void turn_bind(struct turn *turn, const struct addr *addr, int64_t now_ms)
{
    struct turn_peer *peer = need_peer(turn, addr, now_ms);
    if (!peer || peer->want_channel)
        return;
    peer->want_channel = true;
    peer->renew_ms = now_ms;
    ask_for(turn, peer, now_ms);
}

/* Toward peers */

static size_t padding(size_t len)
{
    return -len & 3;
}

/* RFC 8656 §11.1: a Send indication up to its payload. The id of an indication is never answered;
 * it only has to differ. */
static size_t indication_head(struct turn *turn, const struct addr *peer, size_t len,
                              uint8_t head[TURN_HEAD_MAX])
{
    struct buf buf;
    buf_init(&buf, head, TURN_HEAD_MAX);
    for (size_t i = STUN_ID_LEN; i-- > 0 && ++turn->indication_id[i] == 0;)
        ;
    stun_begin(&buf, STUN_INDICATION, STUN_SEND, turn->indication_id);
    stun_put_addr(&buf, STUN_XOR_PEER_ADDRESS, peer);
    buf_u16(&buf, STUN_DATA_ATTR);
    buf_u16(&buf, (uint16_t)len);
    BUG_IF(buf.overflow);
    size_t body = buf.len - STUN_HEADER_LEN + len + padding(len);
    head[2] = (uint8_t)(body >> 8);
    head[3] = (uint8_t)(body & 0xff);
    return buf.len;
}

size_t turn_head(struct turn *turn, const struct addr *addr, size_t len,
                 uint8_t head[TURN_HEAD_MAX], size_t *pad)
{
    const struct turn_peer *peer = find_peer(turn, addr);
    if (turn->state != TURN_READY || !peer || !peer->granted || len > PAYLOAD_MAX)
        return 0;
    *pad = padding(len);
    if (!peer->bound)
        return indication_head(turn, addr, len, head);
    size_t channel = CHANNEL_FIRST + (size_t)(peer - turn->peers);
    struct buf buf;
    buf_init(&buf, head, CHANNEL_HEAD);
    buf_u16(&buf, (uint16_t)channel);
    buf_u16(&buf, (uint16_t)len);
    if (!turn->stream)
        *pad = 0; /* §12.5: only a stream needs it */
    return buf.len;
}

void turn_send(struct turn *turn, const struct addr *addr, struct slice payload, int64_t now_ms)
{
    static const char zeros[4];
    char mem[TURN_HEAD_MAX + PAYLOAD_MAX + 4];
    uint8_t head[TURN_HEAD_MAX];
    size_t pad = 0;
    struct turn_peer *peer = need_peer(turn, addr, now_ms);
    if (!peer || peer->forbidden || payload.len > PAYLOAD_MAX)
        return;
    size_t n = turn_head(turn, addr, payload.len, head, &pad);
    if (n) {
        struct buf buf = BUF_ON(mem);
        buf_put(&buf, slice_make(head, n));
        buf_put(&buf, payload);
        buf_put(&buf, slice_make(zeros, pad));
        turn->events->on_send(turn->owner, buf_slice(&buf));
        return;
    }
    if (payload.ptr != peer->held) {
        drop_held(peer);
        peer->held = mem_copy(payload.ptr, payload.len);
        peer->held_len = payload.len;
    }
    ask_for(turn, peer, now_ms);
}

/* From the server */

static enum err feed_channel(struct turn *turn, struct slice message)
{
    struct wire w = wire_of(message);
    size_t index = (size_t)wire_u16(&w) - CHANNEL_FIRST;
    struct slice payload = wire_bytes(&w, wire_u16(&w));
    if (w.short_read)
        return ERR_PARSE;
    if (index >= turn->n_peers || !turn->peers[index].want_channel)
        return ERR_NOT_FOUND;
    struct addr peer = turn->peers[index].addr;
    turn->events->on_data(turn->owner, &peer, payload);
    return OK;
}

static enum err feed_data(struct turn *turn, const struct stun_msg *msg)
{
    struct addr peer;
    struct slice payload;
    if (!stun_find_addr(msg, STUN_XOR_PEER_ADDRESS, &peer) ||
        !stun_find(msg, STUN_DATA_ATTR, &payload))
        return ERR_PARSE;
    turn->events->on_data(turn->owner, &peer, payload);
    return OK;
}

enum err turn_feed(struct turn *turn, struct slice message, int64_t now_ms)
{
    struct stun_msg msg;
    if (turn->state == TURN_OVER || turn->state == TURN_IDLE)
        return ERR_NOT_FOUND;
    if (message.len && ((uint8_t)message.ptr[0] & 0xc0) == 0x40) /* RFC 8656 §12 */
        return turn->state == TURN_READY ? feed_channel(turn, message) : ERR_NOT_FOUND;
    enum err err = stun_parse(&msg, message);
    if (err)
        return err;
    if (msg.class == STUN_INDICATION)
        return msg.method == STUN_DATA && turn->state == TURN_READY ? feed_data(turn, &msg)
                                                                    : ERR_NOT_FOUND;
    return turn_request_feed(turn, &msg, now_ms);
}

void turn_tick(struct turn *turn, int64_t now_ms)
{
    turn_request_tick(turn, now_ms);
    if (turn->state != TURN_READY)
        return;
    if (!turn->refreshing && now_ms >= turn->refresh_ms)
        turn->refreshing = turn_request_start(turn, STUN_REFRESH, 0, LIFETIME_S, now_ms);
    for (size_t i = 0; i < turn->n_peers; i++)
        ask_for(turn, &turn->peers[i], now_ms);
}
