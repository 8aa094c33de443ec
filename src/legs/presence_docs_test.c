/* What phones read: the documents, and that nobody's name breaks them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/num.h"
#include "legs/presence_docs.h"

static char mem[4096];

static void has(const struct buf *out, const char *text)
{
    struct slice all = buf_slice(out);
    if (slice_find(all, slice_of(text)) == all.len)
        fail_msg("no %s in %.*s", text, SLICE_ARG(all));
}

static void presence_says_whether_one_is_there_and_talks(void **state)
{
    (void)state;
    struct buf out = BUF_ON(mem);
    presence_print_pidf(SLICE("sip:a&b@x"), true, true, &out);
    has(&out, "entity=\"sip:a&amp;b@x\"");
    has(&out, "<basic>open</basic>");
    has(&out, "<rpid:on-the-phone/>");
    out = BUF_ON(mem);
    presence_print_pidf(SLICE("sip:a@x"), false, false, &out);
    has(&out, "<basic>closed</basic>");
    assert_int_equal(slice_find(buf_slice(&out), SLICE("on-the-phone")), out.len);
}

static void a_dialog_names_its_other_end(void **state)
{
    (void)state;
    struct buf out = BUF_ON(mem);
    struct presence_dialog dialog = { .call = "c0ffee",
                                      .leg = 2,
                                      .state = "early",
                                      .remote = SLICE("+4930"),
                                      .remote_name = SLICE("\"><x>"),
                                      .domain = SLICE("tandem") };
    presence_open_dialogs(SLICE("sip:bob@x"), 4, &out);
    presence_add_dialog(&dialog, SLICE("sip:bob@x"), &out);
    presence_close_dialogs(&out);
    has(&out, "version=\"4\" state=\"full\" entity=\"sip:bob@x\"");
    has(&out, "<dialog id=\"c0ffee-2\" direction=\"recipient\"><state>early</state>");
    has(&out, "<identity display=\"&quot;&gt;&lt;x&gt;\">sip:+4930@tandem</identity>");
}

static void contacts_and_mail(void **state)
{
    (void)state;
    struct buf out = BUF_ON(mem);
    struct presence_contact contact = {
        .uri = SLICE("sip:a@10.0.0.1"), .number = 9, .expires_s = 60, .q = 500
    };
    presence_print_reg(SLICE("sip:a@x"), 0, &contact, 1, &out);
    has(&out, "state=\"active\">\n<contact id=\"c9\" state=\"active\" event=\"registered\" "
              "expires=\"60\" q=\"0.500\"><uri>sip:a@10.0.0.1</uri>");
    out = BUF_ON(mem);
    presence_print_reg(SLICE("sip:a@x"), 1, NULL, 0, &out);
    has(&out, "state=\"terminated\"");
    out = BUF_ON(mem);
    presence_print_messages(SLICE("sip:a@x"), 2, 1, &out);
    has(&out, "Messages-Waiting: yes\r\nMessage-Account: sip:a@x\r\nVoice-Message: 2/1 (0/0)\r\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(presence_says_whether_one_is_there_and_talks),
        cmocka_unit_test(a_dialog_names_its_other_end),
        cmocka_unit_test(contacts_and_mail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
