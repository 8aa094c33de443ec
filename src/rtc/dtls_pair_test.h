#pragma once
/* Two DTLS engines back to back in memory, for tests: datagrams are lost, split, looked at. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <time.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/num.h"
#include "rtc/cert.h"
#include "rtc/dtls.h"

enum { QUEUE_MAX = 64, LONGEST = 1500, ENDS = 2, SERVER = 0, CLIENT = 1 };

struct datagram {
    size_t len;
    char bytes[LONGEST];
};

struct end {
    struct dtls_context *context;
    struct dtls *dtls;
    char *cert, *key;
    char fingerprint[CERT_FINGERPRINT_TEXT];
    struct datagram queue[QUEUE_MAX]; /* what it sent, not yet delivered */
    size_t n_queue, n_sent, longest;
    unsigned n_up, n_failed;
    enum err err;
    char text[500], detail[100];
    enum srtp_profile profile;
    char tx[SRTP_KEY_MAX + SRTP_SALT_MAX], rx[SRTP_KEY_MAX + SRTP_SALT_MAX];
    size_t tx_len, rx_len;
};

struct pair {
    struct end ends[ENDS];
    uint64_t lost[ENDS]; /* bit n: the n-th datagram of that end is lost */
    bool split_hello;
};

static inline void on_send(void *owner, struct slice datagram)
{
    struct end *end = owner;
    assert_true(end->n_queue < QUEUE_MAX && datagram.len <= LONGEST);
    struct datagram *place = &end->queue[end->n_queue++];
    place->len = datagram.len;
    memcpy(place->bytes, datagram.ptr, datagram.len);
    end->longest = datagram.len > end->longest ? datagram.len : end->longest;
}

static inline size_t join(char *out, struct slice key, struct slice salt)
{
    memcpy(out, key.ptr, key.len);
    memcpy(out + key.len, salt.ptr, salt.len);
    return key.len + salt.len;
}

static inline void on_up(void *owner, const struct dtls_keys *keys)
{
    struct end *end = owner;
    end->n_up++;
    end->profile = keys->profile;
    end->tx_len = join(end->tx, keys->tx_key, keys->tx_salt);
    end->rx_len = join(end->rx, keys->rx_key, keys->rx_salt);
    snprintf(end->detail, sizeof end->detail, "%s", keys->detail);
}

static inline void on_failed(void *owner, enum err err, const char *text)
{
    struct end *end = owner;
    end->n_failed++;
    end->err = err;
    snprintf(end->text, sizeof end->text, "%s", text);
}

static const struct dtls_events events = { on_send, on_up, on_failed };

static inline int set_up(void **state)
{
    struct pair *pair = mem_new(struct pair);
    for (size_t i = 0; i < ENDS; i++) {
        struct end *end = &pair->ends[i];
        assert_int_equal(cert_make_ecdsa(&end->cert, &end->key, "test", NULL, NULL), OK);
        assert_int_equal(
            dtls_context_create(&end->context, slice_of(end->cert), slice_of(end->key), NULL), OK);
        assert_int_equal(cert_fingerprint(slice_of(end->cert), "sha-256", end->fingerprint), OK);
    }
    *state = pair;
    return 0;
}

static inline int tear_down(void **state)
{
    struct pair *pair = *state;
    for (size_t i = 0; i < ENDS; i++) {
        struct end *end = &pair->ends[i];
        dtls_destroy(end->dtls);
        dtls_context_destroy(end->context);
        mem_free(end->cert);
        mem_free(end->key);
    }
    mem_free(pair);
    return 0;
}

static inline void create(struct end *end, enum dtls_role role, const enum srtp_profile *profiles,
                          size_t n)
{
    struct dtls_config config = { .role = role, .profiles = profiles, .n_profiles = n };
    end->dtls = dtls_create(end->context, &config, &events, end);
}

static inline void create_both(struct pair *pair)
{
    create(&pair->ends[SERVER], DTLS_SERVER, NULL, 0);
    create(&pair->ends[CLIENT], DTLS_CLIENT, NULL, 0);
}

static inline void know(struct pair *pair, size_t who)
{
    assert_int_equal(dtls_set_fingerprint(pair->ends[who].dtls, "sha-256",
                                          slice_of(pair->ends[1 - who].fingerprint)),
                     OK);
}

/* A ClientHello in one record as two fragments in two datagrams, as Chromium sends it
 * (RFC 6347 §4.2.3). The second gets a record number that no later record has. */
static inline void feed_split(struct dtls *to, const struct datagram *hello)
{
    enum { RECORD = 13, HANDSHAKE = 12, HALF = 50 };
    const char *body = hello->bytes + RECORD + HANDSHAKE;
    size_t body_len = hello->len - RECORD - HANDSHAKE;
    size_t from[2] = { 0, HALF }, len[2] = { HALF, body_len - HALF };
    for (size_t i = 0; i < 2; i++) {
        char mem[LONGEST];
        struct buf buf = BUF_ON(mem);
        buf_put(&buf, slice_make(hello->bytes, 10));
        buf_u8(&buf, i ? 40 : 0);
        buf_u16(&buf, (uint16_t)(HANDSHAKE + len[i]));
        buf_put(&buf, slice_make(hello->bytes + RECORD, 6)); /* type, length, message_seq */
        buf_u8(&buf, 0);
        buf_u16(&buf, (uint16_t)from[i]);
        buf_u8(&buf, 0);
        buf_u16(&buf, (uint16_t)len[i]);
        buf_put(&buf, slice_make(body + from[i], len[i]));
        dtls_feed(to, buf_slice(&buf));
    }
}

static inline void deliver(struct pair *pair, size_t from)
{
    struct end *end = &pair->ends[from];
    struct dtls *to = pair->ends[1 - from].dtls;
    while (end->n_queue) {
        struct datagram first = end->queue[0];
        memmove(end->queue, end->queue + 1, --end->n_queue * sizeof first);
        size_t number = end->n_sent++;
        if (number < 64 && pair->lost[from] >> number & 1)
            continue;
        if (pair->split_hello && from == CLIENT && number == 0)
            feed_split(to, &first);
        else
            dtls_feed(to, slice_make(first.bytes, first.len));
    }
}

static inline bool settled(const struct pair *pair)
{
    for (size_t i = 0; i < ENDS; i++) {
        if (!pair->ends[i].n_up && !pair->ends[i].n_failed)
            return false;
    }
    return true;
}

static inline void run(struct pair *pair)
{
    for (int turn = 0; turn < 400; turn++) { /* 2 s at most */
        for (size_t i = 0; i < ENDS; i++)
            dtls_tick(pair->ends[i].dtls);
        for (int times = 0; times < 4; times++) {
            deliver(pair, CLIENT);
            deliver(pair, SERVER);
        }
        if (settled(pair))
            return;
        if (dtls_next_wake_ms(pair->ends[0].dtls) < 0 && dtls_next_wake_ms(pair->ends[1].dtls) < 0)
            return; /* nothing will ever happen */
        nanosleep(&(struct timespec){ .tv_nsec = 5000000 }, NULL);
    }
}

static inline void start(struct pair *pair)
{
    dtls_start(pair->ends[CLIENT].dtls);
    run(pair);
}

static inline void assert_up(const struct pair *pair, enum srtp_profile profile)
{
    const struct end *s = &pair->ends[SERVER], *c = &pair->ends[CLIENT];
    const struct srtp_profile_info *info = srtp_profile_info(profile);
    assert_int_equal(s->n_failed + c->n_failed, 0);
    assert_int_equal(s->n_up, 1);
    assert_int_equal(c->n_up, 1);
    assert_int_equal(s->profile, profile);
    assert_int_equal(c->profile, profile);
    assert_int_equal(s->tx_len, info->key_len + info->salt_len);
    assert_int_equal(s->tx_len, c->rx_len);
    assert_memory_equal(s->tx, c->rx, s->tx_len);
    assert_memory_equal(s->rx, c->tx, s->rx_len);
    assert_memory_not_equal(s->rx, s->tx, s->rx_len);
    assert_true(s->longest <= DTLS_MTU && c->longest <= DTLS_MTU);
}

#define PAIR_TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
