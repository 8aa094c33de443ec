/* The bytes that a capture reader relies on. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "base/wire.h"
#include "pcap.h"

static char *bytes;
static size_t len;

/* The file with one packet in it; behind its header and the record's. */
static struct wire packet(const char *from_text, const char *to_text, struct slice payload)
{
    struct addr from;
    struct addr to;
    assert_int_equal(addr_parse(slice_of(from_text), 5060, &from), OK);
    assert_int_equal(addr_parse(slice_of(to_text), 5060, &to), OK);
    free(bytes);
    FILE *out = open_memstream(&bytes, &len);
    pcap_begin(out);
    pcap_put(out, 1700000000123, &from, &to, payload);
    fclose(out);
    struct wire w = wire_of(slice_make(bytes, len));
    wire_skip(&w, 24 + 16);
    return w;
}

/* Over all words with the checksum in place the sum is all ones (RFC 1071 §1). */
static uint32_t folded(struct slice part, uint32_t sum)
{
    struct wire w = wire_of(part);
    while (w.rest.len > 1)
        sum += wire_u16(&w);
    if (w.rest.len)
        sum += (uint32_t)wire_u8(&w) << 8;
    while (sum >> 16)
        sum = (sum & 0xffff) + (sum >> 16);
    return sum;
}

static void test_file_header(void **state)
{
    (void)state;
    packet("10.0.0.1:5060", "10.0.0.2:5080", SLICE("x"));
    uint32_t head[6];
    memcpy(head, bytes, sizeof head);
    assert_int_equal(head[0], 0xa1b2c3d4u);
    assert_int_equal(head[5], 101); /* LINKTYPE_RAW */
    uint32_t record[4];
    memcpy(record, bytes + 24, sizeof record);
    assert_int_equal(record[0], 1700000000);
    assert_int_equal(record[1], 123000);
    assert_int_equal(record[2], 20 + 8 + 1);
    assert_int_equal(record[3], 20 + 8 + 1);
}

static void test_ipv4(void **state)
{
    (void)state;
    struct slice payload = SLICE("OPTIONS sip:a SIP/2.0\r\n"); /* of odd length */
    struct wire w = packet("10.0.0.1:5060", "10.0.0.2:5080", payload);
    struct slice ip = wire_bytes(&w, 20);
    assert_int_equal(folded(ip, 0), 0xffff);
    assert_memory_equal(ip.ptr + 12, "\x0a\0\0\x01\x0a\0\0\x02", 8);
    struct slice udp = w.rest;
    assert_int_equal(wire_u16(&w), 5060);
    assert_int_equal(wire_u16(&w), 5080);
    assert_int_equal(wire_u16(&w), 8 + payload.len);
    uint32_t pseudo = folded(slice_sub(ip, 12, 8), 17 + (uint32_t)udp.len);
    assert_int_equal(folded(udp, pseudo), 0xffff);
    wire_u16(&w);
    assert_true(slice_eq(w.rest, payload));
}

static void test_ipv6(void **state)
{
    (void)state;
    struct wire w = packet("[::1]:5061", "[2001:db8::2]:5060", SLICE("abc"));
    assert_int_equal(wire_u32(&w), 6u << 28);
    assert_int_equal(wire_u16(&w), 11);
    assert_int_equal(wire_u8(&w), 17);
    wire_u8(&w);
    struct slice addresses = wire_bytes(&w, 32);
    uint32_t pseudo = folded(addresses, 17 + (uint32_t)w.rest.len);
    assert_int_equal(folded(w.rest, pseudo), 0xffff);
}

static void test_too_long_is_cut(void **state)
{
    (void)state;
    static char big[70000];
    struct wire w = packet("10.0.0.1", "10.0.0.2", slice_make(big, sizeof big));
    assert_int_equal(w.rest.len, 20 + 8 + PCAP_PAYLOAD_MAX);
    uint32_t record[4];
    memcpy(record, bytes + 24, sizeof record);
    assert_int_equal(record[3], 20 + 8 + sizeof big); /* how long it was */
}

static int free_bytes(void **state)
{
    (void)state;
    free(bytes);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_file_header),
        cmocka_unit_test(test_ipv4),
        cmocka_unit_test(test_ipv6),
        cmocka_unit_test(test_too_long_is_cut),
    };
    return cmocka_run_group_tests(tests, NULL, free_bytes);
}
