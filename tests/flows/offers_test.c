/* What changes during a call: hold in all its forms, offers that come late, other codecs, a second
 * carrier after the first one's early media. Who hears whom afterwards. */
#include "fakes/far_end.h"

#include <stdio.h>

static struct rig rig;
static struct far_end alice, bob, carol, first, second;
static struct far_end *const all[] = { &alice, &bob, &carol, &first, &second };
enum { FAR_ENDS = sizeof all / sizeof all[0] };

static int setup(void **state)
{
    char yaml[1500];
    (void)state;
    rig_create(&rig);
    for (size_t i = 0; i < FAR_ENDS; i++)
        far_create(all[i], &rig);
    snprintf(yaml, sizeof yaml,
             "users:\n"
             "  alice: {password: 'wonderland-4711'}\n"
             "  bob: {password: 'builder-4711-yes'}\n"
             "  carol: {password: 'christmas-4711'}\n"
             "trunks:\n"
             "  first: {host: 127.0.0.1, port: %u, register: no}\n"
             "  second: {host: 127.0.0.1, port: %u, register: no}\n"
             "routes:\n"
             "  - {pattern: '+1.', to: ['trunk:first', 'trunk:second']}\n"
             "media: {host: 127.0.0.1, threads: 1, rtp_ports: 0, webrtc_port: 0}\n",
             addr_port(&first.addr), addr_port(&second.addr));
    rig_start(&rig, yaml);
    RIG_UNTIL(&rig, rig_logged(&rig, "trunk=first resolved") &&
                        rig_logged(&rig, "trunk=second resolved"));
    far_register(&bob, "bob", "builder-4711-yes");
    far_register(&carol, "carol", "christmas-4711");
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    for (size_t i = 0; i < FAR_ENDS; i++)
        far_destroy(all[i]);
    rig_destroy(&rig);
    return 0;
}

static int reset(void **state)
{
    (void)state;
    RIG_UNTIL(&rig, rig_calls(&rig) == 0);
    rig_run(&rig, 30);
    for (size_t i = 0; i < FAR_ENDS; i++) {
        all[i]->log[0] = '\0';
        all[i]->answers = 200;
        all[i]->rings = 180;
        all[i]->early = all[i]->is_nowhere = false;
        all[i]->formats = "0 8 101";
    }
    return 0;
}

static void alice_calls(const char *to, struct far_end *who)
{
    unsigned up = alice.up;
    far_dial(&alice, to, "alice", "wonderland-4711");
    RIG_UNTIL(&rig, alice.up > up && far_did(who, "ack"));
    rig_run(&rig, 30);
    alice.log[0] = who->log[0] = '\0';
}

static bool hears(struct far_end *to, struct far_end *from, int tries)
{
    far_poll_rtp(to);
    unsigned before = to->packets;
    for (int i = 0; i < tries && to->packets < before + 5; i++) {
        far_send_rtp(from);
        rig_run(&rig, 20);
        far_poll_rtp(to);
    }
    return to->packets >= before + 5;
}

static void hang_up(struct far_end *one, struct far_end *other)
{
    far_hang_up(one);
    RIG_UNTIL(&rig, far_did(other, "bye"));
}

static void test_holds(void **state)
{
    static const struct {
        const char *direction, *answer;
        bool is_nowhere;
    } rows[] = {
        { "sendonly", "a=recvonly", false },
        { "inactive", "a=inactive", false },
        { "sendrecv", "a=", true }, /* c=0.0.0.0 */
    };
    (void)state;
    alice_calls("bob", &bob);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        alice.log[0] = bob.log[0] = '\0';
        bob.is_nowhere = rows[i].is_nowhere;
        far_reinvite(&bob, rows[i].direction);
        RIG_UNTIL(&rig, far_did(&alice, "reinvite:hold") && far_did(&bob, "reoffer:200+sdp"));
        assert_non_null(strstr(bob.sdp, rows[i].answer));
        assert_false(hears(&bob, &alice, 15));
        bob.is_nowhere = false;
        alice.log[0] = bob.log[0] = '\0';
        far_reinvite(&bob, "sendrecv");
        RIG_UNTIL(&rig, far_did(&alice, "reinvite:talk") && far_did(&bob, "reoffer:200+sdp"));
        assert_true(hears(&bob, &alice, 200));
        assert_true(hears(&alice, &bob, 200));
    }
    hang_up(&alice, &bob);
}

/* One that only listens (recvonly) holds nobody. */
static void test_listening_is_no_hold(void **state)
{
    (void)state;
    alice_calls("bob", &bob);
    far_reinvite(&bob, "recvonly");
    RIG_UNTIL(&rig, far_did(&bob, "reoffer:200+sdp"));
    assert_non_null(strstr(bob.sdp, "a=sendonly"));
    assert_true(hears(&bob, &alice, 200));
    far_expect(&alice, "");
    hang_up(&alice, &bob);
}

/* Both offer at the same moment: 491 both ways between us and the one, and both come through
 * (RFC 3261 §14.1). */
static void test_glare(void **state)
{
    (void)state;
    alice_calls("+15551234567", &first);
    far_reinvite(&alice, "sendonly");
    far_reinvite(&first, "sendrecv");
    RIG_UNTIL(&rig, far_did(&alice, "reoffer:200+sdp"));
    RIG_UNTIL(&rig, far_did(&first, "reoffer:200+sdp") && far_did(&first, "reinvite:hold"));
    assert_int_equal(rig_calls(&rig), 1);
    rig_run(&rig, 100);
    far_reinvite(&alice, "sendrecv");
    RIG_UNTIL(&rig, far_did(&first, "reinvite:talk"));
    assert_true(hears(&first, &alice, 200));
    assert_true(hears(&alice, &first, 200));
    hang_up(&alice, &first);
}

/* Both hold, one takes it back: nobody is heard until the other does too. */
static void test_both_hold(void **state)
{
    (void)state;
    alice_calls("bob", &bob);
    far_reinvite(&bob, "sendonly");
    RIG_UNTIL(&rig, far_did(&alice, "reinvite:hold") && far_did(&bob, "reoffer:200"));
    rig_run(&rig, 50);
    far_reinvite(&alice, "sendonly");
    RIG_UNTIL(&rig, far_did(&alice, "reoffer:200"));
    rig_run(&rig, 50);
    far_reinvite(&bob, "sendrecv");
    rig_run(&rig, 100);
    assert_false(hears(&alice, &bob, 15));
    far_reinvite(&alice, "sendrecv");
    rig_run(&rig, 100);
    assert_true(hears(&alice, &bob, 200));
    assert_true(hears(&bob, &alice, 200));
    hang_up(&alice, &bob);
}

static void test_late_reoffer(void **state)
{
    (void)state;
    alice_calls("bob", &bob);
    far_reinvite_late(&bob);
    RIG_UNTIL(&rig, far_did(&bob, "reoffer:200+sdp"));
    assert_non_null(strstr(bob.sdp, "m=audio"));
    rig_run(&rig, 50);
    assert_true(hears(&bob, &alice, 200));
    assert_true(hears(&alice, &bob, 200));
    hang_up(&alice, &bob);
    assert_null(strstr(rig_last_timeline(&rig), "bad_sdp"));
}

/* A late offer at the beginning: the record has its codec all the same. */
static void test_late_offer_has_its_codec(void **state)
{
    (void)state;
    alice.late = true;
    alice_calls("bob", &bob);
    alice.late = false;
    assert_true(hears(&bob, &alice, 200));
    rig_run(&rig, 50);
    hang_up(&alice, &bob);
    RIG_UNTIL(&rig, rig_calls(&rig) == 0);
    assert_non_null(strstr(rig_last_timeline(&rig), "1 codec negotiated PCMU"));
}

/* Bob changes to PCMA: alice, who has that too, is asked to follow. */
static void test_codec_change(void **state)
{
    (void)state;
    bob.formats = "0 101";
    alice_calls("bob", &bob);
    assert_non_null(strstr(alice.sdp, "RTP/AVP 0 101"));
    bob.formats = "8 101";
    far_reinvite(&bob, "sendrecv");
    RIG_UNTIL(&rig, far_did(&bob, "reoffer:200+sdp") && far_did(&alice, "reinvite:talk"));
    assert_non_null(strstr(bob.sdp, "RTP/AVP 8 101"));
    assert_non_null(strstr(alice.sdp, "RTP/AVP 8 "));
    rig_run(&rig, 50);
    assert_true(hears(&bob, &alice, 200));
    assert_true(hears(&alice, &bob, 200));
    hang_up(&alice, &bob);
}

static void test_codec_after_a_transfer(void **state)
{
    (void)state;
    bob.formats = "0 101";
    carol.formats = "8 101";
    alice_calls("bob", &bob);
    far_refer(&bob, "carol");
    RIG_UNTIL(&rig, far_did(&bob, "bye") && far_did(&alice, "reinvite:talk"));
    assert_non_null(strstr(alice.sdp, "RTP/AVP 8 "));
    rig_run(&rig, 50);
    assert_true(hears(&carol, &alice, 200));
    assert_true(hears(&alice, &carol, 200));
    hang_up(&alice, &carol);
}

/* The first carrier sends early media and gives up, the second one speaks something else. */
static void test_early_media_then_failover(void **state)
{
    (void)state;
    first.early = true;
    first.rings = 183;
    first.answers = 503;
    first.formats = "0 101";
    second.formats = "8 101";
    unsigned up = alice.up;
    far_dial(&alice, "+15550001", "alice", "wonderland-4711");
    RIG_UNTIL(&rig, alice.up > up && far_did(&second, "ack"));
    assert_true(far_did(&alice, "183+sdp"));
    RIG_UNTIL(&rig, far_did(&alice, "reinvite:talk"));
    assert_non_null(strstr(alice.sdp, "RTP/AVP 8 "));
    assert_true(hears(&second, &alice, 200));
    assert_true(hears(&alice, &second, 200));
    hang_up(&alice, &second);
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup(name, reset)
    const struct CMUnitTest tests[] = {
        CASE(test_holds),
        CASE(test_listening_is_no_hold),
        CASE(test_glare),
        CASE(test_both_hold),
        CASE(test_late_reoffer),
        CASE(test_late_offer_has_its_codec),
        CASE(test_codec_change),
        CASE(test_codec_after_a_transfer),
        CASE(test_early_media_then_failover),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
