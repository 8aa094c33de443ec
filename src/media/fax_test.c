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
    bool success, is_t38;
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
    machine->is_t38 = result->is_t38;
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

/* Both sides agree on T.38: each is told where the other one is. */
static void agree_on_t38(struct fax *a, struct fax *b)
{
    struct fault fault;
    struct fax_remote at_a = { .repeats = true, .max_datagram = 400 }, at_b = at_a;
    assert_int_equal(fax_open_t38(a, &at_a.rtp.rtp, &fault), OK);
    assert_int_equal(fax_open_t38(b, &at_b.rtp.rtp, &fault), OK);
    fax_close_t38(a); /* the first offer was refused */
    assert_int_equal(fax_open_t38(a, &at_a.rtp.rtp, &fault), OK);
    fax_go_t38(a, &at_b);
    fax_go_t38(b, &at_a);
}

static void send_a_page(bool by_t38)
{
    struct rig rig;
    struct far a, b;
    struct fax_end sender = { 0 }, receiver = { 0 };
    struct fax *out = NULL, *in = NULL;
    struct fax_office *office;
    struct fault fault;
    struct addr local;
    char sent[] = "/tmp/fax-sent-XXXXXX", got[] = "/tmp/fax-got-XXXXXX";
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
    if (by_t38)
        agree_on_t38(out, in);
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
    assert_int_equal(sender.is_t38, by_t38);
    assert_int_equal(receiver.is_t38, by_t38);
    assert_int_equal(fax_open_t38(out, &local, &fault), by_t38 ? OK : ERR_MISUSE);
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

static void a_page_arrives_as_it_was(void **state)
{
    (void)state;
    send_a_page(false);
}

static void a_page_arrives_by_t38(void **state)
{
    (void)state;
    send_a_page(true);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_page_arrives_as_it_was),
        cmocka_unit_test(a_page_arrives_by_t38),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
