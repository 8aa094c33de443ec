/* The figures follow what the process does. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <unistd.h>

#include "process.h"

static void test_measure(void **state)
{
    (void)state;
    struct process_figures before = process_measure();
    int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
    struct process_figures after = process_measure();
    close(fd);
    assert_int_equal(after.open_fds, before.open_fds + 1);
    assert_int_equal(process_measure().open_fds, before.open_fds);
    assert_true(before.open_fds >= 0 && before.max_fds > before.open_fds);
    assert_true(before.threads >= 1);
    assert_true(before.resident_bytes > 100 << 10 && before.resident_bytes <= before.virtual_bytes);
    assert_true(before.cpu_s >= 0 && before.cpu_s <= after.cpu_s);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_measure) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
