/* A carrier whose media comes from elsewhere than its SDP says: heard where the trunk's media_nets
 * allow that, and dropped where they do not. */
#include "fakes/far_end.h"

#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

static struct rig rig;
static struct far_end phone, open, strict;

/* Its SDP names one address, it signals from another and sends RTP from a third: a carrier's. */
static void move_media(struct far_end *far)
{
    struct addr addr;
    far->says = "192.0.2.3";
    close(far->rtp_fd);
    assert_int_equal(addr_parse_ip(SLICE("127.0.0.2"), 0, &addr), OK);
    far->rtp_fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(far->rtp_fd, &addr.sa, addr_len(&addr)), 0);
}

static int setup(void **state)
{
    char yaml[1200];
    (void)state;
    rig_create(&rig);
    far_create(&phone, &rig);
    far_create(&open, &rig);
    far_create(&strict, &rig);
    move_media(&open);
    move_media(&strict);
    snprintf(yaml, sizeof yaml,
             "users:\n"
             "  alice: {password: 'wonderland-4711'}\n"
             "trunks:\n"
             "  open: {host: 127.0.0.1, port: %u, register: no, media_nets: [127.0.0.2/31]}\n"
             "  strict: {host: 127.0.0.1, port: %u, register: no}\n"
             "routes:\n"
             "  - {destination: open, to: ['trunk:open/1']}\n"
             "  - {destination: strict, to: ['trunk:strict/1']}\n"
             "media: {host: 127.0.0.1, threads: 1, rtp_ports: 0, webrtc_port: 0}\n",
             addr_port(&open.addr), addr_port(&strict.addr));
    rig_start(&rig, yaml);
    RIG_UNTIL(&rig,
              rig_logged(&rig, "trunk=open resolved") && rig_logged(&rig, "trunk=strict resolved"));
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    far_destroy(&phone);
    far_destroy(&open);
    far_destroy(&strict);
    rig_destroy(&rig);
    return 0;
}

/* How many of the carrier's packets the phone hears. */
static unsigned heard_of(struct far_end *carrier, const char *to)
{
    unsigned up = phone.up;
    far_dial(&phone, to, "alice", "wonderland-4711");
    RIG_UNTIL(&rig, phone.up > up && far_did(carrier, "ack"));
    rig_run(&rig, 30);
    phone.packets = 0;
    for (int i = 0; i < 20; i++) {
        far_send_rtp(carrier);
        rig_run(&rig, 5);
        far_poll_rtp(&phone);
    }
    far_hang_up(&phone);
    RIG_UNTIL(&rig, far_did(carrier, "bye") && rig_calls(&rig) == 0);
    return phone.packets;
}

static void test_media_nets(void **state)
{
    (void)state;
    assert_true(heard_of(&open, "open") >= 10);
    assert_int_equal(heard_of(&strict, "strict"), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_media_nets) };
    return cmocka_run_group_tests(tests, setup, teardown);
}
