/* Two engines back to back in memory: datagrams lost, split, forged. */
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

static void on_send(void *owner, struct slice datagram)
{
    struct end *end = owner;
    assert_true(end->n_queue < QUEUE_MAX && datagram.len <= LONGEST);
    struct datagram *place = &end->queue[end->n_queue++];
    place->len = datagram.len;
    memcpy(place->bytes, datagram.ptr, datagram.len);
    end->longest = datagram.len > end->longest ? datagram.len : end->longest;
}

static size_t join(char *out, struct slice key, struct slice salt)
{
    memcpy(out, key.ptr, key.len);
    memcpy(out + key.len, salt.ptr, salt.len);
    return key.len + salt.len;
}

static void on_up(void *owner, const struct dtls_keys *keys)
{
    struct end *end = owner;
    end->n_up++;
    end->profile = keys->profile;
    end->tx_len = join(end->tx, keys->tx_key, keys->tx_salt);
    end->rx_len = join(end->rx, keys->rx_key, keys->rx_salt);
    snprintf(end->detail, sizeof end->detail, "%s", keys->detail);
}

static void on_failed(void *owner, enum err err, const char *text)
{
    struct end *end = owner;
    end->n_failed++;
    end->err = err;
    snprintf(end->text, sizeof end->text, "%s", text);
}

static const struct dtls_events events = { on_send, on_up, on_failed };

static int set_up(void **state)
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

static int tear_down(void **state)
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

static void create(struct end *end, enum dtls_role role, const enum srtp_profile *profiles,
                   size_t n)
{
    struct dtls_config config = { .role = role, .profiles = profiles, .n_profiles = n };
    end->dtls = dtls_create(end->context, &config, &events, end);
}

static void create_both(struct pair *pair)
{
    create(&pair->ends[SERVER], DTLS_SERVER, NULL, 0);
    create(&pair->ends[CLIENT], DTLS_CLIENT, NULL, 0);
}

static void know(struct pair *pair, size_t who)
{
    assert_int_equal(dtls_set_fingerprint(pair->ends[who].dtls, "sha-256",
                                          slice_of(pair->ends[1 - who].fingerprint)),
                     OK);
}

/* A ClientHello in one record as two fragments in two datagrams, as Chromium sends it
 * (RFC 6347 §4.2.3). The second gets a record number that no later record has. */
static void feed_split(struct dtls *to, const struct datagram *hello)
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

static void deliver(struct pair *pair, size_t from)
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

static bool settled(const struct pair *pair)
{
    for (size_t i = 0; i < ENDS; i++) {
        if (!pair->ends[i].n_up && !pair->ends[i].n_failed)
            return false;
    }
    return true;
}

static void run(struct pair *pair)
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

static void start(struct pair *pair)
{
    dtls_start(pair->ends[CLIENT].dtls);
    run(pair);
}

static void assert_up(const struct pair *pair, enum srtp_profile profile)
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

static void test_handshake(void **state)
{
    struct pair *pair = *state;
    create_both(pair);
    know(pair, SERVER);
    know(pair, CLIENT);
    start(pair);
    assert_up(pair, SRTP_AEAD_AES_128_GCM);
    assert_string_equal(pair->ends[SERVER].detail, "DTLSv1.2 AEAD_AES_128_GCM as server");
    assert_string_equal(pair->ends[CLIENT].detail, "DTLSv1.2 AEAD_AES_128_GCM as client");
    assert_int_equal(dtls_next_wake_ms(pair->ends[SERVER].dtls), -1);
}

static void test_client_hello_in_two_datagrams(void **state)
{
    struct pair *pair = *state;
    create_both(pair);
    pair->split_hello = true;
    know(pair, SERVER);
    know(pair, CLIENT);
    start(pair);
    assert_up(pair, SRTP_AEAD_AES_128_GCM);
}

static void check_profile(struct pair *pair, enum srtp_profile offered)
{
    create(&pair->ends[SERVER], DTLS_SERVER, NULL, 0);
    create(&pair->ends[CLIENT], DTLS_CLIENT, &offered, 1);
    know(pair, SERVER);
    know(pair, CLIENT);
    start(pair);
    assert_up(pair, offered);
}

static void test_cm_80(void **state)
{
    check_profile(*state, SRTP_AES128_CM_SHA1_80);
}

static void test_gcm_256(void **state)
{
    check_profile(*state, SRTP_AEAD_AES_256_GCM);
}

static void test_our_order_of_profiles_counts(void **state)
{
    static const enum srtp_profile offered[] = { SRTP_AEAD_AES_256_GCM, SRTP_AES128_CM_SHA1_80,
                                                 SRTP_AEAD_AES_128_GCM };
    struct pair *pair = *state;
    create(&pair->ends[SERVER], DTLS_SERVER, NULL, 0);
    create(&pair->ends[CLIENT], DTLS_CLIENT, offered, COUNT_OF(offered));
    know(pair, SERVER);
    know(pair, CLIENT);
    start(pair);
    assert_up(pair, SRTP_AEAD_AES_128_GCM);
}

static void test_no_common_profile(void **state)
{
    static const enum srtp_profile ours[] = { SRTP_AEAD_AES_128_GCM };
    static const enum srtp_profile theirs[] = { SRTP_AES128_CM_SHA1_80 };
    struct pair *pair = *state;
    create(&pair->ends[SERVER], DTLS_SERVER, ours, 1);
    create(&pair->ends[CLIENT], DTLS_CLIENT, theirs, 1);
    know(pair, SERVER);
    start(pair);
    assert_int_equal(pair->ends[SERVER].n_up, 0);
    assert_int_equal(pair->ends[SERVER].err, ERR_UNSUPPORTED);
    assert_non_null(strstr(pair->ends[SERVER].text, "no common SRTP"));
}

static void check_mismatch(struct pair *pair, size_t who)
{
    create_both(pair);
    know(pair, 1 - who);
    /* our own instead of the peer's: a certificate in between looks like this */
    assert_int_equal(dtls_set_fingerprint(pair->ends[who].dtls, "sha-256",
                                          slice_of(pair->ends[who].fingerprint)),
                     OK);
    start(pair);
    assert_int_equal(pair->ends[who].n_up, 0);
    assert_int_equal(pair->ends[who].n_failed, 1);
    assert_int_equal(pair->ends[who].err, ERR_AUTH);
    assert_non_null(strstr(pair->ends[who].text, pair->ends[1 - who].fingerprint));
}

static void test_wrong_fingerprint_at_the_server(void **state)
{
    check_mismatch(*state, SERVER);
}

static void test_wrong_fingerprint_at_the_client(void **state)
{
    check_mismatch(*state, CLIENT);
}

static void test_fingerprint_may_come_late(void **state)
{
    struct pair *pair = *state;
    create_both(pair);
    start(pair);
    assert_int_equal(pair->ends[SERVER].n_up + pair->ends[CLIENT].n_up, 0);
    know(pair, SERVER);
    assert_int_equal(pair->ends[SERVER].n_up, 1);
    know(pair, CLIENT);
    assert_up(pair, SRTP_AEAD_AES_128_GCM);
}

static void test_other_hashes(void **state)
{
    static const char *const hashes[] = { "sha-1", "SHA-384", "sha-512" };
    struct pair *pair = *state;
    create_both(pair);
    start(pair);
    for (size_t i = 0; i < COUNT_OF(hashes); i++) {
        char print[CERT_FINGERPRINT_TEXT];
        struct dtls *server = pair->ends[SERVER].dtls;
        struct slice cert = slice_of(pair->ends[CLIENT].cert);
        assert_int_equal(cert_fingerprint(cert, hashes[i], print), OK);
        assert_int_equal(dtls_set_fingerprint(server, "sha-256", slice_of(print)), ERR_PARSE);
        assert_int_equal(dtls_set_fingerprint(server, "md5", slice_of(print)), ERR_UNSUPPORTED);
        assert_int_equal(dtls_set_fingerprint(server, hashes[i], SLICE("zz")), ERR_PARSE);
        assert_int_equal(dtls_set_fingerprint(server, hashes[i], slice_of(print)), OK);
        assert_int_equal(pair->ends[SERVER].n_up, 1); /* of the first; the others change nothing */
    }
}

static void test_lost_datagrams_are_sent_again(void **state)
{
    struct pair *pair = *state;
    for (size_t i = 0; i < 8; i++) {
        void *fresh = NULL;
        set_up(&fresh);
        pair = fresh;
        create_both(pair);
        pair->lost[i % 2] = 1u << (i / 2);
        know(pair, SERVER);
        know(pair, CLIENT);
        start(pair);
        assert_up(pair, SRTP_AEAD_AES_128_GCM);
        tear_down(&fresh);
    }
}

static void test_garbage_is_survived(void **state)
{
    struct pair *pair = *state;
    create_both(pair);
    know(pair, SERVER);
    know(pair, CLIENT);
    struct dtls *server = pair->ends[SERVER].dtls;
    dtls_feed(server, SLICE("\x16"));
    dtls_feed(server, SLICE("\x16\xfe\xfd\0\0\0\0\0\0\0\0\xff\xff"));
    dtls_feed(server, SLICE("\x17\xfe\xfd\0\1\0\0\0\0\0\0\0\4abcd"));
    start(pair);
    dtls_feed(server, SLICE("\x17\xfe\xfd\0\1\0\0\0\0\0\x40\0\4abcd"));
    dtls_feed(server, SLICE("\x15\xfe\xfd\0\0\0\0\0\0\0\x41\0\2\2\x28")); /* unprotected alert */
    assert_up(pair, SRTP_AEAD_AES_128_GCM);
}

static void test_goodbye(void **state)
{
    struct pair *pair = *state;
    create_both(pair);
    know(pair, SERVER);
    know(pair, CLIENT);
    start(pair);
    dtls_close(pair->ends[CLIENT].dtls);
    deliver(pair, CLIENT);
    assert_int_equal(pair->ends[SERVER].n_failed, 1);
    assert_int_equal(pair->ends[SERVER].err, ERR_CLOSED);
    assert_string_equal(pair->ends[SERVER].text, "peer closed DTLS");
    deliver(pair, SERVER);
    assert_int_equal(pair->ends[CLIENT].n_failed, 0);
}

static void test_a_peer_that_falls_silent(void **state)
{
    struct pair *pair = *state;
    create_both(pair);
    pair->lost[SERVER] = ~0ull;
    dtls_start(pair->ends[CLIENT].dtls);
    assert_in_range(dtls_next_wake_ms(pair->ends[CLIENT].dtls), 1, DTLS_RETRANSMIT_MS);
    nanosleep(&(struct timespec){ .tv_nsec = (DTLS_RETRANSMIT_MS + 5) * 1000000l }, NULL);
    assert_int_equal(dtls_next_wake_ms(pair->ends[CLIENT].dtls), 0);
    dtls_tick(pair->ends[CLIENT].dtls);
    assert_int_equal(pair->ends[CLIENT].n_queue, 2); /* the ClientHello and its repetition */
    assert_in_range(dtls_next_wake_ms(pair->ends[CLIENT].dtls), DTLS_RETRANSMIT_MS,
                    2 * DTLS_RETRANSMIT_MS);
}

static void test_context_refuses_what_does_not_fit(void **state)
{
    struct pair *pair = *state;
    struct dtls_context *context;
    struct fault fault;
    struct slice cert = slice_of(pair->ends[0].cert), other = slice_of(pair->ends[1].key);
    assert_int_equal(dtls_context_create(&context, cert, other, &fault), ERR_PARSE);
    assert_int_equal(dtls_context_create(&context, SLICE("x"), other, &fault), ERR_PARSE);
    assert_int_equal(dtls_context_create(&context, cert, SLICE_NONE, &fault), ERR_PARSE);
    assert_string_equal(fault.where, "DTLS certificate");
}

#define PAIR_TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        PAIR_TEST(test_handshake),
        PAIR_TEST(test_client_hello_in_two_datagrams),
        PAIR_TEST(test_cm_80),
        PAIR_TEST(test_gcm_256),
        PAIR_TEST(test_our_order_of_profiles_counts),
        PAIR_TEST(test_no_common_profile),
        PAIR_TEST(test_wrong_fingerprint_at_the_server),
        PAIR_TEST(test_wrong_fingerprint_at_the_client),
        PAIR_TEST(test_fingerprint_may_come_late),
        PAIR_TEST(test_other_hashes),
        PAIR_TEST(test_lost_datagrams_are_sent_again),
        PAIR_TEST(test_garbage_is_survived),
        PAIR_TEST(test_goodbye),
        PAIR_TEST(test_a_peer_that_falls_silent),
        PAIR_TEST(test_context_refuses_what_does_not_fit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
