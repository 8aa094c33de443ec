/* T.38 in SDP (annex D): what the field offers is read, ours says no more than that, and audio
 * comes back. */
#include "sdp/sdp_exchange_test.h"

#include "sdp/sdp_t38.h"

#define HEAD "v=0\r\no=- 1 2 IN IP4 192.0.2.9\r\ns=-\r\nc=IN IP4 192.0.2.9\r\nt=0 0\r\n"
/* as Asterisk offers it */
static const char IMAGE[] =
    HEAD "m=image 4578 udptl t38\r\na=T38FaxVersion:0\r\n"
         "a=T38MaxBitRate:14400\r\na=T38FaxRateManagement:transferredTCF\r\n"
         "a=T38FaxMaxDatagram:1400\r\na=T38FaxUdpEC:t38UDPRedundancy\r\n";
static const char AUDIO[] = HEAD "m=audio 4000 RTP/AVP 0\r\n";
static const struct sdp_t38 ours = { .address = "203.0.113.1", .port = 10002 };

static enum err answer_t38(struct exchange *x, const char *offer, struct sdp_t38 *theirs)
{
    struct buf out = BUF_ON(x->mem);
    enum err err = sdp_t38_answer(&x->state, &ours, slice_of(offer), &out, theirs, &x->fault);
    x->text = buf_cstr(&out);
    return err;
}

static void an_image_line_takes_the_place_of_audio(void **state)
{
    struct exchange x;
    struct sdp_caps caps = plain_caps();
    struct sdp_t38 theirs;
    (void)state;
    setup(&x);
    assert_int_equal(answer_text(&x, &caps, AUDIO), OK);
    assert_int_equal(answer_t38(&x, IMAGE, &theirs), OK);
    assert_string_equal(theirs.address, "192.0.2.9");
    assert_int_equal(theirs.port, 4578);
    assert_int_equal(theirs.max_datagram, 1400);
    assert_true(theirs.repeats);
    assert_false(theirs.is_local_tcf);
    assert_string_equal(x.text,
                        "v=0\r\no=- 4711 2 IN IP4 203.0.113.1\r\ns=-\r\n"
                        "c=IN IP4 203.0.113.1\r\nt=0 0\r\nm=image 10002 udptl t38\r\n"
                        "a=T38FaxVersion:0\r\na=T38MaxBitRate:14400\r\n"
                        "a=T38FaxRateManagement:transferredTCF\r\na=T38FaxMaxBuffer:2000\r\n"
                        "a=T38FaxMaxDatagram:400\r\na=T38FaxUdpEC:t38UDPRedundancy\r\n");
    offer(&x, &caps); /* audio again */
    assert_has(x.text, "o=- 4711 3 IN");
    assert_has(x.text, "t=0 0\r\nm=audio 10000 RTP/AVP ");
    assert_has_not(x.text, "image");
    teardown(&x);
}

static void lines_keep_their_places(void **state)
{
    struct exchange x;
    struct sdp_caps caps = plain_caps();
    struct sdp_t38 theirs;
    (void)state;
    setup(&x);
    assert_int_equal(answer_text(&x, &caps, AUDIO), OK);
    assert_int_equal(
        answer_t38(&x, HEAD "m=audio 0 RTP/AVP 0\r\nm=image 4578 UDPTL T38\r\n", &theirs), OK);
    assert_has(x.text, "m=audio 0 RTP/AVP 0\r\nm=image 10002 udptl t38\r\n");
    assert_has_not(x.text, "T38FaxUdpEC"); /* it was not offered */
    assert_int_equal(theirs.max_datagram, SDP_T38_DATAGRAM);
    /* and they go back */
    assert_int_equal(
        answer_text(&x, &caps, HEAD "m=audio 4000 RTP/AVP 0\r\nm=image 0 udptl t38\r\n"), OK);
    assert_has(x.text, "m=audio 10000 RTP/AVP 0");
    assert_has(x.text, "m=image 0 udptl t38\r\n");
    teardown(&x);
}

static void old_spellings_and_small_machines_are_understood(void **state)
{
    struct exchange x;
    struct sdp_t38 theirs;
    (void)state;
    setup(&x);
    assert_int_equal(
        answer_t38(&x,
                   HEAD "m=image 4578 udptl t38\r\nc=IN IP4 192.0.2.8\r\na=T38FaxVersion:3\r\n"
                        "a=T38maxBitRate: 9600\r\na=T38FaxFillBitRemoval:0\r\n"
                        "a=T38FaxTranscodingMMR:0\r\na=T38FaxMaxDatagram:9\r\n"
                        "a=t38faxratemanagement:localTCF\r\na=T38FaxUdpEC:t38UDPFEC\r\n",
                   &theirs),
        OK);
    assert_string_equal(theirs.address, "192.0.2.8");
    assert_int_equal(theirs.version, 3);
    assert_int_equal(theirs.max_datagram, SDP_T38_DATAGRAM);
    assert_has(x.text, "a=T38FaxVersion:0\r\na=T38MaxBitRate:9600\r\n"
                       "a=T38FaxRateManagement:localTCF\r\n");
    assert_has(x.text, "a=T38FaxUdpEC:t38UDPRedundancy\r\n"); /* a step down from parity */
    assert_has_not(x.text, "FillBit");
    teardown(&x);
}

static void what_is_no_t38_is_told_apart(void **state)
{
    static const char *const rows[] = {
        AUDIO,
        "no sdp",
        HEAD "m=image 0 udptl t38\r\n",
        HEAD "m=image 4578 TCP t38\r\n",
        HEAD "m=image 4578 udptl pict\r\n",
    };
    struct exchange x;
    struct sdp_t38 theirs;
    (void)state;
    setup(&x);
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        assert_false(sdp_t38_is_in(slice_of(rows[i])));
        assert_int_not_equal(answer_t38(&x, rows[i], &theirs), OK);
        assert_int_not_equal(sdp_t38_feed_answer(slice_of(rows[i]), &theirs, &x.fault), OK);
    }
    assert_true(sdp_t38_is_in(slice_of(IMAGE)));
    assert_int_equal(answer_t38(&x, "v=0\r\nm=image 4578 udptl t38\r\n", &theirs), ERR_UNSUPPORTED);
    assert_has(x.fault.text, "no usable address");
    teardown(&x);
}

static void we_offer_it_where_audio_was(void **state)
{
    struct exchange x;
    struct sdp_caps caps = plain_caps();
    struct sdp_t38 theirs;
    (void)state;
    setup(&x);
    offer(&x, &caps);
    assert_int_equal(feed(&x, &caps, AUDIO), OK);
    struct buf out = BUF_ON(x.mem);
    assert_int_equal(sdp_t38_offer(&x.state, &ours, &out), OK);
    x.text = buf_cstr(&out);
    assert_has(x.text, "o=- 4711 2 IN");
    assert_has(x.text, "t=0 0\r\nm=image 10002 udptl t38\r\na=T38FaxVersion:0\r\n");
    assert_has(x.text, "a=T38FaxUdpEC:t38UDPRedundancy\r\n");
    assert_int_equal(sdp_t38_feed_answer(slice_of(IMAGE), &theirs, &x.fault), OK);
    assert_int_equal(theirs.port, 4578);
    assert_int_equal(sdp_t38_feed_answer(SLICE(HEAD "m=image 0 udptl t38\r\n"), &theirs, &x.fault),
                     ERR_REFUSED);
    offer(&x, &caps);
    assert_has(x.text, "o=- 4711 3 IN");
    assert_has(x.text, "m=audio 10000 RTP/AVP ");
    teardown(&x);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_image_line_takes_the_place_of_audio),
        cmocka_unit_test(lines_keep_their_places),
        cmocka_unit_test(old_spellings_and_small_machines_are_understood),
        cmocka_unit_test(what_is_no_t38_is_told_apart),
        cmocka_unit_test(we_offer_it_where_audio_was),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
