/* What a carrier's proxy does when it forks: several early dialogs, two answers at once; and a
 * carrier that falls silent. */
#include "fakes/far_end.h"
#include "fakes/scripted_peer.h"

#include <stdio.h>

#include "sip/sip_msg.h"

static struct rig rig;
static struct far_end phone;
static struct scripted_peer carrier;

static const char sdp[] = "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\n"
                          "t=0 0\r\nm=audio 40000 RTP/AVP 0\r\n";

static int setup(void **state)
{
    char yaml[1000];
    (void)state;
    rig_create(&rig);
    far_create(&phone, &rig);
    peer_create(&carrier, &rig);
    snprintf(yaml, sizeof yaml,
             "users: {alice: {password: 'wonderland-4711'}}\n"
             "trunks: {acme: {host: 127.0.0.1, port: %u, register: no}}\n"
             "routes: [{pattern: '+.', to: 'trunk:acme'}]\n"
             "media: {host: 127.0.0.1, threads: 1, rtp_ports: 0, webrtc_port: 0}\n",
             addr_port(&carrier.addr));
    rig_start(&rig, yaml);
    RIG_UNTIL(&rig, rig_logged(&rig, "trunk=acme resolved"));
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    far_destroy(&phone);
    peer_destroy(&carrier);
    rig_destroy(&rig);
    return 0;
}

static void dial(void)
{
    unsigned before = peer_poll(&carrier, SIP_INVITE);
    phone.log[0] = '\0';
    far_dial(&phone, "+15551234567", "alice", "wonderland-4711");
    RIG_UNTIL(&rig, peer_poll(&carrier, SIP_INVITE) > before);
}

/* RFC 3261 §13.2.2.4: each 2xx is acknowledged, and all but one ended by BYE. */
static void test_two_answers(void **state)
{
    (void)state;
    dial();
    unsigned byes = peer_poll(&carrier, SIP_BYE), acks = peer_poll(&carrier, SIP_ACK);
    peer_reply(&carrier, SIP_INVITE, 180, "one", NULL);
    peer_reply(&carrier, SIP_INVITE, 180, "two", NULL);
    RIG_UNTIL(&rig, far_did(&phone, "180"));
    peer_reply(&carrier, SIP_INVITE, 200, "two", sdp);
    peer_reply(&carrier, SIP_INVITE, 200, "one", sdp);
    RIG_UNTIL(&rig, peer_poll(&carrier, SIP_BYE) > byes);
    assert_true(slice_is(sip_msg_to_tag(carrier.got[SIP_BYE]), "one"));
    assert_true(peer_poll(&carrier, SIP_ACK) >= acks + 2);
    peer_reply(&carrier, SIP_BYE, 200, "one", NULL);
    RIG_UNTIL(&rig, far_did(&phone, "200+sdp"));
    assert_int_equal(rig_calls(&rig), 1);
    byes = peer_poll(&carrier, SIP_BYE);
    far_hang_up(&phone);
    RIG_UNTIL(&rig, peer_poll(&carrier, SIP_BYE) > byes);
    assert_true(slice_is(sip_msg_to_tag(carrier.got[SIP_BYE]), "two"));
    peer_reply(&carrier, SIP_BYE, 200, "two", NULL);
    RIG_UNTIL(&rig, rig_calls(&rig) == 0);
}

static void test_early_media_of_two(void **state)
{
    (void)state;
    dial();
    unsigned byes = peer_poll(&carrier, SIP_BYE);
    peer_reply(&carrier, SIP_INVITE, 183, "one", sdp);
    peer_reply(&carrier, SIP_INVITE, 183, "two", sdp);
    RIG_UNTIL(&rig, far_did(&phone, "183+sdp"));
    peer_reply(&carrier, SIP_INVITE, 200, "two", sdp);
    RIG_UNTIL(&rig, far_did(&phone, "200+sdp"));
    far_hang_up(&phone);
    RIG_UNTIL(&rig, peer_poll(&carrier, SIP_BYE) > byes);
    assert_true(slice_is(sip_msg_to_tag(carrier.got[SIP_BYE]), "two"));
    peer_reply(&carrier, SIP_BYE, 200, "two", NULL);
    RIG_UNTIL(&rig, rig_calls(&rig) == 0);
}

/* CANCEL and 200 cross: the answer is acknowledged and ended at once (RFC 3261 §9.1). */
static void test_answer_crosses_cancel(void **state)
{
    (void)state;
    dial();
    unsigned byes = peer_poll(&carrier, SIP_BYE);
    peer_reply(&carrier, SIP_INVITE, 180, "one", NULL);
    RIG_UNTIL(&rig, far_did(&phone, "180"));
    far_hang_up(&phone);
    RIG_UNTIL(&rig, peer_poll(&carrier, SIP_CANCEL) > 0);
    peer_reply(&carrier, SIP_INVITE, 200, "one", sdp);
    peer_reply(&carrier, SIP_CANCEL, 200, "one", NULL);
    RIG_UNTIL(&rig, peer_poll(&carrier, SIP_BYE) > byes);
    peer_reply(&carrier, SIP_BYE, 200, "one", NULL);
    RIG_UNTIL(&rig, rig_calls(&rig) == 0);
}

static void test_answer_without_sdp(void **state)
{
    (void)state;
    dial();
    unsigned byes = peer_poll(&carrier, SIP_BYE);
    peer_reply(&carrier, SIP_INVITE, 200, "one", NULL);
    RIG_UNTIL(&rig, far_did(&phone, "failed:488"));
    RIG_UNTIL(&rig, peer_poll(&carrier, SIP_BYE) > byes);
    peer_reply(&carrier, SIP_BYE, 200, "one", NULL);
    assert_string_equal(rig_last_record(&rig), "bad_sdp 488 system: The far end answered without a "
                                               "session description.");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_two_answers),
        cmocka_unit_test(test_early_media_of_two),
        cmocka_unit_test(test_answer_crosses_cancel),
        cmocka_unit_test(test_answer_without_sdp),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
