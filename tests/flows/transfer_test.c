/* Transfers between phones and trunks: what each of them sees on the wire, who hears whom, what the
 * records say. */
#include "fakes/far_end.h"

#include <stdio.h>

#include "call/recording.h"
#include "daemon/daemon_priv.h"

static struct rig rig;
static struct far_end alice, bob, carol, carrier;

static int setup(void **state)
{
    char yaml[1500];
    (void)state;
    rig_create(&rig);
    struct far_end *const all[] = { &alice, &bob, &carol, &carrier };
    for (size_t i = 0; i < 4; i++)
        far_create(all[i], &rig);
    snprintf(yaml, sizeof yaml,
             "users:\n"
             "  alice: {password: 'wonderland-4711'}\n"
             "  bob: {password: 'builder-4711-yes'}\n"
             "  carol: {password: 'christmas-4711'}\n"
             "trunks:\n"
             "  acme: {host: 127.0.0.1, port: %u, domain: carrier.example, register: no,\n"
             "         transfer: pass}\n"
             "routes:\n"
             "  - {pattern: '+1.', to: 'trunk:acme'}\n"
             "  - {pattern: '70', from_trunk: acme, to: 'user:bob'}\n"
             "media: {host: 127.0.0.1, threads: 2, rtp_ports: 0, webrtc_port: 0}\n"
             "ring_timeout: 3\n",
             addr_port(&carrier.addr));
    rig_start(&rig, yaml);
    RIG_UNTIL(&rig, rig_logged(&rig, "trunk=acme resolved"));
    far_register(&bob, "bob", "builder-4711-yes");
    far_register(&carol, "carol", "christmas-4711");
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    far_destroy(&alice);
    far_destroy(&bob);
    far_destroy(&carol);
    far_destroy(&carrier);
    rig_destroy(&rig);
    return 0;
}

static int reset(void **state)
{
    (void)state;
    RIG_UNTIL(&rig, rig_calls(&rig) == 0);
    rig_run(&rig, 30); /* what is on the wire arrives */
    struct far_end *const all[] = { &alice, &bob, &carol, &carrier };
    for (size_t i = 0; i < 4; i++) {
        all[i]->log[0] = '\0';
        all[i]->answers = all[i]->transfers = 200;
        all[i]->rings = 180;
        all[i]->hops = 0;
        all[i]->is_private = false;
    }
    return 0;
}

static void alice_calls(const char *to, struct far_end *who)
{
    unsigned up = alice.up;
    far_dial(&alice, to, "alice", "wonderland-4711");
    RIG_UNTIL(&rig, alice.up > up && far_did(who, "ack"));
    alice.log[0] = who->log[0] = '\0';
}

/* What one says is what the other gets. */
static void expect_heard(struct far_end *from, struct far_end *to)
{
    far_poll_rtp(to);
    unsigned before = to->packets;
    for (int i = 0; i < 200 && to->packets < before + 5; i++) {
        far_send_rtp(from);
        rig_run(&rig, 20);
        far_poll_rtp(to);
    }
    assert_true(to->packets >= before + 5);
}

static void test_blind(void **state)
{
    (void)state;
    alice_calls("bob", &bob);
    far_refer(&bob, "carol");
    RIG_UNTIL(&rig, far_did(&carol, "ack") && far_did(&bob, "bye"));
    far_expect(&carol, "invite ack ");
    far_expect(&bob, "referred:100 referred:180 referred:200 bye ");
    assert_non_null(strstr(carol.invite, "From: <sip:alice@"));
    assert_non_null(strstr(carol.invite, "Referred-By: <sip:"));
    far_expect(&alice, ""); /* her codecs are theirs: nothing to say */
    expect_heard(&alice, &carol);
    expect_heard(&carol, &alice);
    RIG_UNTIL(&rig, rig_calls(&rig) == 1);
    assert_string_equal(rig_last_record(&rig), "transferred 200 local: The call was transferred.");
    far_hang_up(&carol);
    RIG_UNTIL(&rig, far_did(&alice, "bye"));
}

static void test_blind_by_the_caller(void **state)
{
    (void)state;
    alice_calls("bob", &bob);
    far_refer(&alice, "carol");
    RIG_UNTIL(&rig, far_did(&carol, "ack") && far_did(&alice, "bye"));
    far_expect(&alice, "referred:100 referred:180 referred:200 bye ");
    expect_heard(&bob, &carol);
    expect_heard(&carol, &bob);
    far_hang_up(&bob);
    RIG_UNTIL(&rig, far_did(&carol, "bye"));
}

static void test_target_is_busy(void **state)
{
    (void)state;
    carol.rings = 0;
    carol.answers = 486;
    alice_calls("bob", &bob);
    far_refer(&bob, "carol");
    RIG_UNTIL(&rig, far_did(&bob, "referred:486"));
    far_expect(&bob, "referred:100 referred:486 ");
    expect_heard(&alice, &bob); /* as before */
    expect_heard(&bob, &alice);
    far_refer(&bob, "nobody");
    RIG_UNTIL(&rig, far_did(&bob, "referred:404"));
    far_hang_up(&bob);
    RIG_UNTIL(&rig, far_did(&alice, "bye"));
}

static void test_target_does_not_answer(void **state)
{
    (void)state;
    carol.answers = 0;
    alice_calls("bob", &bob);
    far_refer(&bob, "carol");
    RIG_UNTIL(&rig, far_did(&bob, "referred:180"));
    RIG_UNTIL(&rig, far_did(&bob, "referred:408") && far_did(&carol, "cancelled"));
    expect_heard(&alice, &bob);
    far_hang_up(&bob);
    RIG_UNTIL(&rig, far_did(&alice, "bye"));
}

/* As many desk phones do: BYE at once. The transferee hears ringing meanwhile. */
static void test_transferor_hangs_up(void **state)
{
    (void)state;
    carol.answers = 0;
    alice_calls("bob", &bob);
    far_refer(&bob, "carol");
    RIG_UNTIL(&rig, far_did(&bob, "referred:100"));
    far_hang_up(&bob);
    RIG_UNTIL(&rig, far_did(&carol, "invite"));
    far_poll_rtp(&alice);
    unsigned before = alice.packets;
    for (int i = 0; i < 50; i++) {
        rig_run(&rig, 20);
        far_poll_rtp(&alice);
    }
    assert_true(alice.packets > before + 10); /* the ringback tone */
    far_answer(&carol);
    RIG_UNTIL(&rig, far_did(&carol, "ack"));
    expect_heard(&alice, &carol);
    expect_heard(&carol, &alice);
    far_hang_up(&alice);
    RIG_UNTIL(&rig, far_did(&carol, "bye"));
}

static void test_transferee_hangs_up(void **state)
{
    (void)state;
    carol.answers = 0;
    alice_calls("bob", &bob);
    far_refer(&bob, "carol");
    RIG_UNTIL(&rig, far_did(&bob, "referred:180"));
    far_hang_up(&alice);
    RIG_UNTIL(&rig, far_did(&bob, "bye") && far_did(&carol, "cancelled"));
    assert_true(far_did(&bob, "referred:487 bye "));
}

static void test_attended(void **state)
{
    (void)state;
    alice_calls("bob", &bob);
    far_reinvite(&bob, "sendonly");
    RIG_UNTIL(&rig, far_did(&alice, "reinvite:hold"));
    unsigned up = bob.up;
    far_dial(&bob, "carol", "bob", "builder-4711-yes");
    RIG_UNTIL(&rig, bob.up > up && far_did(&carol, "ack"));
    bob.log[0] = alice.log[0] = carol.log[0] = '\0';
    far_refer_replaces(&bob, &bob);
    RIG_UNTIL(&rig, far_did(&bob, "referred:200") && far_did(&alice, "reinvite:talk"));
    RIG_UNTIL(&rig, rig_calls(&rig) == 1);
    rig_run(&rig, 50);
    far_expect(&alice, "reinvite:talk ack ");
    far_expect(&carol, "");
    assert_true(far_did(&bob, "bye ") && bob.calls.next == &bob.calls); /* both of his */
    expect_heard(&alice, &carol);
    expect_heard(&carol, &alice);
    far_hang_up(&alice);
    RIG_UNTIL(&rig, far_did(&carol, "bye"));
    assert_non_null(strstr(rig_last_timeline(&rig), "1 transfer to the far end of call"));
}

static void test_invite_with_replaces(void **state)
{
    (void)state;
    alice_calls("bob", &bob);
    far_replace(&carol, &bob, "bob", "carol", "christmas-4711");
    RIG_UNTIL(&rig, far_did(&bob, "bye") && far_did(&carol, "200+sdp"));
    expect_heard(&alice, &carol);
    expect_heard(&carol, &alice);
    far_hang_up(&alice);
    RIG_UNTIL(&rig, far_did(&carol, "bye"));
}

/* Who knows the dialog but has no account gets no further than 407. */
static void test_stranger_replaces_nothing(void **state)
{
    (void)state;
    alice_calls("bob", &bob);
    far_replace(&carol, &bob, "bob", "mallory", NULL);
    RIG_UNTIL(&rig, far_did(&carol, "failed:407"));
    expect_heard(&alice, &bob);
    far_hang_up(&alice);
    RIG_UNTIL(&rig, far_did(&bob, "bye"));
}

static void test_pick_up(void **state)
{
    (void)state;
    bob.answers = 0;
    far_dial(&alice, "bob", "alice", "wonderland-4711");
    RIG_UNTIL(&rig, far_did(&alice, "180"));
    far_replace(&carol, &bob, "bob", "carol", "christmas-4711");
    RIG_UNTIL(&rig, far_did(&bob, "cancelled") && far_did(&alice, "200+sdp"));
    expect_heard(&alice, &carol);
    expect_heard(&carol, &alice);
    far_hang_up(&carol);
    RIG_UNTIL(&rig, far_did(&alice, "bye"));
}

/* transfer: pass. The carrier is asked to call its own number itself. */
static void test_trunk_transfers(void **state)
{
    (void)state;
    alice_calls("+15551111", &carrier);
    far_refer(&alice, "+15552222");
    RIG_UNTIL(&rig, far_did(&alice, "bye") && far_did(&carrier, "bye"));
    far_expect(&carrier, "refer:sip:+15552222@carrier.example bye ");
    far_expect(&alice, "referred:100 referred:180 referred:200 bye ");
}

/* Two calls of the same trunk: the carrier is asked to join them itself. */
static void test_trunk_transfers_attended(void **state)
{
    (void)state;
    alice_calls("+15551111", &carrier);
    alice_calls("+15552222", &carrier);
    far_refer_replaces(&alice, &alice);
    RIG_UNTIL(&rig, far_did(&alice, "referred:200") && rig_calls(&rig) == 1);
    assert_true(far_did(&carrier, "+replaces "));
    far_hang_up(&carrier); /* as it does with the call that was replaced */
    RIG_UNTIL(&rig, rig_calls(&rig) == 0 && alice.calls.next == &alice.calls);
}

static void test_trunk_refuses_to_join(void **state)
{
    (void)state;
    carrier.transfers = 405;
    alice_calls("+15551111", &carrier);
    alice_calls("+15552222", &carrier);
    far_refer_replaces(&alice, &alice); /* so we join them */
    RIG_UNTIL(&rig, rig_calls(&rig) == 1 && alice.calls.next == &alice.calls);
    assert_true(far_did(&alice, "referred:200"));
    far_hang_up(&carrier);
    RIG_UNTIL(&rig, rig_calls(&rig) == 0);
    RIG_UNTIL(&rig, carrier.calls.next == &carrier.calls);
}

static void test_trunk_refuses_to_transfer(void **state)
{
    (void)state;
    carrier.transfers = 405;
    alice_calls("+15551111", &carrier);
    unsigned received = carrier.received;
    far_refer(&alice, "+15552222"); /* so we make the call */
    RIG_UNTIL(&rig, far_did(&alice, "bye") && far_did(&carrier, "ack"));
    assert_int_equal(carrier.received, received + 1);
    assert_non_null(strstr(carrier.invite, "INVITE sip:+15552222@carrier.example"));
    far_hang_up(&carrier);
    RIG_UNTIL(&rig, far_did(&carrier, "bye"));
}

/* A call through the trunk goes to a user of ours: that is not the carrier's to do. */
static void test_from_trunk_to_user(void **state)
{
    (void)state;
    alice_calls("+15551111", &carrier);
    far_refer(&alice, "bob");
    RIG_UNTIL(&rig, far_did(&alice, "bye") && far_did(&bob, "ack"));
    assert_false(far_did(&carrier, "refer"));
    expect_heard(&carrier, &bob);
    expect_heard(&bob, &carrier);
    far_hang_up(&carrier);
    RIG_UNTIL(&rig, far_did(&bob, "bye"));
}

/* A carrier may move its call to where its calls may go, and not out again. */
static void test_trunk_asks(void **state)
{
    (void)state;
    alice_calls("+15551111", &carrier);
    far_refer(&carrier, "+15559999");
    RIG_UNTIL(&rig, far_did(&carrier, "referred:403"));
    far_refer(&carrier, "70");
    RIG_UNTIL(&rig, far_did(&carrier, "bye") && far_did(&bob, "ack"));
    expect_heard(&alice, &bob);
    far_hang_up(&alice);
    RIG_UNTIL(&rig, far_did(&bob, "bye"));
}

/* A PBX behind a trunk joins two of its calls that are on different media threads. */
static void test_attended_across_threads(void **state)
{
    (void)state;
    alice_calls("+15551111", &carrier);
    const struct call *call = calls_find(rig.daemon->env.calls, slice_of(rig_live_call(&rig)));
    unsigned up = carrier.up;
    far_dial(&carrier, "70", "102", NULL);
    RIG_UNTIL(&rig, carrier.up > up && far_did(&bob, "ack"));
    const struct call *second = calls_find(rig.daemon->env.calls, slice_of(rig_live_call(&rig)));
    assert_int_not_equal(call_media_thread(call), call_media_thread(second));
    bob.log[0] = carrier.log[0] = '\0';
    far_refer_replaces(&carrier, &carrier);
    RIG_UNTIL(&rig, rig_calls(&rig) == 1 && far_did(&bob, "reinvite:talk"));
    rig_run(&rig, 50);
    assert_true(far_did(&carrier, "referred:200"));
    expect_heard(&alice, &bob);
    expect_heard(&bob, &alice);
    far_hang_up(&alice);
    RIG_UNTIL(&rig, far_did(&bob, "bye"));
}

/* The built-in answers inside the REFER: everything happens at once. */
static void test_to_a_built_in(void **state)
{
    (void)state;
    alice_calls("bob", &bob);
    far_refer(&bob, "echo");
    RIG_UNTIL(&rig, far_did(&bob, "bye"));
    far_expect(&bob, "referred:100 referred:200 bye ");
    expect_heard(&alice, &alice); /* her own voice */
    far_hang_up(&alice);
}

/* The one whose side was recorded leaves: a second file goes on. */
static void test_recording_goes_on(void **state)
{
    (void)state;
    struct fault fault = { 0 };
    alice_calls("bob", &bob);
    struct slice id = slice_of(rig_live_call(&rig));
    struct call *call = calls_find(rig.daemon->env.calls, id);
    assert_non_null(call);
    assert_int_equal(recording_start(call, false, &fault), OK);
    assert_int_equal(recording_start(call, false, &fault), ERR_EXISTS);
    expect_heard(&alice, &bob);
    far_refer(&alice, "carol");
    RIG_UNTIL(&rig, far_did(&carol, "ack") && far_did(&alice, "bye"));
    expect_heard(&bob, &carol);
    assert_non_null(recording_id(call));
    assert_true(recording_stop(call));
    assert_false(recording_stop(call));
    RIG_UNTIL(&rig, rig_files(&rig, "recordings") == 2);
    json_t *list = recordings_json(call);
    assert_int_equal(json_array_size(list), 2);
    assert_string_equal(json_string_value(json_object_get(json_array_get(list, 0), "state")),
                        "complete");
    json_decref(list);
    far_hang_up(&bob);
    RIG_UNTIL(&rig, far_did(&carol, "bye"));
}

static void test_hops_and_privacy(void **state)
{
    (void)state;
    alice.hops = 5;
    alice.is_private = true;
    alice_calls("bob", &bob);
    assert_non_null(strstr(bob.invite, "Max-Forwards: 4\r\n"));
    assert_null(strstr(bob.invite, "alice"));
    far_hang_up(&alice);
    RIG_UNTIL(&rig, far_did(&bob, "bye"));
    alice.hops = 1;
    far_dial(&alice, "bob", "alice", "wonderland-4711");
    RIG_UNTIL(&rig, far_did(&alice, "failed:483"));
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup(name, reset)
    const struct CMUnitTest tests[] = {
        CASE(test_blind),
        CASE(test_blind_by_the_caller),
        CASE(test_target_is_busy),
        CASE(test_target_does_not_answer),
        CASE(test_transferor_hangs_up),
        CASE(test_transferee_hangs_up),
        CASE(test_attended),
        CASE(test_invite_with_replaces),
        CASE(test_stranger_replaces_nothing),
        CASE(test_pick_up),
        CASE(test_trunk_transfers),
        CASE(test_trunk_transfers_attended),
        CASE(test_trunk_refuses_to_join),
        CASE(test_trunk_refuses_to_transfer),
        CASE(test_from_trunk_to_user),
        CASE(test_trunk_asks),
        CASE(test_attended_across_threads),
        CASE(test_to_a_built_in),
        CASE(test_recording_goes_on),
        CASE(test_hops_and_privacy),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
