/* Two fax machines, each at its end of one call on a real media thread: what is sent arrives, pixel
 * by pixel. */
#include "media/media_rig_test.h"

#include <spandsp/telephony.h>
#include <unistd.h>

#include "media/fax.h"
#include "media/fax_paper_test.h"

enum { PAGES = 1 };

struct fax_end {
    unsigned pages, done;
    bool success;
    char text[100], remote[FAX_IDENTITY_MAX + 1];
};

static void on_page(void *owner, unsigned number)
{
    ((struct fax_end *)owner)->pages = number;
}
static void on_done(void *owner, const struct fax_result *result)
{
    struct fax_end *machine = owner;
    machine->done++;
    machine->success = result->success;
    assert_int_equal(result->pages, machine->pages);
    snprintf(machine->text, sizeof machine->text, "%s", result->text);
    snprintf(machine->remote, sizeof machine->remote, "%s", result->remote_identity);
}
static const struct fax_events events = { on_page, on_done };

/* What `from` is sent goes to `to` as said by its far end. */
static void carry(struct far *from, struct far *to)
{
    while (far_try_receive(from))
        far_send(to, FAR_PCMU, (const uint8_t *)from->got.payload.ptr, from->got.payload.len, 160);
}

static void a_page_arrives_as_it_was(void **state)
{
    struct rig rig;
    struct far a, b;
    struct fax_end sender = { 0 }, receiver = { 0 };
    struct fax *out = NULL, *in = NULL;
    struct fax_office *office;
    char sent[] = "/tmp/fax-sent-XXXXXX", got[] = "/tmp/fax-got-XXXXXX";
    (void)state;
    close(mkstemp(sent));
    close(mkstemp(got));
    paper_write(sent, PAGES, PAPER_WIDTH, 1);
    rig_create(&rig, &(struct media_config){ .threads = 1 });
    far_create(&a, &rig);
    far_create(&b, &rig);
    far_describe(&a, &codec_pcmu, FAR_PCMU, FAR_PCMU, 0);
    far_describe(&b, &codec_pcmu, FAR_PCMU, FAR_PCMU, 0);
    rig_wait(&rig, &a.connected, 1, 1000);
    rig_wait(&rig, &b.connected, 1, 1000);
    office = fax_office_create(rig.media);
    const struct fax_config sends = {
        .stream = a.stream, .is_sender = true, .path = sent, .identity = "+15550001"
    };
    const struct fax_config receives = { .stream = b.stream, .path = got, .identity = "+15550002" };
    assert_int_equal(fax_create(&out, office, &sends, &events, &sender), OK);
    assert_int_equal(fax_create(&in, office, &receives, &events, &receiver), OK);
    for (int64_t until_us = rig_now_us() + 90000000;
         (!sender.done || !receiver.done) && rig_now_us() < until_us;) {
        loop_turn(rig.loop, 1);
        carry(&a, &b);
        carry(&b, &a);
    }
    assert_string_equal(sender.text, "OK");
    assert_string_equal(receiver.text, "OK");
    assert_true(sender.success && receiver.success);
    assert_int_equal(sender.pages, PAGES);
    assert_int_equal(receiver.pages, PAGES);
    assert_string_equal(sender.remote, "+15550002");
    assert_string_equal(receiver.remote, "+15550001");
    fax_destroy(out);
    fax_destroy(in);
    fax_office_destroy(office);
    paper_compare(got, PAGES);
    far_destroy(&a);
    far_destroy(&b);
    rig_destroy(&rig);
    unlink(sent);
    unlink(got);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_page_arrives_as_it_was),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
