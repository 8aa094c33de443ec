/* Dialogs: what our requests say and where they go. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/mem.h"
#include "sip_dialog.h"
#include "sip_msg.h"

static struct sip_msg *parse(const char *text)
{
    struct sip_msg *msg = NULL;
    size_t used = 0;
    assert_int_equal(sip_msg_parse(&msg, slice_of(text), &used), OK);
    return msg;
}

static struct sip_flow flow_from(const char *remote)
{
    struct sip_flow flow = { .listener = 1, .kind = SIP_UDP };
    assert_int_equal(addr_parse(slice_of(remote), 5060, &flow.remote), OK);
    return flow;
}

static struct sip_msg *invite(const char *via, const char *contact, const char *more)
{
    static char text[2048];
    snprintf(text, sizeof text,
             "INVITE sip:bob@example.com SIP/2.0\r\nVia: SIP/2.0/UDP %s;branch=z9hG4bK1\r\n%s"
             "From: \"A\" <sip:alice@example.com>;tag=alice\r\nTo: <sip:bob@example.com>\r\n"
             "Call-ID: c1\r\nCSeq: 10 INVITE\r\nContact: %s\r\nContent-Length: 0\r\n\r\n",
             via, more, contact);
    return parse(text);
}

static struct sip_msg *answer(const char *contact, const char *more)
{
    static char text[2048];
    snprintf(
        text, sizeof text,
        "SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP 10.0.0.1;branch=z9hG4bK1\r\n%s"
        "From: \"A\" <sip:alice@example.com>;tag=alice\r\nTo: <sip:bob@example.com>;tag=bob\r\n"
        "Call-ID: c1\r\nCSeq: 10 INVITE\r\nContact: %s\r\nContent-Length: 0\r\n\r\n",
        more, contact);
    return parse(text);
}

static struct sip_dialog uac(const char *remote, const char *contact, const char *more)
{
    struct sip_dialog dialog;
    struct sip_flow flow = flow_from(remote);
    struct sip_msg *request = invite("10.0.0.1", "<sip:alice@10.0.0.1>", "");
    struct sip_msg *response = answer(contact, more);
    assert_int_equal(sip_dialog_init_uac(&dialog, request, response, &flow), OK);
    sip_msg_unref(request);
    sip_msg_unref(response);
    return dialog;
}

static struct sip_dialog uas(const char *remote, const char *via, const char *contact,
                             const char *more)
{
    struct sip_dialog dialog;
    struct sip_flow flow = flow_from(remote);
    struct sip_msg *request = invite(via, contact, more);
    assert_int_equal(sip_dialog_init_uas(&dialog, request, SLICE("us"), &flow), OK);
    sip_msg_unref(request);
    return dialog;
}

static const char *written(const struct sip_dialog *dialog, uint32_t cseq)
{
    static char text[2048];
    struct buf out = BUF_ON(text);
    struct sip_build b = { .out = &out };
    sip_dialog_write(dialog, &b, cseq, SLICE("BYE"));
    return buf_cstr(&out);
}

static void assert_hop(struct sip_dialog *dialog, const char *where, enum sip_kind kind)
{
    char text[ADDR_TEXT];
    struct sip_hop hop = sip_dialog_hop(dialog);
    const struct addr *addr = sip_flow_is_set(&hop.flow) ? &hop.flow.remote : &hop.addr;
    assert_string_equal(addr_print(addr, text), where);
    assert_int_equal(hop.kind, kind);
    sip_dialog_clear(dialog);
}

static void a_uac_asks_from_itself_to_the_tag_that_answered(void **state)
{
    (void)state;
    struct sip_dialog d = uac("10.0.0.9:5060", "<sip:bob@10.0.0.9>", "");
    assert_string_equal(written(&d, 11), "From: \"A\" <sip:alice@example.com>;tag=alice\r\n"
                                         "To: <sip:bob@example.com>;tag=bob\r\n"
                                         "Call-ID: c1\r\nCSeq: 11 BYE\r\n");
    assert_true(slice_is(sip_dialog_uri(&d), "sip:bob@10.0.0.9"));
    assert_int_equal(d.local_cseq, 10);
    assert_hop(&d, "10.0.0.9:5060", SIP_UDP);
}

static void a_uas_asks_the_other_way_round(void **state)
{
    (void)state;
    struct sip_dialog d = uas("10.0.0.9:5060", "10.0.0.9", "<sip:alice@10.0.0.9:5070>", "");
    assert_string_equal(written(&d, 1), "From: <sip:bob@example.com>;tag=us\r\n"
                                        "To: \"A\" <sip:alice@example.com>;tag=alice\r\n"
                                        "Call-ID: c1\r\nCSeq: 1 BYE\r\n");
    assert_hop(&d, "10.0.0.9:5070", SIP_UDP);
}

static void routes_are_reversed_for_the_uac_only(void **state)
{
    (void)state;
    const char *two = "Record-Route: <sip:10.0.0.4;lr>, <sip:10.0.0.5:5080;lr>\r\n";
    struct sip_dialog d = uac("10.0.0.5:5080", "<sip:bob@10.0.0.9>", two);
    assert_string_equal(d.routes[0], "<sip:10.0.0.5:5080;lr>");
    assert_string_equal(d.routes[1], "<sip:10.0.0.4;lr>");
    assert_true(slice_is(sip_dialog_uri(&d), "sip:bob@10.0.0.9"));
    assert_hop(&d, "10.0.0.5:5080", SIP_UDP);
    d = uas("10.0.0.4:5060", "10.0.0.4", "<sip:alice@10.0.0.9>", two);
    assert_string_equal(d.routes[0], "<sip:10.0.0.4;lr>");
    assert_hop(&d, "10.0.0.4:5060", SIP_UDP);
}

static void a_strict_router_becomes_the_request_uri(void **state)
{
    (void)state;
    struct sip_dialog d = uac("10.0.0.5:5060", "<sip:bob@10.0.0.9>",
                              "Record-Route: <sip:10.0.0.4;lr>, <sip:10.0.0.5>\r\n");
    assert_true(slice_is(sip_dialog_uri(&d), "sip:10.0.0.5"));
    assert_non_null(strstr(written(&d, 2), "Route: <sip:10.0.0.4;lr>\r\n"
                                           "Route: <sip:bob@10.0.0.9>\r\nFrom:"));
    assert_hop(&d, "10.0.0.5:5060", SIP_UDP);
}

static void a_name_goes_back_to_where_it_was_heard(void **state)
{
    (void)state;
    struct sip_dialog d = uac("203.0.113.5:5060", "<sip:bob@pbx.example.com:5066>", "");
    assert_hop(&d, "203.0.113.5:5060", SIP_UDP);
    d = uac("203.0.113.5:5060", "<sip:bob@10.0.0.9>", "Record-Route: <sip:proxy.example;lr>\r\n");
    assert_hop(&d, "203.0.113.5:5060", SIP_UDP);
}

static void a_contact_behind_nat_is_not_believed(void **state)
{
    (void)state;
    /* private, heard from the public net */
    struct sip_dialog d = uac("203.0.113.5:41000", "<sip:bob@192.168.1.7:5060>", "");
    assert_hop(&d, "203.0.113.5:41000", SIP_UDP);
    /* the sender's own idea of itself, and there is no proxy between */
    d = uas("198.51.100.4:3333", "203.0.113.77", "<sip:alice@203.0.113.77:5060>", "");
    assert_hop(&d, "198.51.100.4:3333", SIP_UDP);
    /* the same, but a proxy passed it on and did not record itself: the Contact is reachable */
    d = uas("198.51.100.4:5060", "198.51.100.4", "<sip:alice@203.0.113.77:5070>",
            "Via: SIP/2.0/UDP 203.0.113.77;branch=z9hG4bK2\r\n");
    assert_hop(&d, "203.0.113.77:5070", SIP_UDP);
}

static void the_transport_of_the_target_is_taken(void **state)
{
    (void)state;
    struct sip_dialog d = uac("10.0.0.9:5060", "<sip:bob@10.0.0.9;transport=tcp>", "");
    assert_hop(&d, "10.0.0.9:5060", SIP_TCP);
    d = uac("10.0.0.9:5060", "<sips:bob@10.0.0.9>", "");
    assert_hop(&d, "10.0.0.9:5061", SIP_TLS);
    d = uac("10.0.0.9:5060", "<sip:bob@10.0.0.9;transport=pigeon>", "");
    assert_hop(&d, "10.0.0.9:5060", SIP_UDP);
}

static void an_open_stream_is_used_again(void **state)
{
    (void)state;
    struct sip_flow flow = flow_from("10.0.0.9:50123");
    flow.kind = SIP_WS;
    flow.conn = 7;
    struct sip_dialog d;
    struct sip_msg *request =
        invite("df7jal23ls0d.invalid", "<sip:x@df7jal23ls0d.invalid;transport=ws>", "");
    assert_int_equal(sip_dialog_init_uas(&d, request, SLICE("us"), &flow), OK);
    sip_msg_unref(request);
    struct sip_hop hop = sip_dialog_hop(&d);
    assert_int_equal(hop.flow.conn, 7);
    assert_hop(&d, "10.0.0.9:50123", SIP_WS);
}

static void cseq_numbers_have_to_grow(void **state)
{
    (void)state;
    struct sip_dialog d = uas("10.0.0.9:5060", "10.0.0.9", "<sip:alice@10.0.0.9>", "");
    struct sip_msg *same = invite("10.0.0.9", "<sip:alice@10.0.0.9>", "");
    struct sip_flow flow = flow_from("10.0.0.9:5060");
    assert_int_equal(sip_dialog_take_request(&d, same, &flow), ERR_MISUSE);
    d.remote_cseq = 9;
    assert_int_equal(sip_dialog_take_request(&d, same, &flow), OK);
    assert_int_equal(d.remote_cseq, 10);
    sip_msg_unref(same);
    sip_dialog_clear(&d);
}

static void too_many_routes_are_refused(void **state)
{
    (void)state;
    char routes[2048];
    struct buf out = BUF_ON(routes);
    buf_text(&out, "Record-Route: <sip:10.0.0.4;lr>");
    for (int i = 0; i < SIP_ROUTES_MAX; i++)
        buf_text(&out, ", <sip:10.0.0.4;lr>");
    buf_text(&out, "\r\n");
    struct sip_dialog d;
    struct sip_flow flow = flow_from("10.0.0.9:5060");
    struct sip_msg *request = invite("10.0.0.9", "<sip:alice@10.0.0.9>", buf_cstr(&out));
    assert_int_equal(sip_dialog_init_uas(&d, request, SLICE("us"), &flow), ERR_LIMIT);
    sip_msg_unref(request);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_uac_asks_from_itself_to_the_tag_that_answered),
        cmocka_unit_test(a_uas_asks_the_other_way_round),
        cmocka_unit_test(routes_are_reversed_for_the_uac_only),
        cmocka_unit_test(a_strict_router_becomes_the_request_uri),
        cmocka_unit_test(a_name_goes_back_to_where_it_was_heard),
        cmocka_unit_test(a_contact_behind_nat_is_not_believed),
        cmocka_unit_test(the_transport_of_the_target_is_taken),
        cmocka_unit_test(an_open_stream_is_used_again),
        cmocka_unit_test(cseq_numbers_have_to_grow),
        cmocka_unit_test(too_many_routes_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
