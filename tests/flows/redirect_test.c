/* 3xx answers: followed for a trunk, within bounds; a phone's are a call forwarded. Routes from
 * trunk to trunk; who calls, as trunks are told. */
#include "fakes/far_end.h"

#include <stdio.h>

#include "base/buf.h"

static struct rig rig;
static struct far_end alice, bob, carrier;

static int setup(void **state)
{
    char yaml[1900];
    (void)state;
    rig_create(&rig);
    struct far_end *const all[] = { &alice, &bob, &carrier };
    for (size_t i = 0; i < 3; i++)
        far_create(all[i], &rig);
    snprintf(yaml, sizeof yaml,
             "users:\n"
             "  alice: {password: 'wonderland-4711'}\n"
             "  bob: {password: 'builder-4711-yes'}\n"
             "trunks:\n"
             "  acme: {host: 127.0.0.1, port: %u, username: office, password: 'acme-secret-4711',\n"
             "         register: no, identity: asserted, domain: carrier.example}\n"
             "  strict: {host: 127.0.0.1, port: %u, register: no, follow_redirects: no,\n"
             "           privacy: yes, sources: [192.0.2.1]}\n"
             "routes:\n"
             "  - {pattern: '+1.', to: 'trunk:acme'}\n"
             "  - {pattern: '+2.', to: 'trunk:strict'}\n"
             "  - {pattern: '+3.', from_trunk: acme, to: 'trunk:strict'}\n"
             "  - {pattern: '+4.', from_trunk: acme, to: 'trunk:acme'}\n"
             "  - {pattern: '70', from_trunk: acme, to: 'user:bob'}\n"
             "max_calls: 3\n"
             "media: {host: 127.0.0.1, threads: 1, rtp_ports: 0, webrtc_port: 0}\n",
             addr_port(&carrier.addr), addr_port(&carrier.addr));
    rig_start(&rig, yaml);
    RIG_UNTIL(&rig,
              rig_logged(&rig, "trunk=acme resolved") && rig_logged(&rig, "trunk=strict resolved"));
    far_register(&bob, "bob", "builder-4711-yes");
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    far_destroy(&alice);
    far_destroy(&bob);
    far_destroy(&carrier);
    rig_destroy(&rig);
    return 0;
}

static int reset(void **state)
{
    (void)state;
    RIG_UNTIL(&rig, rig_calls(&rig) == 0);
    rig_run(&rig, 30);
    struct far_end *const all[] = { &alice, &bob, &carrier };
    for (size_t i = 0; i < 3; i++) {
        all[i]->log[0] = '\0';
        all[i]->answers = 200;
        all[i]->rings = 180;
        all[i]->contact = NULL;
        all[i]->is_private = false;
        all[i]->diverted = all[i]->history = NULL;
    }
    return 0;
}

static void alice_dials(const char *to)
{
    far_dial(&alice, to, "alice", "wonderland-4711");
}

/* It answers 302; "PORT" in its Contact is the port of `to`. */
static void redirect(struct far_end *from, const char *contacts, struct far_end *to)
{
    static char text[400];
    struct buf out = BUF_ON(text);
    struct slice rest = slice_of(contacts), port = SLICE("PORT");
    for (size_t at; (at = slice_find(rest, port)) < rest.len; rest = slice_from(rest, at + 4)) {
        buf_put(&out, slice_sub(rest, 0, at));
        buf_printf(&out, "%u", addr_port(&to->addr));
    }
    buf_put(&out, rest);
    from->rings = 0;
    from->answers = 302;
    from->contact = buf_cstr(&out);
}

static void test_followed(void **state)
{
    (void)state;
    redirect(&carrier, "<sip:77@127.0.0.1:PORT?X-Evil=1>", &bob);
    unsigned up = alice.up;
    alice_dials("+15550001");
    RIG_UNTIL(&rig, alice.up > up && far_did(&bob, "ack"));
    assert_non_null(strstr(bob.invite, "INVITE sip:77@127.0.0.1:"));
    assert_null(strstr(bob.invite, "X-Evil"));
    assert_null(strstr(bob.invite, "Authorization"));
    far_hang_up(&alice);
    RIG_UNTIL(&rig, far_did(&bob, "bye"));
}

/* Best q first; the next one when that refuses. */
static void test_in_order(void **state)
{
    (void)state;
    redirect(&carrier, "<sip:low@127.0.0.1:PORT>;q=0.1, <sip:high@127.0.0.1:PORT>;q=0.9", &bob);
    bob.answers = 404;
    bob.rings = 0;
    alice_dials("+15550001");
    RIG_UNTIL(&rig, far_did(&alice, "failed:404"));
    far_expect(&bob, "invite invite ");
    assert_non_null(strstr(bob.invite, "INVITE sip:low@127.0.0.1:"));
}

/* Round and round: each address once, and no more than five. */
static void test_loops_end(void **state)
{
    (void)state;
    redirect(&carrier, "<sip:+15550001@carrier.example>", &carrier);
    unsigned received = carrier.received;
    alice_dials("+15550001");
    RIG_UNTIL(&rig, far_did(&alice, "failed"));
    assert_int_equal(carrier.received, received + 1);
    redirect(&carrier,
             "<sip:a@127.0.0.1:PORT>, <sip:b@127.0.0.1:PORT>, <sip:c@127.0.0.1:PORT>,"
             "<sip:d@carrier.example>, <sip:e@carrier.example>, <sip:f@carrier.example>",
             &carrier);
    received = carrier.received;
    alice.log[0] = '\0';
    alice_dials("+15550001");
    RIG_UNTIL(&rig, far_did(&alice, "failed"));
    assert_int_equal(carrier.received, received + 6);
}

static void test_not_followed_by_policy(void **state)
{
    (void)state;
    redirect(&carrier, "<sip:77@127.0.0.1:PORT>", &bob);
    unsigned received = bob.received;
    alice_dials("+25550001");
    RIG_UNTIL(&rig, far_did(&alice, "failed"));
    assert_int_equal(bob.received, received);
    assert_string_equal(rig_last_record(&rig),
                        "redirected 302 remote: The far end redirected the call.");
}

/* A phone that forwards its calls: to where its user may call. */
static void test_phone_forwards(void **state)
{
    (void)state;
    char contact[100], host[ADDR_TEXT];
    snprintf(contact, sizeof contact, "<sip:+15550002@%s>", addr_print(&rig.sip, host));
    bob.rings = 0;
    bob.answers = 302;
    bob.contact = contact;
    unsigned up = alice.up;
    alice_dials("bob");
    RIG_UNTIL(&rig, alice.up > up && far_did(&carrier, "ack"));
    assert_non_null(strstr(carrier.invite, "INVITE sip:+15550002@carrier.example"));
    far_hang_up(&alice);
    RIG_UNTIL(&rig, far_did(&carrier, "bye"));
    snprintf(contact, sizeof contact, "<sip:bob@%s>", addr_print(&rig.sip, host)); /* to himself */
    alice.log[0] = bob.log[0] = '\0';
    alice_dials("bob");
    RIG_UNTIL(&rig, far_did(&alice, "failed"));
    far_expect(&bob, "invite ");
}

static void expect_header(const char *line)
{
    if (!strstr(carrier.invite, line))
        fail_msg("no '%s' in\n%s", line, carrier.invite);
}

/* A trusted trunk learns who sent a call on: the phone here, and who did before it came. */
static void test_forwarding_is_told(void **state)
{
    (void)state;
    char contact[100], host[ADDR_TEXT];
    snprintf(contact, sizeof contact, "<sip:+15550002@%s>", addr_print(&rig.sip, host));
    bob.rings = 0;
    bob.answers = 302;
    bob.contact = contact;
    unsigned up = alice.up;
    alice_dials("bob");
    RIG_UNTIL(&rig, alice.up > up && far_did(&carrier, "ack"));
    expect_header("Diversion: <sip:bob@carrier.example>;reason=unconditional;counter=1\r\n");
    expect_header("History-Info: <sip:bob@carrier.example?Reason=SIP%3Bcause%3D302>;index=1, "
                  "<sip:+15550002@carrier.example>;index=1.1;mp=1\r\n");
    far_hang_up(&alice);
    RIG_UNTIL(&rig, far_did(&carrier, "bye"));
    reset(state);
    carrier.diverted = "<sip:+1777@other.example>;reason=user-busy;counter=1";
    carrier.history = "<sip:+1777@other.example>;index=1, <sip:+4@x.example>;index=1.2;mp=1";
    up = carrier.up;
    far_dial(&carrier, "+45550001", "+15550009", NULL);
    RIG_UNTIL(&rig, carrier.up >= up + 2);
    expect_header("Diversion: <sip:+1777@other.example>;reason=user-busy;counter=1\r\n");
    expect_header("<sip:+4@x.example>;index=1.2;mp=1\r\n");
    far_hang_up(&carrier);
    RIG_UNTIL(&rig, far_did(&carrier, "bye"));
    reset(state); /* another trunk is not trusted */
    carrier.diverted = "<sip:+1777@other.example>;reason=user-busy;counter=1";
    up = carrier.up;
    far_dial(&carrier, "+35550001", "+15550009", NULL);
    RIG_UNTIL(&rig, carrier.up >= up + 2);
    assert_null(strstr(carrier.invite, "Diversion"));
    far_hang_up(&carrier);
    RIG_UNTIL(&rig, far_did(&carrier, "bye"));
    reset(state); /* a phone's word counts for nothing */
    alice.diverted = "<sip:+1777@other.example>;reason=user-busy;counter=1";
    up = alice.up;
    alice_dials("+15550001");
    RIG_UNTIL(&rig, alice.up > up && far_did(&carrier, "ack"));
    assert_null(strstr(carrier.invite, "Diversion"));
    far_hang_up(&alice);
    RIG_UNTIL(&rig, far_did(&carrier, "bye"));
}

/* From one trunk out through another: when the operator's route says so, and only then. */
static void test_trunk_to_trunk(void **state)
{
    (void)state;
    unsigned up = carrier.up;
    far_dial(&carrier, "+35550001", "+15550009", NULL);
    RIG_UNTIL(&rig, carrier.up >= up + 2); /* both ends are his */
    assert_non_null(strstr(carrier.invite, "INVITE sip:+35550001@127.0.0.1"));
    assert_non_null(strstr(carrier.invite, "Privacy: id"));
    assert_null(strstr(carrier.invite, "+15550009"));
    far_hang_up(&carrier);
    RIG_UNTIL(&rig, far_did(&carrier, "bye"));
    far_dial(&carrier, "+25550001", "+15550009", NULL);
    RIG_UNTIL(&rig, far_did(&carrier, "failed:403"));
}

/* identity: asserted tells the trunk who calls, and hides it from others when he wants that. */
static void test_identity(void **state)
{
    (void)state;
    unsigned up = alice.up;
    alice.is_private = true;
    alice_dials("+15550001");
    RIG_UNTIL(&rig, alice.up > up && far_did(&carrier, "ack"));
    assert_non_null(
        strstr(carrier.invite, "From: \"Anonymous\" <sip:anonymous@anonymous.invalid>"));
    assert_non_null(strstr(carrier.invite, "P-Asserted-Identity: <sip:alice@carrier.example>"));
    assert_non_null(strstr(carrier.invite, "Privacy: id"));
    far_hang_up(&alice);
    RIG_UNTIL(&rig, far_did(&carrier, "bye"));
}

/* Full: the caller is told when to come again, before anything is made for him. */
static void test_overload(void **state)
{
    (void)state;
    for (unsigned up = alice.up, i = 1; i <= 3; i++) {
        alice_dials("echo");
        RIG_UNTIL(&rig, alice.up == up + i);
    }
    alice_dials("echo");
    RIG_UNTIL(&rig, far_did(&alice, "failed"));
    assert_true(far_did(&alice, "failed:503:Service Unavailable+retry-after"));
    for (int i = 0; i < 3; i++)
        far_hang_up(&alice);
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup(name, reset)
    const struct CMUnitTest tests[] = {
        CASE(test_followed),       CASE(test_in_order),
        CASE(test_loops_end),      CASE(test_not_followed_by_policy),
        CASE(test_phone_forwards), CASE(test_forwarding_is_told),
        CASE(test_trunk_to_trunk), CASE(test_identity),
        CASE(test_overload),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
