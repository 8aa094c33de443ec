/* Faxes and T.38: whoever receives offers it, and what the far end says of that decides how the fax
 * goes on; at any other moment it is refused, and the call stays as it is. */
#include "fakes/far_end.h"

static struct rig rig;
static struct far_end alice, bob;

static int setup(void **state)
{
    (void)state;
    rig_create(&rig);
    far_create(&alice, &rig);
    far_create(&bob, &rig);
    rig_start(&rig, "users:\n"
                    "  alice: {password: 'wonderland-4711'}\n"
                    "  bob: {password: 'builder-4711-yes'}\n"
                    "scripts:\n"
                    "  fax: {sections: {main: [receive_fax: {}, sleep: 60000]}}\n"
                    "routes:\n"
                    "  - {pattern: '700', to: 'swml:fax'}\n"
                    "media: {host: 127.0.0.1, threads: 1, rtp_ports: 0, webrtc_port: 0}\n");
    far_register(&bob, "bob", "builder-4711-yes");
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    far_destroy(&alice);
    far_destroy(&bob);
    rig_destroy(&rig);
    return 0;
}

static int reset(void **state)
{
    (void)state;
    RIG_UNTIL(&rig, rig_calls(&rig) == 0);
    alice.log[0] = bob.log[0] = '\0';
    return 0;
}

/* Packets arrive, whatever they are. */
static bool is_heard(void)
{
    far_poll_rtp(&alice);
    unsigned before = alice.packets;
    for (int i = 0; i < 400 && alice.packets < before + 5; i++) {
        rig_run(&rig, 20);
        far_poll_rtp(&alice);
    }
    return alice.packets >= before + 5;
}

static void alice_faxes(int t38)
{
    alice.t38 = t38;
    far_dial(&alice, "700", "alice", "wonderland-4711");
    RIG_UNTIL(&rig, far_did(&alice, "reinvite:t38"));
}

/* Two phones talk. */
static void test_no_fax(void **state)
{
    (void)state;
    unsigned up = alice.up;
    far_dial(&alice, "bob", "alice", "wonderland-4711");
    RIG_UNTIL(&rig, alice.up > up && far_did(&bob, "ack"));
    far_reinvite_t38(&alice);
    RIG_UNTIL(&rig, far_did(&alice, "reoffer:488"));
    assert_false(far_did(&bob, "reinvite"));
    assert_int_equal(rig_calls(&rig), 1);
    far_hang_up(&alice);
    RIG_UNTIL(&rig, far_did(&bob, "bye"));
}

static void test_taken(void **state)
{
    (void)state;
    alice_faxes(200);
    assert_non_null(strstr(alice.sdp, " udptl t38\r\n"));
    assert_non_null(strstr(alice.sdp, "a=T38FaxUdpEC:t38UDPRedundancy\r\n"));
    assert_null(strstr(alice.sdp, "m=audio"));
    RIG_UNTIL(&rig, rig_logged(&rig, "fax goes by=t38 with=127.0.0.1:"));
    assert_true(is_heard());
    far_reinvite_t38(&alice); /* said again, it stays so */
    RIG_UNTIL(&rig, far_did(&alice, "reoffer:200+sdp"));
    assert_non_null(strstr(alice.sdp, " udptl t38\r\n"));
    assert_true(is_heard());
    far_hang_up(&alice);
}

static void test_refused(void **state)
{
    (void)state;
    alice_faxes(488);
    RIG_UNTIL(&rig, rig_logged(&rig, "by=audio reason=\"the offer was refused\""));
    assert_true(is_heard());
    far_hang_up(&alice);
}

/* 200, with audio: what was agreed on last is to be audio for us, too. */
static void test_ignored(void **state)
{
    (void)state;
    alice_faxes(0);
    RIG_UNTIL(&rig, far_did(&alice, "reinvite:talk ") &&
                        rig_logged(&rig, "by=audio reason=\"the far end's answer has no T.38\""));
    RIG_UNTIL(&rig, strstr(alice.sdp, "m=audio"));
    assert_true(is_heard());
    far_hang_up(&alice);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_no_fax, reset),
        cmocka_unit_test_setup(test_taken, reset),
        cmocka_unit_test_setup(test_refused, reset),
        cmocka_unit_test_setup(test_ignored, reset),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
