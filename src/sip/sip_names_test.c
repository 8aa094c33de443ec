#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <strings.h>

#include "sip_names.h"

static void every_header_is_found_by_its_name(void **state)
{
    (void)state;
    for (unsigned id = SIP_H_OTHER + 1; id < SIP_H_COUNT; id++) {
        const char *name = sip_header_name((enum sip_header_id)id);
        assert_int_equal(sip_header_id_of(slice_of(name)), id);
        if (id > SIP_H_OTHER + 1) /* the lookup halves the table */
            assert_true(strcasecmp(sip_header_name((enum sip_header_id)(id - 1)), name) < 0);
    }
    assert_int_equal(sip_header_id_of(SLICE("cOnTaCt")), SIP_H_CONTACT);
    assert_int_equal(sip_header_id_of(SLICE("Contac")), SIP_H_OTHER);
    assert_int_equal(sip_header_id_of(SLICE("Contacts")), SIP_H_OTHER);
    assert_int_equal(sip_header_id_of(SLICE("")), SIP_H_OTHER);
    assert_int_equal(sip_header_id_of(SLICE("X-Agent-Context")), SIP_H_OTHER);
}

static void compact_names_are_known(void **state)
{
    (void)state;
    static const struct {
        const char *compact;
        enum sip_header_id id;
    } rows[] = {
        { "i", SIP_H_CALL_ID },
        { "m", SIP_H_CONTACT },
        { "e", SIP_H_CONTENT_ENCODING },
        { "l", SIP_H_CONTENT_LENGTH },
        { "f", SIP_H_FROM },
        { "c", SIP_H_CONTENT_TYPE },
        { "s", SIP_H_SUBJECT },
        { "k", SIP_H_SUPPORTED },
        { "t", SIP_H_TO },
        { "v", SIP_H_VIA },
        { "o", SIP_H_EVENT },
        { "r", SIP_H_REFER_TO },
        { "x", SIP_H_SESSION_EXPIRES },
        { "b", SIP_H_REFERRED_BY },
        { "u", SIP_H_ALLOW_EVENTS },
        { "V", SIP_H_VIA },
        { "q", SIP_H_OTHER },
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        assert_int_equal(sip_header_id_of(slice_of(rows[i].compact)), rows[i].id);
}

static void methods_are_case_sensitive(void **state)
{
    (void)state;
    for (unsigned m = SIP_UNKNOWN + 1; m < SIP_METHOD_COUNT; m++)
        assert_int_equal(sip_method_of(slice_of(sip_method_name((enum sip_method)m))), m);
    assert_int_equal(sip_method_of(SLICE("invite")), SIP_UNKNOWN);
    assert_int_equal(sip_method_of(SLICE("")), SIP_UNKNOWN);
}

static void a_status_has_its_phrase_or_that_of_its_class(void **state)
{
    (void)state;
    assert_string_equal(sip_reason(100), "Trying");
    assert_string_equal(sip_reason(486), "Busy Here");
    assert_string_equal(sip_reason(608), "Rejected");
    assert_string_equal(sip_reason(499), "Request Failed");
    assert_string_equal(sip_reason(299), "OK");
    assert_string_equal(sip_reason(9999), "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_header_is_found_by_its_name),
        cmocka_unit_test(compact_names_are_known),
        cmocka_unit_test(methods_are_case_sensitive),
        cmocka_unit_test(a_status_has_its_phrase_or_that_of_its_class),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
