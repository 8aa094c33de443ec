#pragma once
/* Figures as Prometheus reads them (text format 0.0.4): families with HELP and TYPE, one sample a
 * line, labels escaped. What is measured stands in a table of the daemon's; nothing here knows it.
 * Any thread. */

#include <stddef.h>

#include "base/slice.h"

enum { METRICS_LABELS_MAX = 2 };
#define METRICS_CONTENT_TYPE "text/plain; version=0.0.4; charset=utf-8"

struct metrics;

enum metric_kind { METRIC_COUNTER, METRIC_GAUGE };

/* One family. */
struct metric {
    const char *name; /* ends in _total when it counts */
    enum metric_kind kind;
    const char *help;                                   /* one sentence */
    const char *labels[METRICS_LABELS_MAX];             /* names; NULL: no more */
    void (*collect)(struct metrics *out, void *source); /* calls metrics_add() for each sample */
};

struct metrics *metrics_create(void);
void metrics_destroy(struct metrics *metrics);
/** Print the family and have its collector add the samples. */
void metrics_collect(struct metrics *metrics, const struct metric *metric, void *source);
/** From inside collect: one sample. `a` and `b` are the values of the family's labels; NULL for
 * those that it has not. */
void metrics_add(struct metrics *metrics, double value, const char *a, const char *b);
/** All of it so far; borrowed until the next call. */
struct slice metrics_text(const struct metrics *metrics);
