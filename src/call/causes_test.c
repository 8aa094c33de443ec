/* What a person reads when a call ended, and that programs find the same cause again. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/num.h"
#include "causes.h"

static void test_status_to_words(void **state)
{
    (void)state;
    static const struct {
        int code;
        const char *token, *part_of_text;
    } rows[] = {
        { 200, "hangup", "ended normally" },
        { 401, "auth_failed", "did not accept the user name and password" },
        { 403, "forbidden", "does not allow" },
        { 404, "not_found", "Nobody is known" },
        { 407, "auth_failed", "password" },
        { 408, "timeout", "Nobody answered" },
        { 480, "unavailable", "not reachable" },
        { 486, "busy", "busy" },
        { 487, "cancelled", "cancelled" },
        { 488, "no_codec", "codec" },
        { 503, "service_unavailable", "cannot take calls" },
        { 600, "busy_everywhere", "busy everywhere" },
        { 603, "declined", "declined" },
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct cause cause = cause_of_status(rows[i].code, CAUSE_BY_REMOTE, NULL);
        assert_int_equal(cause.code, rows[i].code);
        assert_string_equal(cause.token, rows[i].token);
        assert_non_null(strstr(cause.text, rows[i].part_of_text));
        assert_int_equal(cause.by, CAUSE_BY_REMOTE);
    }
}

/* RFC 3261 §8.1.3.2: an unknown code counts as the x00 of its class; its number is kept. */
static void test_unknown_statuses(void **state)
{
    (void)state;
    static const struct {
        int code;
        const char *token;
    } rows[] = {
        { 499, "bad_request" }, { 599, "server_error" }, { 699, "busy_everywhere" },
        { 202, "hangup" },      { 305, "unavailable" },  { 799, "declined" },
        { 0, "unavailable" },   { -5, "unavailable" },
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct cause cause = cause_of_status(rows[i].code, CAUSE_BY_REMOTE, NULL);
        assert_int_equal(cause.code, rows[i].code);
        assert_string_equal(cause.token, rows[i].token);
    }
}

static void test_tokens(void **state)
{
    (void)state;
    static const struct {
        const char *token;
        int code, q850;
    } rows[] = {
        { "hangup", 200, 16 },         { "answered_elsewhere", 200, 26 },
        { "busy", 486, 17 },           { "no_answer", 408, 19 },
        { "media_timeout", 408, 102 }, { "no_route", 404, 3 },
        { "not_found", 404, 1 },       { "connection_refused", 503, 38 },
        { "media_failed", 503, 38 },   { "overload", 503, 42 },
        { "shutdown", 503, 41 },       { "bad_sdp", 488, 88 },
        { "does_not_exist", 604, 1 },
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct cause cause = cause_of_token(rows[i].token, CAUSE_BY_SYSTEM, NULL);
        assert_string_equal(cause.token, rows[i].token);
        assert_int_equal(cause.code, rows[i].code);
        assert_int_equal(cause_q850(&cause), rows[i].q850);
        assert_true(strlen(cause.text) > 10);
    }
    struct cause odd = cause_of_token("no such word", CAUSE_BY_SYSTEM, NULL);
    assert_int_equal(odd.code, 500);
    struct cause empty = { 0 };
    assert_int_equal(cause_q850(&empty), 31); /* Q.850: normal, unspecified */
}

static void test_own_words(void **state)
{
    (void)state;
    char longer[600];
    memset(longer, 'x', sizeof longer);
    longer[sizeof longer - 1] = '\0';
    struct cause cause = cause_of_status(486, CAUSE_BY_LOCAL, "In a meeting.");
    assert_string_equal(cause.text, "In a meeting.");
    assert_string_equal(cause.token, "busy");
    cause = cause_of_token("busy", CAUSE_BY_LOCAL, longer);
    assert_int_equal(strlen(cause.text), sizeof cause.text - 1);
    assert_string_equal(cause_by_name(CAUSE_BY_LOCAL), "local");
    assert_string_equal(cause_by_name(CAUSE_BY_REMOTE), "remote");
    assert_string_equal(cause_by_name(CAUSE_BY_SYSTEM), "system");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_status_to_words),
        cmocka_unit_test(test_unknown_statuses),
        cmocka_unit_test(test_tokens),
        cmocka_unit_test(test_own_words),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
