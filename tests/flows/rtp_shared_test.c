/* Trunks with `rtp: shared`: calls on one port of ours, and the way out of it for far ends that
 * cannot be told by the address they signal. */
#include "fakes/far_end.h"

#include <stdio.h>
#include <unistd.h>

enum { CARRIERS = 2 };

static struct rig rig;
static struct far_end alice, bob, carriers[CARRIERS];

static int setup(void **state)
{
    char yaml[1600];
    (void)state;
    rig_create(&rig);
    far_create(&alice, &rig);
    far_create(&bob, &rig);
    for (size_t i = 0; i < CARRIERS; i++)
        far_create(&carriers[i], &rig);
    snprintf(yaml, sizeof yaml,
             "users:\n"
             "  alice: {password: 'wonderland-4711'}\n"
             "  bob: {password: 'wonderland-4712'}\n"
             "trunks:\n"
             "  one: {host: 127.0.0.1, port: %u, register: no, rtp: shared}\n"
             "  two: {host: 127.0.0.1, port: %u, register: no, rtp: shared}\n"
             "routes:\n"
             "  - {destination: one, to: ['trunk:one/1']}\n"
             "  - {destination: two, to: ['trunk:two/1']}\n"
             "media: {host: 127.0.0.1, threads: 1, rtp_ports: 0, webrtc_port: 0}\n",
             addr_port(&carriers[0].addr), addr_port(&carriers[1].addr));
    rig_start(&rig, yaml);
    RIG_UNTIL(&rig,
              rig_logged(&rig, "trunk=one resolved") && rig_logged(&rig, "trunk=two resolved"));
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    far_destroy(&alice);
    far_destroy(&bob);
    for (size_t i = 0; i < CARRIERS; i++)
        far_destroy(&carriers[i]);
    rig_destroy(&rig);
    return 0;
}

static void place_call(struct far_end *phone, const char *to, const char *account,
                       const char *password, struct far_end *carrier)
{
    unsigned up = phone->up;
    carrier->log[0] = '\0';
    far_dial(phone, to, account, password);
    RIG_UNTIL(&rig, phone->up > up && far_did(carrier, "ack"));
    rig_run(&rig, 30);
}

static void call_both(void)
{
    place_call(&alice, "one", "alice", "wonderland-4711", &carriers[0]);
    place_call(&bob, "two", "bob", "wonderland-4712", &carriers[1]);
}

static void hang_up_both(void)
{
    far_hang_up(&alice);
    far_hang_up(&bob);
    RIG_UNTIL(&rig,
              far_did(&carriers[0], "bye") && far_did(&carriers[1], "bye") && rig_calls(&rig) == 0);
}

static unsigned port_of(const struct far_end *far)
{
    const char *line = strstr(far->sdp, "m=audio ");
    unsigned port = 0;
    assert_non_null(line);
    assert_int_equal(sscanf(line, "m=audio %u", &port), 1);
    return port;
}

/* Each of the two calls both ways: what one says the other end of its call hears, and nobody else.
 */
static void talk(unsigned n)
{
    struct far_end *all[] = { &alice, &bob, &carriers[0], &carriers[1] };
    for (size_t i = 0; i < 4; i++)
        far_poll_rtp(all[i]);
    for (size_t i = 0; i < 4; i++)
        all[i]->packets = 0;
    for (unsigned i = 0; i < n; i++) {
        for (size_t k = 0; k < 4; k++)
            if (k != 1) /* bob listens: what the others say must not come to his carrier */
                far_send_rtp(all[k]);
        rig_run(&rig, 5);
        for (size_t k = 0; k < 4; k++)
            far_poll_rtp(all[k]);
    }
}

static void test_two_calls_share_a_port(void **state)
{
    (void)state;
    call_both();
    assert_int_equal(port_of(&carriers[0]), port_of(&carriers[1]));
    assert_int_not_equal(port_of(&alice),
                         port_of(&carriers[0])); /* users have ports of their own */
    assert_int_not_equal(port_of(&alice), port_of(&bob));
    talk(20);
    assert_in_range(alice.packets, 18, 20);
    assert_in_range(bob.packets, 18, 20);
    assert_in_range(carriers[0].packets, 18, 20);
    assert_int_equal(carriers[1].packets, 0);
    assert_false(far_did(&carriers[0], "reinvite") || far_did(&carriers[1], "reinvite"));
    hang_up_both();
}

static void test_who_sends_from_elsewhere_gets_a_port_of_its_own(void **state)
{
    (void)state;
    struct far_end *carrier = &carriers[0];
    int signalled = carrier->rtp_fd;
    struct addr said = carrier->rtp;
    far_open_rtp(carrier); /* where its sound really comes from */
    carrier->rtp = said;
    place_call(&alice, "one", "alice", "wonderland-4711", carrier);
    unsigned before = port_of(carrier);
    for (int i = 0; i < 200 && !far_did(carrier, "reinvite:talk"); i++) {
        far_send_rtp(carrier);
        rig_run(&rig, 10);
    }
    assert_true(far_did(carrier, "reinvite:talk"));
    rig_run(&rig, 50);
    assert_int_not_equal(port_of(carrier), before);
    alice.packets = 0;
    for (int i = 0; i < 20; i++) {
        far_send_rtp(carrier);
        far_send_rtp(&alice);
        rig_run(&rig, 5);
        far_poll_rtp(&alice);
    }
    assert_true(alice.packets >= 15);
    far_poll_rtp(carrier);
    assert_true(carrier->packets >= 10); /* it is answered where it sends from */
    far_hang_up(&alice);
    RIG_UNTIL(&rig, far_did(carrier, "bye") && rig_calls(&rig) == 0);
    close(carrier->rtp_fd);
    carrier->rtp_fd = signalled;
}

static void test_two_calls_to_one_address_are_told_apart(void **state)
{
    (void)state;
    struct addr own = carriers[1].rtp;
    int own_fd = carriers[1].rtp_fd;
    carriers[1].rtp = carriers[0].rtp; /* a box that has one address for all of its calls */
    carriers[1].rtp_fd = carriers[0].rtp_fd;
    call_both();
    RIG_UNTIL(&rig, far_did(&carriers[1], "reinvite:talk"));
    rig_run(&rig, 50);
    assert_int_not_equal(port_of(&carriers[0]), port_of(&carriers[1]));
    assert_false(far_did(&carriers[0], "reinvite"));
    talk(20);
    assert_in_range(alice.packets, 18, 20);
    assert_in_range(bob.packets, 18, 20);
    hang_up_both();
    carriers[1].rtp = own;
    carriers[1].rtp_fd = own_fd;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_two_calls_share_a_port),
        cmocka_unit_test(test_who_sends_from_elsewhere_gets_a_port_of_its_own),
        cmocka_unit_test(test_two_calls_to_one_address_are_told_apart),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
