/* Many calls, one after the other and at once, leave nothing behind: no descriptor, no port of the
 * RTP range, no memory. */
#include "fakes/far_end.h"

#include <malloc.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/num.h"
#include "daemon/daemon_priv.h"
#include "legs/leg_env.h"
#include "legs/trace.h"
#include "sip/sip_agent.h"

/* Not zero: transactions of both sides rest for 32 s (RFC 3261 §17, timers I, J and K), and this
 * store is in memory. A stream alone would be more. */
enum { CALLS_IN_A_ROW = 200, CALLS_AT_ONCE = 50, GROWTH_PER_CALL_MAX = 80 << 10 };
/* 110 pairs: 50 calls of two legs at once, and no room for 200 calls that leak */
enum { PORTS = 220, FIRST_PORT = 24000, LAST_PORT = 32000 };

static struct rig rig;
static struct far_end phone, carrier;

static int guard_fd;

/* A range that no other program takes at the same time, such as this one started twice: who has
 * the port before it has the range. */
static unsigned claim_ports(void)
{
    for (unsigned port = FIRST_PORT; port + PORTS < LAST_PORT; port += PORTS + 2) {
        struct addr addr = addr_loopback4((uint16_t)port); /* below 65536 */
        guard_fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
        if (bind(guard_fd, &addr.sa, addr_len(&addr)) == 0)
            return port + 2;
        close(guard_fd);
    }
    fail_msg("every range of ports is taken");
    return 0;
}

static int setup(void **state)
{
    char yaml[1000];
    (void)state;
    rig_create(&rig);
    far_create(&phone, &rig);
    far_create(&carrier, &rig);
    carrier.rings = 0;
    unsigned first = claim_ports();
    snprintf(yaml, sizeof yaml,
             "users: {alice: {password: 'wonderland-4711'}}\n"
             "trunks: {acme: {host: 127.0.0.1, port: %u, register: no}}\n"
             "routes: [{pattern: '+.', to: 'trunk:acme'}]\n"
             "log: {level: warn}\n"
             "media: {host: 127.0.0.1, threads: 2, rtp_ports: %u-%u, webrtc_port: 0}\n",
             addr_port(&carrier.addr), first, first + PORTS - 1);
    rig_start(&rig, yaml);
    log_set_level(LOG_WARN);
    /* it keeps more the more often messages are sent again, so the slower this machine is */
    trace_destroy(rig.daemon->env.trace);
    rig.daemon->env.trace = NULL;
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    far_destroy(&phone);
    far_destroy(&carrier);
    rig_destroy(&rig);
    close(guard_fd);
    return 0;
}

static void start_call(const char *to)
{
    far_dial(&phone, to, "alice", "wonderland-4711");
    phone.log[0] = carrier.log[0] = '\0';
}

static void one_call(const char *to)
{
    unsigned up = phone.up;
    start_call(to);
    RIG_UNTIL(&rig, phone.up > up);
    far_hang_up(&phone);
    RIG_UNTIL(&rig, rig_calls(&rig) == 0);
    RIG_UNTIL(&rig, list_empty(&carrier.calls));
}

static void calls_at_once(const char *to)
{
    unsigned up = phone.up;
    for (unsigned i = 0; i < CALLS_AT_ONCE; i++)
        start_call(to);
    RIG_UNTIL(&rig, phone.up == up + CALLS_AT_ONCE);
    assert_int_equal(rig_calls(&rig), CALLS_AT_ONCE);
    while (!list_empty(&phone.calls))
        far_hang_up(&phone);
    RIG_UNTIL(&rig, rig_calls(&rig) == 0);
    RIG_UNTIL(&rig, list_empty(&carrier.calls));
}

static size_t sip_sessions(void)
{
    return sip_agent_stats(rig.daemon->env.agent)->sessions;
}

static void test_calls(void **state)
{
    const char *to = *state;
    for (int i = 0; i < 10; i++) /* pools and caches fill */
        one_call(to);
    calls_at_once(to);
    RIG_UNTIL(&rig, sip_sessions() == 0);
    rig_run(&rig, 300); /* streams end on their threads */
    unsigned descriptors = rig_descriptors();
    size_t heap = mallinfo2().uordblks;
    for (int i = 0; i < CALLS_IN_A_ROW; i++)
        one_call(to);
    calls_at_once(to);
    RIG_UNTIL(&rig, sip_sessions() == 0);
    RIG_UNTIL(&rig, rig_descriptors() == descriptors);
    rig_run(&rig, 300);
    size_t grown = mallinfo2().uordblks > heap ? mallinfo2().uordblks - heap : 0;
    printf("%s: heap grew by %zu bytes, %u descriptors\n", to, grown, descriptors);
    assert_in_range(grown / (CALLS_IN_A_ROW + CALLS_AT_ONCE), 0, GROWTH_PER_CALL_MAX);
}

int main(void)
{
    static char echo[] = "echo", number[] = "+15551234567";
    const struct CMUnitTest tests[] = {
        { "phone to echo", test_calls, NULL, NULL, echo },
        { "phone to trunk", test_calls, NULL, NULL, number },
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
