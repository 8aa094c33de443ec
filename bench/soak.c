/* Ten minutes on a bad line: packets lost, late and out of order by the generator's own hand, and
 * our counters must say exactly that. A browser's side and a plain one, 100 calls. */
#include <jansson.h>
#include <stdio.h>
#include <unistd.h>

#include "base/mem.h"
#include "bench/bench.h"

enum { LOSS = 50, LATE = 100, SWAP = 300, SETTLE_US = 1500000 };

static void add(struct heard *sum, const struct heard *one)
{
    sum->packets += one->packets;
    sum->lost += one->lost;
    sum->reordered += one->reordered;
    if (one->jitter_us > sum->jitter_us)
        sum->jitter_us = one->jitter_us;
}

static json_t *print(const struct side_done *done, const struct heard *heard, const char *far)
{
    return json_pack("{s:{s:I, s:I, s:I, s:I}, s:{s:I, s:I, s:I, s:f}, s:I}", "injected", "sent",
                     (json_int_t)done->sent, "lost", (json_int_t)done->lost, "reordered",
                     (json_int_t)done->swapped, "late", (json_int_t)done->late, "counted",
                     "received", (json_int_t)heard->packets, "lost", (json_int_t)heard->lost,
                     "reordered", (json_int_t)heard->reordered, "jitter_ms",
                     (double)heard->jitter_us / 1000, far, (json_int_t)done->got);
}

static bool is_right(const struct side_done *done, const struct heard *heard)
{
    return heard->packets == done->sent && heard->lost == done->lost &&
           heard->reordered == (int64_t)done->swapped && heard->jitter_us > 0;
}

static int report(const struct subject *subject, unsigned calls, int64_t seconds, int64_t rss_kb,
                  const struct side_done done[2])
{
    struct heard sums[2] = { 0 }, a, b;
    struct subject asked = *subject;
    for (size_t i = 0; i < calls; i++) {
        if (!subject->heard(&asked, i, &a, &b))
            return 1;
        add(&sums[0], &a);
        add(&sums[1], &b);
    }
    /* what one side sent is what the other side's far end got */
    bool all_came = done[0].sent == done[1].got && done[1].sent == done[0].got;
    bool good = is_right(&done[0], &sums[0]) && is_right(&done[1], &sums[1]) && all_came;
    json_t *result = json_pack("{s:s, s:i, s:I, s:o, s:o, s:I, s:b}", "name", "soak", "calls",
                               (int)calls, "seconds", (json_int_t)seconds, "srtp",
                               print(&done[0], &sums[0], "arrived_from_rtp"), "rtp",
                               print(&done[1], &sums[1], "arrived_from_srtp"), "rss_growth_kb",
                               (json_int_t)(process_rss_kb(subject->pid) - rss_kb), "equal", good);
    json_dumpf(result, stdout, JSON_INDENT(2) | JSON_REAL_PRECISION(4));
    putchar('\n');
    json_decref(result);
    return !good;
}

int soak_run(int64_t seconds, unsigned calls)
{
    static const struct faults faults = { .loss = LOSS, .swap = SWAP, .late = LATE };
    struct subject subject;
    struct side_done done[2];
    if (!engine_start(&subject, BENCH_RELAY, false))
        return 1;
    struct generator *generator = generator_create(&subject, calls + 1);
    int status = 1;
    if (generator_grow(generator, calls)) {
        int64_t rss_kb = process_rss_kb(subject.pid);
        generator_spoil(generator, seconds * 1000, &faults, &done[0], &done[1]);
        usleep(SETTLE_US); /* its figures are a second old at most */
        status = report(&subject, calls, seconds, rss_kb, done);
    } else {
        fprintf(stderr, "soak: the calls could not be set up\n");
    }
    generator_destroy(generator);
    process_end(&subject);
    return status;
}
