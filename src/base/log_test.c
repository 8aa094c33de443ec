#include "log.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <jansson.h>
#include <pthread.h>
#include <unistd.h>

/* What was written since the last call; lines go through a pipe. */
static struct {
    int ends[2];
    char text[64 * 1024];
} caught;

static const char *written(void)
{
    ssize_t n = read(caught.ends[0], caught.text, sizeof caught.text - 1);
    caught.text[n > 0 ? n : 0] = '\0';
    return caught.text;
}

static int setup(void **state)
{
    (void)state;
    if (pipe(caught.ends))
        return -1;
    log_set_fd(caught.ends[1]);
    log_set_level(LOG_INFO);
    log_set_json(false);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    log_set_fd(2);
    close(caught.ends[0]);
    close(caught.ends[1]);
    return 0;
}

static void test_plain_line(void **state)
{
    (void)state;
    struct log_tag tag;
    log_tag_set(&tag, "call=%d leg=%d", 3, 7);
    log_info(&tag, "answered codec=%s", "PCMU");
    const char *line = written();
    /* 2026-11-21T07:24:00.123Z info  call=3 leg=7 answered codec=PCMU */
    assert_int_equal(strlen("2026-11-21T07:24:00.123Z"), 24);
    assert_true(line[4] == '-' && line[10] == 'T' && line[19] == '.' && line[23] == 'Z');
    assert_string_equal(line + 24, " info  call=3 leg=7 answered codec=PCMU\n");
    log_error(NULL, "no tag");
    assert_string_equal(written() + 24, " error no tag\n");
}

static void test_levels(void **state)
{
    (void)state;
    enum log_level level = LOG_TRACE;
    assert_int_equal(log_level_parse(SLICE("WARN"), &level), OK);
    assert_int_equal(level, LOG_WARN);
    assert_int_equal(log_level_parse(SLICE("verbose"), &level), ERR_INVALID);
    assert_int_equal(log_level_parse(SLICE(""), &level), ERR_INVALID);
    log_set_level(LOG_WARN);
    assert_int_equal(log_get_level(), LOG_WARN);
    log_info(NULL, "hidden");
    log_debug(NULL, "hidden");
    log_warn(NULL, "shown");
    assert_string_equal(written() + 24, " warn  shown\n");
    assert_true(log_is_on(LOG_ERROR) && !log_is_on(LOG_INFO));
}

/* A peer's text must neither start a line of its own nor steer the terminal. */
static void test_control_characters(void **state)
{
    (void)state;
    log_info(NULL, "from=%s", "a\r\n2026 error forged\x1b[2J\x7f");
    assert_string_equal(written() + 24, " info  from=a\\x0d\\x0a2026 error forged\\x1b[2J\\x7f\n");
    log_info(NULL, "c1=%s latin1=%s utf8=%s",
             "\xc2\x9b"
             "2J",
             "\xe9", "é€😀");
    assert_string_equal(written() + 24, " info  c1=\\xc2\\x9b2J latin1=\\xe9 utf8=é€😀\n");
}

static json_t *json_line(void)
{
    const char *line = written();
    size_t len = strlen(line);
    assert_true(len > 0 && line[len - 1] == '\n');
    json_error_t error;
    json_t *value = json_loads(line, 0, &error);
    if (!value)
        fail_msg("%s in: %.300s", error.text, line);
    return value;
}

static void test_json_line(void **state)
{
    (void)state;
    struct log_tag tag;
    log_tag_set(&tag, "trunk=\"%s\"", "main");
    log_set_json(true);
    log_warn(&tag, "quote=\" slash=\\ tab=\t bytes=%s", "\xff\xc3(\xed\xa0\x80 é");
    json_t *line = json_line();
    assert_string_equal(json_string_value(json_object_get(line, "level")), "warn");
    assert_string_equal(json_string_value(json_object_get(line, "tag")), "trunk=\"main\"");
    assert_string_equal(
        json_string_value(json_object_get(line, "msg")),
        "quote=\" slash=\\ tab=\t bytes=\xc3\xbf\xc3\x83(\xc3\xad\xc2\xa0\xc2\x80 \xc3\xa9");
    assert_int_equal(json_string_length(json_object_get(line, "time")), 24);
    json_decref(line);
}

static void test_long_lines_are_cut_whole(void **state)
{
    (void)state;
    char big[5000];
    log_set_json(true);
    static const char fillers[] = { '\x01', 'x', '"', '\xff' };
    for (size_t i = 0; i < sizeof fillers; i++) {
        memset(big, fillers[i], sizeof big - 1);
        big[sizeof big - 1] = '\0';
        log_info(NULL, "%s", big);
        json_t *line = json_line();
        assert_true(json_string_length(json_object_get(line, "msg")) >= 2000);
        json_decref(line);
    }
    log_set_json(false);
    log_info(NULL, "%s", big);
    const char *line = written();
    assert_int_equal(line[strlen(line) - 1], '\n');
}

static void test_masking(void **state)
{
    (void)state;
    static const char *const cases[][2] = {
        { "+971501234567", "+97150xxxx567" },
        { "5551234", "xxxx234" },
        { "+1 (555) 123-4567", "+1 (555) xxx-x567" },
        { "1001", "1001" },
        { "911", "911" },
        { "alice", "alice" },
        { "", "" },
        { "sip:+971501234567@10.20.30.40:5060", "sip:+97150xxxx567@10.20.30.40:5060" },
        { "sip:1001@192.168.100.200", "sip:1001@192.168.100.200" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char out[64];
        assert_string_equal(log_mask(slice_of(cases[i][0]), out, sizeof out), cases[i][1]);
    }
    char tiny[4];
    assert_string_equal(log_mask(SLICE("+971501234567"), tiny, sizeof tiny), "");
}

struct tapped {
    int n;
    enum log_level level;
    char line[256];
};

static void on_line(void *owner, enum log_level level, struct slice line)
{
    struct tapped *t = owner;
    t->n++;
    t->level = level;
    (void)slice_copy(line, t->line, sizeof t->line);
}

static void test_tap(void **state)
{
    (void)state;
    struct tapped tapped = { 0 };
    log_set_tap(on_line, &tapped);
    log_warn(NULL, "seen");
    log_debug(NULL, "below the level");
    log_set_tap(NULL, NULL);
    log_warn(NULL, "not seen");
    assert_int_equal(tapped.n, 1);
    assert_int_equal(tapped.level, LOG_WARN);
    assert_string_equal(tapped.line + 24, " warn  seen");
}

static void *log_many(void *arg)
{
    for (int i = 0; i < 50; i++)
        log_info(NULL, "thread=%s aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa end", (char *)arg);
    return NULL;
}

static void test_lines_never_mix(void **state)
{
    (void)state;
    pthread_t threads[4];
    static char names[4][2] = { "0", "1", "2", "3" };
    for (int i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, log_many, names[i]), 0);
    for (int i = 0; i < 4; i++)
        pthread_join(threads[i], NULL);
    struct slice rest = slice_of(written());
    size_t n = 0;
    for (; rest.len; n++) {
        struct slice line = slice_line(&rest);
        assert_true(slice_ends(line, SLICE(" end")));
        assert_int_equal(line.len, slice_find(line, SLICE(" end")) + 4);
    }
    assert_int_equal(n, 200);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_plain_line, setup, teardown),
        cmocka_unit_test_setup_teardown(test_levels, setup, teardown),
        cmocka_unit_test_setup_teardown(test_control_characters, setup, teardown),
        cmocka_unit_test_setup_teardown(test_json_line, setup, teardown),
        cmocka_unit_test_setup_teardown(test_long_lines_are_cut_whole, setup, teardown),
        cmocka_unit_test_setup_teardown(test_tap, setup, teardown),
        cmocka_unit_test_setup_teardown(test_lines_never_mix, setup, teardown),
        cmocka_unit_test(test_masking),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
