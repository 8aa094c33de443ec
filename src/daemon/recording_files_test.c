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
#include <time.h>
#include <unistd.h>

#include "base/num.h"

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
    put("fax.tif", 2200);
    put("fax.pdf", 2300);
    put("four.part.wav", 500); /* a script still writes it */
    put("notes.txt", 500);
    return 0;
}

static int teardown(void **state)
{
    static const char *const names[] = { "one.wav",   "two.mp3", "three.wav", "four.part.wav",
                                         "notes.txt", "fax.tif", "fax.pdf" };
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
    static const char *const ids[] = { "two", "fax", "fax", "three", "one" };
    (void)state;
    json_t *list = recording_files_list(dir);
    assert_int_equal(json_array_size(list), 5);
    for (size_t i = 0; i < 5; i++) {
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
    assert_true(recording_files_remove(dir, SLICE("fax")));
    assert_false(is_there("fax.tif") || is_there("fax.pdf"));
    assert_true(is_there("one.wav") && is_there("notes.txt") && is_there("four.part.wav"));
}

static void what_is_old_goes(void **state)
{
    (void)state;
    assert_int_equal(recording_files_purge(dir, 1000000), 0);
    assert_int_equal(recording_files_purge(dir, 2500000), 4);
    assert_true(is_there("two.mp3") && is_there("notes.txt") && is_there("four.part.wav"));
    assert_false(is_there("one.wav") || is_there("three.wav"));
}

/* A WAV file of 100 ms that nobody closed, or one that was: whole, or the header alone. */
static void put_wav(const char *name, uint32_t told, size_t samples, uint16_t channels)
{
    char path[200], head[44] = "RIFF....WAVEfmt ";
    const uint32_t words[] = { 16, 1 | (uint32_t)channels << 16, 8000, 16000u * channels,
                               2u * channels | 16u << 16 };
    snprintf(path, sizeof path, "%s/%s", dir, name);
    memcpy(head + 4, &told, sizeof told); /* little-endian, as this test's machine */
    memcpy(head + 16, words, sizeof words);
    memcpy(head + 36, "data\0\0\0\0", 8);
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(head, sizeof head, 1, file), 1);
    for (size_t i = 0; i < samples * channels; i++)
        (void)fputs("\1\1", file);
    (void)fclose(file);
}

static int64_t number(const json_t *rows, size_t i, const char *name)
{
    return json_integer_value(json_object_get(json_array_get(rows, i), name));
}

static void what_the_dead_left_is_completed(void **state)
{
    static const char *const names[] = { "five.wav", "six.wav", "seven.wav" };
    char path[200];
    (void)state;
    put_wav("five.part.wav", 8, 800, 2); /* a stereo part of which the row wants one side */
    put_wav("six.part.wav", 8, 800, 2);  /* nobody has a row of it */
    put_wav("seven.wav", 8, 800, 1);     /* written in its place */
    const int64_t later = (int64_t)time(NULL) * 1000 + 5000;
    assert_int_equal(recording_files_mend(dir, 1000, NULL), 0); /* all of them are newer */
    json_t *rows = json_pack("[{s:s, s:s, s:s, s:i}, {s:s, s:s}, {s:s, s:s}]", "id", "five",
                             "format", "wav", "track", "inbound", "channels", 1, "id", "seven",
                             "format", "wav", "id", "nine", "format", "wav");
    assert_int_equal(recording_files_mend(dir, later, rows), 3);
    assert_int_equal(number(rows, 0, "duration_ms"), 100);
    assert_int_equal(number(rows, 0, "bytes"), 44 + 2 * 800);
    assert_int_equal(number(rows, 1, "duration_ms"), 100);
    assert_null(json_object_get(json_array_get(rows, 2), "bytes")); /* there is nothing of it */
    assert_true(is_there("five.wav") && is_there("six.wav") && is_there("seven.wav"));
    assert_false(is_there("five.part.wav") || is_there("six.part.wav"));
    assert_true(is_there("four.part.wav") && is_there("one.wav")); /* no sound: left alone */
    assert_int_equal(recording_files_mend(dir, later, rows), 0);   /* once is enough */
    json_decref(rows);
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        snprintf(path, sizeof path, "%s/%s", dir, names[i]);
        unlink(path);
    }
}

static void what_the_dead_left_of_a_fax_goes(void **state)
{
    char path[200];
    (void)state;
    snprintf(path, sizeof path, "%s/eight.part.tif.d", dir);
    assert_int_equal(mkdir(path, 0700), 0);
    put("eight.part.tif", 1000);
    put("eight.part.tif.d/document.pdf", 1000);
    put("eight.part.tif.d/pages", 1000);
    put("fresh.part.tif", 5000); /* somebody's who lives */
    assert_int_equal(recording_files_mend(dir, 4000000, NULL), 0);
    assert_false(is_there("eight.part.tif") || is_there("eight.part.tif.d"));
    assert_true(is_there("fresh.part.tif") && is_there("fax.tif") && is_there("fax.pdf"));
    snprintf(path, sizeof path, "%s/fresh.part.tif", dir);
    unlink(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(lists_the_newest_first, setup, teardown),
        cmocka_unit_test_setup_teardown(removes_one_by_its_id_alone, setup, teardown),
        cmocka_unit_test_setup_teardown(what_is_old_goes, setup, teardown),
        cmocka_unit_test_setup_teardown(what_the_dead_left_is_completed, setup, teardown),
        cmocka_unit_test_setup_teardown(what_the_dead_left_of_a_fax_goes, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
