/* Answers of sdp_offer.h to what real peers offer. */
#include "sdp_offer.h"

#include "sdp_exchange_test.h"

/* --- offers of real peers --- */

static const struct peer {
    const char *seed;
    enum sdp_transport transport;
    const char *formats, *address;
    uint16_t port, rtcp_port;
    size_t line, n_candidates;
    unsigned ptime_ms;
    enum sdp_direction direction;
    bool held, mux;
    const char *mid;
    const char *m_line; /* of our answer */
} peers[] = {
    { "chromium", SDP_RTP_DTLS, "opus:111 G722:9 PCMU:0 PCMA:8 / 48000:110 8000:126", "0.0.0.0", 9,
      9, .n_candidates = 7, .ptime_ms = 20, .mux = true, .mid = "0",
      .m_line = "m=audio 9000 UDP/TLS/RTP/SAVPF 111 9 0 8 110 126\r\n" },
    { "chromium-video", SDP_RTP_DTLS, "opus:111 G722:9 PCMU:0 PCMA:8 / 48000:110 8000:126",
      "0.0.0.0", 9, 9, .ptime_ms = 20, .mux = true, .mid = "0",
      .m_line = "a=ssrc:12345 cname:tandem\r\nm=video 0 UDP/TLS/RTP/SAVPF 96 97 " },
    { "firefox", SDP_RTP_DTLS, "opus:109 G722:9 PCMU:0 PCMA:8 / 8000:101", "0.0.0.0", 9, 9,
      .n_candidates = 2, .ptime_ms = 20, .mux = true, .mid = "0",
      .m_line = "m=audio 9000 UDP/TLS/RTP/SAVPF 109 9 0 8 101\r\n" },
    { "bundle-only", SDP_RTP_DTLS, "opus:111 /", "0.0.0.0", 0, 0, .line = 1, .ptime_ms = 20,
      .mux = true, .mid = "a",
      .m_line = "m=video 0 UDP/TLS/RTP/SAVPF 96\r\na=mid:v\r\n"
                "m=audio 9000 UDP/TLS/RTP/SAVPF 111\r\n" },
    { "old-savpf", SDP_RTP_DTLS, "PCMU:0 /", "192.0.2.90", 3478, 3478, .ptime_ms = 20, .mux = true,
      .m_line = "m=audio 9000 RTP/SAVPF 0\r\n" },
    { "baresip-plain", SDP_RTP_PLAIN, "opus:96 G722:9 PCMU:0 PCMA:8 / 8000:101", "127.0.0.1", 21192,
      21193, .ptime_ms = 20, .m_line = "m=audio 10000 RTP/AVP 96 9 0 8 101\r\n" },
    { "baresip-sdes", SDP_RTP_SDES, "opus:96 G722:9 PCMU:0 PCMA:8 / 8000:101", "127.0.0.1", 21038,
      21039, .ptime_ms = 20, .m_line = "m=audio 10000 RTP/SAVP 96 9 0 8 101\r\n" },
    { "asterisk", SDP_RTP_PLAIN, "PCMU:0 PCMA:8 opus:107 / 8000:101", "192.0.2.20", 14766, 14767,
      .ptime_ms = 20, .m_line = "m=audio 10000 RTP/AVP 0 8 107 101\r\n" },
    { "3cx", SDP_RTP_PLAIN, "PCMA:8 PCMU:0 / 8000:101", "192.0.2.31", 9018, 9019, .ptime_ms = 30,
      .m_line = "m=audio 10000 RTP/AVP 8 0 101\r\n" },
    { "linphone", SDP_RTP_PLAIN, "opus:96 PCMU:0 PCMA:8 / 48000:101 8000:100", "192.0.2.40", 7078,
      7079, .ptime_ms = 20, .m_line = "m=video 0 RTP/AVP 96\r\n" },
    { "rtpengine", SDP_RTP_PLAIN, "PCMU:0 PCMA:8 / 8000:101", "192.0.2.50", 30018, 30055,
      .ptime_ms = 20, .mid = "0", .m_line = "m=audio 10000 RTP/AVP 0 8 101\r\na=mid:0\r\n" },
    { "sipp", SDP_RTP_PLAIN, "PCMU:0 /", "127.0.0.1", 6000, 6001, .ptime_ms = 20,
      .m_line = "m=audio 10000 RTP/AVP 0\r\n" },
    { "minimal-lf", SDP_RTP_PLAIN, "PCMA:8 /", "192.0.2.60", 4000, 4001, .ptime_ms = 20,
      .m_line = "m=audio 10000 RTP/AVP 8\r\n" },
    { "ipv6", SDP_RTP_PLAIN, "PCMA:8 /", "2001:db8::60", 5004, 5005, .ptime_ms = 20,
      .m_line = "m=audio 10000 RTP/AVP 8\r\n" },
    { "hold-sendonly", SDP_RTP_PLAIN, "PCMU:0 /", "192.0.2.70", 5004, 5005, .ptime_ms = 20,
      .direction = SDP_RECVONLY, .held = true, .m_line = "a=recvonly\r\n" },
    { "hold-null", SDP_RTP_PLAIN, "PCMU:0 /", "0.0.0.0", 5004, 5005, .ptime_ms = 20,
      .direction = SDP_RECVONLY, .held = true, .m_line = "a=recvonly\r\n" },
    { "hold-inactive", SDP_RTP_PLAIN, "PCMU:0 /", "192.0.2.70", 5004, 5005, .ptime_ms = 20,
      .direction = SDP_INACTIVE, .held = true, .m_line = "a=inactive\r\n" },
    { "many-lines", SDP_RTP_PLAIN, "PCMU:0 / 8000:101", "192.0.2.80", 5010, 5011, .line = 2,
      .ptime_ms = 20,
      .m_line =
          "m=video 0 RTP/AVP 31 96\r\nm=audio 0 RTP/SAVP 0\r\nm=audio 10000 RTP/AVP 0 101\r\n" },
};

static void check_peer(const struct peer *peer)
{
    struct exchange x;
    struct sdp_caps caps = caps_for(peer->transport);
    setup(&x);
    if (answer_seed(&x, &caps, peer->seed))
        fail_msg("%s: %s", peer->seed, x.fault.text);
    const struct sdp_result *r = &x.result;
    assert_formats(r, peer->formats);
    assert_slice(r->address, peer->address);
    assert_int_equal(r->port, peer->port);
    assert_slice(r->rtcp_address,
                 slice_is(r->address, "192.0.2.50") ? "192.0.2.51" : peer->address);
    assert_int_equal(r->rtcp_port, peer->rtcp_port);
    assert_int_equal(r->line, peer->line);
    assert_int_equal(r->n_candidates, peer->n_candidates);
    assert_int_equal(r->ptime_ms, peer->ptime_ms);
    assert_int_equal(r->direction, peer->direction);
    assert_int_equal(r->held, peer->held);
    assert_int_equal(r->rtcp_mux, peer->mux);
    assert_slice(r->mid, peer->mid ? peer->mid : "");
    assert_has(x.text, peer->m_line);
    for (size_t i = 0; i < r->n_formats; i++)
        assert_int_equal(r->formats[i].rx_pt, r->formats[i].tx_pt);
    teardown(&x);
}

static void test_offers_of_peers(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(peers); i++)
        check_peer(&peers[i]);
}

static void test_answer_to_chromium(void **state)
{
    (void)state;
    struct exchange x;
    struct sdp_caps caps = caps_for(SDP_RTP_DTLS);
    setup(&x);
    assert_int_equal(answer_seed(&x, &caps, "chromium"), OK);
    assert_string_equal(x.text, "v=0\r\n"
                                "o=- 4711 1 IN IP4 203.0.113.1\r\n"
                                "s=-\r\n"
                                "c=IN IP4 203.0.113.1\r\n"
                                "t=0 0\r\n"
                                "a=group:BUNDLE 0\r\n"
                                "a=ice-lite\r\n"
                                "a=ice-options:trickle\r\n"
                                "m=audio 9000 UDP/TLS/RTP/SAVPF 111 9 0 8 110 126\r\n"
                                "a=mid:0\r\n"
                                "a=sendrecv\r\n"
                                "a=rtpmap:111 opus/48000/2\r\n"
                                "a=fmtp:111 minptime=10;useinbandfec=1\r\n"
                                "a=rtpmap:9 G722/8000\r\n"
                                "a=rtpmap:0 PCMU/8000\r\n"
                                "a=rtpmap:8 PCMA/8000\r\n"
                                "a=rtpmap:110 telephone-event/48000\r\n"
                                "a=fmtp:110 0-15\r\n"
                                "a=rtpmap:126 telephone-event/8000\r\n"
                                "a=fmtp:126 0-15\r\n"
                                "a=ptime:20\r\n"
                                "a=rtcp-mux\r\n"
                                "a=ice-ufrag:ours\r\n"
                                "a=ice-pwd:ourpasswordourpassword\r\n"
                                "a=candidate:1 1 udp 2130706431 203.0.113.1 9000 typ host\r\n"
                                "a=end-of-candidates\r\n"
                                "a=fingerprint:sha-256 AA:BB\r\n"
                                "a=setup:passive\r\n"
                                "a=msid:tandem audio\r\n"
                                "a=ssrc:12345 cname:tandem\r\n");
    assert_int_equal(x.result.setup, SDP_SETUP_PASSIVE);
    assert_int_equal(x.result.n_fingerprints, 1);
    assert_slice(x.result.fingerprints[0].hash, "sha-256");
    assert_true(x.result.ice_trickle && !x.result.ice_lite && !x.result.end_of_candidates);
    assert_int_equal(x.result.ice_pwd.len, 24);
    assert_string_equal(x.result.formats[0].ref, "ref of opus");
    assert_slice(x.result.formats[0].fmtp, "minptime=10;useinbandfec=1");
    assert_false(x.result.rtcp_rsize);
    teardown(&x);
}

static void test_reduced_size_rtcp_only_when_ours(void **state)
{
    (void)state;
    struct exchange x;
    struct sdp_caps caps = caps_for(SDP_RTP_DTLS);
    caps.rtcp_rsize = true;
    setup(&x);
    assert_int_equal(answer_seed(&x, &caps, "chromium"), OK);
    assert_true(x.result.rtcp_rsize);
    assert_has(x.text, "a=rtcp-rsize\r\n");
    assert_int_equal(answer_seed(&x, &caps, "old-savpf"), OK);
    assert_has_not(x.text, "rtcp-rsize");
    teardown(&x);
}

#define PLAIN_ANSWER(more)                                                      \
    "v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\n" \
    "m=audio 5004 RTP/AVP 0\r\n" more

/* A phone that takes VoIP metrics is told that we do, too; a browser that wants others is not. */
static void test_rtcp_xr(void **state)
{
    static const struct {
        const char *seed;
        enum sdp_transport transport;
        bool xr;
    } rows[] = { { "linphone", SDP_RTP_PLAIN, true },
                 { "chromium", SDP_RTP_DTLS, false },
                 { "asterisk", SDP_RTP_PLAIN, false } };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct exchange x;
        struct sdp_caps caps = caps_for(rows[i].transport);
        setup(&x);
        assert_int_equal(answer_seed(&x, &caps, rows[i].seed), OK);
        assert_int_equal(x.result.rtcp_xr, rows[i].xr);
        if (rows[i].xr)
            assert_has(x.text, "a=rtcp-xr:voip-metrics\r\n");
        else
            assert_has_not(x.text, "rtcp-xr");
        teardown(&x);
    }
}

/* What we offer is asked for, and what they say to it taken; not of the picture's line. */
static void test_rtcp_xr_is_offered(void **state)
{
    static const struct sdp_video picture = { .formats = { { .ref = 98,
                                                             .rx_pt = 98,
                                                             .repairs = SDP_VIDEO_NONE,
                                                             .name = "VP8",
                                                             .clock_hz = 90000 } },
                                              .n = 1 };
    struct exchange x;
    struct sdp_caps caps = plain_caps();
    (void)state;
    setup(&x);
    offer(&x, &caps);
    assert_has_not(x.text, "rtcp-xr");
    caps.rtcp_xr = true;
    caps.video = &picture;
    caps.video_port = 10002;
    offer(&x, &caps);
    assert_has(x.text, "a=rtcp-xr:voip-metrics\r\n");
    assert_has_not(strstr(x.text, "m=video"), "rtcp-xr");
    assert_int_equal(feed(&x, &caps, PLAIN_ANSWER("a=rtcp-xr:voip-metrics\r\n")), OK);
    assert_true(x.result.rtcp_xr);
    assert_int_equal(feed(&x, &caps, PLAIN_ANSWER("")), OK);
    assert_false(x.result.rtcp_xr);
    teardown(&x);
}

static void test_whose_order(void **state)
{
    (void)state;
    struct exchange x;
    struct sdp_caps caps = plain_caps();
    caps.prefer = SDP_PREFER_LOCAL;
    setup(&x);
    assert_int_equal(answer_seed(&x, &caps, "asterisk"), OK);
    assert_formats(&x.result, "opus:107 PCMU:0 PCMA:8 / 8000:101");
    assert_has(x.text, "m=audio 10000 RTP/AVP 107 0 8 101\r\n");
    teardown(&x);
}

static void test_events_follow_the_codecs_in_use(void **state)
{
    (void)state;
    struct exchange x;
    struct sdp_caps caps = caps_for(SDP_RTP_DTLS);
    caps.codecs = codecs + 2; /* G.711 only: no 48000 event wanted */
    caps.n_codecs = 2;
    setup(&x);
    assert_int_equal(answer_seed(&x, &caps, "chromium"), OK);
    assert_has(x.text, "SAVPF 0 8 126\r\n");
    caps.dtmf = false;
    assert_int_equal(answer_seed(&x, &caps, "chromium"), OK);
    assert_int_equal(x.result.n_dtmf, 0);
    assert_has(x.text, "SAVPF 0 8\r\n");
    caps.dtmf = true;
    caps.codecs = codecs; /* opus, and their events at 8000 only: better than none */
    caps.n_codecs = 1;
    assert_int_equal(answer_seed(&x, &caps, "firefox"), OK);
    assert_formats(&x.result, "opus:109 / 8000:101");
    teardown(&x);
}

static void test_rtcp_mux_needs_both(void **state)
{
    (void)state;
    struct exchange x;
    struct sdp_caps caps = plain_caps();
    caps.rtcp_mux = true;
    setup(&x);
    assert_int_equal(answer_seed(&x, &caps, "baresip-plain"), OK);
    assert_true(x.result.rtcp_mux);
    assert_int_equal(x.result.rtcp_port, 21192);
    assert_has(x.text, "a=rtcp-mux\r\n");
    assert_int_equal(answer_seed(&x, &caps, "asterisk"), OK);
    assert_false(x.result.rtcp_mux);
    assert_has_not(x.text, "rtcp-mux");
    caps.rtcp_port = 10040;
    assert_int_equal(answer_seed(&x, &caps, "asterisk"), OK);
    assert_has(x.text, "a=rtcp:10040\r\n");
    teardown(&x);
}

static void test_dtls_without_ice(void **state)
{
    (void)state;
    struct exchange x;
    struct sdp_caps caps = caps_for(SDP_RTP_DTLS);
    caps.ice_ufrag = caps.ice_pwd = NULL;
    setup(&x);
    assert_int_equal(answer_seed(&x, &caps, "baresip-dtls"), OK);
    assert_slice(x.result.fingerprints[0].hash, "SHA-256");
    assert_int_equal(x.result.setup, SDP_SETUP_PASSIVE);
    assert_has_not(x.text, "a=ice-");
    assert_has_not(x.text, "candidate");
    caps = caps_for(SDP_RTP_DTLS); /* a transport that needs ICE refuses */
    assert_int_equal(answer_seed(&x, &caps, "baresip-dtls"), ERR_PARSE);
    assert_has(x.fault.text, "a=ice-ufrag");
    assert_int_equal(x.result.n_fingerprints, 1); /* what was agreed before stays */
    teardown(&x);
}

static void test_sdes(void **state)
{
    (void)state;
    struct exchange x;
    struct sdp_caps caps = caps_for(SDP_RTP_SDES);
    setup(&x);
    assert_int_equal(answer_seed(&x, &caps, "baresip-sdes"), OK);
    assert_int_equal(x.result.key, 1);
    assert_slice(x.result.crypto.key, "OmzxgKV3GVeyWvYIAkaSd3/3JW0StTr6Pt2LrhvI");
    assert_has(x.text, "a=crypto:1 AES_CM_128_HMAC_SHA1_80 "
                       "inline:c2hhMV84MHNoYTFfODBzaGExXzgwc2hhMV84MHNo\r\n");
    /* an unknown suite, an MKI and an unencrypted stream are passed over */
    assert_int_equal(answer_seed(&x, &caps, "sdes-odd"), OK);
    assert_int_equal(x.result.crypto.tag, 7);
    assert_int_equal(x.result.key, 2);
    assert_has(x.text, "a=crypto:7 AES_CM_128_HMAC_SHA1_32 ");
    caps.n_keys = 2;
    assert_int_equal(answer_seed(&x, &caps, "sdes-odd"), ERR_UNSUPPORTED);
    assert_has(x.fault.text, "a=crypto");
    teardown(&x);
}

static void test_refusals_say_why(void **state)
{
    (void)state;
    static const struct {
        const char *seed;
        enum sdp_transport transport;
        const char *text;
    } cases[] = {
        { "no-common", SDP_RTP_PLAIN,
          "no common codec: the far end has G729/8000, G723/8000, iLBC/8000, type 98; "
          "we have opus/48000/2, G722/8000, PCMU/8000, PCMA/8000" },
        { "events-only", SDP_RTP_PLAIN,
          "no common codec: the far end has CN/8000, telephone-event/8000; we have" },
        { "video-only", SDP_RTP_PLAIN, "the offer has no audio line" },
        { "baresip-sdes", SDP_RTP_PLAIN, "the far end's audio is RTP/SAVP, ours is RTP/AVP" },
        { "sipp", SDP_RTP_DTLS, "the far end's audio is RTP/AVP, ours is UDP/TLS/RTP/SAVPF" },
    };
    struct exchange x;
    setup(&x);
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct sdp_caps caps = caps_for(cases[i].transport);
        assert_int_equal(answer_seed(&x, &caps, cases[i].seed), ERR_UNSUPPORTED);
        assert_has(x.fault.text, cases[i].text);
        assert_string_equal(x.text, "");
    }
    struct sdp_caps caps = plain_caps();
    assert_int_equal(answer_text(&x, &caps, "hello"), ERR_PARSE);
    assert_int_equal(answer_text(&x, &caps, "v=0\r\nm=audio 5 RTP/AVP 0\r\n"), ERR_PARSE);
    assert_has(x.fault.text, "c= address");
    teardown(&x);
}

static void test_peek_at_transport(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        enum err err;
        enum sdp_transport transport;
    } cases[] = {
        { "v=0\nm=audio 5 RTP/AVPF 0\n", OK, SDP_RTP_PLAIN },
        { "v=0\nm=audio 5 rtp/savp 0\na=crypto:1 X inline:Q\n", OK, SDP_RTP_SDES },
        { "v=0\na=fingerprint:sha-1 AA\nm=audio 5 RTP/SAVPF 0\n", OK, SDP_RTP_DTLS },
        { "v=0\nm=video 5 RTP/AVP 0\nm=audio 0 RTP/AVP 0\nm=audio 9 UDP/TLS/RTP/SAVP 0\n", OK,
          SDP_RTP_DTLS },
        { "v=0\nm=audio 5 TCP/TLS/RTP/SAVP 0\n", ERR_UNSUPPORTED, SDP_RTP_PLAIN },
        { "v=0\n", ERR_UNSUPPORTED, SDP_RTP_PLAIN },
        { "m=audio", ERR_PARSE, SDP_RTP_PLAIN },
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        enum sdp_transport transport = SDP_RTP_PLAIN;
        assert_int_equal(sdp_offer_transport(slice_of(cases[i].text), &transport), cases[i].err);
        assert_int_equal(transport, cases[i].transport);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rtcp_xr),
        cmocka_unit_test(test_rtcp_xr_is_offered),
        cmocka_unit_test(test_offers_of_peers),
        cmocka_unit_test(test_answer_to_chromium),
        cmocka_unit_test(test_reduced_size_rtcp_only_when_ours),
        cmocka_unit_test(test_whose_order),
        cmocka_unit_test(test_events_follow_the_codecs_in_use),
        cmocka_unit_test(test_rtcp_mux_needs_both),
        cmocka_unit_test(test_dtls_without_ice),
        cmocka_unit_test(test_sdes),
        cmocka_unit_test(test_refusals_say_why),
        cmocka_unit_test(test_peek_at_transport),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
