#include "err.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

static void test_every_code_has_its_own_name(void **state)
{
    (void)state;
    for (int a = 0; a < ERR_COUNT; a++) {
        assert_true(err_name((enum err)a)[0] != '\0');
        for (int b = 0; b < a; b++)
            assert_string_not_equal(err_name((enum err)a), err_name((enum err)b));
    }
    assert_string_equal(err_name(OK), "ok");
    assert_string_equal(err_name(ERR_TIMEOUT), "timeout");
    assert_string_equal(err_name(ERR_INVALID), "invalid");
    assert_string_equal(err_name(ERR_COUNT), "unknown");
}

static void test_fault_text(void **state)
{
    (void)state;
    struct fault fault = { 0 };
    char out[64];
    assert_int_equal(fault_set(&fault, ERR_PARSE, "tandem.yaml", 12, "no %s", "port"), ERR_PARSE);
    fault_print(&fault, out, sizeof out);
    assert_string_equal(out, "tandem.yaml:12: no port");
    assert_int_equal(fault.code, ERR_PARSE);
    (void)fault_set(&fault, ERR_INVALID, "trunk.host", 0, "empty");
    fault_print(&fault, out, sizeof out);
    assert_string_equal(out, "trunk.host: empty");
    (void)fault_set(&fault, ERR_INVALID, NULL, 0, "just so");
    fault_print(&fault, out, sizeof out);
    assert_string_equal(out, "just so");
    assert_int_equal(fault_set(NULL, ERR_IO, "x", 1, "nobody asked"), ERR_IO);
}

static void test_fault_is_cut_not_overrun(void **state)
{
    (void)state;
    struct fault fault;
    char big[2 * FAULT_TEXT_MAX];
    char out[16];
    memset(big, 'x', sizeof big - 1);
    big[sizeof big - 1] = '\0';
    (void)fault_set(&fault, ERR_LIMIT, big, 1, "%s", big);
    assert_int_equal(strlen(fault.text), FAULT_TEXT_MAX - 1);
    assert_int_equal(strlen(fault.where), FAULT_WHERE_MAX - 1);
    fault_print(&fault, out, sizeof out);
    assert_int_equal(strlen(out), sizeof out - 1);
}

static void test_a_bug_aborts(void **state)
{
    (void)state;
    pid_t child = fork();
    if (child == 0) {
        close(2);
        BUG_IF(1 + 1 == 2);
        _exit(0);
    }
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
    BUG_IF(1 + 1 == 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_code_has_its_own_name),
        cmocka_unit_test(test_fault_text),
        cmocka_unit_test(test_fault_is_cut_not_overrun),
        cmocka_unit_test(test_a_bug_aborts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
