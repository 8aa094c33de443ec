#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/num.h"
#include "env_file.h"

static const char *real(void *owner, struct slice name)
{
    (void)owner;
    return slice_is(name, "HOME") ? "/home/me" : NULL;
}

static struct env_file *parse(const char *text)
{
    struct env_file *file = NULL;
    struct fault fault;
    enum err err = env_file_parse(&file, slice_of(text), ".env", real, NULL, &fault);
    if (err)
        fail_msg("line %d: %s", fault.line, fault.text);
    return file;
}

static void test_values(void **state)
{
    (void)state;
    static const struct {
        const char *line, *value;
    } rows[] = {
        { "A=b", "b" },
        { "A = b ", "b" },
        { "  A=b c\r", "b c" },
        { "export A=b", "b" },
        { "A=", "" },
        { "A= # nothing", "" },
        { "A=192.168.1.100  # Your Asterisk IP", "192.168.1.100" },
        { "A=pass#word", "pass#word" },
        { "A=\"x # y\" # z", "x # y" },
        { "A='x # y'# z is not a comment here", NULL },
        { "A='it''s'", NULL },
        { "A='$HOME ${HOME} \\n'", "$HOME ${HOME} \\n" },
        { "A=${HOME}/x", "/home/me/x" },
        { "A=\"${HOME}\\t\\\"\\$\\\\\"", "/home/me\t\"$\\" },
        { "A=\"\\${HOME}\"", "${HOME}" },
        { "A=\"\\d\"", "\\d" },
        { "A=$HOME$", "$HOME$" },
        { "A=$${HOME}", "${HOME}" },
        { "A=a=b=c", "a=b=c" },
        { "A=\"open", NULL },
        { "A=\"open\\", NULL },
        { "A='open", NULL },
        { "A=\"x\" y", NULL },
        { "A=${NOPE}", NULL },
        { "A=${HOME", NULL },
        { "A=${a b}", NULL },
        { "A b=c", NULL },
        { "1A=b", NULL },
        { "=b", NULL },
        { "A", NULL },
        { "export A", NULL },
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct env_file *file = NULL;
        struct fault fault = { 0 };
        enum err err = env_file_parse(&file, slice_of(rows[i].line), ".env", real, NULL, &fault);
        if (err != OK && rows[i].value)
            fail_msg("%s: %s", rows[i].line, fault.text);
        if (err == OK && !rows[i].value)
            fail_msg("%s: taken as \"%s\"", rows[i].line, env_file_at(file, 0)->value);
        if (err == OK)
            assert_string_equal(env_file_find(file, SLICE("A"))->value, rows[i].value);
        else
            assert_int_equal(fault.line, 1);
        env_file_destroy(file);
    }
}

static void test_lines(void **state)
{
    (void)state;
    struct env_file *file = parse("\xef\xbb\xbf# head\r\n\r\nA=1\r\nB=${A}2\n\n  # more\nA=3\n");
    assert_int_equal(env_file_count(file), 2);
    const struct env_entry *a = env_file_find(file, SLICE("A"));
    assert_string_equal(a->value, "3"); /* the last wins, and both lines are known */
    assert_int_equal(a->line, 7);
    assert_int_equal(a->first_line, 3);
    assert_true(a->is_used);
    const struct env_entry *b = env_file_find(file, SLICE("B"));
    assert_string_equal(b->value, "12");
    assert_int_equal(b->first_line, 0);
    assert_false(b->is_used);
    assert_null(env_file_find(file, SLICE("C")));
    env_file_destroy(file);
}

static void test_environment_wins_in_expansion(void **state)
{
    (void)state;
    struct env_file *file = parse("HOME=/tmp\nA=${HOME}\n");
    assert_string_equal(env_file_find(file, SLICE("A"))->value, "/home/me");
    env_file_destroy(file);
}

static void test_faults_name_the_line(void **state)
{
    (void)state;
    struct env_file *file = NULL;
    struct fault fault;
    enum err err = env_file_parse(&file, SLICE("A=1\n\nB=${NOPE}\n"), ".env", NULL, NULL, &fault);
    assert_int_equal(err, ERR_NOT_FOUND);
    char text[600];
    fault_print(&fault, text, sizeof text);
    assert_non_null(strstr(text, ".env:3: ${NOPE} is not set"));
    assert_int_equal(env_file_parse(&file, SLICE("A=a\0b"), ".env", NULL, NULL, &fault), ERR_PARSE);
}

static void test_limits(void **state)
{
    (void)state;
    struct env_file *file = NULL;
    struct fault fault;
    static char huge[ENV_FILE_MAX_BYTES + 1];
    memset(huge, '\n', sizeof huge);
    enum err err = env_file_parse(&file, slice_make(huge, sizeof huge), ".env", NULL, NULL, &fault);
    assert_int_equal(err, ERR_LIMIT);
    memset(huge, 'x', sizeof huge);
    memcpy(huge, "A=", 2);
    err = env_file_parse(&file, slice_make(huge, ENV_FILE_MAX_VALUE + 10), ".env", NULL, NULL,
                         &fault);
    assert_int_equal(err, ERR_LIMIT);
    /* doubling by expansion ends at the limit of a value too */
    char mem[4000];
    struct buf text = BUF_ON(mem);
    buf_text(&text, "A0=0123456789abcdef\n");
    for (int i = 1; i < 40; i++)
        buf_printf(&text, "A%d=${A%d}${A%d}\n", i, i - 1, i - 1);
    err = env_file_parse(&file, buf_slice(&text), ".env", NULL, NULL, &fault);
    assert_int_equal(err, ERR_LIMIT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_values),
        cmocka_unit_test(test_lines),
        cmocka_unit_test(test_environment_wins_in_expansion),
        cmocka_unit_test(test_faults_name_the_line),
        cmocka_unit_test(test_limits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
