/* Families and samples, read back as a scraper would. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/mem.h"
#include "base/num.h"
#include "metrics.h"

static void two_doors(struct metrics *out, void *source)
{
    const char *odd = source;
    metrics_add(out, 3, "bridge", "in");
    metrics_add(out, 0.25, "sip", odd);
}

static void one(struct metrics *out, void *source)
{
    (void)source;
    metrics_add(out, 123456789012345.0, NULL, NULL);
}

static void none(struct metrics *out, void *source)
{
    (void)out;
    (void)source;
}

static void assert_printed(const struct metric *table, size_t n, void *source, const char *expected)
{
    struct metrics *metrics = metrics_create();
    for (size_t i = 0; i < n; i++)
        metrics_collect(metrics, &table[i], source);
    char *text = slice_dup(metrics_text(metrics));
    assert_string_equal(text, expected);
    mem_free(text);
    metrics_destroy(metrics);
}

static void test_families(void **state)
{
    (void)state;
    static const struct metric table[] = {
        { "doors", METRIC_GAUGE, "Doors open\nnow, \"as\" seen.", { "face", "way" }, two_doors },
        { "steps_total", METRIC_COUNTER, "Steps.", { 0 }, one },
        { "nothing", METRIC_GAUGE, "Never seen.", { "a" }, none },
    };
    char odd[] = "a\"b\\c\nd";
    assert_printed(table, COUNT_OF(table), odd,
                   "# HELP doors Doors open\\nnow, \"as\" seen.\n"
                   "# TYPE doors gauge\n"
                   "doors{face=\"bridge\",way=\"in\"} 3\n"
                   "doors{face=\"sip\",way=\"a\\\"b\\\\c\\nd\"} 0.25\n"
                   "# HELP steps_total Steps.\n"
                   "# TYPE steps_total counter\n"
                   "steps_total 123456789012345\n"
                   "# HELP nothing Never seen.\n"
                   "# TYPE nothing gauge\n");
}

static void many(struct metrics *out, void *source)
{
    for (int i = 0; i < *(int *)source; i++)
        metrics_add(out, i, "a rather long label, so that the text has to grow", NULL);
}

static void test_grows(void **state)
{
    (void)state;
    static const struct metric table = { "long", METRIC_GAUGE, "Many.", { "l" }, many };
    struct metrics *metrics = metrics_create();
    int n = 5000;
    metrics_collect(metrics, &table, &n);
    struct slice rest = metrics_text(metrics);
    size_t lines = 0;
    for (; rest.len; lines++) {
        struct slice line = slice_line(&rest);
        assert_true(slice_starts(line, lines < 2 ? SLICE("# ") : SLICE("long{l=\"a rather")));
    }
    assert_int_equal(lines, n + 2);
    metrics_destroy(metrics);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_families),
                                        cmocka_unit_test(test_grows) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
