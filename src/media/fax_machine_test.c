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
    fax_machine_tick(to->machine, 0);
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
    fax_machine_tick(sender.machine, 0);
    assert_false(fax_machine_is_done(sender.machine));
    pcm_pipe_close(sender.play); /* as the stream does when it ends */
    fax_machine_tick(sender.machine, 0);
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
        fax_machine_tick(sender.machine, 0);
    }
    assert_true(fax_machine_is_done(sender.machine));
    assert_false(fax_machine_result(sender.machine).success);
    teardown(&sender);
}

/* T.38: datagrams on their way from one machine to the other. */
struct mail {
    struct party *to;
    unsigned n, lose_every;
};
static void post(void *owner, struct slice datagram)
{
    struct mail *mail = owner;
    mail->n++;
    if (!mail->lose_every || mail->n % mail->lose_every)
        fax_machine_feed(mail->to->machine, datagram);
}

/* They begin in audio, and go on by T.38 after a second of it; of the datagrams every
 * `lose_every`th is lost. */
static void run_t38(struct party *sender, struct party *receiver, bool repeats, unsigned lose_every)
{
    const struct fax_remote remote = { .repeats = repeats, .max_datagram = 400 };
    struct mail out = { .to = receiver, .lose_every = lose_every },
                back = { .to = sender, .lose_every = lose_every };
    for (unsigned n = 0; n < 50; n++) {
        carry(sender, receiver, false);
        carry(receiver, sender, false);
    }
    fax_machine_go_t38(sender->machine, &remote, post, &out);
    fax_machine_go_t38(receiver->machine, &remote, post, &back);
    assert_true(pcm_pipe_is_alone(sender->play)); /* nothing of it is audio any more */
    for (int64_t now_ms = 1000; now_ms < 300000; now_ms += 10) {
        fax_machine_tick(sender->machine, now_ms);
        fax_machine_tick(receiver->machine, now_ms);
        if (fax_machine_is_done(sender->machine) && fax_machine_is_done(receiver->machine))
            break;
    }
    assert_true(fax_machine_result(sender->machine).is_t38);
}

static void t38_carries_pages(void **state)
{
    struct party sender, receiver;
    (void)state;
    setup(&sender, true, "+15550001");
    setup(&receiver, false, "+15550002");
    run_t38(&sender, &receiver, true, 0);
    check(&sender, &receiver);
    teardown(&sender);
    teardown(&receiver);
}

static void t38_repeats_what_is_lost(void **state)
{
    struct party sender, receiver;
    (void)state;
    setup(&sender, true, "+15550001");
    setup(&receiver, false, "+15550002");
    run_t38(&sender, &receiver, true, 4); /* a quarter of all datagrams */
    check(&sender, &receiver);
    teardown(&sender);
    teardown(&receiver);
}

/* The test of the one before it: that many losses are too many where nothing is repeated. */
static void t38_without_repeats_loses(void **state)
{
    struct party sender, receiver;
    (void)state;
    setup(&sender, true, "+15550001");
    setup(&receiver, false, "+15550002");
    run_t38(&sender, &receiver, false, 4);
    assert_int_not_equal(fax_machine_result(receiver.machine).pages, PAGES);
    teardown(&sender);
    teardown(&receiver);
}

static void t38_that_is_left_alone_ends(void **state)
{
    struct party sender;
    struct mail nowhere = { .lose_every = 1 };
    const struct fax_remote remote = { .repeats = true, .max_datagram = 400 };
    (void)state;
    setup(&sender, true, "+15550001");
    fax_machine_go_t38(sender.machine, &remote, post, &nowhere);
    for (int64_t now_ms = 1000; now_ms < 300000 && !fax_machine_is_done(sender.machine);
         now_ms += 10)
        fax_machine_tick(sender.machine, now_ms);
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
        cmocka_unit_test(t38_carries_pages),
        cmocka_unit_test(t38_repeats_what_is_lost),
        cmocka_unit_test(t38_without_repeats_loses),
        cmocka_unit_test(t38_that_is_left_alone_ends),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
