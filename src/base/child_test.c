/* Programs that end as they should, that fail, that take too much, and that are not there. */
#include "child.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "file.h"
#include "mem.h"

static char dir[] = "/tmp/child-XXXXXX";

static int setup(void **state)
{
    (void)state;
    return mkdtemp(dir) ? 0 : -1;
}

static int teardown(void **state)
{
    (void)state;
    assert_int_equal(chdir(dir), 0);
    unlink("out");
    unlink("err");
    return rmdir(dir);
}

static enum err run(const char *script, const atomic_bool *stop, int64_t time_ms)
{
    const char *const argv[] = { "sh", "-c", script, NULL };
    return child_run(&(struct child_config){
        .argv = argv,
        .dir = dir,
        .output = "out",
        .errors = "err",
        .limits = { .memory = 256 << 20, .file = 64 << 10, .cpu_s = 1, .time_ms = time_ms },
        .stop = stop,
    });
}

static void assert_said(const char *name, const char *expected)
{
    char path[100];
    struct slice text;
    snprintf(path, sizeof path, "%s/%s", dir, name);
    assert_int_equal(file_read(path, 64 << 10, &text, NULL), OK);
    assert_string_equal(text.ptr, expected);
    mem_free((char *)(uintptr_t)text.ptr);
}

static void what_it_says_is_in_its_files(void **state)
{
    (void)state;
    assert_int_equal(run("cat; echo good; echo bad >&2", NULL, 10000), OK);
    assert_said("out", "good\n");
    assert_said("err", "bad\n");
    assert_int_equal(run("echo worse >&2; exit 3", NULL, 10000), ERR_REFUSED);
    assert_said("err", "worse\n");
    assert_said("out", "");
}

static void it_has_nothing_of_ours(void **state)
{
    (void)state;
    assert_int_equal(setenv("SIP_PASSWORD", "secret", 1), 0);
    int fd = dup2(STDOUT_FILENO, 40); /* not closed by exec */
    assert_int_equal(fd, 40);
    assert_int_equal(
        run("echo \"[$SIP_PASSWORD]\"; test -e /dev/fd/40 && echo open; pwd", NULL, 10000), OK);
    char expected[100];
    snprintf(expected, sizeof expected, "[]\n%s\n", dir);
    assert_said("out", expected);
    close(fd);
}

static void what_takes_too_much_is_ended(void **state)
{
    (void)state;
    assert_int_equal(run("while :; do :; done", NULL, 60000), ERR_LIMIT);
    assert_int_equal(run("exec head -c 100000 /dev/zero", NULL, 10000), ERR_LIMIT);
    assert_int_equal(run("exec sleep 100", NULL, 50), ERR_TIMEOUT);
    assert_int_equal(run("exec head -c 1000000000 /dev/zero | tail -c 900000000", NULL, 10000),
                     ERR_REFUSED); /* tail gets no memory */
}

static void *stop_soon(void *arg)
{
    nanosleep(&(struct timespec){ .tv_nsec = 50000000 }, NULL);
    atomic_store((atomic_bool *)arg, true);
    return NULL;
}

static void it_is_stopped(void **state)
{
    atomic_bool stop = false;
    pthread_t thread;
    (void)state;
    assert_int_equal(pthread_create(&thread, NULL, stop_soon, &stop), 0);
    assert_int_equal(run("exec sleep 100", &stop, 60000), ERR_CLOSED);
    pthread_join(thread, NULL);
}

static void what_is_not_there_is_named(void **state)
{
    const char *const argv[] = { "no-such-program-here", NULL };
    struct child_config config = { .argv = argv,
                                   .dir = dir,
                                   .output = "out",
                                   .errors = "err",
                                   .limits = { 256 << 20, 64 << 10, 1, 10000 } };
    (void)state;
    assert_int_equal(child_run(&config), ERR_NOT_FOUND);
    config.output = "none/out";
    assert_int_equal(child_run(&config), ERR_IO);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_it_says_is_in_its_files), cmocka_unit_test(it_has_nothing_of_ours),
        cmocka_unit_test(what_takes_too_much_is_ended), cmocka_unit_test(it_is_stopped),
        cmocka_unit_test(what_is_not_there_is_named),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
