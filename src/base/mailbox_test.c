#include "mailbox.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <pthread.h>

#include "loop.h"

enum { SENDERS = 4, EACH = 20000 };

struct message {
    unsigned sender, number;
};

struct receiver {
    struct loop *loop;
    unsigned next[SENDERS]; /* each sender's messages come in order */
    unsigned total, wanted;
};

struct sender {
    pthread_t thread;
    struct mailbox *box;
    unsigned id;
};

static void on_message(void *owner, const void *msg)
{
    struct receiver *r = owner;
    const struct message *m = msg;
    loop_assert_here(r->loop);
    assert_int_equal(m->number, r->next[m->sender]);
    r->next[m->sender]++;
    if (++r->total == r->wanted)
        loop_stop(r->loop);
}

static void test_same_thread(void **state)
{
    (void)state;
    struct receiver r = { .loop = loop_create(), .wanted = 1 };
    struct mailbox *box = mailbox_create(r.loop, sizeof(struct message), 3, on_message, &r);
    assert_true(mailbox_post(box, &(struct message){ 0, 0 }));
    loop_run(r.loop); /* a single message wakes it */
    r.wanted = 4;
    for (unsigned i = 1; i < 4; i++)
        assert_true(mailbox_post(box, &(struct message){ 0, i }));
    assert_false(mailbox_post(box, &(struct message){ 0, 4 })); /* full */
    assert_int_equal(mailbox_depth(box), 3);
    assert_int_equal(r.total, 1); /* never from inside post */
    loop_run(r.loop);
    assert_int_equal(r.total, 4);
    assert_int_equal(mailbox_depth(box), 0);
    /* the ring goes round, and what waits at the end is delivered first */
    assert_true(mailbox_post(box, &(struct message){ 0, 4 }));
    mailbox_destroy(box);
    assert_int_equal(r.total, 5);
    mailbox_destroy(NULL);
    loop_destroy(r.loop);
}

static void *send_all(void *arg)
{
    struct sender *s = arg;
    for (unsigned i = 0; i < EACH; i++) {
        struct message m = { s->id, i };
        if (i % 2 || !mailbox_post(s->box, &m))
            mailbox_post_wait(s->box, &m);
    }
    return NULL;
}

static void test_many_threads(void **state)
{
    (void)state;
    struct receiver r = { .loop = loop_create(), .wanted = SENDERS * EACH };
    struct mailbox *box = mailbox_create(r.loop, sizeof(struct message), 64, on_message, &r);
    struct sender senders[SENDERS];
    for (unsigned i = 0; i < SENDERS; i++) {
        senders[i] = (struct sender){ .box = box, .id = i };
        assert_int_equal(pthread_create(&senders[i].thread, NULL, send_all, &senders[i]), 0);
    }
    loop_run(r.loop);
    for (unsigned i = 0; i < SENDERS; i++) {
        pthread_join(senders[i].thread, NULL);
        assert_int_equal(r.next[i], EACH);
    }
    assert_int_equal(r.total, SENDERS * EACH);
    mailbox_destroy(box);
    loop_destroy(r.loop);
}

/* --- two loops, one message to and fro --- */

struct end {
    struct loop *loop;
    struct mailbox *box;
    struct end *other;
    unsigned seen;
};

enum { ROUNDS = 1000 };

static void on_ball(void *owner, const void *msg)
{
    struct end *end = owner;
    unsigned number = *(const unsigned *)msg;
    end->seen++;
    if (number < 2 * ROUNDS) {
        number++;
        mailbox_post_wait(end->other->box, &number);
    }
    if (number >= 2 * ROUNDS - 1)
        loop_stop(end->loop);
}

static void *run_end(void *arg)
{
    loop_run(((struct end *)arg)->loop);
    return NULL;
}

static void test_to_and_fro(void **state)
{
    (void)state;
    struct end ends[2] = { { .loop = loop_create() }, { .loop = loop_create() } };
    for (int i = 0; i < 2; i++) {
        ends[i].other = &ends[1 - i];
        ends[i].box = mailbox_create(ends[i].loop, sizeof(unsigned), 2, on_ball, &ends[i]);
    }
    pthread_t thread;
    unsigned first = 0;
    mailbox_post_wait(ends[0].box, &first);
    assert_int_equal(pthread_create(&thread, NULL, run_end, &ends[1]), 0);
    loop_run(ends[0].loop);
    pthread_join(thread, NULL);
    for (int i = 0; i < 2; i++)
        mailbox_destroy(ends[i].box);
    assert_in_range(ends[0].seen + ends[1].seen, 2 * ROUNDS, 2 * ROUNDS + 1);
    loop_destroy(ends[0].loop);
    loop_destroy(ends[1].loop);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_same_thread),
        cmocka_unit_test(test_many_threads),
        cmocka_unit_test(test_to_and_fro),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
