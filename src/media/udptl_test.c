/* UDPTL (T.38 §9.1): the bytes on the wire, and losses that the next datagrams repair. */
#include "media/udptl.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

static struct slice bytes_of(const char *hex, char *mem)
{
    size_t n = 0;
    for (; hex[0] && hex[1]; hex += hex[2] == ' ' ? 3 : 2) {
        unsigned byte;
        assert_int_equal(sscanf(hex, "%2x", &byte), 1);
        mem[n++] = (char)byte;
    }
    return slice_make(mem, n);
}

static void reads_older_packets(void **state)
{
    char mem[64];
    struct udptl_packet packet;
    (void)state;
    assert_int_equal(udptl_parse(&packet, bytes_of("00 05 02 c0 01 00 02 01 aa 02 bb cc", mem)),
                     OK);
    assert_int_equal(packet.seq, 5);
    assert_memory_equal(packet.primary.ptr, "\xc0\x01", 2);
    assert_int_equal(packet.n_secondary, 2);
    assert_memory_equal(packet.secondary[1].ptr, "\xbb\xcc", 2);
    assert_false(packet.has_parity);
}

static void reads_over_parity(void **state)
{
    char mem[64];
    struct udptl_packet packet;
    (void)state;
    assert_int_equal(udptl_parse(&packet, bytes_of("00 05 01 c0 80 01 03 02 02 10 20 01 30", mem)),
                     OK);
    assert_true(packet.has_parity);
    assert_int_equal(packet.primary.len, 1);
    assert_int_equal(packet.n_secondary, 0);
    assert_int_equal(udptl_parse(&packet, bytes_of("00 05 01 c0 80 01 03 02 02 10", mem)),
                     ERR_PARSE);
}

static void refuses_lengths_that_lie(void **state)
{
    static const struct {
        const char *hex;
        enum err err;
    } rows[] = {
        { "", ERR_PARSE },
        { "00", ERR_PARSE },
        { "00 01 02 c0", ERR_PARSE },
        { "00 01 01 c0", ERR_PARSE },    /* no word on correction */
        { "00 01 01 c0 00", ERR_PARSE }, /* nor how many */
        { "00 01 01 c0 00 02 01 aa", ERR_PARSE },
        { "00 01 01 c0 00 bf ff", ERR_PARSE }, /* 16383 of them, and there is none */
        { "00 01 c1 00", ERR_UNSUPPORTED },
        { "00 01 01 c0 00 00", OK },
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char mem[64];
        struct udptl_packet packet;
        assert_int_equal(udptl_parse(&packet, bytes_of(rows[i].hex, mem)), rows[i].err);
    }
}

struct got {
    char text[200];
};
static void on_ifp(void *owner, uint16_t seq, struct slice ifp)
{
    struct got *got = owner;
    size_t at = strlen(got->text);
    snprintf(got->text + at, sizeof got->text - at, "%u=%.*s ", (unsigned)seq, SLICE_ARG(ifp));
}

static void take(struct udptl_receiver *receiver, struct got *got, struct slice datagram)
{
    struct udptl_packet packet;
    assert_int_equal(udptl_parse(&packet, datagram), OK);
    udptl_receive(receiver, &packet, on_ifp, got);
}

/* Words, each one datagram; those named in `lost` do not arrive. */
static void carry(struct udptl_sender *sender, const char *words, const char *lost, struct got *got)
{
    struct udptl_receiver receiver = { 0 };
    struct slice rest = slice_of(words);
    for (struct slice word = slice_word(&rest); word.len; word = slice_word(&rest)) {
        char mem[UDPTL_DATAGRAM_MAX];
        struct buf out = BUF_ON(mem);
        assert_int_equal(udptl_send(sender, word, &out), OK);
        assert_true(out.len <= sender->max_datagram);
        if (slice_find(slice_of(lost), word) == strlen(lost))
            take(&receiver, got, buf_slice(&out));
        if (slice_find(slice_of(lost), word) == strlen(lost))
            take(&receiver, got, buf_slice(&out)); /* twice is once */
    }
}

static void three_lost_in_a_row_are_repaired(void **state)
{
    struct udptl_sender sender = { .next = 65534, .depth = UDPTL_DEPTH, .max_datagram = 400 };
    struct got got = { 0 };
    (void)state;
    carry(&sender, "a b c d e f g", "b c d", &got);
    assert_string_equal(got.text, "65534=a 65535=b 0=c 1=d 2=e 3=f 4=g ");
}

static void four_are_not(void **state)
{
    struct udptl_sender sender = { .depth = UDPTL_DEPTH, .max_datagram = 400 };
    struct got got = { 0 };
    (void)state;
    carry(&sender, "a b c d e f g", "b c d e", &got);
    assert_string_equal(got.text, "0=a 2=c 3=d 4=e 5=f 6=g ");
}

static void older_ones_stay_out_of_what_the_far_end_cannot_take(void **state)
{
    struct udptl_sender sender = { .depth = UDPTL_DEPTH, .max_datagram = 10 };
    struct got got = { 0 };
    (void)state;
    carry(&sender, "a b c d e", "b c", &got); /* room for one of them */
    assert_string_equal(got.text, "0=a 2=c 3=d 4=e ");
}

static void without_correction_there_is_none(void **state)
{
    struct udptl_sender sender = { .max_datagram = 400 };
    struct got got = { 0 };
    (void)state;
    carry(&sender, "a b c", "b", &got);
    assert_string_equal(got.text, "0=a 2=c ");
}

static void a_long_packet_has_a_long_length(void **state)
{
    char mem[UDPTL_DATAGRAM_MAX], ifp[UDPTL_IFP_MAX + 1] = { 1 };
    struct udptl_sender sender = { .depth = UDPTL_DEPTH, .max_datagram = 400 };
    struct buf out = BUF_ON(mem);
    (void)state;
    assert_int_equal(udptl_send(&sender, slice_make(ifp, 200), &out), OK);
    assert_memory_equal(out.ptr, "\0\0\x80\xc8\x01", 5);
    assert_int_equal(udptl_send(&sender, slice_make(ifp, sizeof ifp), &out), ERR_LIMIT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_older_packets),
        cmocka_unit_test(reads_over_parity),
        cmocka_unit_test(refuses_lengths_that_lie),
        cmocka_unit_test(three_lost_in_a_row_are_repaired),
        cmocka_unit_test(four_are_not),
        cmocka_unit_test(older_ones_stay_out_of_what_the_far_end_cannot_take),
        cmocka_unit_test(without_correction_there_is_none),
        cmocka_unit_test(a_long_packet_has_a_long_length),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
