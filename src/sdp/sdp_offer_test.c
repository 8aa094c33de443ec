#include "sdp_offer.h"

#include "sdp_exchange_test.h"

/* --- DTLS roles --- */

#define DTLS_ANSWER(setup)                                                           \
    "v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\n"      \
    "m=audio 5004 UDP/TLS/RTP/SAVPF 0\r\na=mid:0\r\na=rtcp-mux\r\na=ice-ufrag:u\r\n" \
    "a=ice-pwd:p\r\na=fingerprint:sha-256 AB:CD\r\n" setup

static void test_roles_when_we_answer(void **state)
{
    (void)state;
    static const struct {
        const char *theirs;
        enum sdp_setup wish, ours;
    } cases[] = {
        { DTLS_ANSWER("a=setup:actpass\r\n"), SDP_SETUP_NONE, SDP_SETUP_PASSIVE },
        { DTLS_ANSWER("a=setup:actpass\r\n"), SDP_SETUP_ACTIVE, SDP_SETUP_ACTIVE },
        { DTLS_ANSWER("a=setup:active\r\n"), SDP_SETUP_ACTIVE, SDP_SETUP_PASSIVE },
        { DTLS_ANSWER("a=setup:passive\r\n"), SDP_SETUP_PASSIVE, SDP_SETUP_ACTIVE },
        { DTLS_ANSWER(""), SDP_SETUP_NONE, SDP_SETUP_PASSIVE },
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct exchange x;
        struct sdp_caps caps = caps_for(SDP_RTP_DTLS);
        caps.setup = cases[i].wish;
        setup(&x);
        assert_int_equal(answer_text(&x, &caps, cases[i].theirs), OK);
        assert_int_equal(x.result.setup, cases[i].ours);
        /* a re-offer with actpass keeps the roles of the association that is up */
        caps.setup = SDP_SETUP_NONE;
        assert_int_equal(answer_text(&x, &caps, DTLS_ANSWER("a=setup:actpass\r\n")), OK);
        assert_int_equal(x.result.setup, cases[i].ours);
        teardown(&x);
    }
}

static void test_roles_when_we_offer(void **state)
{
    (void)state;
    static const struct {
        const char *theirs;
        enum sdp_setup ours;
    } cases[] = {
        { DTLS_ANSWER("a=setup:active\r\n"), SDP_SETUP_PASSIVE },
        { DTLS_ANSWER("a=setup:passive\r\n"), SDP_SETUP_ACTIVE },
        { DTLS_ANSWER("a=setup:actpass\r\n"), SDP_SETUP_ACTIVE },
        { DTLS_ANSWER(""), SDP_SETUP_PASSIVE },
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct exchange x;
        struct sdp_caps caps = caps_for(SDP_RTP_DTLS);
        caps.ice_lite = false;
        setup(&x);
        offer(&x, &caps);
        assert_has(x.text, "a=setup:actpass\r\n");
        assert_has(x.text, "a=group:BUNDLE 0\r\n");
        assert_has(x.text, "a=rtcp-mux\r\n");
        assert_has_not(x.text, "ice-lite");
        assert_int_equal(feed(&x, &caps, cases[i].theirs), OK);
        assert_int_equal(x.result.setup, cases[i].ours);
        teardown(&x);
    }
}

/* --- our offers --- */

static void test_plain_offer_and_answer(void **state)
{
    (void)state;
    struct exchange x;
    struct sdp_caps caps = plain_caps();
    setup(&x);
    offer(&x, &caps);
    assert_string_equal(x.text, "v=0\r\n"
                                "o=- 4711 1 IN IP4 203.0.113.1\r\n"
                                "s=-\r\n"
                                "c=IN IP4 203.0.113.1\r\n"
                                "t=0 0\r\n"
                                "m=audio 10000 RTP/AVP 111 9 0 8 110 101\r\n"
                                "a=sendrecv\r\n"
                                "a=rtpmap:111 opus/48000/2\r\n"
                                "a=fmtp:111 minptime=10;useinbandfec=1\r\n"
                                "a=rtpmap:9 G722/8000\r\n"
                                "a=rtpmap:0 PCMU/8000\r\n"
                                "a=rtpmap:8 PCMA/8000\r\n"
                                "a=rtpmap:110 telephone-event/48000\r\n"
                                "a=fmtp:110 0-15\r\n"
                                "a=rtpmap:101 telephone-event/8000\r\n"
                                "a=fmtp:101 0-15\r\n"
                                "a=ptime:20\r\n");
    /* they number opus and the events in their own way, which RFC 3264 §6.1 allows */
    assert_int_equal(feed(&x, &caps,
                          "v=0\r\nc=IN IP4 192.0.2.9\r\nm=audio 4000 RTP/AVP 8 96 97\r\n"
                          "a=rtpmap:96 OPUS/48000/2\r\na=rtpmap:97 telephone-event/8000\r\n"),
                     OK);
    assert_formats(&x.result, "PCMA:8 opus:96 / 8000:97");
    assert_int_equal(x.result.formats[1].rx_pt, 111);
    assert_int_equal(x.result.dtmf[0].rx_pt, 101);
    /* the 200 after a 183, from another place */
    assert_int_equal(feed(&x, &caps, "v=0\r\nc=IN IP4 192.0.2.10\r\nm=audio 4002 RTP/AVP 0\r\n"),
                     OK);
    assert_slice(x.result.address, "192.0.2.10");
    assert_formats(&x.result, "PCMU:0 /");
    teardown(&x);
}

static void test_payload_numbers_do_not_collide(void **state)
{
    (void)state;
    static const struct sdp_codec odd[] = {
        { "opus", 48000, 2, 101, NULL, NULL }, { "speex", 8000, 1, 101, NULL, NULL },
        { "iLBC", 8000, 1, 0, NULL, NULL },    { "PCMU", 8000, 1, 0, NULL, NULL },
        { "L16", 16000, 1, 200, NULL, NULL },
    };
    struct exchange x;
    struct sdp_caps caps = plain_caps();
    caps.codecs = odd;
    caps.n_codecs = COUNT_OF(odd);
    setup(&x);
    offer(&x, &caps);
    assert_has(x.text, "m=audio 10000 RTP/AVP 101 96 97 0 98 110 99\r\n");
    assert_has(x.text, "a=rtpmap:97 iLBC/8000\r\n");
    assert_has(x.text, "a=rtpmap:99 telephone-event/8000\r\n");
    teardown(&x);
}

static void test_bad_answers(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        enum err err;
        const char *why;
    } cases[] = {
        { "v=0\r\nc=IN IP4 192.0.2.9\r\nm=audio 0 RTP/AVP 0\r\n", ERR_REFUSED, "rejected" },
        { "v=0\r\nc=IN IP4 192.0.2.9\r\n", ERR_PARSE, "line 1 of our offer is audio" },
        { "v=0\r\nc=IN IP4 192.0.2.9\r\nm=video 5 RTP/AVP 0\r\n", ERR_PARSE,
          "line 1 of our offer" },
        { "v=0\r\nc=IN IP4 192.0.2.9\r\nm=audio 5 RTP/SAVP 0\r\n", ERR_UNSUPPORTED, "RTP/SAVP" },
        { "v=0\r\nc=IN IP4 192.0.2.9\r\nm=audio 5 RTP/AVP 18 101\r\n"
          "a=rtpmap:101 telephone-event/8000\r\n",
          ERR_UNSUPPORTED, "the far end has G729/8000, telephone-event/8000; we have opus" },
    };
    struct exchange x;
    struct sdp_caps caps = plain_caps();
    setup(&x);
    assert_int_equal(feed(&x, &caps, cases[0].text), ERR_MISUSE);
    offer(&x, &caps);
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        assert_int_equal(feed(&x, &caps, cases[i].text), cases[i].err);
        assert_has(x.fault.text, cases[i].why);
        assert_null(x.result.remote);
    }
    teardown(&x);
}

static void test_sdes_offer(void **state)
{
    (void)state;
    struct exchange x;
    struct sdp_caps caps = caps_for(SDP_RTP_SDES);
    setup(&x);
    offer(&x, &caps);
    assert_has(x.text, "m=audio 10000 RTP/SAVP 111");
    assert_has(x.text, "a=crypto:1 AEAD_AES_128_GCM inline:R0NN");
    assert_has(x.text, "a=crypto:3 AES_CM_128_HMAC_SHA1_32 inline:");
    assert_int_equal(feed(&x, &caps,
                          "v=0\r\nc=IN IP4 192.0.2.9\r\nm=audio 5 RTP/SAVP 0\r\n"
                          "a=crypto:2 AES_CM_128_HMAC_SHA1_80 inline:QUJD\r\n"),
                     OK);
    assert_int_equal(x.result.key, 1);
    assert_slice(x.result.crypto.key, "QUJD");
    /* a tag that was not ours for this suite */
    assert_int_equal(feed(&x, &caps,
                          "v=0\r\nc=IN IP4 192.0.2.9\r\nm=audio 5 RTP/SAVP 0\r\n"
                          "a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:QUJD\r\n"),
                     ERR_UNSUPPORTED);
    teardown(&x);
}

/* --- later offers --- */

static void test_version_grows_only_with_changes(void **state)
{
    (void)state;
    struct exchange x;
    struct sdp_caps caps = plain_caps();
    setup(&x);
    offer(&x, &caps);
    assert_has(x.text, "o=- 4711 1 IN");
    offer(&x, &caps);
    assert_has(x.text, "o=- 4711 1 IN");
    caps.direction = SDP_SENDONLY;
    offer(&x, &caps);
    assert_has(x.text, "o=- 4711 2 IN");
    assert_has(x.text, "a=sendonly\r\n");
    caps.direction = SDP_SENDRECV;
    offer(&x, &caps);
    assert_has(x.text, "o=- 4711 3 IN");
    teardown(&x);
}

static void test_our_offer_after_theirs(void **state)
{
    (void)state;
    struct exchange x;
    struct sdp_caps caps = caps_for(SDP_RTP_DTLS);
    setup(&x);
    assert_int_equal(answer_seed(&x, &caps, "bundle-only"), OK);
    offer(&x, &caps);
    /* the rejected line stays first, opus keeps their number, the mid is theirs */
    assert_has(x.text, "m=video 0 UDP/TLS/RTP/SAVPF 96\r\na=mid:v\r\n"
                       "m=audio 9000 UDP/TLS/RTP/SAVPF 111 9 0 8 110 101\r\na=mid:a\r\n");
    assert_has(x.text, "a=group:BUNDLE a\r\n");
    assert_has(x.text, "o=- 4711 2 IN");
    teardown(&x);

    setup(&x);
    caps = plain_caps();
    assert_int_equal(answer_seed(&x, &caps, "linphone"), OK);
    offer(&x, &caps);
    assert_has(x.text, "m=audio 10000 RTP/AVP 96 9 0 8 101 100\r\n");
    assert_has(x.text, "a=rtpmap:101 telephone-event/48000\r\n");
    assert_has(x.text, "m=video 0 RTP/AVP 96\r\n");
    assert_int_equal(feed(&x, &caps,
                          "v=0\r\nc=IN IP4 192.0.2.9\r\nm=audio 5 RTP/AVP 96 100\r\n"
                          "a=rtpmap:96 opus/48000/2\r\na=rtpmap:100 telephone-event/8000\r\n"
                          "m=video 0 RTP/AVP 96\r\n"),
                     OK);
    assert_formats(&x.result, "opus:96 / 8000:100");
    teardown(&x);
}

/* A number that they gave to another codec since is not used for the first one again. */
static void test_renumbered_codecs(void **state)
{
    (void)state;
    struct exchange x;
    struct sdp_caps caps = plain_caps();
    setup(&x);
    assert_int_equal(answer_text(&x, &caps,
                                 "v=0\r\nc=IN IP4 192.0.2.9\r\nm=audio 5 RTP/AVP 96\r\n"
                                 "a=rtpmap:96 G722/8000\r\n"),
                     OK);
    assert_int_equal(answer_text(&x, &caps,
                                 "v=0\r\nc=IN IP4 192.0.2.9\r\nm=audio 5 RTP/AVP 96\r\n"
                                 "a=rtpmap:96 opus/48000/2\r\n"),
                     OK);
    offer(&x, &caps);
    assert_has(x.text, "m=audio 10000 RTP/AVP 96 9 0 8 110 101\r\n");
    teardown(&x);
}

static void test_hold_and_resume(void **state)
{
    (void)state;
    struct exchange x;
    struct sdp_caps caps = plain_caps();
    setup(&x);
    caps.direction = SDP_SENDONLY;
    offer(&x, &caps);
    assert_int_equal(
        feed(&x, &caps, "v=0\r\nc=IN IP4 192.0.2.9\r\nm=audio 5 RTP/AVP 0\r\na=recvonly\r\n"), OK);
    assert_int_equal(x.result.direction, SDP_SENDONLY);
    assert_false(x.result.held);
    /* they hold us while we hold them: nobody sends */
    assert_int_equal(answer_seed(&x, &caps, "hold-sendonly"), OK);
    assert_int_equal(x.result.direction, SDP_INACTIVE);
    assert_true(x.result.held);
    caps.direction = SDP_SENDRECV;
    assert_int_equal(answer_seed(&x, &caps, "sipp"), OK);
    assert_int_equal(x.result.direction, SDP_SENDRECV);
    assert_false(x.result.held);
    teardown(&x);
}

static void test_failure_leaves_the_session(void **state)
{
    (void)state;
    struct exchange x;
    struct sdp_caps caps = plain_caps();
    setup(&x);
    assert_int_equal(answer_seed(&x, &caps, "linphone"), OK);
    char before[8192];
    snprintf(before, sizeof before, "%s", x.text);
    assert_int_equal(answer_seed(&x, &caps, "no-common"), ERR_UNSUPPORTED);
    assert_int_equal(answer_seed(&x, &caps, "linphone"), OK);
    assert_string_equal(x.text, before);
    char small[40];
    struct buf out = BUF_ON(small);
    assert_int_equal(sdp_offer_print(&x.state, &caps, &out), ERR_LIMIT);
    teardown(&x);
}

static void test_ipv6_and_limits(void **state)
{
    (void)state;
    struct exchange x;
    struct sdp_caps caps = plain_caps();
    caps.address = "2001:db8::1";
    setup(&x);
    offer(&x, &caps);
    assert_has(x.text, "o=- 4711 1 IN IP6 2001:db8::1\r\ns=-\r\nc=IN IP6 2001:db8::1\r\n");
    assert_int_equal(feed(&x, &caps,
                          "v=0\r\nc=IN IP4 192.0.2.9\r\nm=audio 5 RTP/AVP 0\r\na=ptime:60\r\n"
                          "a=maxptime:30\r\n"),
                     OK);
    assert_int_equal(x.result.ptime_ms, 30);
    assert_int_equal(x.result.maxptime_ms, 30);
    teardown(&x);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_roles_when_we_answer),
        cmocka_unit_test(test_roles_when_we_offer),
        cmocka_unit_test(test_plain_offer_and_answer),
        cmocka_unit_test(test_payload_numbers_do_not_collide),
        cmocka_unit_test(test_bad_answers),
        cmocka_unit_test(test_sdes_offer),
        cmocka_unit_test(test_version_grows_only_with_changes),
        cmocka_unit_test(test_our_offer_after_theirs),
        cmocka_unit_test(test_renumbered_codecs),
        cmocka_unit_test(test_hold_and_resume),
        cmocka_unit_test(test_failure_leaves_the_session),
        cmocka_unit_test(test_ipv6_and_limits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
