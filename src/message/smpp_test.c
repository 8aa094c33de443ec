/* PDUs as bytes: there and back, cut anywhere, receipts in both spellings. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/num.h"
#include "smpp.h"

static char mem[600];

static void test_submit(void **state)
{
    (void)state;
    struct buf out = BUF_ON(mem);
    struct smpp_pdu pdu;
    size_t used;
    const struct smpp_text_pdu text = {
        .from = SLICE("Shop"), .to = SLICE("+15551"), .coding = 8, .text = SLICE("\x04\x16")
    };
    assert_int_equal(smpp_print_submit(&text, 7, &out), OK);
    static const uint8_t expected[] = { 0,   0, 0, 46, 0,   0,   0,   4,   0,   0,   0,
                                        0,   0, 0, 0,  7,   0,   5,   0,   'S', 'h', 'o',
                                        'p', 0, 1, 1,  '1', '5', '5', '5', '1', 0,   0,
                                        0,   0, 0, 0,  1,   0,   8,   0,   2,   4,   0x16 };
    assert_int_equal(out.len, sizeof expected);
    assert_memory_equal(mem + 4, expected + 4, sizeof expected - 4);
    for (size_t i = 0; i < out.len; i++)
        assert_int_equal(smpp_parse(slice_make(mem, i), &pdu, &used), ERR_AGAIN);
    assert_int_equal(smpp_parse(buf_slice(&out), &pdu, &used), OK);
    assert_int_equal(used, out.len);
    assert_int_equal(pdu.sequence, 7);
}

static void test_nonsense(void **state)
{
    (void)state;
    struct smpp_pdu pdu;
    struct smpp_text_pdu text;
    size_t used;
    assert_int_equal(smpp_parse(SLICE("\0\0\0\x0f...."), &pdu, &used), ERR_PARSE);
    assert_int_equal(smpp_parse(SLICE("\x7f\0\0\0...."), &pdu, &used), ERR_LIMIT);
    assert_int_equal(smpp_parse_deliver(SLICE("\0\1\1"), &text), ERR_PARSE);
}

static void test_deliver(void **state)
{
    (void)state;
    static const char body[] = "\0\1\1"
                               "15551\0\1\1"
                               "15552\0\x04\0\0\0\0\0\0\0\0\x1f"
                               "id:abc sub:001 stat:UNDELIV err";
    struct smpp_text_pdu text;
    struct slice id;
    assert_int_equal(smpp_parse_deliver(slice_make(body, sizeof body - 1), &text), OK);
    assert_true(slice_is(text.from, "15551") && slice_is(text.to, "15552"));
    assert_true(text.is_from_full && text.is_to_full);
    assert_int_equal(text.esm_class, SMPP_ESM_RECEIPT);
    assert_int_equal(smpp_receipt(&text, &id), SMPP_FATE_LOST);
    assert_true(slice_is(id, "abc"));
    text.receipt = SLICE("xyz");
    text.state = 2;
    assert_int_equal(smpp_receipt(&text, &id), SMPP_FATE_DELIVERED);
    assert_true(slice_is(id, "xyz"));
}

static void expect_part(struct slice text, uint8_t esm_class, const char *bytes, unsigned reference,
                        unsigned total, unsigned number)
{
    const struct smpp_text_pdu pdu = { .esm_class = esm_class, .text = text };
    struct smpp_part part;
    assert_true(slice_is(smpp_user_data(&pdu, &part), bytes));
    assert_int_equal(part.reference, reference);
    assert_int_equal(part.total, total);
    assert_int_equal(part.number, number);
}

static void test_parts(void **state)
{
    (void)state;
    expect_part(SLICE("\5\0\3\xfa\2\1hi"), SMPP_ESM_UDH, "hi", 0xfa, 2, 1);
    expect_part(SLICE("\6\x08\4\1\2\3\2hi"), SMPP_ESM_UDH, "hi", 0x102, 3, 2);
    expect_part(SLICE("\xa\5\3a:b\0\3\7\2\2hi"), SMPP_ESM_UDH, "hi", 7, 2, 2); /* behind ports */
    expect_part(SLICE("\x09hi"), SMPP_ESM_UDH, "\x09hi", 0, 0, 0);
    static const char body[] = "\0\1\1"
                               "15551\0\1\1"
                               "15552\0\0\0\0\0\0\0\0\0\0\2hi"
                               "\x02\x0c\0\2\1\4\x02\x0e\0\1\3\x02\x0f\0\1\2";
    struct smpp_text_pdu text;
    struct smpp_part part;
    assert_int_equal(smpp_parse_deliver(slice_make(body, sizeof body - 1), &text), OK);
    assert_true(slice_is(smpp_user_data(&text, &part), "hi"));
    assert_int_equal(part.reference, 0x104);
    assert_int_equal(part.total, 3);
    assert_int_equal(part.number, 2);
}

static void test_bind(void **state)
{
    (void)state;
    struct buf out = BUF_ON(mem);
    struct smpp_pdu pdu;
    size_t used;
    const struct smpp_login login = { "me", "x", SLICE("secret") };
    smpp_print_bind(&login, 1, &out);
    assert_int_equal(smpp_parse(buf_slice(&out), &pdu, &used), OK);
    assert_int_equal(pdu.command, SMPP_BIND);
    assert_true(slice_is(smpp_text(pdu.body), "me"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_submit),  cmocka_unit_test(test_nonsense),
        cmocka_unit_test(test_deliver), cmocka_unit_test(test_parts),
        cmocka_unit_test(test_bind),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
