#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <zlib.h>

#include "base/inflate.h"
#include "base/mem.h"

static struct slice pack(const char *bytes, size_t len, unsigned char *room, size_t cap)
{
    unsigned long n = cap;
    assert_int_equal(compress(room, &n, (const unsigned char *)bytes, len), Z_OK);
    return slice_make(room, n);
}

static void test_round_trip(void **state)
{
    static const size_t lens[] = { 0, 1, 4095, 4096, 4097, 60000 };
    char *bytes = mem_alloc(60000);
    unsigned char *room = mem_alloc(70000);
    (void)state;
    for (size_t i = 0; i < 60000; i++)
        bytes[i] = (char)(i * i >> 3);
    for (size_t i = 0; i < sizeof lens / sizeof lens[0]; i++) {
        struct slice out;
        struct slice packed = pack(bytes, lens[i], room, 70000);
        assert_int_equal(inflate_bytes(packed, 60001, &out), OK);
        assert_int_equal(out.len, lens[i]);
        assert_memory_equal(out.ptr, bytes, lens[i]);
        assert_int_equal(out.ptr[out.len], '\0');
        mem_free((char *)(uintptr_t)out.ptr);
    }
    mem_free(bytes);
    mem_free(room);
}

static void test_refused(void **state)
{
    unsigned char room[400];
    char zeros[5000] = { 0 };
    struct slice out = SLICE_NONE;
    (void)state;
    struct slice packed = pack(zeros, sizeof zeros, room, sizeof room);
    assert_int_equal(inflate_bytes(packed, 4999, &out), ERR_LIMIT);
    assert_int_equal(inflate_bytes(slice_sub(packed, 0, packed.len - 1), 9999, &out), ERR_PARSE);
    assert_int_equal(inflate_bytes(SLICE("v=0\r\n"), 9999, &out), ERR_PARSE);
    assert_int_equal(inflate_bytes(SLICE_NONE, 9999, &out), ERR_PARSE);
    assert_null(out.ptr);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round_trip),
        cmocka_unit_test(test_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
