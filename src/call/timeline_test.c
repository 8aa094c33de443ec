/* The timeline keeps how a call began and how it ended; the middle of a long one gives way. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>

#include "timeline.h"

static void add(struct timeline *timeline, int64_t at_ms, uint32_t leg, const char *kind,
                const char *fmt, ...) __attribute__((format(printf, 5, 6)));
static void add(struct timeline *timeline, int64_t at_ms, uint32_t leg, const char *kind,
                const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    timeline_add(timeline, at_ms, leg, kind, fmt, args);
    va_end(args);
}

static void test_in_order(void **state)
{
    (void)state;
    struct timeline *timeline = timeline_create();
    assert_int_equal(timeline_count(timeline), 0);
    add(timeline, 1000, 0, "state", "dialing");
    add(timeline, 1005, 2, "sip", "%d %s", 180, "Ringing");
    assert_int_equal(timeline_count(timeline), 2);
    const struct timeline_entry *entry = timeline_at(timeline, 1);
    assert_int_equal(entry->at_ms, 1005);
    assert_int_equal(entry->leg, 2);
    assert_string_equal(entry->kind, "sip");
    assert_string_equal(entry->text, "180 Ringing");
    timeline_destroy(timeline);
    timeline_destroy(NULL);
}

static void test_first_and_newest_stay(void **state)
{
    (void)state;
    enum { ADDED = 5 * TIMELINE_MAX + 17, FIRST = TIMELINE_MAX / 2 };
    struct timeline *timeline = timeline_create();
    for (int i = 0; i < TIMELINE_MAX; i++)
        add(timeline, i, 1, "n", "%d", i);
    for (int i = 0; i < TIMELINE_MAX; i++) /* full, and nothing is lost yet */
        assert_int_equal(timeline_at(timeline, (size_t)i)->at_ms, i);
    for (int i = TIMELINE_MAX; i < ADDED; i++)
        add(timeline, i, 1, "n", "%d", i);
    assert_int_equal(timeline_count(timeline), TIMELINE_MAX);
    for (int i = 0; i < FIRST; i++)
        assert_int_equal(timeline_at(timeline, (size_t)i)->at_ms, i);
    for (int i = FIRST; i < TIMELINE_MAX; i++)
        assert_int_equal(timeline_at(timeline, (size_t)i)->at_ms, ADDED - TIMELINE_MAX + i);
    timeline_destroy(timeline);
}

static void test_long_texts_are_cut(void **state)
{
    (void)state;
    char longer[2 * TIMELINE_TEXT_MAX];
    memset(longer, 'x', sizeof longer);
    longer[sizeof longer - 1] = '\0';
    struct timeline *timeline = timeline_create();
    add(timeline, 1, 1, "a kind of more than sixteen", "%s", longer);
    assert_int_equal(strlen(timeline_at(timeline, 0)->text), TIMELINE_TEXT_MAX - 1);
    assert_string_equal(timeline_at(timeline, 0)->kind, "a kind of more ");
    timeline_destroy(timeline);
}

static void test_json(void **state)
{
    (void)state;
    struct timeline *timeline = timeline_create();
    add(timeline, 1700000000123, 2, "sip", "486 \"Busy\"");
    add(timeline, 1700000000124, 0, "sip", "%s", "\xff\xfe");
    json_t *list = timeline_json(timeline);
    char *text = json_dumps(list, JSON_COMPACT | JSON_SORT_KEYS);
    assert_string_equal(
        text, "[{\"kind\":\"sip\",\"leg\":2,\"t\":1700000000123,\"text\":\"486 \\\"Busy\\\"\"},"
              "{\"kind\":\"sip\",\"leg\":0,\"t\":1700000000124,\"text\":\"(not UTF-8)\"}]");
    free(text);
    json_decref(list);
    timeline_destroy(timeline);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_in_order),
        cmocka_unit_test(test_first_and_newest_stay),
        cmocka_unit_test(test_long_texts_are_cut),
        cmocka_unit_test(test_json),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
