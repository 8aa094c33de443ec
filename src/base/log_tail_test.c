/* Lines in, the newest ones out. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "log_tail.h"

struct seen {
    size_t n;
    uint64_t first, last;
    enum log_level level;
    char text[LOG_TAIL_LINE_MAX + 1];
};

static void on_line(void *owner, uint64_t seq, enum log_level level, struct slice line)
{
    struct seen *seen = owner;
    if (!seen->n++)
        seen->first = seq;
    seen->last = seq;
    seen->level = level;
    assert_true(slice_copy(line, seen->text, sizeof seen->text));
}

static void say(struct log_tail *tail, enum log_level level, const char *text)
{
    log_tail_tap(tail, level, slice_of(text));
}

static void test_order(void **state)
{
    (void)state;
    struct log_tail *tail = log_tail_create();
    struct seen seen = { 0 };
    assert_int_equal(log_tail_read(tail, 0, 10, on_line, &seen), 0);
    say(tail, LOG_INFO, "one");
    say(tail, LOG_WARN, "two");
    assert_int_equal(log_tail_read(tail, 0, 10, on_line, &seen), 2);
    assert_int_equal(seen.n, 2);
    assert_int_equal(seen.first, 1);
    assert_string_equal(seen.text, "two");
    assert_int_equal(seen.level, LOG_WARN);
    seen.n = 0;
    assert_int_equal(log_tail_read(tail, 2, 10, on_line, &seen), 2);
    assert_int_equal(seen.n, 0);
    assert_int_equal(log_tail_read(tail, 99, 1, on_line, &seen), 2); /* a number of another life */
    assert_int_equal(seen.n, 1);
    assert_string_equal(seen.text, "two");
    assert_int_equal(log_tail_count(tail, LOG_WARN), 1);
    assert_int_equal(log_tail_count(tail, LOG_ERROR), 0);
    log_tail_destroy(tail);
}

static void test_wraps(void **state)
{
    (void)state;
    struct log_tail *tail = log_tail_create();
    char text[20];
    for (int i = 1; i <= LOG_TAIL_LINES + 5; i++) {
        snprintf(text, sizeof text, "line %d", i);
        say(tail, LOG_INFO, text);
    }
    struct seen seen = { 0 };
    assert_int_equal(log_tail_read(tail, 0, SIZE_MAX, on_line, &seen), LOG_TAIL_LINES + 5);
    assert_int_equal(seen.n, LOG_TAIL_LINES);
    assert_int_equal(seen.first, 6);
    assert_string_equal(seen.text, text);
    log_tail_destroy(tail);
}

/* 'ä' is two bytes and would be torn apart */
static void test_long_line(void **state)
{
    (void)state;
    struct log_tail *tail = log_tail_create();
    char text[LOG_TAIL_LINE_MAX + 100];
    memset(text, 'x', sizeof text);
    memcpy(text + LOG_TAIL_LINE_MAX - 1, "\xc3\xa4", 2);
    log_tail_tap(tail, LOG_INFO, slice_make(text, sizeof text));
    struct seen seen = { 0 };
    log_tail_read(tail, 0, 1, on_line, &seen);
    assert_int_equal(strlen(seen.text), LOG_TAIL_LINE_MAX - 1);
    log_tail_destroy(tail);
}

static void *talk(void *tail)
{
    for (int i = 0; i < 20000; i++)
        say(tail, LOG_INFO, "from another thread");
    return NULL;
}

static void on_whole_line(void *owner, uint64_t seq, enum log_level level, struct slice line)
{
    (void)owner;
    (void)seq;
    (void)level;
    assert_true(slice_is(line, "from another thread"));
}

static void test_threads(void **state)
{
    (void)state;
    struct log_tail *tail = log_tail_create();
    pthread_t threads[2];
    for (int i = 0; i < 2; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, talk, tail), 0);
    for (uint64_t last = 0; last < 40000;)
        last = log_tail_read(tail, last, LOG_TAIL_LINES, on_whole_line, NULL);
    for (int i = 0; i < 2; i++)
        pthread_join(threads[i], NULL);
    assert_int_equal(log_tail_count(tail, LOG_INFO), 40000);
    log_tail_destroy(tail);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_order),
        cmocka_unit_test(test_wraps),
        cmocka_unit_test(test_long_line),
        cmocka_unit_test(test_threads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
