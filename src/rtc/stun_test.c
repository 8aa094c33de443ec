/* The vectors of RFC 5769, what must be refused, and what we build read back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/hash.h"
#include "base/num.h"
#include "rtc/stun.h"

static const char password[] = "VOkJxbRl1RmTxUk/WvJxBt";

static const uint8_t request_2_1[] = {
    0x00, 0x01, 0x00, 0x58, 0x21, 0x12, 0xa4, 0x42, 0xb7, 0xe7, 0xa7, 0x01, 0xbc, 0x34, 0xd6, 0x86,
    0xfa, 0x87, 0xdf, 0xae, 0x80, 0x22, 0x00, 0x10, 0x53, 0x54, 0x55, 0x4e, 0x20, 0x74, 0x65, 0x73,
    0x74, 0x20, 0x63, 0x6c, 0x69, 0x65, 0x6e, 0x74, 0x00, 0x24, 0x00, 0x04, 0x6e, 0x00, 0x01, 0xff,
    0x80, 0x29, 0x00, 0x08, 0x93, 0x2f, 0xf9, 0xb1, 0x51, 0x26, 0x3b, 0x36, 0x00, 0x06, 0x00, 0x09,
    0x65, 0x76, 0x74, 0x6a, 0x3a, 0x68, 0x36, 0x76, 0x59, 0x20, 0x20, 0x20, 0x00, 0x08, 0x00, 0x14,
    0x9a, 0xea, 0xa7, 0x0c, 0xbf, 0xd8, 0xcb, 0x56, 0x78, 0x1e, 0xf2, 0xb5, 0xb2, 0xd3, 0xf2, 0x49,
    0xc1, 0xb5, 0x71, 0xa2, 0x80, 0x28, 0x00, 0x04, 0xe5, 0x7a, 0x3b, 0xcf,
};
static const uint8_t response_2_2[] = {
    0x01, 0x01, 0x00, 0x3c, 0x21, 0x12, 0xa4, 0x42, 0xb7, 0xe7, 0xa7, 0x01, 0xbc, 0x34, 0xd6, 0x86,
    0xfa, 0x87, 0xdf, 0xae, 0x80, 0x22, 0x00, 0x0b, 0x74, 0x65, 0x73, 0x74, 0x20, 0x76, 0x65, 0x63,
    0x74, 0x6f, 0x72, 0x20, 0x00, 0x20, 0x00, 0x08, 0x00, 0x01, 0xa1, 0x47, 0xe1, 0x12, 0xa6, 0x43,
    0x00, 0x08, 0x00, 0x14, 0x2b, 0x91, 0xf5, 0x99, 0xfd, 0x9e, 0x90, 0xc3, 0x8c, 0x74, 0x89, 0xf9,
    0x2a, 0xf9, 0xba, 0x53, 0xf0, 0x6b, 0xe7, 0xd7, 0x80, 0x28, 0x00, 0x04, 0xc0, 0x7d, 0x4c, 0x96,
};
static const uint8_t response_2_3[] = {
    0x01, 0x01, 0x00, 0x48, 0x21, 0x12, 0xa4, 0x42, 0xb7, 0xe7, 0xa7, 0x01, 0xbc, 0x34, 0xd6, 0x86,
    0xfa, 0x87, 0xdf, 0xae, 0x80, 0x22, 0x00, 0x0b, 0x74, 0x65, 0x73, 0x74, 0x20, 0x76, 0x65, 0x63,
    0x74, 0x6f, 0x72, 0x20, 0x00, 0x20, 0x00, 0x14, 0x00, 0x02, 0xa1, 0x47, 0x01, 0x13, 0xa9, 0xfa,
    0xa5, 0xd3, 0xf1, 0x79, 0xbc, 0x25, 0xf4, 0xb5, 0xbe, 0xd2, 0xb9, 0xd9, 0x00, 0x08, 0x00, 0x14,
    0xa3, 0x82, 0x95, 0x4e, 0x4b, 0xe6, 0x7b, 0xf1, 0x17, 0x84, 0xc9, 0x7c, 0x82, 0x92, 0xc2, 0x75,
    0xbf, 0xe3, 0xed, 0x41, 0x80, 0x28, 0x00, 0x04, 0xc8, 0xfb, 0x0b, 0x4c,
};
static const uint8_t request_2_4[] = {
    0x00, 0x01, 0x00, 0x60, 0x21, 0x12, 0xa4, 0x42, 0x78, 0xad, 0x34, 0x33, 0xc6, 0xad, 0x72,
    0xc0, 0x29, 0xda, 0x41, 0x2e, 0x00, 0x06, 0x00, 0x12, 0xe3, 0x83, 0x9e, 0xe3, 0x83, 0x88,
    0xe3, 0x83, 0xaa, 0xe3, 0x83, 0x83, 0xe3, 0x82, 0xaf, 0xe3, 0x82, 0xb9, 0x00, 0x00, 0x00,
    0x15, 0x00, 0x1c, 0x66, 0x2f, 0x2f, 0x34, 0x39, 0x39, 0x6b, 0x39, 0x35, 0x34, 0x64, 0x36,
    0x4f, 0x4c, 0x33, 0x34, 0x6f, 0x4c, 0x39, 0x46, 0x53, 0x54, 0x76, 0x79, 0x36, 0x34, 0x73,
    0x41, 0x00, 0x14, 0x00, 0x0b, 0x65, 0x78, 0x61, 0x6d, 0x70, 0x6c, 0x65, 0x2e, 0x6f, 0x72,
    0x67, 0x00, 0x00, 0x08, 0x00, 0x14, 0xf6, 0x70, 0x24, 0x65, 0x6d, 0xd6, 0x4a, 0x3e, 0x02,
    0xb8, 0xe0, 0x71, 0x2e, 0x85, 0xc9, 0xa2, 0x8c, 0xa8, 0x96, 0x66,
};

static void parse_good(struct stun_msg *msg, const uint8_t *bytes, size_t len)
{
    assert_true(stun_is(slice_make(bytes, len)));
    assert_int_equal(stun_parse(msg, slice_make(bytes, len)), OK);
}

static void test_rfc5769_request(void **state)
{
    (void)state;
    struct stun_msg msg;
    parse_good(&msg, request_2_1, sizeof request_2_1);
    assert_int_equal(msg.class, STUN_REQUEST);
    assert_int_equal(msg.method, STUN_BINDING);
    assert_memory_equal(msg.id, request_2_1 + 8, STUN_ID_LEN);
    assert_int_equal(stun_check_integrity(&msg, slice_of(password)), OK);
    assert_int_equal(stun_check_integrity(&msg, SLICE("VOkJxbRl1RmTxUk/WvJxBu")), ERR_AUTH);
    assert_int_equal(stun_check_fingerprint(&msg), OK);
    struct slice text;
    uint32_t priority;
    uint64_t tie;
    assert_true(stun_find(&msg, STUN_USERNAME, &text) && slice_is(text, "evtj:h6vY"));
    assert_true(stun_find(&msg, STUN_SOFTWARE, &text) && slice_is(text, "STUN test client"));
    assert_true(stun_find_u32(&msg, STUN_PRIORITY, &priority));
    assert_int_equal(priority, 0x6e0001ff);
    assert_true(stun_find_u64(&msg, STUN_ICE_CONTROLLED, &tie));
    assert_true(tie == 0x932ff9b151263b36u);
    assert_false(stun_find(&msg, STUN_USE_CANDIDATE, &text));
}

static void check_response(const uint8_t *bytes, size_t len, const char *want)
{
    struct stun_msg msg;
    struct addr mapped;
    char text[ADDR_TEXT];
    parse_good(&msg, bytes, len);
    assert_int_equal(msg.class, STUN_SUCCESS);
    assert_int_equal(stun_check_integrity(&msg, slice_of(password)), OK);
    assert_int_equal(stun_check_fingerprint(&msg), OK);
    assert_true(stun_find_addr(&msg, STUN_XOR_MAPPED_ADDRESS, &mapped));
    assert_string_equal(addr_print(&mapped, text), want);
}

static void test_rfc5769_responses(void **state)
{
    (void)state;
    check_response(response_2_2, sizeof response_2_2, "192.0.2.1:32853");
    check_response(response_2_3, sizeof response_2_3,
                   "[2001:db8:1234:5678:11:2233:4455:6677]:32853");
}

static void test_rfc5769_long_term(void **state)
{
    (void)state;
    struct stun_msg msg;
    struct slice realm;
    uint8_t key[HASH_MAX];
    parse_good(&msg, request_2_4, sizeof request_2_4);
    size_t len = hash_bytes(HASH_MD5, SLICE("マトリックス:example.org:TheMatrIX"), key);
    assert_int_equal(stun_check_integrity(&msg, slice_make(key, len)), OK);
    assert_true(stun_find(&msg, STUN_REALM, &realm) && slice_is(realm, "example.org"));
    assert_int_equal(stun_check_fingerprint(&msg), ERR_NOT_FOUND);
}

static void test_every_changed_byte_is_noticed(void **state)
{
    (void)state;
    uint8_t copy[sizeof request_2_1];
    for (size_t i = 0; i < sizeof copy; i++) {
        memcpy(copy, request_2_1, sizeof copy);
        copy[i] ^= 0x01;
        struct stun_msg msg;
        bool good = stun_parse(&msg, slice_make(copy, sizeof copy)) == OK &&
                    stun_check_integrity(&msg, slice_of(password)) == OK &&
                    stun_check_fingerprint(&msg) == OK;
        assert_false(good);
    }
}

static void test_truncated_and_extended_are_refused(void **state)
{
    (void)state;
    uint8_t copy[sizeof request_2_1 + 8] = { 0 };
    struct stun_msg msg;
    memcpy(copy, request_2_1, sizeof request_2_1);
    for (size_t len = 0; len < sizeof copy; len++) {
        enum err want = len == sizeof request_2_1 ? OK : ERR_PARSE;
        assert_int_equal(stun_parse(&msg, slice_make(copy, len)), want);
    }
    /* an attribute after the fingerprint, the length saying so */
    copy[3] = 0x60;
    copy[sizeof request_2_1 + 1] = 0x25;
    assert_int_equal(stun_parse(&msg, slice_make(copy, sizeof request_2_1 + 4)), ERR_PARSE);
    /* an attribute whose length reaches past the message */
    memcpy(copy, request_2_1, sizeof request_2_1);
    copy[22] = 0x01;
    assert_int_equal(stun_parse(&msg, slice_make(copy, sizeof request_2_1)), ERR_PARSE);
}

static void test_what_follows_the_integrity_does_not_count(void **state)
{
    (void)state;
    static const uint8_t id[STUN_ID_LEN] = "abcdefghijk";
    char mem[STUN_SEND_MAX];
    struct buf buf = BUF_ON(mem);
    struct stun_msg msg;
    struct slice value;
    stun_begin(&buf, STUN_REQUEST, STUN_BINDING, id);
    stun_put(&buf, STUN_USERNAME, SLICE("a:b"));
    stun_put_integrity(&buf, SLICE("key"));
    stun_put(&buf, STUN_USE_CANDIDATE, SLICE_NONE); /* added on the way by somebody else */
    stun_put_fingerprint(&buf);
    parse_good(&msg, (const uint8_t *)buf.ptr, buf.len);
    assert_int_equal(stun_check_integrity(&msg, SLICE("key")), OK);
    assert_true(stun_find(&msg, STUN_USERNAME, &value));
    assert_false(stun_find(&msg, STUN_USE_CANDIDATE, &value));
}

static void test_what_we_build_reads_back(void **state)
{
    (void)state;
    static const uint8_t id[STUN_ID_LEN] = { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12 };
    static const enum stun_class classes[] = { STUN_REQUEST, STUN_INDICATION, STUN_SUCCESS,
                                               STUN_ERROR };
    static const uint16_t methods[] = { STUN_BINDING, STUN_CHANNEL_BIND, 0xabc };
    char mem[STUN_SEND_MAX];
    for (size_t i = 0; i < COUNT_OF(classes) * COUNT_OF(methods); i++) {
        struct buf buf = BUF_ON(mem);
        struct stun_msg msg;
        struct addr v6, got;
        unsigned code;
        struct slice reason;
        assert_int_equal(addr_parse(SLICE("[2001:db8::1]:9"), 0, &v6), OK);
        stun_begin(&buf, classes[i / COUNT_OF(methods)], methods[i % COUNT_OF(methods)], id);
        stun_put_error(&buf, 487, "Role Conflict");
        stun_put_addr(&buf, STUN_XOR_PEER_ADDRESS, &v6);
        stun_put_addr(&buf, STUN_MAPPED_ADDRESS, &v6);
        stun_put_integrity(&buf, SLICE("k"));
        stun_put_fingerprint(&buf);
        assert_false(buf.overflow);
        parse_good(&msg, (const uint8_t *)buf.ptr, buf.len);
        assert_int_equal(msg.class, classes[i / COUNT_OF(methods)]);
        assert_int_equal(msg.method, methods[i % COUNT_OF(methods)]);
        assert_int_equal(stun_check_integrity(&msg, SLICE("k")), OK);
        assert_int_equal(stun_check_fingerprint(&msg), OK);
        assert_true(stun_find_error(&msg, &code, &reason));
        assert_true(code == 487 && slice_is(reason, "Role Conflict"));
        assert_true(stun_find_addr(&msg, STUN_XOR_PEER_ADDRESS, &got) && addr_eq(&got, &v6));
        assert_true(stun_find_addr(&msg, STUN_MAPPED_ADDRESS, &got) && addr_eq(&got, &v6));
    }
}

static void test_unknown_required_attributes_are_named(void **state)
{
    (void)state;
    static const uint8_t id[STUN_ID_LEN];
    char mem[STUN_SEND_MAX];
    struct buf buf = BUF_ON(mem);
    struct stun_msg msg;
    uint16_t unknown[STUN_UNKNOWN_MAX];
    stun_begin(&buf, STUN_REQUEST, STUN_BINDING, id);
    stun_put_u32(&buf, STUN_PRIORITY, 1);
    stun_put(&buf, 0x7abc, SLICE("x"));
    stun_put(&buf, 0xc057, SLICE("abcd")); /* Chromium's network cost: optional */
    stun_put(&buf, 0x0003, SLICE_NONE);
    parse_good(&msg, (const uint8_t *)buf.ptr, buf.len);
    assert_int_equal(stun_unknown(&msg, unknown, STUN_UNKNOWN_MAX), 2);
    assert_int_equal(unknown[0], 0x7abc);
    assert_int_equal(unknown[1], 0x0003);
    assert_int_equal(stun_unknown(&msg, unknown, 1), 1);
}

static void test_a_full_buffer_overflows_quietly(void **state)
{
    (void)state;
    static const uint8_t id[STUN_ID_LEN];
    for (size_t cap = 0; cap < 80; cap++) {
        char mem[80];
        struct addr addr = addr_loopback4(1);
        struct buf buf;
        buf_init(&buf, mem, cap);
        stun_begin(&buf, STUN_SUCCESS, STUN_BINDING, id);
        stun_put_addr(&buf, STUN_XOR_MAPPED_ADDRESS, &addr);
        stun_put_integrity(&buf, SLICE("k"));
        stun_put_fingerprint(&buf);
        assert_int_equal(buf.overflow, cap < 64);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rfc5769_request),
        cmocka_unit_test(test_rfc5769_responses),
        cmocka_unit_test(test_rfc5769_long_term),
        cmocka_unit_test(test_every_changed_byte_is_noticed),
        cmocka_unit_test(test_truncated_and_extended_are_refused),
        cmocka_unit_test(test_what_follows_the_integrity_does_not_count),
        cmocka_unit_test(test_what_we_build_reads_back),
        cmocka_unit_test(test_unknown_required_attributes_are_named),
        cmocka_unit_test(test_a_full_buffer_overflows_quietly),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
