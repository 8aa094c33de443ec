#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "net/http_chunked.h"

/* Fed whole and byte by byte, the outcome is the same. */
static void check(const char *text, enum err expect, const char *body)
{
    for (int bytewise = 0; bytewise < 2; bytewise++) {
        struct http_chunked chunked = { 0 };
        char out[64];
        size_t len = 0, step = bytewise ? 1 : strlen(text);
        enum err err = OK;
        for (size_t at = 0; at < strlen(text) && !err; at += step)
            err = http_chunked_feed(&chunked, slice_make(text + at, step), out, sizeof out, &len);
        if (err != expect)
            fail_msg("%s: %s", text, err_name(err));
        if (body) {
            assert_int_equal(chunked.state, HTTP_CHUNKED_DONE);
            assert_true(slice_is(slice_make(out, len), body));
        } else {
            assert_int_not_equal(chunked.state, HTTP_CHUNKED_DONE);
        }
    }
}

static void puts_together(void **state)
{
    (void)state;
    check("0\r\n\r\n", OK, "");
    check("3\r\nabc\r\n0\r\n\r\n", OK, "abc");
    check("3\r\nabc\r\n0A;q=\"x\"\r\n0123456789\r\n0\r\nT: x\r\n\r\n", OK, "abc0123456789");
    check("3\nabc\n0\n\nGET /next", OK, "abc");
    check("5\r\n\r\n\r\n0\r\n0\r\n\r\n", OK, "\r\n\r\n0");
    check("3\r\nab", OK, NULL);
    check("3\r\nabc\r\n", OK, NULL);
}

static void refuses(void **state)
{
    (void)state;
    check("\r\n", ERR_PARSE, NULL);
    check("x\r\n", ERR_PARSE, NULL);
    check("-1\r\n", ERR_PARSE, NULL);
    check("0x3\r\nabc\r\n", ERR_PARSE, NULL);
    check("3\r\nabcd\r\n0\r\n\r\n", ERR_PARSE, NULL);
    check("ffffffff\r\n", ERR_LIMIT, NULL);
    check("41\r\n"
          "00000000001111111111222222222233333333334444444444555555555566666",
          ERR_LIMIT, NULL);
    char line[400];
    memset(line, ' ', sizeof line);
    line[0] = '1';
    line[sizeof line - 1] = '\0';
    check(line, ERR_LIMIT, NULL);
}

static void trailers_end(void **state)
{
    (void)state;
    struct http_chunked chunked = { 0 };
    char out[8];
    size_t len = 0;
    enum err err = http_chunked_feed(&chunked, SLICE("0\r\n"), out, sizeof out, &len);
    for (int i = 0; i < 1000 && !err; i++)
        err = http_chunked_feed(&chunked, SLICE("Trailer: value\r\n"), out, sizeof out, &len);
    assert_int_equal(err, ERR_LIMIT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(puts_together),
        cmocka_unit_test(refuses),
        cmocka_unit_test(trailers_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
