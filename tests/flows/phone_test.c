/* A phone with an account calls built-ins and others' phones; strangers get no further than 407. */
#include "fakes/far_end.h"

#include <jansson.h>

#include "call/call.h"
#include "daemon/daemon_priv.h"

static struct rig rig;
static struct far_end phone, desk, sofa;

static int setup(void **state)
{
    (void)state;
    rig_create(&rig);
    far_create(&phone, &rig);
    far_create(&desk, &rig);
    far_create(&sofa, &rig);
    rig_start(&rig, "users:\n"
                    "  alice: {password: 'wonderland-4711'}\n"
                    "  bob: {password: 'builder-4711-yes'}\n"
                    "media: {host: 127.0.0.1, threads: 1, rtp_ports: 0, webrtc_port: 0}\n"
                    "ring_timeout: 2\n");
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    far_destroy(&phone);
    far_destroy(&desk);
    far_destroy(&sofa);
    rig_destroy(&rig);
    return 0;
}

static void call_as_alice(const char *to)
{
    far_dial(&phone, to, "alice", "wonderland-4711");
}

static void test_echo(void **state)
{
    (void)state;
    call_as_alice("echo");
    RIG_UNTIL(&rig, phone.up == 1);
    far_expect(&phone, "200+sdp ");
    assert_non_null(strstr(phone.sdp, "c=IN IP4 127.0.0.1"));
    for (int i = 0; i < 400 && phone.packets < 20; i++) { /* the greeting, or our own */
        far_send_rtp(&phone);
        rig_run(&rig, 20);
        far_poll_rtp(&phone);
    }
    assert_true(phone.packets >= 20);
    far_hang_up(&phone);
    RIG_UNTIL(&rig, rig_calls(&rig) == 0);
    assert_string_equal(rig_last_record(&rig), "hangup 200 remote: The call ended normally.");
    const char *timeline = rig_last_timeline(&rig);
    static const char *const steps[] = { "1 leg sip from alice\n", "built-in echo",
                                         "1 sip 200 sent\n",       "first packet received",
                                         "1 sip BYE received\n",   "0 state done\n" };
    for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++)
        if (!strstr(timeline, steps[i]))
            fail_msg("no '%s' in\n%s", steps[i], timeline);
}

static json_t *media_of_first_leg(void)
{
    const struct call *call = calls_find(rig.daemon->env.calls, slice_of(rig_live_call(&rig)));
    json_t *view = call_json(call, true);
    json_t *media = json_object_get(json_array_get(json_object_get(view, "legs"), 0), "media");
    json_incref(media);
    json_decref(view);
    return media;
}

static void assert_unknown(const json_t *object, const char *const *names)
{
    for (; *names; names++)
        if (!json_is_null(json_object_get(object, *names)))
            fail_msg("%s is known", *names);
}

static json_int_t counted(const json_t *object, const char *name)
{
    assert_true(json_is_integer(json_object_get(object, name)));
    return json_integer_value(json_object_get(object, name));
}

/* What was not measured is null: no packet has come, nobody has reported. */
static void test_figures(void **state)
{
    static const char *const of_call[] = { "rtt_ms", "far_mos", "codec_received", NULL };
    static const char *const of_received[] = { "jitter_ms",  "mos",       "last_packet_ms",
                                               "level_dbov", "buffer_ms", "concealed_ms",
                                               NULL };
    static const char *const of_sent[] = { "lost",         "jitter_ms", "mos", "reordered",
                                           "concealed_ms", "buffer_ms", NULL };
    unsigned up = phone.up;
    (void)state;
    call_as_alice("milliwatt");
    RIG_UNTIL(&rig, phone.up > up);
    json_t *media = media_of_first_leg();
    assert_unknown(media, of_call);
    assert_unknown(json_object_get(media, "received"), of_received);
    assert_unknown(json_object_get(media, "sent"), of_sent);
    json_decref(media);
    for (int64_t end_ms = rig_now_ms() + RIG_WAIT_MS; rig_now_ms() < end_ms;) {
        far_send_rtp(&phone);
        rig_run(&rig, 20);
        media = media_of_first_leg();
        const json_t *received = json_object_get(media, "received");
        bool is_told = counted(received, "packets") >= 5;
        if (is_told) {
            assert_int_equal(counted(received, "lost"), 0);
            assert_int_equal(counted(received, "reordered"), 0);
            assert_unknown(json_object_get(media, "sent"), of_sent); /* it sends no reports */
            assert_string_equal(json_string_value(json_object_get(media, "codec_received")),
                                "PCMU");
        }
        json_decref(media);
        if (is_told)
            break;
    }
    far_hang_up(&phone);
    RIG_UNTIL(&rig, rig_calls(&rig) == 0);
    phone.log[0] = '\0';
}

static void test_stranger_is_challenged(void **state)
{
    (void)state;
    far_dial(&phone, "echo", "alice", NULL);
    RIG_UNTIL(&rig, phone.over == 2);
    assert_true(far_did(&phone, "failed:407:"));
    phone.log[0] = '\0';
    rig_clear_log(&rig);
    far_dial(&phone, "echo", "alice", "not-her-password");
    RIG_UNTIL(&rig, phone.over == 3);
    assert_true(far_did(&phone, "failed:407:"));
    phone.log[0] = '\0';
    assert_true(rig_logged(&rig, "authentication failed user=alice"));
    assert_false(rig_logged(&rig, "not-her-password"));
    far_dial(&phone, "echo", "nobody", "whatever");
    RIG_UNTIL(&rig, phone.over == 4);
    assert_true(far_did(&phone, "failed:407:"));
    phone.log[0] = '\0';
    assert_int_equal(rig_calls(&rig), 0);
}

static void test_unknown_and_absent(void **state)
{
    (void)state;
    call_as_alice("nowhere");
    RIG_UNTIL(&rig, far_did(&phone, "failed"));
    far_expect(&phone, "failed:404:Not Found ");
    call_as_alice("bob"); /* known, but no phone of his is registered */
    RIG_UNTIL(&rig, far_did(&phone, "failed"));
    far_expect(&phone, "failed:480:Temporarily Unavailable ");
    assert_string_equal(rig_last_record(&rig),
                        "unavailable 480 remote: The far end is not reachable at the moment.");
}

static void test_two_contacts_ring(void **state)
{
    (void)state;
    far_register(&desk, "bob", "builder-4711-yes");
    far_register(&sofa, "bob", "builder-4711-yes");
    far_expect(&desk, "register:200 ");
    far_expect(&sofa, "register:200 ");
    desk.answers = sofa.answers = 0;
    call_as_alice("bob");
    RIG_UNTIL(&rig, desk.received == 1 && sofa.received == 1);
    RIG_UNTIL(&rig, far_did(&phone, "180"));
    far_answer(&sofa);
    RIG_UNTIL(&rig, phone.up == 2 && far_did(&desk, "cancelled"));
    RIG_UNTIL(&rig, far_did(&sofa, "ack"));
    far_expect(&desk, "invite cancelled ");
    far_expect(&sofa, "invite ack ");
    assert_non_null(strstr(sofa.invite, "From: <sip:alice@"));
    /* both hear each other */
    unsigned before = sofa.packets;
    for (int i = 0; i < 200 && sofa.packets < before + 5; i++) {
        far_send_rtp(&phone);
        rig_run(&rig, 20);
        far_poll_rtp(&sofa);
    }
    assert_true(sofa.packets >= before + 5);
    far_hang_up(&sofa);
    RIG_UNTIL(&rig, far_did(&phone, "bye"));
    RIG_UNTIL(&rig, rig_calls(&rig) == 0);
    phone.log[0] = '\0';
}

static void test_caller_cancels(void **state)
{
    (void)state;
    desk.answers = sofa.answers = 0;
    call_as_alice("bob");
    RIG_UNTIL(&rig, far_did(&phone, "180"));
    far_hang_up(&phone);
    RIG_UNTIL(&rig, far_did(&desk, "cancelled") && far_did(&sofa, "cancelled"));
    RIG_UNTIL(&rig, rig_calls(&rig) == 0);
    assert_true(strstr(rig_last_record(&rig), "cancelled 487 remote") != NULL);
    desk.log[0] = sofa.log[0] = phone.log[0] = '\0';
}

static void test_nobody_answers(void **state)
{
    (void)state;
    desk.answers = sofa.answers = 0;
    call_as_alice("bob");
    RIG_UNTIL(&rig, far_did(&phone, "failed"));
    RIG_UNTIL(&rig, far_did(&desk, "cancelled") && far_did(&sofa, "cancelled"));
    assert_true(far_did(&phone, "failed:408:"));
    assert_string_equal(rig_last_record(&rig),
                        "no_answer 408 system: The far end rang but nobody answered.");
    desk.log[0] = sofa.log[0] = phone.log[0] = '\0';
}

static void test_one_declines_everywhere(void **state)
{
    (void)state;
    desk.answers = 603;
    sofa.answers = 0;
    call_as_alice("bob");
    RIG_UNTIL(&rig, far_did(&phone, "failed"));
    assert_true(far_did(&phone, "failed:603:"));
    RIG_UNTIL(&rig, far_did(&sofa, "cancelled"));
    desk.log[0] = sofa.log[0] = phone.log[0] = '\0';
}

static void test_late_offer(void **state)
{
    (void)state;
    phone.late = true;
    unsigned up = phone.up;
    call_as_alice("echo");
    RIG_UNTIL(&rig, phone.up == up + 1);
    phone.late = false;
    far_expect(&phone, "200+sdp ");
    assert_non_null(strstr(phone.sdp, "m=audio"));
    rig_run(&rig, 50);
    assert_int_equal(rig_calls(&rig), 1);
    far_hang_up(&phone);
    RIG_UNTIL(&rig, rig_calls(&rig) == 0);
    assert_string_equal(rig_last_record(&rig), "hangup 200 remote: The call ended normally.");
}

static void test_no_common_codec(void **state)
{
    (void)state;
    phone.formats = "3 18 101";
    call_as_alice("echo");
    RIG_UNTIL(&rig, far_did(&phone, "failed"));
    far_expect(&phone, "failed:488:Not Acceptable Here ");
    phone.formats = "0 8 101";
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_echo),
        cmocka_unit_test(test_stranger_is_challenged),
        cmocka_unit_test(test_unknown_and_absent),
        cmocka_unit_test(test_two_contacts_ring),
        cmocka_unit_test(test_caller_cancels),
        cmocka_unit_test(test_nobody_answers),
        cmocka_unit_test(test_one_declines_everywhere),
        cmocka_unit_test(test_late_offer),
        cmocka_unit_test(test_no_common_codec),
        cmocka_unit_test(test_figures),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
