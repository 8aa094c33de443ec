/* Texts of a centre as people read them: alphabets, numbers, parts that come late or never. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "base/loop.h"
#include "message/message_parts.h"
#include "message/smpp_inbox.h"

static struct loop *loop;
static struct smpp_inbox *inbox;
static char told[400]; /* "from>to:body " … */

static void on_text(void *owner, const char *from, const char *to, const char *body)
{
    size_t len = strlen(told);
    (void)owner;
    snprintf(told + len, sizeof told - len, "%s>%s:%s ", from, to, body);
}

static int setup(void **state)
{
    (void)state;
    told[0] = '\0';
    loop = loop_create_simulated();
    inbox = smpp_inbox_create(loop, on_text, NULL);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    smpp_inbox_destroy(inbox);
    loop_destroy(loop);
    return 0;
}

static void take(const char *from, uint8_t coding, uint8_t number, uint8_t total, const char *text)
{
    const struct smpp_text_pdu pdu = { .from = slice_of(from),
                                       .to = SLICE("12345"),
                                       .is_from_full = true,
                                       .coding = coding,
                                       .sar = { .total = total, .number = number },
                                       .text = slice_of(text) };
    smpp_inbox_take(inbox, &pdu);
}

static void whole_ones(void **state)
{
    (void)state;
    take("1555", 0, 0, 0, "\x05");
    take("+1555", SMPP_CODING_LATIN1, 0, 0, "\xe8_");
    take("1555", SMPP_CODING_ASCII, 1, 1, "a_b");
    assert_string_equal(told, "+1555>12345:\u00e9 +1555>12345:\u00e8_ +1555>12345:a_b ");
}

static void a_part_that_stays_away(void **state)
{
    (void)state;
    take("1555", 0, 2, 3, "two ");
    take("1555", 0, 3, 3, "three");
    loop_advance(loop, MESSAGE_PARTS_WAIT_MS - 1000);
    assert_string_equal(told, "");
    loop_advance(loop, 1000);
    assert_string_equal(told, "+1555>12345:two three ");
}

static void what_waits_at_the_end(void **state)
{
    (void)state;
    take("1555", 0, 1, 2, "one");
    take("1666", 0, 9, 2, "no such part");
    assert_string_equal(told, "+1666>12345:no such part ");
    smpp_inbox_destroy(inbox);
    inbox = NULL;
    assert_string_equal(told, "+1666>12345:no such part +1555>12345:one ");
}

static void a_number_that_is_none(void **state)
{
    (void)state;
    take("1234567890123456789012345678901234567890", 0, 0, 0, "x");
    assert_string_equal(told, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(whole_ones, setup, teardown),
        cmocka_unit_test_setup_teardown(a_part_that_stays_away, setup, teardown),
        cmocka_unit_test_setup_teardown(what_waits_at_the_end, setup, teardown),
        cmocka_unit_test_setup_teardown(a_number_that_is_none, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
