#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <sys/stat.h>
#include <unistd.h>

#include "file.h"
#include "mem.h"

static void test_written_is_read(void **state)
{
    (void)state;
    char dir[] = "/tmp/tandem-file-XXXXXX";
    assert_non_null(mkdtemp(dir));
    char path[64];
    snprintf(path, sizeof path, "%s/token", dir);
    struct fault fault;
    struct slice text;
    assert_int_equal(file_read(path, 100, &text, &fault), ERR_NOT_FOUND);
    assert_string_equal(fault.where, path);
    assert_int_equal(file_write_private(path, SLICE("first"), &fault), OK);
    assert_int_equal(file_write_private(path, SLICE("second\n"), &fault), OK);
    assert_int_equal(file_read(path, 7, &text, &fault), OK);
    assert_string_equal(text.ptr, "second\n");
    mem_free((char *)(uintptr_t)text.ptr);
    assert_int_equal(file_read(path, 6, &text, &fault), ERR_LIMIT);
    struct stat st;
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    assert_int_equal(file_read(dir, 100, &text, &fault), ERR_INVALID);
    unlink(path);
    assert_int_equal(rmdir(dir), 0); /* no temporary file is left */
    assert_int_equal(file_write_private(path, SLICE("x"), &fault), ERR_NOT_FOUND);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_written_is_read) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
