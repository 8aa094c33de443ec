#include "hash.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "num.h"

static struct slice repeated(char c, size_t n)
{
    static char mem[256];
    memset(mem, c, n);
    return slice_make(mem, n);
}

static void test_digests(void **state)
{
    (void)state;
    static const struct {
        enum hash_kind kind;
        const char *text, *hex;
    } cases[] = {
        /* RFC 1321 §A.5 */
        { HASH_MD5, "", "d41d8cd98f00b204e9800998ecf8427e" },
        { HASH_MD5, "message digest", "f96b697d7cb7938d525a2f31aaf161d0" },
        /* FIPS 180-4 examples, RFC 3174 §7.3 */
        { HASH_SHA1, "abc", "a9993e364706816aba3e25717850c26c9cd0d89d" },
        { HASH_SHA256, "abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad" },
        { HASH_SHA512_256, "abc",
          "53048e2681941ef99b2e29b76b4c7dabe4c2d0c634fc6d46e0e2f13107e7af23" },
        { HASH_SHA512, "abc",
          "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"
          "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f" },
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        char hex[HASH_HEX_MAX];
        struct slice whole = slice_of(cases[i].text);
        hash_hex(cases[i].kind, &whole, 1, hex);
        assert_string_equal(hex, cases[i].hex);
        assert_int_equal(strlen(hex), 2 * hash_len(cases[i].kind));
        struct slice halves[] = { slice_sub(whole, 0, 1), slice_from(whole, 1), SLICE_NONE };
        hash_hex(cases[i].kind, halves, COUNT_OF(halves), hex);
        assert_string_equal(hex, cases[i].hex);
    }
}

/* The digest of RFC 2617 §3.5, with which half of all SIP accounts log in. */
static void test_digest_authentication(void **state)
{
    (void)state;
    char ha1[HASH_HEX_MAX];
    char ha2[HASH_HEX_MAX];
    char response[HASH_HEX_MAX];
    struct slice a1 = SLICE("Mufasa:testrealm@host.com:Circle Of Life");
    struct slice a2 = SLICE("GET:/dir/index.html");
    hash_hex(HASH_MD5, &a1, 1, ha1);
    hash_hex(HASH_MD5, &a2, 1, ha2);
    struct slice parts[] = { slice_of(ha1),
                             SLICE(":dcd98b7102dd2f0e8b11d0f600bfb0c093:00000001:0a4f113b:auth:"),
                             slice_of(ha2) };
    hash_hex(HASH_MD5, parts, COUNT_OF(parts), response);
    assert_string_equal(response, "6629fae49393a05397450978507c4ef1");
}

static void assert_hmac(enum hash_kind kind, struct slice key, struct slice data, const char *hex)
{
    uint8_t mac[HASH_MAX];
    char text[HASH_HEX_MAX];
    hex_print(mac, hash_hmac(kind, key, data, mac), text);
    assert_string_equal(text, hex);
}

static void test_hmac(void **state)
{
    (void)state;
    /* RFC 2202 §2 and §3, RFC 4231 §4.3 and §4.7 */
    assert_hmac(HASH_MD5, SLICE("Jefe"), SLICE("what do ya want for nothing?"),
                "750c783e6ab0b503eaa86e310a5db738");
    assert_hmac(HASH_SHA1, repeated(0x0b, 20), SLICE("Hi There"),
                "b617318655057264e28bc0b6fb378c8ef146be00");
    assert_hmac(HASH_SHA256, SLICE("Jefe"), SLICE("what do ya want for nothing?"),
                "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    assert_hmac(HASH_SHA256, repeated((char)0xaa, 131),
                SLICE("Test Using Larger Than Block-Size Key - Hash Key First"),
                "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
    /* an empty key over nothing, with pointers or without */
    assert_hmac(HASH_SHA1, SLICE_NONE, SLICE_NONE, "fbdb1d1b18aa6c08324b7d64b71fb76370690e1d");
    assert_hmac(HASH_SHA1, SLICE(""), SLICE(""), "fbdb1d1b18aa6c08324b7d64b71fb76370690e1d");
}

static void test_crc32(void **state)
{
    (void)state;
    assert_true(hash_crc32(SLICE("123456789")) == 0xcbf43926u);
    assert_true(hash_crc32(SLICE("")) == 0);
    assert_true(hash_crc32(SLICE("The quick brown fox jumps over the lazy dog")) == 0x414fa339u);
}

static void test_same(void **state)
{
    (void)state;
    assert_true(hash_same(SLICE("abc"), SLICE("abc")));
    assert_false(hash_same(SLICE("abc"), SLICE("abd")));
    assert_false(hash_same(SLICE("abc"), SLICE("ab")));
    assert_true(hash_same(SLICE_NONE, SLICE("")));
}

static void test_hex(void **state)
{
    (void)state;
    uint8_t bytes[3];
    size_t len = sizeof bytes;
    assert_int_equal(hex_parse(SLICE("00fFa5"), bytes, &len), OK);
    assert_int_equal(len, 3);
    assert_int_equal(bytes[1], 0xff);
    char text[7];
    hex_print(bytes, 3, text);
    assert_string_equal(text, "00ffa5");
    len = sizeof bytes;
    assert_int_equal(hex_parse(SLICE("00f"), bytes, &len), ERR_PARSE);
    assert_int_equal(hex_parse(SLICE("0g"), bytes, &len), ERR_PARSE);
    assert_int_equal(hex_parse(SLICE("00112233"), bytes, &len), ERR_LIMIT);
    assert_int_equal(hex_parse(SLICE(""), bytes, &len), OK);
    assert_int_equal(len, 0);
}

static void test_base64(void **state)
{
    (void)state;
    /* RFC 4648 §10 */
    static const char *const pairs[][2] = {
        { "", "" },
        { "f", "Zg==" },
        { "fo", "Zm8=" },
        { "foo", "Zm9v" },
        { "foob", "Zm9vYg==" },
        { "fooba", "Zm9vYmE=" },
        { "foobar", "Zm9vYmFy" },
    };
    for (size_t i = 0; i < COUNT_OF(pairs); i++) {
        char text[16];
        uint8_t bytes[8];
        size_t len = sizeof bytes;
        struct slice plain = slice_of(pairs[i][0]);
        struct slice coded = slice_of(pairs[i][1]);
        assert_true(base64_print(plain.ptr, plain.len, text, coded.len + 1));
        assert_string_equal(text, pairs[i][1]);
        if (coded.len)
            assert_false(base64_print(plain.ptr, plain.len, text, coded.len));
        assert_int_equal(base64_parse(coded, bytes, &len), OK);
        assert_true(slice_eq(slice_make(bytes, len), plain));
        while (slice_ends(coded, SLICE("=")))
            coded.len--;
        len = plain.len; /* exactly enough room, no padding */
        assert_int_equal(base64_parse(coded, bytes, &len), OK);
        assert_true(slice_eq(slice_make(bytes, len), plain));
        if (plain.len) {
            len = plain.len - 1;
            assert_int_equal(base64_parse(coded, bytes, &len), ERR_LIMIT);
        }
    }
}

static void test_base64_refuses(void **state)
{
    (void)state;
    uint8_t bytes[8];
    size_t len = sizeof bytes;
    assert_int_equal(base64_parse(SLICE("A"), bytes, &len), ERR_PARSE);
    assert_int_equal(base64_parse(SLICE("AA A"), bytes, &len), ERR_PARSE);
    assert_int_equal(base64_parse(SLICE("A=AA"), bytes, &len), ERR_PARSE);
    assert_int_equal(base64_parse(SLICE("-_+/"), bytes, &len), OK); /* both alphabets */
    assert_int_equal(bytes[0], 0xfb);
    char none[1];
    assert_false(base64_print("x", 1, none, 0));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_digests), cmocka_unit_test(test_digest_authentication),
        cmocka_unit_test(test_hmac),    cmocka_unit_test(test_crc32),
        cmocka_unit_test(test_same),    cmocka_unit_test(test_hex),
        cmocka_unit_test(test_base64),  cmocka_unit_test(test_base64_refuses),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
