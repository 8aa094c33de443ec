/* What went wrong, in words that a person can act on, where that person looks: the record, the
 * timeline and the log. Secrets in none of them. */
#include "fakes/far_end.h"
#include "fakes/scripted_peer.h"

#include <stdio.h>

static struct rig rig;
static struct far_end phone, carrier;
static uint16_t closed_port;

/* A port where nobody is. */
static uint16_t find_closed_port(void)
{
    struct scripted_peer peer;
    peer_create(&peer, &rig);
    uint16_t port = addr_port(&peer.addr);
    peer_destroy(&peer);
    return port;
}

static int setup(void **state)
{
    char yaml[2000];
    (void)state;
    rig_create(&rig);
    far_create(&phone, &rig);
    far_create(&carrier, &rig);
    far_demand(&carrier, "carrier.example", "the-right-password");
    closed_port = find_closed_port();
    snprintf(yaml, sizeof yaml,
             "users: {alice: {password: 'wonderland-4711'}}\n"
             "trunks:\n"
             "  acme: {host: 127.0.0.1, port: %u, domain: carrier.example, username: office,\n"
             "         password: 'the-wrong-password', register: no}\n"
             "  down: {host: 127.0.0.1, port: %u, register: no}\n"
             "  anon: {host: 127.0.0.1, port: %u, register: no}\n"
             "routes:\n"
             "  - {pattern: '1.', to: 'trunk:acme'}\n"
             "  - {pattern: '2.', to: 'trunk:down'}\n"
             "  - {pattern: '3.', to: 'trunk:anon'}\n"
             "media: {host: 127.0.0.1, threads: 1, rtp_ports: 0, webrtc_port: 0, alert: 1,\n"
             "        timeout: 3}\n",
             addr_port(&carrier.addr), closed_port, addr_port(&carrier.addr));
    rig_start(&rig, yaml);
    RIG_UNTIL(&rig, rig_logged(&rig, "trunk=anon resolved"));
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    far_destroy(&phone);
    far_destroy(&carrier);
    rig_destroy(&rig);
    return 0;
}

static void dial_and_fail(const char *to, const char *status)
{
    phone.log[0] = '\0';
    far_dial(&phone, to, "alice", "wonderland-4711");
    RIG_UNTIL(&rig, far_did(&phone, "failed"));
    if (!far_did(&phone, status))
        fail_msg("%s instead of %s", phone.log, status);
    RIG_UNTIL(&rig, rig_calls(&rig) == 0);
}

static void expect_words(const char *text, const char *const *words)
{
    for (; *words; words++)
        if (!strstr(text, *words))
            fail_msg("no '%s' in '%s'", *words, text);
}

static void test_connection_refused(void **state)
{
    char port[16];
    (void)state;
    dial_and_fail("2000", "failed:503");
    snprintf(port, sizeof port, "127.0.0.1:%u", closed_port);
    expect_words(rig_last_record(&rig), (const char *const[]){ "connection_refused 503 system: ",
                                                               port, "UDP", "refused", NULL });
    expect_words(rig_last_timeline(&rig), (const char *const[]){ port, NULL });
    RIG_UNTIL(&rig, rig_logged(&rig, "trunk=down unreachable"));
}

static void test_wrong_password(void **state)
{
    (void)state;
    dial_and_fail("1000", "failed:503"); /* the caller is not asked for the trunk's password */
    expect_words(rig_last_record(&rig),
                 (const char *const[]){ "auth_failed 401 remote: acme: ", "status 401",
                                        "\"office\"", "carrier.example", "Check the user name",
                                        NULL });
    assert_false(rig_logged(&rig, "the-wrong-password"));
    assert_false(rig_logged(&rig, "the-right-password"));
    assert_null(strstr(rig_last_timeline(&rig), "password-"));
    assert_null(strstr(rig_last_timeline(&rig), "the-wrong-password"));
}

static void test_no_password_at_all(void **state)
{
    (void)state;
    dial_and_fail("3000", "failed:503");
    expect_words(rig_last_record(&rig),
                 (const char *const[]){ "auth_failed 401 ", "anon", "no user name and password",
                                        "carrier.example", NULL });
}

static void test_no_common_codec(void **state)
{
    (void)state;
    phone.formats = "3 18 101";
    rig_clear_log(&rig);
    phone.log[0] = '\0';
    far_dial(&phone, "echo", "alice", "wonderland-4711");
    RIG_UNTIL(&rig, far_did(&phone, "failed:488"));
    phone.formats = "0 8 101";
    assert_true(rig_logged(&rig, "no common codec: the far end has GSM, G729, telephone-event"));
    assert_true(rig_logged(&rig, "; we have opus, G722, PCM"));
}

static void test_no_audio(void **state)
{
    (void)state;
    unsigned up = phone.up;
    rig_clear_log(&rig);
    far_dial(&phone, "echo", "alice", "wonderland-4711");
    RIG_UNTIL(&rig, phone.up > up);
    RIG_UNTIL(&rig, rig_logged(&rig, "no audio party=alice: no RTP packet arrived for 1"));
    far_send_rtp(&phone);
    RIG_UNTIL(&rig, rig_logged(&rig, "audio is back party=alice"));
    phone.log[0] = '\0';
    RIG_UNTIL(&rig, far_did(&phone, "bye")); /* nothing more comes: it is over */
    RIG_UNTIL(&rig, rig_calls(&rig) == 0);
    expect_words(rig_last_record(&rig),
                 (const char *const[]){ "media_timeout 408 system: ", NULL });
    expect_words(rig_last_timeline(&rig), (const char *const[]){ "1 media no audio: no RTP for ",
                                                                 "1 media audio is back", NULL });
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_connection_refused), cmocka_unit_test(test_wrong_password),
        cmocka_unit_test(test_no_password_at_all), cmocka_unit_test(test_no_common_codec),
        cmocka_unit_test(test_no_audio),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
