/* Calls out through trunks and in from them: what the carrier sees, what the caller is told. */
#include "fakes/far_end.h"

#include <stdio.h>

static struct rig rig;
static struct far_end phone, carrier, spare, strict, desk;

static int setup(void **state)
{
    char yaml[2000];
    (void)state;
    rig_create(&rig);
    far_create(&phone, &rig);
    far_create(&carrier, &rig);
    far_create(&spare, &rig);
    far_create(&strict, &rig);
    far_create(&desk, &rig);
    far_demand(&carrier, "carrier.example", "trunk-secret-4711");
    snprintf(
        yaml, sizeof yaml,
        "users:\n"
        "  alice: {password: 'wonderland-4711'}\n"
        "  bob: {password: 'builder-4711-yes'}\n"
        "trunks:\n"
        "  acme: {host: 127.0.0.1, port: %u, domain: carrier.example, username: office,\n"
        "         password: 'trunk-secret-4711', register: no, headers: {X-Office: main}}\n"
        "  spare: {host: 127.0.0.1, port: %u, register: no}\n"
        "  small: {host: 127.0.0.1, port: %u, register: no, max_calls: 1, domain: small.example,\n"
        "          country: 971, strip: 1, prefix: '00', caller_id: '+97144', emergency: [112]}\n"
        "  safe: {host: 127.0.0.1, port: %u, register: no, srtp: required, ptime: 40,\n"
        "         codecs: [PCMA]}\n"
        "routes:\n"
        "  - {pattern: '+1.', to: 'trunk:acme'}\n"
        "  - {pattern: '+2.', to: ['trunk:acme', 'trunk:spare']}\n"
        "  - {pattern: '7X', from_trunk: spare, to: 'user:bob'}\n"
        "  - {destination: safe, to: 'trunk:safe/7'}\n"
        "  - {pattern: '05.', user: alice, to: 'trunk:small'}\n"
        "  - {pattern: '05.', to: 'builtin:echo'}\n"
        "media: {host: 127.0.0.1, threads: 1, rtp_ports: 0, webrtc_port: 0}\n",
        addr_port(&carrier.addr), addr_port(&spare.addr), addr_port(&spare.addr),
        addr_port(&strict.addr));
    rig_start(&rig, yaml);
    RIG_UNTIL(&rig, rig_logged(&rig, "trunk=spare resolved"));
    far_register(&desk, "bob", "builder-4711-yes");
    desk.log[0] = '\0';
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    far_destroy(&phone);
    far_destroy(&carrier);
    far_destroy(&spare);
    far_destroy(&strict);
    far_destroy(&desk);
    rig_destroy(&rig);
    return 0;
}

static int reset(void **state)
{
    (void)state;
    RIG_UNTIL(&rig, rig_calls(&rig) == 0);
    rig_run(&rig, 20); /* what is on the wire arrives */
    phone.log[0] = carrier.log[0] = spare.log[0] = desk.log[0] = '\0';
    carrier.answers = spare.answers = 200;
    carrier.rings = spare.rings = 180;
    carrier.early = false;
    carrier.formats = phone.formats = "0 8 101";
    return 0;
}

static void call_as_alice(const char *to)
{
    far_dial(&phone, to, "alice", "wonderland-4711");
}

static void test_out_with_digest(void **state)
{
    (void)state;
    unsigned up = phone.up;
    call_as_alice("+15551234567");
    RIG_UNTIL(&rig, phone.up > up && far_did(&carrier, "ack"));
    far_expect(&carrier, "challenged invite ack ");
    far_expect(&phone, "180 200+sdp ");
    static const char *const seen[] = { "INVITE sip:+15551234567@carrier.example",
                                        "From: <sip:office@carrier.example>", "X-Office: main",
                                        "username=\"office\"", "realm=\"carrier.example\"" };
    for (size_t i = 0; i < sizeof seen / sizeof seen[0]; i++)
        if (!strstr(carrier.invite, seen[i]))
            fail_msg("no '%s' in\n%s", seen[i], carrier.invite);
    assert_null(strstr(carrier.invite, "trunk-secret"));
    for (int i = 0; i < 200 && carrier.packets < 5; i++) {
        far_send_rtp(&phone);
        rig_run(&rig, 20);
        far_poll_rtp(&carrier);
    }
    assert_true(carrier.packets >= 5);
    far_hang_up(&phone);
    RIG_UNTIL(&rig, far_did(&carrier, "bye"));
    assert_false(rig_logged(&rig, "trunk-secret"));
}

static void test_stranger_never_reaches_it(void **state)
{
    (void)state;
    unsigned received = carrier.received;
    far_dial(&phone, "+15551234567", "mallory", NULL);
    RIG_UNTIL(&rig, far_did(&phone, "failed"));
    assert_true(far_did(&phone, "failed:407"));
    rig_run(&rig, 100);
    assert_int_equal(carrier.received, received);
    assert_string_equal(carrier.log, "");
}

static void test_early_media(void **state)
{
    (void)state;
    carrier.rings = 183;
    carrier.early = true;
    carrier.answers = 0;
    unsigned up = phone.up;
    call_as_alice("+15551234567");
    RIG_UNTIL(&rig, far_did(&phone, "183+sdp"));
    for (int i = 0; i < 200 && phone.packets < 5; i++) {
        far_send_rtp(&carrier);
        rig_run(&rig, 20);
        far_poll_rtp(&phone);
    }
    assert_true(phone.packets >= 5); /* an announcement before the answer is heard */
    far_answer(&carrier);
    RIG_UNTIL(&rig, phone.up > up);
    far_hang_up(&carrier);
    RIG_UNTIL(&rig, far_did(&phone, "bye"));
    far_expect(&phone, "183+sdp 200+sdp bye ");
}

static void test_refusals_reach_the_caller(void **state)
{
    static const struct {
        int carrier;
        const char *phone, *record;
    } rows[] = {
        { 486, "failed:486:Busy Here ", "busy 486 remote: The far end is busy." },
        { 404, "failed:404:Not Found ",
          "not_found 404 remote: Nobody is known by that name or number." },
        { 603, "failed:603:Decline ", "declined 603 remote: The far end declined the call." },
        { 480, "failed:480:Temporarily Unavailable ",
          "unavailable 480 remote: The far end is not reachable at the moment." },
        { 488, "failed:488:Not Acceptable Here ",
          "no_codec 488 remote: The two sides have no audio codec in common." },
    };
    carrier.rings = 0;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        carrier.answers = rows[i].carrier;
        call_as_alice("+15551234567");
        RIG_UNTIL(&rig, far_did(&phone, "failed"));
        far_expect(&phone, rows[i].phone);
        assert_string_equal(rig_last_record(&rig), rows[i].record);
        reset(state);
        carrier.rings = 0;
    }
}

static void test_cancel(void **state)
{
    (void)state;
    carrier.answers = 0;
    call_as_alice("+15551234567");
    RIG_UNTIL(&rig, far_did(&phone, "180"));
    far_hang_up(&phone);
    RIG_UNTIL(&rig, far_did(&carrier, "cancelled"));
    RIG_UNTIL(&rig, rig_calls(&rig) == 0);
    assert_string_equal(rig_last_record(&rig),
                        "cancelled 487 remote: The call was cancelled before it was answered.");
}

static void test_hang_up_by_the_carrier(void **state)
{
    (void)state;
    unsigned up = phone.up;
    call_as_alice("+15551234567");
    RIG_UNTIL(&rig, phone.up > up && far_did(&carrier, "ack"));
    far_hang_up(&carrier);
    RIG_UNTIL(&rig, far_did(&phone, "bye"));
    RIG_UNTIL(&rig, rig_calls(&rig) == 0);
    assert_string_equal(rig_last_record(&rig), "hangup 200 remote: The call ended normally.");
}

static void test_reinvite_and_hold(void **state)
{
    (void)state;
    unsigned up = phone.up;
    call_as_alice("+15551234567");
    RIG_UNTIL(&rig, phone.up > up && far_did(&carrier, "ack"));
    phone.log[0] = carrier.log[0] = '\0';
    far_reinvite(&carrier, "sendonly");
    RIG_UNTIL(&rig, far_did(&carrier, "reoffer:200+sdp"));
    assert_non_null(strstr(carrier.sdp, "a=recvonly"));
    RIG_UNTIL(&rig, far_did(&phone, "reinvite:hold"));
    rig_run(&rig, 50);
    far_reinvite(&carrier, "sendrecv");
    RIG_UNTIL(&rig, far_did(&phone, "reinvite:talk"));
    assert_non_null(strstr(carrier.sdp, "a=sendrecv"));
    rig_run(&rig, 50);
    far_reinvite(&phone, "sendrecv"); /* from the other side, nothing changes */
    RIG_UNTIL(&rig, far_did(&phone, "reoffer:200+sdp"));
    assert_int_equal(rig_calls(&rig), 1);
    far_hang_up(&phone);
    RIG_UNTIL(&rig, far_did(&carrier, "bye"));
}

static void test_key_by_info(void **state)
{
    (void)state;
    unsigned up = phone.up;
    call_as_alice("+15551234567");
    RIG_UNTIL(&rig, phone.up > up && far_did(&carrier, "ack"));
    far_info(&phone, "5");
    for (int i = 0; i < 100; i++) { /* telephone events go out as RTP */
        far_send_rtp(&phone);
        rig_run(&rig, 5);
    }
    far_hang_up(&phone);
    RIG_UNTIL(&rig, rig_calls(&rig) == 0);
    assert_non_null(strstr(rig_last_timeline(&rig), "1 dtmf key 5 for 160 ms\n"));
}

static void test_failover(void **state)
{
    (void)state;
    carrier.answers = 503;
    carrier.rings = 0;
    unsigned up = phone.up;
    call_as_alice("+2999");
    RIG_UNTIL(&rig, phone.up > up);
    RIG_UNTIL(&rig, far_did(&spare, "ack"));
    far_expect(&spare, "invite ack ");
    far_hang_up(&phone);
    RIG_UNTIL(&rig, far_did(&spare, "bye"));
}

/* The number as the carrier wants it, the caller it shows, and no more calls than it takes; help is
 * called all the same, by its own number. */
static void test_a_trunk_of_its_own_rules(void **state)
{
    (void)state;
    unsigned up = phone.up;
    call_as_alice("0501234567");
    RIG_UNTIL(&rig, phone.up > up && far_did(&spare, "ack"));
    assert_non_null(strstr(spare.invite, "INVITE sip:00971501234567@small.example"));
    assert_non_null(strstr(spare.invite, "From: <sip:+97144@small.example>"));
    far_dial(&desk, "0501234567", "bob", "builder-4711-yes"); /* not alice: another route */
    RIG_UNTIL(&rig, far_did(&desk, "200+sdp"));
    far_hang_up(&desk);
    RIG_UNTIL(&rig, rig_calls(&rig) == 1);
    struct far_end other;
    far_create(&other, &rig);
    far_dial(&other, "0501234567", "alice", "wonderland-4711");
    RIG_UNTIL(&rig, far_did(&other, "failed"));
    far_expect(&other, "failed:503:Service Unavailable+retry-after ");
    assert_string_equal(rig_last_record(&rig),
                        "overload 503 system: The trunk carries all its calls.");
    up = other.up;
    far_dial(&other, "112", "alice", "wonderland-4711");
    RIG_UNTIL(&rig, other.up > up);
    assert_non_null(strstr(spare.invite, "INVITE sip:112@small.example"));
    far_hang_up(&other);
    far_hang_up(&phone);
    RIG_UNTIL(&rig, rig_calls(&rig) == 0);
    far_destroy(&other);
}

static void test_policy_of_a_trunk(void **state)
{
    (void)state;
    strict.log[0] = '\0';
    strict.answers = 486;
    strict.rings = 0;
    call_as_alice("safe");
    RIG_UNTIL(&rig, far_did(&phone, "failed"));
    static const char *const offered[] = { " RTP/SAVP 8 ", "a=crypto:1 AES_CM_128_HMAC_SHA1_80 ",
                                           "a=ptime:40" };
    for (size_t i = 0; i < sizeof offered / sizeof offered[0]; i++)
        if (!strstr(strict.invite, offered[i]))
            fail_msg("no '%s' in\n%s", offered[i], strict.invite);
    assert_null(strstr(strict.invite, "PCMU"));
    /* the same holds for calls that come in through it */
    strict.log[0] = '\0';
    far_dial(&strict, "70", "+15550001111", NULL);
    RIG_UNTIL(&rig, far_did(&strict, "failed"));
    far_expect(&strict, "failed:488:Not Acceptable Here ");
    assert_true(rig_logged(&rig, "srtp: required, but it offers plain RTP"));
}

/* Packets of 20 ms from the phone; the carrier takes none over 10 ms, then asks for 40 ms. */
static void test_packets_as_long_as_wanted(void **state)
{
    (void)state;
    static const char limits[] =
        "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n"
        "m=audio %u RTP/AVP 0\r\na=rtpmap:0 PCMU/8000\r\na=maxptime:10\r\n";
    char sdp[400];
    snprintf(sdp, sizeof sdp, limits, addr_port(&spare.rtp));
    spare.offers = sdp;
    unsigned up = spare.up;
    far_dial(&spare, "70", "+15550001111", NULL); /* rings bob's desk */
    RIG_UNTIL(&rig, spare.up > up && far_did(&desk, "ack"));
    spare.offers = NULL;
    assert_non_null(strstr(spare.sdp, "a=ptime:"));
    unsigned packets = spare.packets;
    for (int i = 0; i < 100; i++) {
        far_send_rtp(&desk);
        rig_run(&rig, 20);
        far_poll_rtp(&spare);
    }
    assert_true(spare.packets - packets >= 150); /* 100 came; a busy machine makes more of them */
    far_hang_up(&spare);
    RIG_UNTIL(&rig, far_did(&desk, "bye"));
}

static void test_in_by_source_address(void **state)
{
    (void)state;
    unsigned up = spare.up;
    far_dial(&spare, "70", "+15550001111", NULL); /* no password: the address proves the trunk */
    RIG_UNTIL(&rig, spare.up > up && far_did(&desk, "ack"));
    assert_non_null(strstr(desk.invite, "From: <sip:+15550001111@"));
    far_hang_up(&spare);
    RIG_UNTIL(&rig, far_did(&desk, "bye"));
    far_dial(&spare, "999", "+15550001111", NULL);
    RIG_UNTIL(&rig, far_did(&spare, "failed"));
    assert_true(far_did(&spare, "failed:404"));
}

/* A trunk must not become a way through us to another trunk. */
static void test_in_does_not_go_out(void **state)
{
    (void)state;
    unsigned received = carrier.received;
    far_dial(&spare, "+15551234567", "+15550001111", NULL);
    RIG_UNTIL(&rig, far_did(&spare, "failed"));
    assert_true(far_did(&spare, "failed:403"));
    assert_int_equal(carrier.received, received);
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup(name, reset)
    const struct CMUnitTest tests[] = {
        CASE(test_out_with_digest),
        CASE(test_stranger_never_reaches_it),
        CASE(test_early_media),
        CASE(test_refusals_reach_the_caller),
        CASE(test_cancel),
        CASE(test_hang_up_by_the_carrier),
        CASE(test_reinvite_and_hold),
        CASE(test_key_by_info),
        CASE(test_failover),
        CASE(test_a_trunk_of_its_own_rules),
        CASE(test_policy_of_a_trunk),
        CASE(test_packets_as_long_as_wanted),
        CASE(test_in_by_source_address),
        CASE(test_in_does_not_go_out),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
