/* Which sites may open a bridge socket: a foreign one must not place calls through a visitor. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/num.h"
#include "legs/bridge_face.h"

static void test_origins(void **state)
{
    (void)state;
    static const char *const listed[] = { "https://shop.example", "http://dev.example:3000" };
    static const struct {
        const char *origin, *host;
        bool allowed;
    } rows[] = {
        { "", "localhost:8080", true }, /* no browser */
        { "http://localhost:8080", "localhost:3000", true },
        { "http://LOCALHOST", "localhost:3000", true },
        { "https://localhost:8443", "localhost", true },
        { "http://127.0.0.1:8080", "127.0.0.1:3000", true },
        { "http://[::1]:8080", "[::1]:3000", true },
        { "http://127.0.0.1:8080", "localhost:3000", false },
        { "https://evil.example", "localhost:8080", false },
        { "https://localhost.evil.example", "localhost:8080", false },
        { "https://evil.example/localhost", "localhost:8080", false },
        { "https://localhost@evil.example", "localhost:8080", false },
        { "https://evil.example", "", false },
        { "", "", true },
        { "null", "localhost:8080", false },
        { "null", "null", false },
        { "file://", "localhost:8080", false },
        { "https://", "localhost:8080", false },
        { "localhost", "localhost:8080", false },
        { "https://shop.example", "pbx.example", true },
        { "HTTPS://Shop.Example", "pbx.example", true },
        { "https://shop.example:8443", "pbx.example", false },
        { "http://shop.example", "pbx.example", false },
        { "http://dev.example:3000", "pbx.example", true },
        { "http://dev.example", "pbx.example", false },
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++)
        if (bridge_origin_allowed(slice_of(rows[i].origin), slice_of(rows[i].host), listed,
                                  COUNT_OF(listed)) != rows[i].allowed)
            fail_msg("origin '%s' at host '%s'", rows[i].origin, rows[i].host);
    static const char *const any[] = { "*" };
    assert_true(bridge_origin_allowed(SLICE("https://evil.example"), SLICE("pbx"), any, 1));
    assert_false(bridge_origin_allowed(SLICE("https://evil.example"), SLICE("pbx"), NULL, 0));
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_origins) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
