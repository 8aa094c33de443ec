#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/num.h"
#include "sip_hdr.h"

static void assert_slice(struct slice s, const char *text)
{
    if (!slice_is(s, text))
        fail_msg("'%.*s' is not '%s'", SLICE_ARG(s), text);
}

static void via_has_all_its_parts(void **state)
{
    (void)state;
    struct sip_via via;
    assert_int_equal(
        sip_via_parse(SLICE("SIP / 2.0 / UDP [2001:db8::9:1] : 5061 ;ttl=16 ;"
                            "maddr=224.2.0.1;received=[::2];rport=99;branch=z9hG4bKa;x"),
                      &via),
        OK);
    assert_slice(via.transport, "UDP");
    assert_slice(via.host, "2001:db8::9:1");
    assert_int_equal(via.port, 5061);
    assert_int_equal(via.ttl, 16);
    assert_slice(via.maddr, "224.2.0.1");
    assert_slice(via.received, "::2");
    assert_true(via.has_rport);
    assert_int_equal(via.rport, 99);
    assert_true(sip_via_has_cookie(&via));
    char text[200];
    struct buf out = BUF_ON(text);
    sip_via_print(&via, &out);
    assert_slice(buf_slice(&out), "SIP/2.0/UDP [2001:db8::9:1]:5061;ttl=16;maddr=224.2.0.1;"
                                  "received=::2;rport=99;branch=z9hG4bKa;x");
    struct sip_via ours = { .transport = SLICE("WSS"),
                            .host = SLICE("example.com"),
                            .has_rport = true,
                            .branch = SLICE("z9hG4bK1") };
    buf_reset(&out);
    sip_via_print(&ours, &out);
    assert_slice(buf_slice(&out), "SIP/2.0/WSS example.com;rport;branch=z9hG4bK1");
}

static void malformed_vias_are_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "",
        "SIP/2.0/UDP",
        "SIP/2.0 host",
        "SIP/2.0/UDP host;;branch=x",
        "SIP/2.0/UDP host:99999",
        "SIP/2.0/UDP host;rport=x",
        "SIP/2.0/UDP host;ttl=300",
        "SIP/2.0/UDP 2001:db8::1;branch=x",
        "SIP/2.0/UDP a b;branch=x",
        "SIP/2.0/UDP host;branch=\"a b\"",
        "SIP/2.0/UDP host;received",
    };
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        struct sip_via via;
        if (sip_via_parse(slice_of(bad[i]), &via) == OK)
            fail_msg("'%s' was taken", bad[i]);
    }
}

static struct sip_name_addr addr_of(const char *text)
{
    struct sip_name_addr addr = { 0 };
    if (sip_name_addr_parse(slice_of(text), &addr) != OK)
        fail_msg("'%s' does not parse", text);
    return addr;
}

static void name_addrs_come_in_many_forms(void **state)
{
    (void)state;
    static const struct {
        const char *text, *display, *user, *params, *tag, *printed;
    } rows[] = {
        { "\"A. G. \\\"Bell\\\"\" <sip:agb@bell.com> ;tag=a48s", "A. G. \\\"Bell\\\"", "agb",
          "tag=a48s", "a48s", "\"A. G. \\\"Bell\\\"\" <sip:agb@bell.com>;tag=a48s" },
        { "Anonymous <sip:c8oqz84zk7z@privacy.org>;tag=hyh8", "Anonymous", "c8oqz84zk7z",
          "tag=hyh8", "hyh8", "\"Anonymous\" <sip:c8oqz84zk7z@privacy.org>;tag=hyh8" },
        { "sip:+12125551212@phone2net.com;tag=887s", "", "+12125551212", "tag=887s", "887s",
          "<sip:+12125551212@phone2net.com>;tag=887s" },
        { "<sip:a@b;lr>", "", "a", "", "", "<sip:a@b;lr>" },
        { "Desk (3rd floor)<sip:a@b>", "Desk (3rd floor)", "a", "", "",
          "\"Desk (3rd floor)\" <sip:a@b>" },
        { "\"\" <sip:a@b>", "", "a", "", "", "<sip:a@b>" },
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct sip_name_addr addr = addr_of(rows[i].text);
        assert_slice(addr.display, rows[i].display);
        assert_slice(addr.uri.user, rows[i].user);
        assert_slice(addr.params, rows[i].params);
        assert_slice(addr.tag, rows[i].tag);
        char text[200];
        struct buf out = BUF_ON(text);
        sip_name_addr_print(&addr, &out);
        assert_slice(buf_slice(&out), rows[i].printed);
    }
    assert_true(addr_of("*").is_star);
}

static void malformed_name_addrs_are_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "",
        "<sip:a@b",
        "\"open <sip:a@b>",
        "\"x\" sip:a@b",
        "Bell, A <sip:a@b>",
        "< sip:a@b >",
        "<sip:a@b>x",
        "<sip:a@b>;;",
        "<>",
        "sip:a@b?x=y",
        "sip:a@b;tag=",
        "a;b <sip:a@b>",
        "a\\ <sip:a@b>",
    };
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        struct sip_name_addr addr;
        if (sip_name_addr_parse(slice_of(bad[i]), &addr) == OK)
            fail_msg("'%s' was taken", bad[i]);
    }
}

static void contacts_have_expires_q_and_instance(void **state)
{
    (void)state;
    struct sip_name_addr c = addr_of("<sip:a@b>;expires=60;q=0.7;reg-id=2;"
                                     "+sip.instance=\"<urn:uuid:f81d>\"");
    unsigned q = 0;
    assert_int_equal(sip_contact_expires(&c, 300), 60);
    assert_int_equal(sip_contact_q(&c, &q), OK);
    assert_int_equal(q, 700);
    assert_slice(sip_contact_instance(&c), "urn:uuid:f81d");
    assert_int_equal(sip_contact_reg_id(&c), 2);
    c = addr_of("<sip:a@b>");
    assert_int_equal(sip_contact_expires(&c, 300), 300);
    assert_int_equal(sip_contact_q(&c, &q), OK);
    assert_int_equal(q, 1000);
    c = addr_of("<sip:a@b>;expires=soon");
    assert_int_equal(sip_contact_expires(&c, 300), 3600);
    c = addr_of("<sip:a@b>;expires=280297596632815");
    assert_true(sip_contact_expires(&c, 300) == UINT32_MAX);
    static const struct {
        const char *contact;
        int q; /* -1: refused */
    } rows[] = { { "<sip:a@b>;q=0", 0 },        { "<sip:a@b>;q=1", 1000 },
                 { "<sip:a@b>;q=1.000", 1000 }, { "<sip:a@b>;q=0.05", 50 },
                 { "<sip:a@b>;q=1.001", -1 },   { "<sip:a@b>;q=2", -1 },
                 { "<sip:a@b>;q=0.1234", -1 },  { "<sip:a@b>;q=.5", -1 } };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        c = addr_of(rows[i].contact);
        enum err err = sip_contact_q(&c, &q);
        assert_int_equal(err == OK ? (int)q : -1, rows[i].q);
    }
}

static void cseq_and_rack_are_numbers_and_a_method(void **state)
{
    (void)state;
    struct sip_cseq cseq;
    assert_int_equal(sip_cseq_parse(SLICE("0009   INVITE"), &cseq), OK);
    assert_int_equal(cseq.number, 9);
    assert_int_equal(cseq.method, SIP_INVITE);
    assert_int_equal(sip_cseq_parse(SLICE("2147483647 FOO"), &cseq), OK);
    assert_int_equal(cseq.method, SIP_UNKNOWN);
    assert_slice(cseq.method_text, "FOO");
    static const char *const bad[] = { "", "1", "INVITE", "2147483648 INVITE", "-1 BYE", "1 A B" };
    for (size_t i = 0; i < COUNT_OF(bad); i++)
        assert_int_equal(sip_cseq_parse(slice_of(bad[i]), &cseq), ERR_PARSE);

    struct sip_rack rack;
    char text[60];
    struct buf out = BUF_ON(text);
    assert_int_equal(sip_rack_parse(SLICE("776656 1 INVITE"), &rack), OK);
    sip_rack_print(&rack, &out);
    assert_slice(buf_slice(&out), "776656 1 INVITE");
    assert_int_equal(sip_rack_parse(SLICE("1 INVITE"), &rack), ERR_PARSE);
    uint32_t rseq;
    assert_int_equal(sip_rseq_parse(SLICE("988789"), &rseq), OK);
    assert_int_equal(rseq, 988789);
}

static void session_timers_replaces_and_events_are_read(void **state)
{
    (void)state;
    char text[100];
    struct buf out = BUF_ON(text);
    struct sip_session_expires se;
    assert_int_equal(sip_session_expires_parse(SLICE("1800;refresher=UAC"), &se), OK);
    assert_int_equal(se.seconds, 1800);
    assert_int_equal(se.refresher, SIP_REFRESHER_UAC);
    sip_session_expires_print(&se, &out);
    assert_slice(buf_slice(&out), "1800;refresher=uac");
    assert_int_equal(sip_session_expires_parse(SLICE("90"), &se), OK);
    assert_int_equal(se.refresher, SIP_REFRESHER_NONE);

    struct sip_replaces replaces;
    struct slice wire = SLICE("98732@sip.example.com;from-tag=r33th4x0r;to-tag=ff87ff;early-only");
    assert_int_equal(sip_replaces_parse(wire, &replaces), OK);
    assert_slice(replaces.call_id, "98732@sip.example.com");
    assert_slice(replaces.to_tag, "ff87ff");
    assert_slice(replaces.from_tag, "r33th4x0r");
    assert_true(replaces.early_only);
    static const char *const bad[] = { "x;to-tag=1", ";to-tag=1;from-tag=2",
                                       "x y;to-tag=1;from-tag=2", "x;to-tag=\"1 2\";from-tag=2" };
    for (size_t i = 0; i < COUNT_OF(bad); i++)
        assert_int_equal(sip_replaces_parse(slice_of(bad[i]), &replaces), ERR_PARSE);

    struct sip_value event;
    struct slice id;
    assert_int_equal(sip_value_parse(SLICE("refer ;id=93809824"), &event), OK);
    assert_slice(event.word, "refer");
    assert_true(sip_param_find(event.params, "id", &id));
    assert_slice(id, "93809824");

    uint32_t seconds;
    assert_int_equal(sip_seconds_parse(SLICE("120 (I'm in a meeting)"), &seconds), OK);
    assert_int_equal(seconds, 120);
    assert_int_equal(sip_seconds_parse(SLICE("18000;duration=3600"), &seconds), OK);
    assert_int_equal(sip_seconds_parse(SLICE("99999999999999999999999"), &seconds), OK);
    assert_true(seconds == UINT32_MAX);
    assert_int_equal(sip_seconds_parse(SLICE("soon"), &seconds), ERR_PARSE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(via_has_all_its_parts),
        cmocka_unit_test(malformed_vias_are_refused),
        cmocka_unit_test(name_addrs_come_in_many_forms),
        cmocka_unit_test(malformed_name_addrs_are_refused),
        cmocka_unit_test(contacts_have_expires_q_and_instance),
        cmocka_unit_test(cseq_and_rack_are_numbers_and_a_method),
        cmocka_unit_test(session_timers_replaces_and_events_are_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
