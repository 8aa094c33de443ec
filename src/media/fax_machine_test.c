/* Two fax machines whose pipes are each other's, in no time: pages arrive as they were, frames that
 * are lost are sent again, and one that is left alone says so. */
#include "media/fax_machine.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "media/fax_paper_test.h"

enum { PAGES = 3, FRAMES_MAX = 50 * 300 };

/* A machine and the stream's ends of its pipes. */
struct party {
    char path[40];
    struct pcm_pipe *heard, *play;
    struct fax_machine *machine;
};

static void setup(struct party *party, bool is_sender, const char *identity)
{
    snprintf(party->path, sizeof party->path, "/tmp/fax-machine-XXXXXX");
    close(mkstemp(party->path));
    if (is_sender)
        paper_write(party->path, PAGES, PAPER_WIDTH, 1);
    party->heard = pcm_pipe_create(FAX_RATE_HZ);
    party->play = pcm_pipe_create(FAX_RATE_HZ);
    party->machine = fax_machine_create(&(struct fax_machine_config){ .is_sender = is_sender,
                                                                      .path = party->path,
                                                                      .identity = identity,
                                                                      .take_heard = party->heard,
                                                                      .take_play = party->play });
}

static void teardown(struct party *party)
{
    pcm_pipe_close(party->heard);
    pcm_pipe_close(party->play);
    if (party->machine)
        fax_machine_destroy(party->machine);
    unlink(party->path);
}

/* One frame of what `from` says; `lost`: silence in its place. */
static void carry(struct party *from, struct party *to, bool lost)
{
    int16_t pcm[FAX_FRAME] = { 0 };
    pcm_pipe_read(from->play, pcm, FAX_FRAME);
    if (lost)
        memset(pcm, 0, sizeof pcm);
    pcm_pipe_write(to->heard, pcm, FAX_FRAME);
    fax_machine_tick(to->machine);
}

/* Until both are done; every `lose_every`th frame of the sender is lost (0: none). */
static void run(struct party *sender, struct party *receiver, unsigned lose_every)
{
    for (unsigned n = 1; n < FRAMES_MAX; n++) {
        carry(sender, receiver, lose_every && n % lose_every == 0);
        carry(receiver, sender, false);
        if (fax_machine_is_done(sender->machine) && fax_machine_is_done(receiver->machine))
            return;
    }
    fail_msg("they never end");
}

static void check(struct party *sender, struct party *receiver)
{
    const struct fax_result sent = fax_machine_result(sender->machine),
                            got = fax_machine_result(receiver->machine);
    assert_string_equal(sent.text, "OK");
    assert_string_equal(got.text, "OK");
    assert_true(sent.success && got.success);
    assert_int_equal(sent.pages, PAGES);
    assert_int_equal(got.pages, PAGES);
    assert_string_equal(sent.remote_identity, "+15550002");
    assert_string_equal(got.remote_identity, "+15550001");
    assert_int_equal(got.rate_bps, 14400);
    fax_machine_destroy(receiver->machine); /* completes its file */
    receiver->machine = NULL;
    paper_compare(receiver->path, PAGES);
}

static void pages_arrive_as_they_were(void **state)
{
    struct party sender, receiver;
    (void)state;
    setup(&sender, true, "+15550001");
    setup(&receiver, false, "+15550002");
    run(&sender, &receiver, 0);
    check(&sender, &receiver);
    teardown(&sender);
    teardown(&receiver);
}

/* T.30 annex A: what was lost of a page is sent again. */
static void lost_audio_is_sent_again(void **state)
{
    struct party sender, receiver;
    (void)state;
    setup(&sender, true, "+15550001");
    setup(&receiver, false, "+15550002");
    run(&sender, &receiver, 331);
    check(&sender, &receiver);
    teardown(&sender);
    teardown(&receiver);
}

/* The far end hangs up right behind its last word, or we do: every page was confirmed. */
static void a_delivered_fax_stays_one(void **state)
{
    struct party sender, receiver;
    unsigned n = 0;
    (void)state;
    setup(&sender, true, "+15550001");
    setup(&receiver, false, "+15550002");
    for (; n < FRAMES_MAX && fax_machine_pages(sender.machine) < PAGES; n++) {
        assert_false(fax_machine_is_done(sender.machine));
        carry(&sender, &receiver, false);
        carry(&receiver, &sender, false);
    }
    fax_machine_stop(sender.machine);
    fax_machine_stop(receiver.machine);
    check(&sender, &receiver);
    teardown(&sender);
    teardown(&receiver);
}

static void a_call_that_ends_too_soon_is_no_success(void **state)
{
    struct party sender;
    (void)state;
    setup(&sender, true, "+15550001");
    const int16_t silence[FAX_FRAME] = { 0 };
    pcm_pipe_write(sender.heard, silence, FAX_FRAME);
    fax_machine_tick(sender.machine);
    assert_false(fax_machine_is_done(sender.machine));
    pcm_pipe_close(sender.play); /* as the stream does when it ends */
    fax_machine_tick(sender.machine);
    assert_true(fax_machine_is_done(sender.machine));
    const struct fax_result result = fax_machine_result(sender.machine);
    assert_false(result.success);
    assert_int_equal(result.pages, 0);
    assert_string_equal(result.text, "The call dropped prematurely");
    fax_machine_destroy(sender.machine);
    pcm_pipe_close(sender.heard);
    unlink(sender.path);
}

/* A voice answers: nobody waits for ever. */
static void nobody_there_is_an_end(void **state)
{
    struct party sender;
    const int16_t silence[FAX_FRAME] = { 0 };
    (void)state;
    setup(&sender, true, "+15550001");
    for (unsigned n = 0; n < FRAMES_MAX && !fax_machine_is_done(sender.machine); n++) {
        pcm_pipe_write(sender.heard, silence, FAX_FRAME);
        pcm_pipe_read(sender.play, NULL, FAX_FRAME);
        fax_machine_tick(sender.machine);
    }
    assert_true(fax_machine_is_done(sender.machine));
    assert_false(fax_machine_result(sender.machine).success);
    teardown(&sender);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pages_arrive_as_they_were),
        cmocka_unit_test(lost_audio_is_sent_again),
        cmocka_unit_test(a_delivered_fax_stays_one),
        cmocka_unit_test(a_call_that_ends_too_soon_is_no_success),
        cmocka_unit_test(nobody_there_is_an_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
