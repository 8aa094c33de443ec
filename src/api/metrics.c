#include "metrics.h"

#include <string.h>

#include "base/mem.h"

enum { METRICS_FIRST_CAP = 16 << 10, METRICS_NUMBER_MAX = 40 };

struct metrics {
    char *text;
    size_t len, cap;
    const struct metric *family; /* whose samples are being added */
};

struct metrics *metrics_create(void)
{
    struct metrics *metrics = mem_new(struct metrics);
    metrics->cap = METRICS_FIRST_CAP;
    metrics->text = mem_alloc(metrics->cap);
    return metrics;
}

void metrics_destroy(struct metrics *metrics)
{
    if (!metrics)
        return;
    mem_free(metrics->text);
    mem_free(metrics);
}

static void put(struct metrics *metrics, const char *text, size_t len)
{
    while (len > metrics->cap - metrics->len) {
        metrics->cap *= 2; /* our own tables are what bounds it */
        metrics->text = mem_resize(metrics->text, metrics->cap);
    }
    memcpy(metrics->text + metrics->len, text, len);
    metrics->len += len;
}

static void put_text(struct metrics *metrics, const char *text)
{
    put(metrics, text, strlen(text));
}

/* A help text knows no quotes, a label's value does. */
static void put_escaped(struct metrics *metrics, const char *text, bool is_quoted)
{
    for (; *text; text++) {
        if (*text == '\n')
            put_text(metrics, "\\n");
        else if (*text == '\\' || (is_quoted && *text == '"'))
            put(metrics, (char[]){ '\\', *text }, 2);
        else
            put(metrics, text, 1);
    }
}

void metrics_collect(struct metrics *metrics, const struct metric *metric, void *source)
{
    static const char *const kinds[] = { "counter", "gauge" };
    metrics->family = metric;
    put_text(metrics, "# HELP ");
    put_text(metrics, metric->name);
    put_text(metrics, " ");
    put_escaped(metrics, metric->help, false);
    put_text(metrics, "\n# TYPE ");
    put_text(metrics, metric->name);
    put_text(metrics, " ");
    put_text(metrics, kinds[metric->kind]);
    put_text(metrics, "\n");
    metric->collect(metrics, source);
    metrics->family = NULL;
}

void metrics_add(struct metrics *metrics, double value, const char *a, const char *b)
{
    const struct metric *family = metrics->family;
    const char *const values[METRICS_LABELS_MAX] = { a, b };
    char number[METRICS_NUMBER_MAX];
    put_text(metrics, family->name);
    for (size_t i = 0; i < METRICS_LABELS_MAX && family->labels[i]; i++) {
        BUG_IF(!values[i]);
        put_text(metrics, i ? "," : "{");
        put_text(metrics, family->labels[i]);
        put_text(metrics, "=\"");
        put_escaped(metrics, values[i], true);
        put_text(metrics, "\"");
    }
    /* 15 digits: whole numbers up to 10^15 stay whole */
    snprintf(number, sizeof number, "%s %.15g\n", family->labels[0] ? "}" : "", value);
    put_text(metrics, number);
}

struct slice metrics_text(const struct metrics *metrics)
{
    return slice_make(metrics->text, metrics->len);
}
