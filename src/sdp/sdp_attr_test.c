#include "sdp_attr.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "sdp.h"

#define assert_slice(s, text)                                              \
    do {                                                                   \
        if (!slice_is(s, text))                                            \
            fail_msg("expected \"%s\", got \"%.*s\"", text, SLICE_ARG(s)); \
    } while (0)

/* A session whose audio line has `lines` under it. */
static struct sdp_session *with(const char *session_lines, const char *lines)
{
    char mem[2048];
    struct buf out = BUF_ON(mem);
    buf_printf(&out, "v=0\r\n%sm=audio 9 RTP/AVP 0 111\r\n%s", session_lines, lines);
    struct sdp_session *session = NULL;
    assert_int_equal(sdp_parse(&session, buf_slice(&out)), OK);
    return session;
}

static void test_rtpmap(void **state)
{
    (void)state;
    struct sdp_rtpmap map;
    assert_int_equal(sdp_rtpmap_parse(SLICE("111 opus/48000/2"), &map), OK);
    assert_int_equal(map.pt, 111);
    assert_slice(map.name, "opus");
    assert_int_equal(map.clock_hz, 48000);
    assert_int_equal(map.channels, 2);
    assert_int_equal(sdp_rtpmap_parse(SLICE(" 0  PCMU/8000 "), &map), OK);
    assert_int_equal(map.channels, 1);
    static const char *const bad[] = {
        "", "128 x/8000", "96", "96 x", "96 /8000", "96 x/0", "96 x/8000/0", "96 x/99999999999"
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        if (sdp_rtpmap_parse(slice_of(bad[i]), &map) != ERR_PARSE)
            fail_msg("accepted: %s", bad[i]);
}

static void test_formats_of_a_line(void **state)
{
    (void)state;
    struct sdp_session *s = with("", "a=rtpmap:111 opus/48000/2\r\na=rtpmap:9 X-OWN/16000\r\n"
                                     "a=fmtp:111 minptime=10; useinbandfec=1\r\n"
                                     "a=ptime:20\r\na=maxptime:60.5\r\n");
    const struct sdp_media *m = &s->media[0];
    struct sdp_rtpmap map;
    assert_true(sdp_rtpmap_find(m, 111, &map));
    assert_slice(map.name, "opus");
    assert_true(sdp_rtpmap_find(m, 9, &map)); /* an rtpmap goes over the static table */
    assert_slice(map.name, "X-OWN");
    assert_false(sdp_rtpmap_find(m, 96, &map));
    static const struct {
        uint8_t pt;
        const char *name;
    } fixed[] = { { 0, "PCMU" }, { 8, "PCMA" }, { 13, "CN" }, { 18, "G729" }, { 3, "GSM" } };
    for (size_t i = 0; i < sizeof fixed / sizeof fixed[0]; i++) {
        assert_true(sdp_rtpmap_find(m, fixed[i].pt, &map));
        assert_slice(map.name, fixed[i].name);
        assert_int_equal(map.clock_hz, 8000);
    }
    struct slice fmtp = sdp_fmtp_find(m, 111);
    assert_slice(fmtp, "minptime=10; useinbandfec=1");
    assert_slice(sdp_fmtp_param(fmtp, "UseInbandFec"), "1");
    assert_int_equal(sdp_fmtp_param(fmtp, "stereo").len, 0);
    assert_int_equal(sdp_fmtp_find(m, 0).len, 0);
    assert_int_equal(sdp_ptime(m), 20);
    assert_int_equal(sdp_maxptime(m), 60);
    sdp_session_destroy(s);
}

static void test_direction(void **state)
{
    (void)state;
    struct sdp_session *s = with("a=sendonly\r\n", "a=recvonly\r\nm=audio 9 RTP/AVP 0\r\n");
    assert_int_equal(sdp_direction_of(s, &s->media[0]), SDP_RECVONLY);
    assert_int_equal(sdp_direction_of(s, &s->media[1]), SDP_SENDONLY);
    sdp_session_destroy(s);
    s = with("", "");
    assert_int_equal(sdp_direction_of(s, &s->media[0]), SDP_SENDRECV);
    sdp_session_destroy(s);
    assert_int_equal(sdp_direction_reverse(SDP_SENDRECV), SDP_SENDRECV);
    assert_int_equal(sdp_direction_reverse(SDP_SENDONLY), SDP_RECVONLY);
    assert_int_equal(sdp_direction_reverse(SDP_RECVONLY), SDP_SENDONLY);
    assert_int_equal(sdp_direction_reverse(SDP_INACTIVE), SDP_INACTIVE);
    assert_true(sdp_can_send(SDP_SENDONLY) && !sdp_can_receive(SDP_SENDONLY));
    assert_true(!sdp_can_send(SDP_RECVONLY) && sdp_can_receive(SDP_RECVONLY));
    assert_true(!sdp_can_send(SDP_INACTIVE) && !sdp_can_receive(SDP_INACTIVE));
    assert_string_equal(sdp_direction_name(SDP_INACTIVE), "inactive");
}

static void test_rtcp(void **state)
{
    (void)state;
    struct sdp_rtcp rtcp;
    struct sdp_session *s = with("", "a=rtcp:53020 IN IP6 2001:db8::1\r\n");
    assert_true(sdp_rtcp_find(&s->media[0], &rtcp));
    assert_int_equal(rtcp.port, 53020);
    assert_slice(rtcp.address, "2001:db8::1");
    sdp_session_destroy(s);
    s = with("", "a=rtcp:53020\r\n");
    assert_true(sdp_rtcp_find(&s->media[0], &rtcp));
    assert_int_equal(rtcp.address.len, 0);
    sdp_session_destroy(s);
    s = with("", "a=rtcp-mux\r\n");
    assert_false(sdp_rtcp_find(&s->media[0], &rtcp));
    sdp_session_destroy(s);
}

static void test_fingerprint_and_setup(void **state)
{
    (void)state;
    struct sdp_fingerprint f;
    assert_int_equal(sdp_fingerprint_parse(SLICE("sha-1 4A:ad:B9"), &f), OK);
    assert_slice(f.hash, "sha-1");
    assert_slice(f.value, "4A:ad:B9");
    static const char *const bad[] = { "",         "sha-1",      "sha-1 4",   "sha-1 4A:",
                                       "sha-1 4G", "sha-1 4AAD", "sha-1 :4A", "sha-1 4A 4B" };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        if (sdp_fingerprint_parse(slice_of(bad[i]), &f) != ERR_PARSE)
            fail_msg("accepted: %s", bad[i]);
    assert_int_equal(sdp_setup_parse(SLICE("actpass")), SDP_SETUP_ACTPASS);
    assert_int_equal(sdp_setup_parse(SLICE("Passive")), SDP_SETUP_PASSIVE);
    assert_int_equal(sdp_setup_parse(SLICE("active ")), SDP_SETUP_ACTIVE);
    assert_int_equal(sdp_setup_parse(SLICE("")), SDP_SETUP_NONE);
    assert_int_equal(sdp_setup_parse(SLICE("both")), SDP_SETUP_NONE);
    assert_string_equal(sdp_setup_name(SDP_SETUP_HOLDCONN), "holdconn");
}

static void test_crypto(void **state)
{
    (void)state;
    struct sdp_crypto c;
    struct slice text = SLICE("12 AES_CM_128_HMAC_SHA1_80 inline:QUJD|2^20|1:4 FEC_ORDER=FEC_SRTP");
    assert_int_equal(sdp_crypto_parse(text, &c), OK);
    assert_int_equal(c.tag, 12);
    assert_slice(c.suite, "AES_CM_128_HMAC_SHA1_80");
    assert_slice(c.key, "QUJD");
    assert_slice(c.params, "|2^20|1:4 FEC_ORDER=FEC_SRTP");
    static const char *const bad[] = { "",
                                       "1",
                                       "1 SUITE",
                                       "1 SUITE inline:",
                                       "x SUITE inline:QQ",
                                       "1 SUITE other:QQ",
                                       "1234567890 SUITE inline:QQ" };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        if (sdp_crypto_parse(slice_of(bad[i]), &c) != ERR_PARSE)
            fail_msg("accepted: %s", bad[i]);
}

static void test_sources_and_extensions(void **state)
{
    (void)state;
    struct sdp_ssrc ssrc;
    assert_int_equal(sdp_ssrc_parse(SLICE("4294967295 cname:a:b c"), &ssrc), OK);
    assert_true(ssrc.ssrc == UINT32_MAX);
    assert_slice(ssrc.attribute, "cname");
    assert_slice(ssrc.value, "a:b c");
    assert_int_equal(sdp_ssrc_parse(SLICE("4294967296 cname:a"), &ssrc), ERR_PARSE);
    struct sdp_extmap map;
    assert_int_equal(sdp_extmap_parse(SLICE("2/recvonly urn:x:y some more"), &map), OK);
    assert_int_equal(map.id, 2);
    assert_int_equal(map.direction, SDP_RECVONLY);
    assert_slice(map.uri, "urn:x:y");
    assert_slice(map.attributes, "some more");
    assert_int_equal(sdp_extmap_parse(SLICE("3 urn:x:y"), &map), OK);
    assert_int_equal(map.direction, SDP_SENDRECV);
    assert_int_equal(sdp_extmap_parse(SLICE("3/sideways urn:x:y"), &map), ERR_PARSE);
    assert_int_equal(sdp_extmap_parse(SLICE("0 urn:x:y"), &map), ERR_PARSE);
    assert_int_equal(sdp_extmap_parse(SLICE("5"), &map), ERR_PARSE);
    struct sdp_session *s = with("", "a=msid:stream track\r\n");
    struct sdp_msid msid;
    assert_true(sdp_msid_find(&s->media[0], &msid));
    assert_slice(msid.stream, "stream");
    assert_slice(msid.track, "track");
    sdp_session_destroy(s);
}

static void test_groups_and_options(void **state)
{
    (void)state;
    struct sdp_session *s =
        with("a=group:LS x y\r\na=group:BUNDLE 0  one\r\na=ice-options:ice2\r\n",
             "a=mid:one\r\na=ice-options:trickle renomination\r\n");
    const struct sdp_media *m = &s->media[0];
    assert_slice(sdp_mid(m), "one");
    assert_true(sdp_group_has(s, "BUNDLE", sdp_mid(m)));
    assert_false(sdp_group_has(s, "BUNDLE", SLICE("x")));
    assert_true(sdp_group_has(s, "LS", SLICE("x")));
    assert_slice(sdp_group_first(s, "BUNDLE"), "0");
    assert_int_equal(sdp_group_first(s, "FID").len, 0);
    assert_true(sdp_ice_option(s, m, "trickle"));
    assert_true(sdp_ice_option(s, m, "ice2"));
    assert_false(sdp_ice_option(s, NULL, "trickle"));
    assert_false(sdp_ice_option(s, m, "trick"));
    sdp_session_destroy(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rtpmap),
        cmocka_unit_test(test_formats_of_a_line),
        cmocka_unit_test(test_direction),
        cmocka_unit_test(test_rtcp),
        cmocka_unit_test(test_fingerprint_and_setup),
        cmocka_unit_test(test_crypto),
        cmocka_unit_test(test_sources_and_extensions),
        cmocka_unit_test(test_groups_and_options),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
