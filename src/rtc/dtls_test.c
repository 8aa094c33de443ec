/* Two engines back to back in memory: datagrams lost, split, forged. */
#include "rtc/dtls_pair_test.h"

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

static void test_cm_32(void **state)
{
    check_profile(*state, SRTP_AES128_CM_SHA1_32);
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        PAIR_TEST(test_handshake),
        PAIR_TEST(test_client_hello_in_two_datagrams),
        PAIR_TEST(test_cm_80),
        PAIR_TEST(test_gcm_256),
        PAIR_TEST(test_cm_32),
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
