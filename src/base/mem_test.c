#include "mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "num.h"

static void test_zeroed_and_never_null(void **state)
{
    (void)state;
    unsigned char *bytes = mem_alloc(64);
    for (int i = 0; i < 64; i++)
        assert_int_equal(bytes[i], 0);
    bytes = mem_resize(bytes, 128);
    bytes[127] = 1;
    mem_free(bytes);
    void *none = mem_alloc(0);
    assert_non_null(none);
    mem_free(none);
    none = mem_array(0, 16);
    assert_non_null(none);
    none = mem_resize(none, 0);
    assert_non_null(none);
    mem_free(none);
    mem_free(NULL);
}

static void test_copies(void **state)
{
    (void)state;
    char *text = mem_copy_text("abcdef", 3);
    assert_string_equal(text, "abc");
    mem_free(text);
    text = mem_copy_text(NULL, 0);
    assert_string_equal(text, "");
    mem_free(text);
    unsigned char *bytes = mem_copy("\1\0\2", 3);
    assert_memory_equal(bytes, "\1\0\2", 3);
    mem_wipe(bytes, 3);
    assert_memory_equal(bytes, "\0\0\0", 3);
    mem_free(bytes);
}

/* Does asking for `count` × `size` end the program? */
static bool aborts(size_t count, size_t size)
{
    pid_t child = fork();
    if (child == 0) {
        close(2);
        signal(SIGABRT, SIG_DFL);
        mem_free(mem_array(count, size));
        _exit(0);
    }
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    return WIFSIGNALED(status) || WEXITSTATUS(status) != 0;
}

static void test_overflow_aborts(void **state)
{
    (void)state;
    assert_true(aborts(SIZE_MAX / 2, 3));
    assert_true(aborts(SIZE_MAX, SIZE_MAX));
    assert_false(aborts(10, 10));
}

static void test_arithmetic(void **state)
{
    (void)state;
    size_t out = 7;
    assert_true(num_add(SIZE_MAX - 1, 1, &out));
    assert_true(out == SIZE_MAX);
    assert_false(num_add(SIZE_MAX, 1, &out));
    assert_true(num_mul(SIZE_MAX / 2, 2, &out));
    assert_false(num_mul(SIZE_MAX / 2 + 1, 2, &out));
    assert_true(num_min(INT64_MIN, 1) == INT64_MIN && num_max(INT64_MIN, 1) == 1);
    int five[5];
    assert_int_equal(COUNT_OF(five), 5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_zeroed_and_never_null),
        cmocka_unit_test(test_copies),
        cmocka_unit_test(test_overflow_aborts),
        cmocka_unit_test(test_arithmetic),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
