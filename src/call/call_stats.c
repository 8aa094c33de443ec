#include "call/call_stats.h"

#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "call/call_priv.h"
#include "media/media.h"

struct row {
    char a[CALL_STATS_LABEL_MAX], b[CALL_STATS_LABEL_MAX];
    uint64_t n;
};

/* A counter for each pair of labels, in the order in which they were first seen. */
struct tally {
    struct row *rows;
    size_t n, cap;
};

struct call_stats {
    struct tally attempts, results;
    struct call_figures sums; /* of what is over; the gauges in it are not used */
};

static struct row *find(struct tally *tally, const char *a, const char *b)
{
    for (size_t i = 0; i < tally->n; i++)
        if (strcmp(tally->rows[i].a, a) == 0 && strcmp(tally->rows[i].b, b) == 0)
            return &tally->rows[i];
    return NULL;
}

static struct row *add_row(struct tally *tally, const char *a, const char *b)
{
    if (tally->n == tally->cap) {
        tally->cap = tally->cap ? tally->cap * 2 : 8;
        tally->rows = mem_resize(tally->rows, tally->cap * sizeof *tally->rows);
    }
    struct row *row = &tally->rows[tally->n++];
    *row = (struct row){ .n = 0 };
    snprintf(row->a, sizeof row->a, "%s", a);
    snprintf(row->b, sizeof row->b, "%s", b);
    return row;
}

static void count(struct tally *tally, const char *a, const char *b)
{
    struct row *row = find(tally, a, b);
    if (!row && tally->n >= CALL_STATS_ROWS_MAX - 1) {
        a = b = "other";
        row = find(tally, a, b);
    }
    if (!row)
        row = add_row(tally, a, b);
    row->n++;
}

struct call_stats *call_stats_create(void)
{
    return mem_new(struct call_stats);
}

void call_stats_destroy(struct call_stats *stats)
{
    if (!stats)
        return;
    mem_free(stats->attempts.rows);
    mem_free(stats->results.rows);
    mem_free(stats);
}

void call_stats_add_start(const struct call *call)
{
    count(&call->calls->stats->attempts, call->face, call_direction(call));
}

void call_stats_add_end(const struct call *call)
{
    struct call_stats *stats = call->calls->stats;
    count(&stats->results, call->cause.token, call_used_trunk(call));
    if (!call->up_wall_ms)
        return;
    stats->sums.answered++;
    stats->sums.talk_s += (double)(call->done_wall_ms - call->up_wall_ms) / 1000;
    stats->sums.setup_s += (double)(call->up_wall_ms - call->created_wall_ms) / 1000;
}

static void add_flow(struct call_flow_sum *sum, const struct media_flow_stats *flow)
{
    sum->packets += flow->packets;
    sum->bytes += flow->bytes;
    sum->lost += flow->lost;
}

static void add_packets(struct call_figures *sums, const struct media_stats *stats)
{
    add_flow(&sums->received, &stats->rx);
    add_flow(&sums->sent, &stats->tx);
    sums->dropped_auth += stats->dropped_auth;
    sums->dropped_stranger += stats->dropped_stranger;
}

void call_stats_add_leg(struct call_stats *stats, const struct leg *leg)
{
    if (leg->stream)
        add_packets(&stats->sums, media_stream_stats(leg->stream));
}

/* The means are sums until the end. */
static void add_quality(struct call_figures *out, const struct media_stats *stats)
{
    out->transcoding += stats->transcoding;
    if (stats->rx.jitter_us >= 0) {
        double jitter_s = (double)stats->rx.jitter_us / 1e6;
        out->n_jitter++;
        out->jitter_mean_s += jitter_s;
        if (jitter_s > out->jitter_max_s)
            out->jitter_max_s = jitter_s;
    }
    if (stats->rx.mos >= 0) {
        if (!out->n_mos++ || stats->rx.mos < out->mos_min)
            out->mos_min = stats->rx.mos;
        out->mos_mean += stats->rx.mos;
    }
}

/* Not through const: the list is walked, never changed. */
#define EACH(link, head) LIST_EACH(link, (struct list *)(uintptr_t)(head))

void calls_measure(const struct calls *calls, struct call_figures *out)
{
    *out = calls->stats->sums;
    EACH(in_calls, &calls->live)
    EACH(in_call, &LIST_ITEM(in_calls, struct call, in_calls)->legs)
    {
        const struct leg *leg = LIST_ITEM(in_call, struct leg, in_call);
        if (!leg->stream)
            continue;
        const struct media_stats *stats = media_stream_stats(leg->stream);
        add_packets(out, stats);
        add_quality(out, stats);
    }
    if (out->n_jitter)
        out->jitter_mean_s /= (double)out->n_jitter;
    if (out->n_mos)
        out->mos_mean /= (double)out->n_mos;
}

static void tell(const struct tally *tally, call_stats_fn fn, void *owner)
{
    for (size_t i = 0; i < tally->n; i++)
        fn(owner, tally->rows[i].a, tally->rows[i].b, tally->rows[i].n);
}

static void count_live(const struct calls *calls, bool by_leg, struct tally *tally)
{
    EACH(in_calls, &calls->live)
    {
        const struct call *call = LIST_ITEM(in_calls, struct call, in_calls);
        if (!by_leg) {
            count(tally, call->face, call_direction(call));
            continue;
        }
        EACH(in_call, &call->legs)
        {
            const struct leg *leg = LIST_ITEM(in_call, struct leg, in_call);
            count(tally, leg->ops->kind, leg_state_name(leg->state));
        }
    }
}

void calls_each_figure(const struct calls *calls, enum call_stats_table table, call_stats_fn fn,
                       void *owner)
{
    struct tally live = { 0 };
    switch (table) {
    case CALL_STATS_ATTEMPTS:
        tell(&calls->stats->attempts, fn, owner);
        break;
    case CALL_STATS_RESULTS:
        tell(&calls->stats->results, fn, owner);
        break;
    case CALL_STATS_LIVE:
    case CALL_STATS_LEGS:
        count_live(calls, table == CALL_STATS_LEGS, &live);
        tell(&live, fn, owner);
        break;
    }
    mem_free(live.rows);
}
