#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/mem.h"
#include "media/jitter.h"

enum { FRAME_US = 20000, CLOCK = 8000, INBOX = 64 };

/* A sender, a network and a consumer on simulated time. The payload of a packet is its number. */
struct network {
    struct jitter *jitter;
    unsigned ptime_ms;
    unsigned fixed_ms; /* the delay does not adapt */
    int drift_ppm;     /* the sender's clock is faster by this */
    int64_t jitter_us; /* uniform */
    unsigned loss_percent;
    unsigned duplicate_percent;
    uint32_t random;
    struct {
        uint32_t n;
        int64_t at_us;
    } inbox[INBOX];
    size_t n_inbox;
    uint32_t sent, lost;
    int64_t now_us, next_send_us;
    uint32_t held; /* samples that the consumer has left */
    uint32_t last_played;
    uint64_t played, silent_frames, frames, with_fec;
};

static uint32_t next_random(struct network *net)
{
    net->random = net->random * 1664525 + 1013904223;
    return net->random >> 8;
}

static void start(struct network *net)
{
    struct jitter_config config = { .clock_hz = CLOCK,
                                    .min_ms = net->fixed_ms,
                                    .max_ms = net->fixed_ms };
    net->jitter = jitter_create(&config);
    net->now_us = 5000000;
    net->next_send_us = net->now_us;
    if (net->ptime_ms == 0)
        net->ptime_ms = 20;
}

static void deliver(struct network *net, uint32_t n)
{
    struct jitter_packet packet = {
        .seq = (uint16_t)(65000 + n),
        .ts = UINT32_MAX - 8000 + n * net->ptime_ms * 8,
        .duration = net->ptime_ms * 8,
        .payload = slice_make(&n, sizeof(n)),
    };
    jitter_feed(net->jitter, &packet, net->now_us);
}

static void send(struct network *net)
{
    uint32_t n = net->sent++;
    if (next_random(net) % 100 < net->loss_percent) {
        net->lost++;
        return;
    }
    unsigned copies = next_random(net) % 100 < net->duplicate_percent ? 2 : 1;
    while (copies-- > 0) {
        assert_true(net->n_inbox < INBOX);
        int64_t delay = net->jitter_us ? next_random(net) % net->jitter_us : 0;
        net->inbox[net->n_inbox].n = n;
        net->inbox[net->n_inbox++].at_us = net->now_us + 30000 + delay;
    }
}

static void consume(struct network *net)
{
    struct jitter_packet packet;
    net->frames++;
    while (net->held < 160) {
        enum jitter_result result = jitter_pull(net->jitter, net->now_us, &packet);
        if (result == JITTER_NOTHING) {
            net->silent_frames++;
            net->held = 160;
            break;
        }
        assert_true(packet.duration > 0);
        net->held += packet.duration;
        uint32_t n = 0;
        if (packet.payload.len == sizeof(n))
            memcpy(&n, packet.payload.ptr, sizeof(n));
        if (result == JITTER_CONCEAL) {
            net->with_fec += packet.payload.len > 0;
            continue;
        }
        assert_int_equal(packet.payload.len, sizeof(n));
        assert_true(net->played == 0 || n > net->last_played); /* in order, none twice */
        net->last_played = n;
        net->played++;
    }
    net->held -= 160;
}

/* A millisecond at a time; the consumer pulls every 20 of them. */
static void run(struct network *net, int64_t ms)
{
    for (int64_t end_us = net->now_us + ms * 1000; net->now_us < end_us; net->now_us += 1000) {
        while (net->next_send_us <= net->now_us) {
            send(net);
            int64_t ptime_us = net->ptime_ms * 1000;
            net->next_send_us += ptime_us - ptime_us * net->drift_ppm / 1000000;
        }
        for (size_t i = 0; i < net->n_inbox;) {
            if (net->inbox[i].at_us > net->now_us) {
                i++;
                continue;
            }
            deliver(net, net->inbox[i].n);
            net->inbox[i] = net->inbox[--net->n_inbox];
        }
        if (net->now_us % FRAME_US == 0)
            consume(net);
    }
}

static struct jitter_stats finish(struct network *net)
{
    struct jitter_stats stats = jitter_stats(net->jitter);
    jitter_destroy(net->jitter);
    return stats;
}

static void a_steady_stream_passes_untouched(void **state)
{
    (void)state;
    static const unsigned ptimes[] = { 10, 20, 30, 40, 60 };
    for (size_t i = 0; i < 5; i++) {
        struct network net = { .ptime_ms = ptimes[i] };
        start(&net);
        run(&net, 60000);
        struct jitter_stats stats = finish(&net);
        assert_int_equal(stats.concealed + stats.late + stats.dropped + stats.duplicate, 0);
        assert_true(stats.stretched <= 2);
        assert_true(net.played + 6 >= net.sent);
        assert_true(net.silent_frames <= 6); /* until it started */
        assert_true(stats.delay_ms <= 20);
    }
}

static void jitter_is_hidden_at_its_price_in_delay(void **state)
{
    (void)state;
    struct network net = { .jitter_us = 60000, .random = 1 };
    start(&net);
    run(&net, 20000);
    struct jitter_stats before = jitter_stats(net.jitter);
    assert_in_range(before.delay_ms, 50, 80);
    run(&net, 100000);
    struct jitter_stats stats = finish(&net);
    assert_true(stats.late - before.late < 5000 * 5 / 100);
    assert_true(stats.concealed - before.concealed < 5000 * 6 / 100);
    assert_true(stats.held <= 6);
    assert_true(net.silent_frames < 10);
}

static void the_delay_shrinks_when_the_network_calms(void **state)
{
    (void)state;
    struct network net = { .jitter_us = 120000, .random = 2 };
    start(&net);
    run(&net, 20000);
    unsigned before = jitter_stats(net.jitter).delay_ms;
    assert_true(before > 80);
    net.jitter_us = 0;
    run(&net, 40000);
    uint64_t dropped = jitter_stats(net.jitter).dropped;
    assert_in_range(dropped, 2, 12);
    run(&net, 20000);
    struct jitter_stats stats = finish(&net);
    assert_true(stats.delay_ms <= 20);
    assert_true(stats.held <= 2);
    assert_true(stats.dropped - dropped <= 1);
}

static void losses_are_concealed_one_for_one(void **state)
{
    (void)state;
    struct network net = { .loss_percent = 10, .random = 3 };
    start(&net);
    run(&net, 100000);
    struct jitter_stats stats = finish(&net);
    assert_in_range(stats.concealed + 20, net.lost, net.lost + 40);
    assert_true(net.silent_frames < 10);
    assert_true(stats.late == 0);
    assert_true(stats.dropped <= 3);
}

/* With the packet after a lost one at hand, its FEC is offered. */
static void fec_is_offered(void **state)
{
    (void)state;
    struct network net = { .loss_percent = 10, .jitter_us = 50000, .random = 4 };
    start(&net);
    run(&net, 60000);
    finish(&net);
    assert_true(net.with_fec > net.lost * 6 / 10);
}

static void duplicates_do_no_harm(void **state)
{
    (void)state;
    struct network net = { .duplicate_percent = 50, .jitter_us = 30000, .random = 5 };
    start(&net);
    run(&net, 30000);
    struct jitter_stats stats = finish(&net);
    assert_true(stats.duplicate + stats.late > 500);
    assert_true(net.played > net.sent * 95 / 100);
}

/* Ten minutes at 500 ppm are 300 ms: 15 frames more or less. */
static void clock_drift_costs_a_frame_now_and_then(void **state)
{
    (void)state;
    for (int sign = -1; sign <= 1; sign += 2) {
        struct network net = { .drift_ppm = 500 * sign, .jitter_us = 5000, .random = 6 };
        start(&net);
        run(&net, 600000);
        struct jitter_stats stats = finish(&net);
        if (sign > 0)
            assert_in_range(stats.dropped, 12, 20);
        else
            assert_in_range(stats.stretched + stats.concealed, 12, 22);
        assert_true(stats.held <= 4);
        assert_true(stats.late < 20);
        assert_true(net.silent_frames < 10);
    }
}

static void feed(struct jitter *jitter, uint16_t seq, uint32_t ts, int64_t now_us)
{
    struct jitter_packet packet = { .seq = seq, .ts = ts, .duration = 160, .payload = SLICE("x") };
    jitter_feed(jitter, &packet, now_us);
}

static enum jitter_result pull(struct jitter *jitter, int64_t now_us)
{
    struct jitter_packet packet;
    return jitter_pull(jitter, now_us, &packet);
}

static void silence_ends_concealment_and_talk_resumes(void **state)
{
    (void)state;
    struct jitter_config config = { .clock_hz = CLOCK };
    struct jitter *jitter = jitter_create(&config);
    int64_t now_us = FRAME_US;
    uint16_t seq = 7;
    uint32_t ts = 0;
    for (int i = 0; i < 20; i++, now_us += FRAME_US, ts += 160) {
        feed(jitter, seq++, ts, now_us);
        pull(jitter, now_us);
    }
    unsigned concealed = 0, nothing = 0;
    for (int i = 0; i < 50; i++, now_us += FRAME_US, ts += 160) { /* a second of DTX */
        enum jitter_result result = pull(jitter, now_us);
        concealed += result == JITTER_CONCEAL;
        nothing += result == JITTER_NOTHING;
    }
    assert_in_range(concealed, 1, JITTER_CONCEAL_MAX_MS / 20);
    assert_true(nothing >= 50 - 2 - JITTER_CONCEAL_MAX_MS / 20);
    unsigned played = 0;
    for (int i = 0; i < 50; i++, now_us += FRAME_US, ts += 160) {
        feed(jitter, seq++, ts, now_us);
        played += pull(jitter, now_us) == JITTER_PACKET;
    }
    assert_true(played >= 47);
    assert_int_equal(jitter_stats(jitter).late, 0);
    jitter_destroy(jitter);
}

static void a_source_that_begins_anew_is_followed(void **state)
{
    (void)state;
    static const struct {
        int32_t seq, ts;
    } leaps[] = { { 30000, 12345678 }, { -500, -80000 }, { 0, 1000000 }, { 200, 32000 } };
    for (size_t l = 0; l < sizeof(leaps) / sizeof(leaps)[0]; l++) {
        struct jitter_config config = { .clock_hz = CLOCK };
        struct jitter *jitter = jitter_create(&config);
        int64_t now_us = FRAME_US;
        uint16_t seq = 1000;
        uint32_t ts = 160000;
        unsigned played = 0;
        for (int i = 0; i < 200; i++, now_us += FRAME_US, ts += 160) {
            if (i == 100) {
                seq = (uint16_t)(seq + leaps[l].seq);
                ts += (uint32_t)leaps[l].ts;
            }
            feed(jitter, seq++, ts, now_us);
            played += pull(jitter, now_us) == JITTER_PACKET;
        }
        assert_true(played >= 170);
        assert_true(jitter_stats(jitter).held < 5);
        jitter_destroy(jitter);
    }
}

static void junk_is_no_danger(void **state)
{
    (void)state;
    struct network net = { .random = 9 };
    start(&net);
    static char big[JITTER_PAYLOAD_MAX + 1];
    struct jitter_packet packet = { .seq = 1,
                                    .duration = 160,
                                    .payload = slice_make(big, sizeof(big)) };
    jitter_feed(net.jitter, &packet, 1);
    packet = (struct jitter_packet){ .seq = 1 };
    jitter_feed(net.jitter, &packet, 1);
    assert_int_equal(jitter_stats(net.jitter).held, 0);
    for (int i = 0; i < 200000; i++) {
        packet.seq = (uint16_t)(next_random(&net) % (i % 2 ? 65536 : 300));
        packet.ts = next_random(&net) % (i % 3 ? 50000 : UINT32_MAX);
        packet.duration = next_random(&net) % 6000;
        packet.payload = slice_make(big, next_random(&net) % JITTER_PAYLOAD_MAX);
        jitter_feed(net.jitter, &packet, net.now_us);
        net.now_us += next_random(&net) % 30000;
        if (jitter_pull(net.jitter, net.now_us, &packet) != JITTER_NOTHING)
            assert_true(packet.duration > 0);
        assert_true(jitter_stats(net.jitter).held <= JITTER_SLOTS);
    }
    finish(&net);
    jitter_destroy(NULL);
}

/* A modem's signal: a sender whose clock stood still for a while goes on slower than before, and
 * jitter comes and goes. Nothing is left out or put in for that. */
static void a_fixed_delay_is_never_adapted(void **state)
{
    struct network net = { .fixed_ms = 160 };
    (void)state;
    start(&net);
    run(&net, 3000);
    net.next_send_us += 700000;
    run(&net, 2000);
    net.jitter_us = 60000;
    run(&net, 5000);
    struct jitter_stats stats = finish(&net);
    assert_int_equal(stats.dropped, 0);
    assert_int_equal(stats.stretched, 0);
    assert_int_equal(stats.late, 0);
    assert_int_equal(stats.delay_ms, 160);
    assert_in_range(stats.concealed, 1, 6); /* where it stood still */
    assert_true(net.played + stats.held + net.n_inbox == net.sent);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_steady_stream_passes_untouched),
        cmocka_unit_test(jitter_is_hidden_at_its_price_in_delay),
        cmocka_unit_test(the_delay_shrinks_when_the_network_calms),
        cmocka_unit_test(losses_are_concealed_one_for_one),
        cmocka_unit_test(fec_is_offered),
        cmocka_unit_test(duplicates_do_no_harm),
        cmocka_unit_test(clock_drift_costs_a_frame_now_and_then),
        cmocka_unit_test(silence_ends_concealment_and_talk_resumes),
        cmocka_unit_test(a_source_that_begins_anew_is_followed),
        cmocka_unit_test(junk_is_no_danger),
        cmocka_unit_test(a_fixed_delay_is_never_adapted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
