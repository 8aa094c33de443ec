/* RFC 4475 and RFC 5118: every message of both, and what those RFCs say about it. Run from the
 * root. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/num.h"
#include "sip_build.h"
#include "sip_digest.h"
#include "sip_msg.h"
#include "sip_nonce.h"

#define SEEDS "tests/seeds/sip_msg/"
enum { DISCARD = -1, VALID = 0 }; /* else the status to answer with */

static char bytes[SIP_MAX_MESSAGE];

static struct slice read_seed(const char *name)
{
    char path[200];
    snprintf(path, sizeof(path), SEEDS "%s.dat", name);
    FILE *file = fopen(path, "rb");
    if (!file)
        fail_msg("no %s: run from the root of the repository", path);
    size_t len = fread(bytes, 1, sizeof(bytes), file);
    fclose(file);
    assert_true(len > 0);
    return slice_make(bytes, len);
}

/* DISCARD, VALID, or the status that the parser says to answer. */
static int outcome_of(struct slice wire)
{
    struct sip_msg *msg = NULL;
    struct sip_fault fault;
    size_t used;
    int outcome = VALID;
    if (sip_msg_parse(&msg, wire, &used) != OK)
        outcome = sip_msg_parse_broken(&msg, wire, &fault) == OK ? (int)fault.status : DISCARD;
    sip_msg_unref(msg);
    return outcome;
}

static struct sip_msg *parse_seed(const char *name)
{
    struct sip_msg *msg = NULL;
    size_t used;
    assert_int_equal(sip_msg_parse(&msg, read_seed(name), &used), OK);
    return msg;
}

static const struct row {
    const char *name;
    int outcome;
} rows[] = {
    /* RFC 4475 §3.1.1, valid */
    { "wsinv", VALID },
    { "intmeth", VALID },
    { "esc01", VALID },
    { "escnull", VALID },
    { "esc02", VALID },
    { "lwsdisp", VALID },
    { "longreq", VALID },
    { "dblreq", VALID },
    { "semiuri", VALID },
    { "transports", VALID },
    { "mpart01", VALID },
    { "unreason", VALID },
    { "noreason", VALID },
    /* §3.1.2, invalid; where the RFC lets an element guess, we refuse, but for the Date */
    { "badinv01", 400 },
    { "clerr", 400 },
    { "ncl", 400 },
    { "scalar02", 400 },
    { "scalarlg", DISCARD },
    { "quotbal", 400 },
    { "ltgtruri", 400 },
    { "lwsruri", 400 },
    { "lwsstart", 400 },
    { "trws", 400 },
    { "escruri", 400 },
    { "baddate", VALID },
    { "regbadct", 400 },
    { "badaspec", 400 },
    { "baddn", 400 },
    { "badvers", 505 },
    { "mismatch01", 400 },
    { "mismatch02", 400 },
    { "bigcode", DISCARD },
    /* §3.2, transaction layer */
    { "badbranch", VALID },
    /* §3.3, application layer: valid syntax, see below */
    { "insuf", 400 },
    { "unkscm", VALID },
    { "novelsc", VALID },
    { "unksm2", VALID },
    { "bext01", VALID },
    { "invut", VALID },
    { "regaut01", VALID },
    { "multi01", 400 },
    { "mcl01", 400 },
    { "bcast", VALID },
    { "zeromf", VALID },
    { "cparam01", VALID },
    { "cparam02", VALID },
    { "regescrt", VALID },
    { "sdp01", VALID },
    /* §3.4, backward compatibility */
    { "inv2543", VALID },
    /* RFC 5118 §4 */
    { "ipv6-good", VALID },
    { "ipv6-bad", 400 },
    { "port-ambiguous", VALID },
    { "port-unambiguous", VALID },
    { "via-received-param-with-delim", VALID },
    { "via-received-param-no-delim", VALID },
    { "ipv6-in-sdp", VALID },
    { "mult-ip-in-header", VALID },
    { "mult-ip-in-sdp", VALID },
    { "ipv4-mapped-ipv6", VALID },
    { "ipv6-bug-abnf-3-colons", VALID },
    { "ipv6-correct-abnf-2-colons", VALID },
};

static void every_message_has_the_outcome_its_rfc_names(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        int outcome = outcome_of(read_seed(rows[i].name));
        if (outcome != rows[i].outcome)
            print_error("%s: %d instead of %d\n", rows[i].name, outcome, rows[i].outcome);
        assert_int_equal(outcome, rows[i].outcome);
    }
}

/* What we print of a valid one reads the same again. */
static void every_valid_message_survives_printing(void **state)
{
    (void)state;
    static char first[2 * SIP_MAX_MESSAGE], second[2 * SIP_MAX_MESSAGE];
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        if (rows[i].outcome != VALID)
            continue;
        struct buf once = BUF_ON(first), twice = BUF_ON(second);
        struct sip_msg *msg = parse_seed(rows[i].name), *again = NULL;
        size_t used;
        sip_msg_print(msg, &once);
        assert_int_equal(sip_msg_parse(&again, buf_slice(&once), &used), OK);
        assert_int_equal(sip_msg_total(again),
                         sip_msg_total(msg) + !sip_msg_header(msg, SIP_H_CONTENT_LENGTH));
        assert_true(slice_eq(sip_msg_body(again), sip_msg_body(msg)));
        sip_msg_print(again, &twice);
        assert_true(slice_eq(buf_slice(&once), buf_slice(&twice)));
        sip_msg_unref(msg);
        sip_msg_unref(again);
    }
}

/* A refused request gets an answer that parses where it has all it needs, and its words. */
static void every_refused_request_can_be_answered(void **state)
{
    (void)state;
    static char text[2 * SIP_MAX_MESSAGE];
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        if (rows[i].outcome <= 0)
            continue;
        struct sip_msg *msg = NULL;
        struct sip_fault fault;
        struct sip_build b;
        struct buf out = BUF_ON(text);
        struct addr source = addr_loopback4(5062);
        assert_int_equal(sip_msg_parse_broken(&msg, read_seed(rows[i].name), &fault), OK);
        sip_build_response(&b, &out, msg, fault.status, fault.reason, SLICE("us"), &source);
        assert_int_equal(sip_build_end(&b, SLICE_NONE, SLICE_NONE), OK);
        struct slice answer = buf_slice(&out);
        char start[100];
        snprintf(start, sizeof(start), "SIP/2.0 %u %s\r\nVia: SIP/2.0/", fault.status,
                 fault.reason);
        assert_true(slice_starts(answer, slice_of(start)));
        assert_true(slice_find(answer, SLICE(";received=127.0.0.1")) < answer.len);
        sip_msg_unref(msg);
    }
}

static void assert_slice(struct slice s, const char *text)
{
    if (!slice_is(s, text))
        fail_msg("'%.*s' is not '%s'", SLICE_ARG(s), text);
}

/* §3.1.1.1 */
static void wsinv_means_what_it_says(void **state)
{
    (void)state;
    struct sip_msg *msg = parse_seed("wsinv");
    assert_int_equal(sip_msg_method(msg), SIP_INVITE);
    assert_slice(sip_msg_to_tag(msg), "1918181833n");
    assert_slice(sip_msg_from_tag(msg), "98asjd8");
    assert_slice(sip_msg_from(msg)->display, "J Rosenberg \\\\\\\"");
    assert_int_equal(sip_msg_max_forwards(msg), 68);
    assert_int_equal(sip_msg_cseq(msg)->number, 9);
    assert_int_equal(sip_msg_count(msg, SIP_H_VIA), 3);
    assert_slice(sip_msg_via(msg)->host, "192.0.2.2");
    assert_slice(sip_msg_via(msg)->branch, "390skdjuw");
    struct sip_via via;
    assert_int_equal(sip_via_parse(sip_msg_header_nth(msg, SIP_H_VIA, 2)->value, &via), OK);
    assert_slice(via.host, "192.168.255.111");
    assert_slice(via.branch, "z9hG4bK30239");
    assert_slice(sip_msg_value(msg, SIP_H_SUBJECT), "");
    assert_non_null(sip_msg_header(msg, SIP_H_SUBJECT));
    assert_slice(sip_msg_header_named(msg, SLICE("unknownheaderwithunusualvalue"))->value,
                 ";;,,;;,;");
    assert_slice(sip_msg_header_named(msg, SLICE("NewFangledHeader"))->value,
                 "newfangled value   continued newfangled value");
    struct sip_name_addr contact;
    unsigned q;
    assert_int_equal(sip_name_addr_parse(sip_msg_value(msg, SIP_H_CONTACT), &contact), OK);
    assert_int_equal(sip_contact_q(&contact, &q), OK);
    assert_int_equal(q, 330);
    assert_slice(contact.display, "Quoted string \\\"\\\"");
    assert_int_equal(sip_msg_body(msg).len, 150);
    sip_msg_unref(msg);
}

/* §3.1.1.2 to §3.1.1.13 */
static void valid_messages_mean_what_they_say(void **state)
{
    (void)state;
    struct sip_msg *msg = parse_seed("intmeth");
    assert_int_equal(sip_msg_method(msg), SIP_UNKNOWN); /* 405 or 501 */
    assert_slice(sip_msg_method_text(msg), "!interesting-Method0123456789_*+`.%indeed'~");
    assert_slice(sip_msg_uri(msg)->password, "&it+has=1,weird!*pas$wo~d_too.(doesn't-it)");
    assert_slice(sip_msg_from_tag(msg), "_token~1'+`*%!-.");
    assert_slice(sip_msg_call_id(msg), "intmeth.word%ZK-!.*_+'@word`~)(><:\\/\"][?}{");
    assert_int_equal(sip_msg_to(msg)->display.len, 20);
    sip_msg_unref(msg);

    msg = parse_seed("escnull"); /* two bindings, not cut at the NUL */
    struct sip_name_addr one, two;
    assert_int_equal(sip_msg_count(msg, SIP_H_CONTACT), 2);
    assert_int_equal(sip_name_addr_parse(sip_msg_value(msg, SIP_H_CONTACT), &one), OK);
    assert_int_equal(sip_name_addr_parse(sip_msg_header_nth(msg, SIP_H_CONTACT, 1)->value, &two),
                     OK);
    assert_false(sip_uri_eq(&one.uri, &two.uri));
    sip_msg_unref(msg);

    msg = parse_seed("esc02"); /* neither a REGISTER nor three Contacts */
    assert_int_equal(sip_msg_method(msg), SIP_UNKNOWN);
    assert_int_equal(sip_msg_count(msg, SIP_H_CONTACT), 2);
    sip_msg_unref(msg);

    msg = parse_seed("longreq");
    assert_int_equal(sip_msg_count(msg, SIP_H_VIA), 34);
    sip_msg_unref(msg);

    msg = parse_seed("dblreq"); /* the second request is not a body */
    assert_int_equal(sip_msg_method(msg), SIP_REGISTER);
    assert_int_equal(sip_msg_body(msg).len, 0);
    sip_msg_unref(msg);

    msg = parse_seed("semiuri");
    assert_slice(sip_msg_uri(msg)->user, "user;par=u%40example.net");
    assert_slice(sip_msg_uri(msg)->host, "example.com");
    assert_int_equal(sip_msg_count(msg, SIP_H_ACCEPT), 6);
    sip_msg_unref(msg);

    msg = parse_seed("mpart01");
    assert_int_equal(sip_msg_body(msg).len, 553);
    sip_msg_unref(msg);

    msg = parse_seed("noreason");
    assert_int_equal(sip_msg_status(msg), 100);
    assert_slice(sip_msg_reason(msg), "");
    sip_msg_unref(msg);
}

/* §3.2, §3.3: the parser accepts, and shows what a user agent refuses by. */
static void application_faults_can_be_seen(void **state)
{
    (void)state;
    struct sip_msg *msg = parse_seed("badbranch");
    assert_false(sip_via_has_cookie(sip_msg_via(msg)));
    sip_msg_unref(msg);

    static const char *const unknown_scheme[] = { "unkscm", "novelsc" }; /* 416 */
    for (size_t i = 0; i < COUNT_OF(unknown_scheme); i++) {
        msg = parse_seed(unknown_scheme[i]);
        assert_int_equal(sip_msg_uri(msg)->scheme, SIP_URI_OTHER);
        sip_msg_unref(msg);
    }
    msg = parse_seed("bext01"); /* 420 */
    assert_true(sip_msg_lists(msg, SIP_H_REQUIRE, "nothingSupportsThisEither"));
    assert_int_equal(sip_msg_count(msg, SIP_H_REQUIRE), 2);
    sip_msg_unref(msg);

    msg = parse_seed("invut"); /* 415 */
    assert_slice(sip_msg_value(msg, SIP_H_CONTENT_TYPE), "application/unknownformat");
    sip_msg_unref(msg);

    msg = parse_seed("regaut01"); /* 401 */
    struct sip_credentials credentials;
    assert_int_equal(
        sip_credentials_find(msg, SIP_H_AUTHORIZATION, SLICE("example.com"), &credentials),
        ERR_NOT_FOUND);
    sip_msg_unref(msg);

    msg = parse_seed("bcast"); /* dropped: the second Via is not ours either */
    assert_int_equal(sip_msg_count(msg, SIP_H_VIA), 2);
    sip_msg_unref(msg);

    msg = parse_seed("zeromf"); /* an endpoint answers it */
    assert_int_equal(sip_msg_max_forwards(msg), 0);
    sip_msg_unref(msg);

    struct sip_name_addr contact;
    msg = parse_seed("cparam01"); /* the parameter is the header's … */
    assert_int_equal(sip_name_addr_parse(sip_msg_value(msg, SIP_H_CONTACT), &contact), OK);
    assert_true(sip_param_find(contact.params, "unknownparam", NULL));
    assert_int_equal(contact.uri.params.len, 0);
    sip_msg_unref(msg);

    msg = parse_seed("cparam02"); /* … and here the URI's */
    assert_int_equal(sip_name_addr_parse(sip_msg_value(msg, SIP_H_CONTACT), &contact), OK);
    assert_true(sip_uri_param(&contact.uri, "unknownparam", NULL));
    assert_int_equal(contact.params.len, 0);
    sip_msg_unref(msg);

    msg = parse_seed("sdp01"); /* 406 */
    assert_false(sip_msg_lists(msg, SIP_H_ACCEPT, "application/sdp"));
    sip_msg_unref(msg);

    msg = parse_seed("inv2543");
    assert_int_equal(sip_msg_max_forwards(msg), SIP_MAX_FORWARDS);
    assert_slice(sip_msg_from_tag(msg), "");
    assert_true(sip_msg_body(msg).len > 0);
    sip_msg_unref(msg);
}

/* RFC 5118 */
static void ipv6_messages_mean_what_they_say(void **state)
{
    (void)state;
    struct sip_msg *msg = parse_seed("port-ambiguous");
    assert_slice(sip_msg_uri(msg)->host, "2001:db8::10:5070");
    assert_int_equal(sip_msg_uri(msg)->port, 0);
    sip_msg_unref(msg);
    msg = parse_seed("port-unambiguous");
    assert_slice(sip_msg_uri(msg)->host, "2001:db8::10");
    assert_int_equal(sip_msg_uri(msg)->port, 5070);
    sip_msg_unref(msg);
    msg = parse_seed("via-received-param-with-delim");
    assert_slice(sip_msg_via(msg)->received, "2001:db8::9:255");
    sip_msg_unref(msg);
    msg = parse_seed("via-received-param-no-delim");
    assert_slice(sip_msg_via(msg)->received, "2001:db8::9:255");
    sip_msg_unref(msg);
    msg = parse_seed("mult-ip-in-header");
    assert_slice(sip_msg_via(msg)->host, "2001:db8::9:1");
    assert_int_equal(sip_msg_via(msg)->port, 6050);
    sip_msg_unref(msg);

    struct addr bug, correct;
    msg = parse_seed("ipv6-bug-abnf-3-colons");
    assert_int_equal(sip_host_addr(sip_msg_uri(msg)->host, 0, &bug), OK);
    sip_msg_unref(msg);
    msg = parse_seed("ipv6-correct-abnf-2-colons");
    assert_int_equal(sip_host_addr(sip_msg_uri(msg)->host, 0, &correct), OK);
    assert_true(addr_eq(&bug, &correct));
    sip_msg_unref(msg);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_message_has_the_outcome_its_rfc_names),
        cmocka_unit_test(every_valid_message_survives_printing),
        cmocka_unit_test(every_refused_request_can_be_answered),
        cmocka_unit_test(wsinv_means_what_it_says),
        cmocka_unit_test(valid_messages_mean_what_they_say),
        cmocka_unit_test(application_faults_can_be_seen),
        cmocka_unit_test(ipv6_messages_mean_what_they_say),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
