#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/num.h"
#include "rtc/ice_uri.h"

static void test_what_apis_hand_out(void **state)
{
    (void)state;
    static const struct {
        const char *text, *want;
    } rows[] = {
        { "stun:stun.example.com", "stun:stun.example.com:3478" },
        { "stun:stun.example.com:19302?transport=udp", "stun:stun.example.com:19302" },
        { "stun:192.0.2.1?transport=tcp", "stun:192.0.2.1:3478" },
        { "turn:t.example.com", "turn:t.example.com:3478?transport=udp" },
        { "turn:t.example.com:443?transport=tcp", "turn:t.example.com:443?transport=tcp" },
        { "turns:t.example.com", "turns:t.example.com:5349?transport=tcp" },
        { "TURNS:t.example.com:443?transport=TCP", "turns:t.example.com:443?transport=tcp" },
        { "turn:[2001:db8::1]:3479", "turn:[2001:db8::1]:3479?transport=udp" },
        { "stun:[::1]", "stun:[::1]:3478" },
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        char mem[400];
        struct buf buf = BUF_ON(mem);
        struct ice_uri uri;
        assert_int_equal(ice_uri_parse(slice_of(rows[i].text), &uri), OK);
        ice_uri_print(&buf, &uri);
        assert_string_equal(buf_cstr(&buf), rows[i].want);
    }
}

static void test_what_is_refused(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        enum err want;
    } rows[] = {
        { "", ERR_PARSE },
        { "stun:", ERR_PARSE },
        { "turn.example.com", ERR_PARSE },
        { "http://turn.example.com", ERR_PARSE },
        { "turn://turn.example.com", ERR_PARSE },
        { "turn:user@turn.example.com", ERR_PARSE },
        { "turn:t.example.com:", ERR_PARSE },
        { "turn:t.example.com:0", ERR_PARSE },
        { "turn:t.example.com:65536", ERR_PARSE },
        { "turn:2001:db8::1", ERR_PARSE },
        { "turn:[2001:db8::1", ERR_PARSE },
        { "turn:[t.example.com]:1", ERR_PARSE },
        { "turn:t.example.com?transport=sctp", ERR_PARSE },
        { "turn:t.example.com?protocol=tcp", ERR_PARSE },
        { "turn:t.example.com?", ERR_PARSE },
        { "stuns:t.example.com", ERR_UNSUPPORTED },
        { "turns:t.example.com?transport=udp", ERR_UNSUPPORTED },
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct ice_uri uri;
        enum err err = ice_uri_parse(slice_of(rows[i].text), &uri);
        if (err != rows[i].want)
            fail_msg("%s: %s", rows[i].text, err_name(err));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_apis_hand_out),
        cmocka_unit_test(test_what_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
