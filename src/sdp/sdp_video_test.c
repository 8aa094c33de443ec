/* Video lines: what passes keeps its meaning from one dialog into the other and back. */
#include "sdp/sdp_exchange_test.h"

static const char PHONE[] =
    "v=0\r\no=- 1 1 IN IP4 192.0.2.9\r\ns=-\r\nc=IN IP4 192.0.2.9\r\nt=0 0\r\n"
    "m=audio 4000 RTP/AVP 0\r\nm=video 4002 RTP/AVP 97 98 99 34\r\n"
    "a=rtpmap:97 H264/90000\r\na=fmtp:97 profile-level-id=42e01f;packetization-mode=1\r\n"
    "a=rtpmap:98 VP8/90000\r\na=rtpmap:99 theora/90000\r\na=rtcp-fb:* nack pli\r\n"
    "a=rtcp-fb:98 transport-cc\r\n";

static void read_offer(const char *text, struct sdp_video *out)
{
    struct sdp_session *session;
    assert_int_equal(sdp_parse(&session, slice_of(text)), OK);
    assert_int_equal(session->n_media, 2);
    sdp_video_read(&session->media[1], out);
    sdp_session_destroy(session);
}

static void formats_that_can_pass_are_read(void **state)
{
    (void)state;
    struct sdp_video video;
    read_offer(PHONE, &video);
    assert_int_equal(video.n, 2);
    assert_string_equal(video.formats[0].name, "H264");
    assert_string_equal(video.formats[0].fmtp, "profile-level-id=42e01f;packetization-mode=1");
    assert_int_equal(video.formats[0].feedback, SDP_FB_PLI);
    assert_int_equal(video.formats[1].ref, 98);
    assert_int_equal(video.formats[1].feedback, SDP_FB_PLI); /* transport-cc is nothing we relay */
}

static void an_offer_without_video_to_pass_is_answered_without(void **state)
{
    (void)state;
    struct exchange x;
    struct sdp_caps caps = plain_caps();
    setup(&x);
    assert_int_equal(answer_text(&x, &caps, PHONE), OK);
    assert_null(x.result.video);
    assert_has(x.text, "m=video 0 RTP/AVP 97 98 99 34\r\n");
    teardown(&x);
}

/* A phone offers; we offer the same to a browser under numbers that are free there; what it takes
 * is what the phone is answered, under its own numbers. */
static void numbers_of_two_dialogs_are_each_its_own(void **state)
{
    (void)state;
    struct sdp_video from_phone;
    struct exchange browser, phone;
    struct sdp_caps caps = caps_for(SDP_RTP_DTLS);
    read_offer(PHONE, &from_phone);
    static const struct sdp_codec taken[] = { { "opus", 48000, 2, 97, NULL, NULL } };
    caps.codecs = taken; /* the browser's audio has 97 already */
    caps.n_codecs = 1;
    caps.video = &from_phone;
    setup(&browser);
    offer(&browser, &caps);
    assert_has(browser.text, "a=group:BUNDLE 0 video\r\n");
    assert_has(browser.text, "m=video 9000 UDP/TLS/RTP/SAVPF 127 98\r\n");
    assert_has(browser.text, "a=rtpmap:127 H264/90000\r\na=fmtp:127 profile-level-id=42e01f;");
    assert_has(browser.text, "a=rtcp-fb:98 nack pli\r\n");
    assert_int_equal(
        feed(&browser, &caps,
             "v=0\r\no=- 2 2 IN IP4 192.0.2.7\r\ns=-\r\nc=IN IP4 192.0.2.7\r\nt=0 0\r\n"
             "a=group:BUNDLE 0 video\r\n"
             "m=audio 9 UDP/TLS/RTP/SAVPF 97\r\na=mid:0\r\na=rtpmap:97 opus/48000/2\r\n"
             "a=ice-ufrag:abcd\r\na=ice-pwd:abcdefghabcdefghabcdefgh\r\na=setup:active\r\n"
             "a=fingerprint:sha-256 AA:BB\r\na=rtcp-mux\r\n"
             "m=video 9 UDP/TLS/RTP/SAVPF 98\r\na=mid:video\r\na=rtpmap:98 VP8/90000\r\n"
             "a=rtcp-fb:98 nack pli\r\na=rtcp-mux\r\na=recvonly\r\n"),
        OK);
    assert_non_null(browser.result.video);
    const struct sdp_video *agreed = &browser.result.video->formats;
    assert_int_equal(agreed->n, 1);
    assert_int_equal(agreed->formats[0].ref, 98);
    assert_int_equal(browser.result.video->line.direction, SDP_SENDONLY);

    struct sdp_caps plain = plain_caps();
    plain.video = agreed;
    plain.video_port = 10002;
    setup(&phone);
    assert_int_equal(answer_text(&phone, &plain, PHONE), OK);
    assert_has(phone.text, "m=video 10002 RTP/AVP 98\r\n");
    assert_has(phone.text, "a=rtcp-fb:98 nack pli\r\n");
    assert_has_not(phone.text, "H264");
    assert_int_equal(phone.result.video->formats.formats[0].tx_pt, 98);
    assert_slice(phone.result.video->line.address, "192.0.2.9");
    assert_int_equal(phone.result.video->line.port, 4002);
    teardown(&phone);
    teardown(&browser);
}

static void a_browser_gets_its_retransmission_back(void **state)
{
    (void)state;
    struct exchange x;
    struct sdp_video known = { .n = 2 };
    known.formats[0] = (struct sdp_video_format){ .ref = 96,
                                                  .rx_pt = 96,
                                                  .repairs = SDP_VIDEO_NONE,
                                                  .name = "VP8",
                                                  .clock_hz = 90000,
                                                  .feedback = SDP_FB_NACK | SDP_FB_REMB };
    known.formats[1] = (struct sdp_video_format){
        .ref = 97, .rx_pt = 97, .repairs = 96, .name = "rtx", .clock_hz = 90000
    };
    struct sdp_caps caps = caps_for(SDP_RTP_DTLS);
    caps.video = &known;
    setup(&x);
    assert_int_equal(answer_seed(&x, &caps, "chromium-video"), OK);
    assert_has(x.text, "m=video 9000 UDP/TLS/RTP/SAVPF 96 97\r\n");
    assert_has(x.text, "a=fmtp:97 apt=96\r\n");
    assert_has(x.text, "a=rtcp-fb:96 nack\r\n");
    assert_has(x.text, "a=rtcp-fb:96 goog-remb\r\n");
    assert_has_not(x.text, "transport-cc");
    assert_has_not(x.text, "a=extmap");

    caps.video = NULL; /* the other side has none any more */
    offer(&x, &caps);
    assert_has(x.text, "m=video 0 UDP/TLS/RTP/SAVPF");
    assert_has(x.text, "a=group:BUNDLE 0\r\n");
    teardown(&x);
}

static void profiles_of_h264_are_told_apart(void **state)
{
    (void)state;
    struct sdp_video known, out;
    read_offer(PHONE, &known);
    struct sdp_session *session;
    assert_int_equal(
        sdp_parse(&session, SLICE("v=0\r\nm=audio 1 RTP/AVP 0\r\nm=video 2 RTP/AVP 97 98\r\n"
                                  "a=rtpmap:97 H264/90000\r\n"
                                  "a=fmtp:97 profile-level-id=640c1f;packetization-mode=1\r\n"
                                  "a=rtpmap:98 h264/90000\r\n"
                                  "a=fmtp:98 packetization-mode=1;profile-level-id=42E028\r\n")),
        OK);
    sdp_video_match(&known, &session->media[1], true, &out);
    assert_int_equal(out.n, 1);
    assert_int_equal(out.formats[0].tx_pt, 98); /* another level of the same profile */
    assert_int_equal(out.formats[0].ref, 97);
    sdp_session_destroy(session);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(formats_that_can_pass_are_read),
        cmocka_unit_test(an_offer_without_video_to_pass_is_answered_without),
        cmocka_unit_test(numbers_of_two_dialogs_are_each_its_own),
        cmocka_unit_test(a_browser_gets_its_retransmission_back),
        cmocka_unit_test(profiles_of_h264_are_told_apart),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
