/* The table of methods: sorted, found by name, and what docs/swml.md says of it is true. */
#include "script/verbs.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "base/mem.h"

static void test_sorted_and_found(void **state)
{
    (void)state;
    for (size_t i = 0; verb_at(i); i++) {
        assert_ptr_equal(verb_find(verb_at(i)->name), verb_at(i));
        if (i)
            assert_true(strcmp(verb_at(i - 1)->name, verb_at(i)->name) < 0);
    }
    assert_null(verb_find("say"));
}

static void test_documented(void **state)
{
    (void)state;
    struct slice text;
    unsigned missing = 0;
    assert_int_equal(file_read("docs/swml.md", 1 << 20, &text, NULL), OK);
    for (size_t i = 0; verb_at(i); i++) {
        const struct verb *verb = verb_at(i);
        char row[300];
        snprintf(row, sizeof row, "| `%s` | %s | %s |\n", verb->name, verb->run ? "yes" : "no",
                 verb->note ? verb->note : "");
        if (slice_find(text, slice_of(row)) == text.len) {
            print_error("%s", row);
            missing++;
        }
    }
    mem_free((char *)(uintptr_t)text.ptr);
    assert_int_equal(missing, 0); /* those rows belong into docs/swml.md */
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_sorted_and_found),
                                        cmocka_unit_test(test_documented) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
