/* Requests to a TURN server: credentials, retransmission, stale nonces. */
#include "base/hash.h"
#include "base/mem.h"
#include "base/num.h"
#include "base/rand.h"
#include "rtc/turn_priv.h"

enum {
    RTO_MS = 500, /* RFC 8489 §6.2.1, with the next two */
    SENDS_MAX = 7,
    LAST_WAIT = 16,
    STREAM_WAIT_MS = 39500, /* §6.2.2 */
    RENEWALS_MAX = 3,       /* of one request, by 401 or 438 */
    TRANSPORT_UDP = 17 << 24,
    CHANNEL_FIRST = 0x4000,
};

/* Writing */

static void put_body(struct buf *buf, const struct turn *turn, const struct turn_request *request)
{
    switch (request->method) {
    case STUN_ALLOCATE:
        stun_put_u32(buf, STUN_REQUESTED_TRANSPORT, TRANSPORT_UDP);
        break;
    case STUN_REFRESH:
        stun_put_u32(buf, STUN_LIFETIME, request->lifetime_s);
        break;
    case STUN_CHANNEL_BIND:
        stun_put_u32(buf, STUN_CHANNEL_NUMBER, (uint32_t)(CHANNEL_FIRST + request->peer) << 16);
        stun_put_addr(buf, STUN_XOR_PEER_ADDRESS, &turn->peers[request->peer].addr);
        break;
    default:
        stun_put_addr(buf, STUN_XOR_PEER_ADDRESS, &turn->peers[request->peer].addr);
        break;
    }
}

/* A new transaction for the same request: what it says depends on the nonce. */
static void write_request(struct turn *turn, struct turn_request *request)
{
    struct buf buf;
    buf_init(&buf, request->bytes, sizeof request->bytes);
    rand_bytes(request->id, sizeof request->id);
    stun_begin(&buf, STUN_REQUEST, request->method, request->id);
    put_body(&buf, turn, request);
    if (!secret_empty(&turn->key)) {
        stun_put(&buf, STUN_USERNAME, slice_of(turn->username));
        stun_put(&buf, STUN_REALM, slice_of(turn->realm));
        stun_put(&buf, STUN_NONCE, slice_of(turn->nonce));
        stun_put_integrity(&buf, secret_reveal(&turn->key));
    }
    request->len = buf.overflow ? 0 : buf.len;
}

static void send_request(struct turn *turn, struct turn_request *request)
{
    turn->events->on_send(turn->owner, slice_make(request->bytes, request->len));
}

static void begin(struct turn *turn, struct turn_request *request, int64_t now_ms)
{
    write_request(turn, request);
    if (!request->len) {
        request->used = false;
        turn_fail(turn, ERR_LIMIT, "user name, realm and nonce do not fit in one request");
        return;
    }
    request->sent = 1;
    request->rto_ms = RTO_MS;
    request->next_ms = now_ms + (turn->stream ? STREAM_WAIT_MS : RTO_MS);
    send_request(turn, request);
}

bool turn_request_start(struct turn *turn, uint16_t method, size_t peer, uint32_t lifetime_s,
                        int64_t now_ms)
{
    for (size_t i = 0; i < TURN_REQUESTS_MAX; i++) {
        struct turn_request *request = &turn->requests[i];
        if (request->used)
            continue;
        request->used = true;
        request->method = method;
        request->peer = peer;
        request->lifetime_s = lifetime_s;
        request->renewed = 0;
        begin(turn, request, now_ms);
        return true;
    }
    return false;
}

/* What the requests are called in texts, and what becomes of them. */

static void end_bad(struct turn *turn, const struct turn_request *request, enum err err,
                    const char *why, int64_t now_ms)
{
    char text[160];
    if (request->method == STUN_CREATE_PERMISSION || request->method == STUN_CHANNEL_BIND) {
        turn_forbidden(turn, &turn->peers[request->peer], request->method == STUN_CHANNEL_BIND,
                       now_ms);
        return;
    }
    snprintf(text, sizeof text, "%s: %s",
             request->method == STUN_ALLOCATE ? "no relayed address"
                                              : "the relayed address is lost",
             why);
    turn_fail(turn, err, text);
}

static void end_good(struct turn *turn, const struct turn_request *request,
                     const struct stun_msg *msg, int64_t now_ms)
{
    if (request->method == STUN_ALLOCATE)
        turn_allocated(turn, msg, now_ms);
    else if (request->method == STUN_REFRESH)
        turn_refreshed(turn, msg, now_ms);
    else
        turn_permitted(turn, &turn->peers[request->peer], request->method == STUN_CHANNEL_BIND,
                       now_ms);
}

/* Answers */

static bool take_text(const struct stun_msg *msg, uint16_t type, char out[TURN_TEXT_MAX + 1])
{
    struct slice value;
    return stun_find(msg, type, &value) && value.len && slice_copy(value, out, TURN_TEXT_MAX + 1);
}

/* RFC 8489 §9.2.2: MD5 of user, realm and password. */
static void make_key(struct turn *turn)
{
    const struct slice parts[] = { slice_of(turn->username), SLICE(":"), slice_of(turn->realm),
                                   SLICE(":"), secret_reveal(&turn->password) };
    uint8_t key[HASH_MAX];
    size_t len = hash_parts(HASH_MD5, parts, COUNT_OF(parts), key);
    secret_clear(&turn->key);
    secret_set(&turn->key, slice_make(key, len));
    mem_wipe(key, sizeof key);
}

/* 401 at first and 438 later name the realm and a nonce to try again with (RFC 8489 §9.2.5); 401 to
 * a request with credentials means that they are wrong. */
static bool renew(struct turn *turn, struct turn_request *request, const struct stun_msg *msg,
                  unsigned code, int64_t now_ms)
{
    bool fresh = code == 401 ? secret_empty(&turn->key) : code == 438;
    if (!fresh || request->renewed++ >= RENEWALS_MAX)
        return false;
    if (!take_text(msg, STUN_NONCE, turn->nonce))
        return false;
    if (!take_text(msg, STUN_REALM, turn->realm) && !turn->realm[0])
        return false;
    make_key(turn);
    begin(turn, request, now_ms);
    return true;
}

static void on_error(struct turn *turn, struct turn_request *request, const struct stun_msg *msg,
                     int64_t now_ms)
{
    unsigned code = 0;
    struct slice reason = SLICE_NONE;
    char why[120], printable[48];
    if (stun_find_error(msg, &code, &reason) && renew(turn, request, msg, code, now_ms))
        return;
    size_t n = 0; /* the reason is the server's text: one line of it, in ASCII */
    for (; n < reason.len && n < sizeof printable - 1; n++)
        printable[n] = reason.ptr[n] >= ' ' && reason.ptr[n] <= '~' ? reason.ptr[n] : '?';
    printable[n] = '\0';
    snprintf(why, sizeof why, "the TURN server answered %u %s%s", code, printable,
             code == 401 ? " (user name or password)" : "");
    request->used = false;
    end_bad(turn, request, code == 401 ? ERR_AUTH : ERR_REFUSED, why, now_ms);
}

static struct turn_request *find_request(struct turn *turn, const struct stun_msg *msg)
{
    for (size_t i = 0; i < TURN_REQUESTS_MAX; i++) {
        struct turn_request *request = &turn->requests[i];
        if (request->used && request->method == msg->method &&
            memcmp(request->id, msg->id, STUN_ID_LEN) == 0)
            return request;
    }
    return NULL;
}

enum err turn_request_feed(struct turn *turn, const struct stun_msg *msg, int64_t now_ms)
{
    struct turn_request *request = find_request(turn, msg);
    if (!request || (msg->class != STUN_SUCCESS && msg->class != STUN_ERROR))
        return ERR_NOT_FOUND;
    if (!secret_empty(&turn->key)) {
        enum err err = stun_check_integrity(msg, secret_reveal(&turn->key));
        /* an error may come unsigned: 401 and 438 always do (RFC 8489 §9.2.4) */
        if (err == ERR_AUTH || (err && msg->class == STUN_SUCCESS))
            return ERR_AUTH;
    }
    if (msg->class == STUN_ERROR) {
        on_error(turn, request, msg, now_ms);
        return OK;
    }
    request->used = false;
    end_good(turn, request, msg, now_ms);
    return OK;
}

static void tick_request(struct turn *turn, struct turn_request *request, int64_t now_ms)
{
    if (turn->stream || request->sent == SENDS_MAX) {
        request->used = false;
        end_bad(turn, request, ERR_TIMEOUT, "the TURN server does not answer", now_ms);
        return;
    }
    request->sent++;
    request->rto_ms *= 2;
    request->next_ms = now_ms + (request->sent == SENDS_MAX ? LAST_WAIT * RTO_MS : request->rto_ms);
    send_request(turn, request);
}

void turn_request_tick(struct turn *turn, int64_t now_ms)
{
    for (size_t i = 0; i < TURN_REQUESTS_MAX; i++) {
        struct turn_request *request = &turn->requests[i];
        if (request->used && now_ms >= request->next_ms && turn->state != TURN_OVER)
            tick_request(turn, request, now_ms);
    }
}
