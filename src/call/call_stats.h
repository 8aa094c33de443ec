#pragma once
/* Calls as figures: counters since the start and sums over those that live, by a few labels whose
 * values are bounded. Read by /metrics. Control thread. */

#include <stddef.h>
#include <stdint.h>

struct call;
struct call_stats;
struct calls;
struct leg;

enum { CALL_STATS_ROWS_MAX = 1000, CALL_STATS_LABEL_MAX = 64 };

enum call_stats_table {
    CALL_STATS_LIVE,     /* calls now: face, direction */
    CALL_STATS_ATTEMPTS, /* since the start: face, direction */
    CALL_STATS_RESULTS,  /* since the start: cause's token, trunk or "" */
    CALL_STATS_LEGS,     /* legs now: kind, state */
};
typedef void (*call_stats_fn)(void *owner, const char *a, const char *b, uint64_t n);
/** Each row of the table. When there are too many, the rest are in one row "other", "other". */
void calls_each_figure(const struct calls *calls, enum call_stats_table table, call_stats_fn fn,
                       void *owner);

struct call_flow_sum {
    uint64_t packets, bytes, lost;
};
struct call_figures {
    /* since the start; calls count here once they are over */
    uint64_t answered;
    double talk_s, setup_s; /* of those that were answered */
    struct call_flow_sum received, sent;
    uint64_t dropped_auth, dropped_stranger;
    /* of the legs that live */
    uint64_t transcoding;
    uint64_t n_jitter, n_mos; /* legs for which they are known */
    double jitter_mean_s, jitter_max_s, mos_mean, mos_min;
};
void calls_measure(const struct calls *calls, struct call_figures *out);

/* For call.c. */
struct call_stats *call_stats_create(void);
void call_stats_destroy(struct call_stats *stats);
/** The call has its route, or was refused one. */
void call_stats_add_start(const struct call *call);
/** The call is over and its cause known. */
void call_stats_add_end(const struct call *call);
/** The leg is over; its stream still has its figures. */
void call_stats_add_leg(struct call_stats *stats, const struct leg *leg);
