/* Records of one epoch between two tails, and between a tail and OpenSSL. */
#include "rtc/dtls_pair_test.h"

#include "rtc/dtls_tail.h"

static const struct dtls_tail_keys one = {
    .key_len = 16, .tx_key = { 1, 2, 3 }, .rx_key = { 4, 5, 6 }, .tx_iv = { 7 }, .rx_iv = { 8 }
};

static struct dtls_tail_keys other_end(const struct dtls_tail_keys *keys)
{
    struct dtls_tail_keys other = { .key_len = keys->key_len };
    memcpy(other.tx_key, keys->rx_key, sizeof other.tx_key);
    memcpy(other.rx_key, keys->tx_key, sizeof other.rx_key);
    memcpy(other.tx_iv, keys->rx_iv, sizeof other.tx_iv);
    memcpy(other.rx_iv, keys->tx_iv, sizeof other.rx_iv);
    return other;
}

static void goodbye_is_heard(void **state)
{
    (void)state;
    static const size_t key_lens[] = { 16, 32 };
    for (size_t i = 0; i < COUNT_OF(key_lens); i++) {
        struct dtls_tail_keys keys = one;
        keys.key_len = key_lens[i];
        struct dtls_tail_keys other = other_end(&keys);
        struct dtls_tail *a = dtls_tail_create(&keys, SLICE("flight"));
        struct dtls_tail *b = dtls_tail_create(&other, SLICE_NONE);
        uint8_t bye[DTLS_TAIL_GOODBYE_LEN];
        dtls_tail_goodbye(a, bye);
        assert_int_equal(dtls_tail_feed(b, slice_make(bye, sizeof bye)), DTLS_TAIL_CLOSED);
        assert_int_equal(dtls_tail_feed(a, slice_make(bye, sizeof bye)), DTLS_TAIL_NOTHING);
        assert_true(slice_is(dtls_tail_flight(a), "flight"));
        assert_true(slice_empty(dtls_tail_flight(b)));
        dtls_tail_destroy(a);
        dtls_tail_destroy(b);
    }
    dtls_tail_destroy(NULL);
}

static void what_is_changed_or_cut_says_nothing(void **state)
{
    (void)state;
    struct dtls_tail_keys other = other_end(&one);
    struct dtls_tail *a = dtls_tail_create(&one, SLICE_NONE);
    struct dtls_tail *b = dtls_tail_create(&other, SLICE_NONE);
    uint8_t bye[DTLS_TAIL_GOODBYE_LEN];
    dtls_tail_goodbye(a, bye);
    for (size_t i = 0; i < 8 * sizeof bye; i++) {
        bye[i / 8] ^= (uint8_t)(1u << i % 8);
        assert_int_equal(dtls_tail_feed(b, slice_make(bye, sizeof bye)), DTLS_TAIL_NOTHING);
        bye[i / 8] ^= (uint8_t)(1u << i % 8);
    }
    for (size_t len = 0; len < sizeof bye; len++)
        assert_int_equal(dtls_tail_feed(b, slice_make(bye, len)), DTLS_TAIL_NOTHING);
    assert_int_equal(dtls_tail_feed(b, slice_make(bye, sizeof bye)), DTLS_TAIL_CLOSED);
    dtls_tail_destroy(a);
    dtls_tail_destroy(b);
}

static void a_goodbye_behind_other_records_is_heard(void **state)
{
    (void)state;
    static const char other_record[] = "\x16\xfe\xfd\0\0\0\0\0\0\0\1\0\4abcd";
    enum { OTHER_LEN = sizeof other_record - 1 };
    struct dtls_tail_keys other = other_end(&one);
    struct dtls_tail *a = dtls_tail_create(&one, SLICE_NONE);
    struct dtls_tail *b = dtls_tail_create(&other, SLICE_NONE);
    uint8_t both[OTHER_LEN + DTLS_TAIL_GOODBYE_LEN];
    memcpy(both, other_record, OTHER_LEN);
    dtls_tail_goodbye(a, both + OTHER_LEN);
    assert_int_equal(dtls_tail_feed(b, slice_make(both, sizeof both)), DTLS_TAIL_CLOSED);
    dtls_tail_destroy(a);
    dtls_tail_destroy(b);
}

/* One end keeps OpenSSL's connection, since the other's fingerprint comes after the handshake; the
 * other has cut it to a tail. */
static void start_with_late(struct pair *pair, size_t late)
{
    create_both(pair);
    know(pair, 1 - late);
    dtls_start(pair->ends[CLIENT].dtls);
    for (int times = 0; times < 8; times++) {
        deliver(pair, CLIENT);
        deliver(pair, SERVER);
    }
    know(pair, late);
    assert_up(pair, SRTP_AEAD_AES_128_GCM);
}

static void check_goodbye(struct pair *pair, size_t who)
{
    dtls_close(pair->ends[who].dtls);
    assert_int_equal(pair->ends[who].n_queue, 1);
    struct datagram forged = pair->ends[who].queue[0];
    forged.bytes[forged.len - 1] ^= 1;
    dtls_feed(pair->ends[1 - who].dtls, slice_make(forged.bytes, forged.len));
    assert_int_equal(pair->ends[1 - who].n_failed, 0);
    deliver(pair, who);
    assert_int_equal(pair->ends[1 - who].n_failed, 1);
    assert_int_equal(pair->ends[1 - who].err, ERR_CLOSED);
}

static void goodbye_of_openssl_to_a_tail(void **state)
{
    start_with_late(*state, CLIENT);
    check_goodbye(*state, CLIENT);
}

static void goodbye_of_a_server_s_tail_to_openssl(void **state)
{
    start_with_late(*state, CLIENT);
    check_goodbye(*state, SERVER);
}

static void goodbye_of_a_client_s_tail_to_openssl(void **state)
{
    start_with_late(*state, SERVER);
    check_goodbye(*state, CLIENT);
}

static void the_last_flight_is_repeated(void **state)
{
    struct pair *pair = *state;
    struct end *server = &pair->ends[SERVER], *client = &pair->ends[CLIENT];
    create_both(pair);
    know(pair, SERVER);
    know(pair, CLIENT);
    dtls_start(client->dtls);
    for (int times = 0; times < 8 && !server->n_up; times++) {
        deliver(pair, CLIENT);
        if (!server->n_up)
            deliver(pair, SERVER);
    }
    assert_int_equal(server->n_queue, 1);
    for (int times = 0; times < 2; times++) { /* and the first repetition is lost, too */
        server->n_queue = 0;
        assert_int_equal(client->n_up, 0);
        nanosleep(&(struct timespec){ .tv_nsec = 205000000 }, NULL);
        dtls_tick(client->dtls);
        deliver(pair, CLIENT);
        assert_int_equal(server->n_queue, 1); /* one answer, however much was repeated */
    }
    deliver(pair, SERVER);
    assert_up(pair, SRTP_AEAD_AES_128_GCM);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(goodbye_is_heard),
        cmocka_unit_test(what_is_changed_or_cut_says_nothing),
        cmocka_unit_test(a_goodbye_behind_other_records_is_heard),
        PAIR_TEST(goodbye_of_openssl_to_a_tail),
        PAIR_TEST(goodbye_of_a_server_s_tail_to_openssl),
        PAIR_TEST(goodbye_of_a_client_s_tail_to_openssl),
        PAIR_TEST(the_last_flight_is_repeated),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
