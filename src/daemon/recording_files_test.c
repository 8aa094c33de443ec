/* The folder of recordings: only they are listed, removed and grow old. */
#include "daemon/recording_files.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char dir[] = "/tmp/recording-files-XXXXXX";

/* A file of 5 bytes, written so many seconds after 1970. */
static void put(const char *name, long at_s)
{
    char path[200];
    snprintf(path, sizeof path, "%s/%s", dir, name);
    int fd = open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, "RIFF!", 5), 5);
    const struct timespec times[2] = { { .tv_sec = at_s }, { .tv_sec = at_s } };
    assert_int_equal(futimens(fd, times), 0);
    close(fd);
}

static bool is_there(const char *name)
{
    char path[200];
    snprintf(path, sizeof path, "%s/%s", dir, name);
    return access(path, F_OK) == 0;
}

static int setup(void **state)
{
    (void)state;
    memcpy(dir + sizeof dir - 7, "XXXXXX", 6);
    if (!mkdtemp(dir))
        return -1;
    put("one.wav", 1000);
    put("two.mp3", 3000);
    put("three.wav", 2000);
    put("four.part.wav", 500); /* a script still writes it */
    put("notes.txt", 500);
    return 0;
}

static int teardown(void **state)
{
    static const char *const names[] = { "one.wav", "two.mp3", "three.wav", "four.part.wav",
                                         "notes.txt" };
    char path[200];
    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        snprintf(path, sizeof path, "%s/%s", dir, names[i]);
        unlink(path);
    }
    return rmdir(dir);
}

static void lists_the_newest_first(void **state)
{
    static const char *const ids[] = { "two", "three", "one" };
    (void)state;
    json_t *list = recording_files_list(dir);
    assert_int_equal(json_array_size(list), 3);
    for (size_t i = 0; i < 3; i++) {
        const json_t *row = json_array_get(list, i);
        assert_string_equal(json_string_value(json_object_get(row, "id")), ids[i]);
        assert_int_equal(json_integer_value(json_object_get(row, "bytes")), 5);
    }
    assert_int_equal(json_integer_value(json_object_get(json_array_get(list, 0), "written_ms")),
                     3000000);
    json_decref(list);
    list = recording_files_list("/nonexistent");
    assert_int_equal(json_array_size(list), 0);
    json_decref(list);
}

static void removes_one_by_its_id_alone(void **state)
{
    (void)state;
    static const char *const none[] = {
        "four", "four.part", "notes", "../one", "one.wav", "", "on"
    };
    for (size_t i = 0; i < sizeof none / sizeof none[0]; i++)
        assert_false(recording_files_remove(dir, slice_of(none[i])));
    assert_true(recording_files_remove(dir, SLICE("two")));
    assert_false(recording_files_remove(dir, SLICE("two")));
    assert_false(is_there("two.mp3"));
    assert_true(is_there("one.wav") && is_there("notes.txt") && is_there("four.part.wav"));
}

static void what_is_old_goes(void **state)
{
    (void)state;
    assert_int_equal(recording_files_purge(dir, 1000000), 0);
    assert_int_equal(recording_files_purge(dir, 2500000), 2);
    assert_true(is_there("two.mp3") && is_there("notes.txt") && is_there("four.part.wav"));
    assert_false(is_there("one.wav") || is_there("three.wav"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(lists_the_newest_first, setup, teardown),
        cmocka_unit_test_setup_teardown(removes_one_by_its_id_alone, setup, teardown),
        cmocka_unit_test_setup_teardown(what_is_old_goes, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
