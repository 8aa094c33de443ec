/* Headers and names that callers give. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/mem.h"
#include "sip_field.h"

static void only_harmless_headers_are_written(void **state)
{
    (void)state;
    char text[512];
    struct buf out = BUF_ON(text);
    struct sip_build b = { .out = &out };
    const struct sip_field fields[] = {
        { SLICE("X-One"), SLICE("1") },         { SLICE("x y"), SLICE("2") },
        { SLICE("X-Two"), SLICE("a\nb") },      { SLICE("v"), SLICE("SIP/2.0/UDP evil") },
        { SLICE("call-id"), SLICE("mine") },    { SLICE("Max-Forwards"), SLICE("9") },
        { SLICE("Reason"), SLICE("Q.850") },    { SLICE("X-Nul"), { "a\0b", 3 } },
        { SLICE("Content-Length"), SLICE("0") }
    };
    sip_fields_write(&b, fields, sizeof fields / sizeof fields[0]);
    assert_string_equal(buf_cstr(&out), "X-One: 1\r\nReason: Q.850\r\n");
    assert_false(b.bad);
}

static void copies_live_on(void **state)
{
    (void)state;
    char name[] = "X-A";
    char value[] = "before";
    struct sip_field field = { slice_of(name), slice_of(value) };
    struct sip_field *copy = sip_fields_copy(&field, 1);
    value[0] = name[0] = '!';
    assert_true(slice_is(copy->name, "X-A"));
    assert_true(slice_is(copy->value, "before"));
    mem_free(copy);
    assert_null(sip_fields_copy(NULL, 0));
}

static void assert_party(const char *name, const char *uri, const char *tag, const char *printed)
{
    char *text = sip_party_print(slice_of(name), slice_of(uri), slice_of(tag));
    if (printed)
        assert_string_equal(text, printed);
    else
        assert_null(text);
    mem_free(text);
}

static void parties_are_quoted_and_cleaned(void **state)
{
    (void)state;
    assert_party("", "sip:a@b", "", "<sip:a@b>");
    assert_party("", "sip:a@b", "t", "<sip:a@b>;tag=t");
    assert_party("Al \"the\" \\ Pal", "sip:a@b", "t",
                 "\"Al \\\"the\\\" \\\\ Pal\" <sip:a@b>;tag=t");
    assert_party("A\r\nInjected: 1", "sip:a@b", "", "\"AInjected: 1\" <sip:a@b>");
    assert_party("A", "no uri", "", NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_harmless_headers_are_written),
        cmocka_unit_test(copies_live_on),
        cmocka_unit_test(parties_are_quoted_and_cleaned),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
