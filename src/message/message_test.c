/* The queue with a sender that does what it is told: states in order, tries again, restarts in the
 * middle, receipts, codes that leave no trace. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <unistd.h>

#include "base/buf.h"
#include "base/log.h"
#include "base/loop.h"
#include "base/num.h"
#include "base/seal.h"
#include "message.h"
#include "store/store_rows.h"

static struct {
    struct loop *loop;
    struct store *store;
    struct seal *seal;
    struct messages *messages;
    char dir[64];
    char states[400], sent[2000], last_id[UUID_TEXT], kept[80];
    int n_sent, n_added;
    bool answers;
    struct message_result answer;
} f;

static bool route(void *owner, const struct message_new *message, char out[MESSAGE_TARGET])
{
    (void)owner;
    if (strcmp(message->to, "nowhere") == 0)
        return false;
    return slice_copy(slice_of(strcmp(message->to, "once") == 0 ? "once" : "again:x"), out,
                      MESSAGE_TARGET);
}

static void on_status(void *owner, const struct store_message *row)
{
    (void)owner;
    size_t len = strlen(f.states);
    snprintf(f.states + len, sizeof f.states - len, "%s%s%s ", row->status,
             row->error_code[0] ? "/" : "", row->error_code);
}

static void answer_now(void *owner)
{
    (void)owner;
    messages_tell(f.messages, f.last_id, &f.answer);
}

static void send_one(void *owner, const struct store_message *row)
{
    (void)owner;
    size_t len = strlen(f.sent);
    f.n_sent++;
    snprintf(f.sent + len, sizeof f.sent - len, "%s|", row->body);
    snprintf(f.last_id, sizeof f.last_id, "%s", row->id);
    if (f.answers)
        loop_defer(f.loop, answer_now, NULL);
}

static void start(void)
{
    static const struct messages_ops ops = { route, on_status };
    const struct message_sender senders[] = {
        { .name = "again", .is_idempotent = true, .send = send_one },
        { .name = "once", .takes_media = true, .send = send_one },
    };
    const struct messages_config config = { .loop = f.loop,
                                            .store = f.store,
                                            .seal = f.seal,
                                            .ops = &ops,
                                            .senders = senders,
                                            .n_senders = 2,
                                            .per_second = 5 };
    f.messages = messages_create(&config);
    messages_start(f.messages);
    loop_advance(f.loop, 0);
}

/* as a crash does: nothing more is written */
static void restart(void)
{
    messages_destroy(f.messages);
    store_close(f.store);
    struct store_config config = { .loop = f.loop, .state_dir = f.dir };
    assert_int_equal(store_open(&f.store, &config, NULL), OK);
    start();
}

static int setup(void **state)
{
    (void)state;
    memset(&f, 0, sizeof f);
    snprintf(f.dir, sizeof f.dir, "/tmp/tandem-message-XXXXXX");
    if (!mkdtemp(f.dir))
        return -1;
    f.loop = loop_create_simulated();
    f.seal = seal_create();
    f.answers = true;
    struct store_config config = { .loop = f.loop, .state_dir = f.dir };
    if (seal_renew(f.seal) || store_open(&f.store, &config, NULL))
        return -1;
    start();
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    static const char *const names[] = { "tandem.db", "tandem.db-wal", "tandem.db-shm" };
    messages_destroy(f.messages);
    store_close(f.store);
    seal_destroy(f.seal);
    loop_destroy(f.loop);
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        char path[128];
        snprintf(path, sizeof path, "%s/%s", f.dir, names[i]);
        unlink(path);
    }
    return rmdir(f.dir);
}

static void on_added(void *owner, enum err err, const struct store_message *row)
{
    (void)owner;
    assert_int_equal(err, OK);
    assert_string_equal(row->status, "queued");
    f.n_added++;
}

static enum err add(const struct message_new *message)
{
    struct fault fault;
    return messages_add(f.messages, message, on_added, NULL, &fault);
}

static const struct message_new hello = { .from = "+1555", .to = "+1666", .body = "hello" };

static void test_states_come_in_order(void **state)
{
    (void)state;
    f.answer = (struct message_result){ .outcome = MESSAGE_SENT, .peer_id = "p7" };
    assert_int_equal(add(&hello), OK);
    loop_advance(f.loop, 10);
    assert_int_equal(f.n_added, 1);
    assert_string_equal(f.states, "queued initiated sent ");
    assert_string_equal(f.sent, "hello|");
    struct message_result receipt = { .outcome = MESSAGE_DELIVERED };
    messages_tell_peer(f.messages, "again:x", "p7", &receipt);
    messages_tell_peer(f.messages, "again:x", "p7", &receipt); /* it comes twice */
    receipt.outcome = MESSAGE_REFUSED;
    messages_tell(f.messages, f.last_id, &receipt); /* and contradicts itself */
    loop_advance(f.loop, 10);
    assert_string_equal(f.states, "queued initiated sent delivered ");
    loop_advance(f.loop, 100000);
    assert_int_equal(f.n_sent, 1);
}

static void test_tries_again_until_its_time_is_over(void **state)
{
    (void)state;
    f.answer = (struct message_result){ .outcome = MESSAGE_AGAIN };
    struct message_new message = hello;
    message.valid_s = 60;
    assert_int_equal(add(&message), OK);
    loop_advance(f.loop, 900);
    assert_int_equal(f.n_sent, 1);
    loop_advance(f.loop, 200);
    assert_int_equal(f.n_sent, 2);
    loop_advance(f.loop, 5100);
    assert_int_equal(f.n_sent, 3);
    assert_int_equal(messages_waiting(f.messages), 1);
    loop_advance(f.loop, 100000);
    assert_int_equal(f.n_sent, 4);
    assert_string_equal(f.states, "queued initiated undelivered/30003 ");
    assert_int_equal(messages_waiting(f.messages), 0);
}

static void test_a_wake_is_a_try(void **state)
{
    (void)state;
    f.answer = (struct message_result){ .outcome = MESSAGE_AGAIN, .wait_ms = 600000 };
    assert_int_equal(add(&hello), OK);
    loop_advance(f.loop, 1000);
    f.answer = (struct message_result){ .outcome = MESSAGE_DELIVERED };
    messages_wake(f.messages, "again:y");
    loop_advance(f.loop, 1000);
    assert_int_equal(f.n_sent, 1);
    messages_wake(f.messages, "again:x");
    loop_advance(f.loop, 1000);
    assert_string_equal(f.states, "queued initiated delivered ");
}

static void test_refusals(void **state)
{
    (void)state;
    struct fault fault;
    struct message_new message = hello;
    json_t *media = json_pack("[s]", "https://x.example/a.png");
    message.to = "nowhere";
    assert_int_equal(add(&message), ERR_NOT_FOUND);
    message = hello;
    message.body = "";
    assert_int_equal(add(&message), ERR_INVALID);
    message.body = "\xff";
    assert_int_equal(add(&message), ERR_INVALID);
    message = hello;
    message.media = media;
    assert_int_equal(messages_add(f.messages, &message, NULL, NULL, &fault), ERR_UNSUPPORTED);
    assert_string_equal(fault.where, "media");
    message.to = "once";
    assert_int_equal(add(&message), OK);
    loop_advance(f.loop, 10);
    json_decref(media);
    f.answer = (struct message_result){ .outcome = MESSAGE_REFUSED, .code = "21610" };
    f.states[0] = '\0';
    assert_int_equal(add(&hello), OK);
    loop_advance(f.loop, 1000);
    assert_string_equal(f.states, "queued initiated failed/21610 ");
}

static void test_restart_in_the_middle(void **state)
{
    (void)state;
    f.answers = false;
    struct message_new once = hello;
    once.to = "once";
    assert_int_equal(add(&hello), OK);
    assert_int_equal(add(&once), OK);
    loop_advance(f.loop, 10);
    assert_int_equal(f.n_sent, 2);
    f.states[0] = f.sent[0] = '\0';
    f.answers = true;
    f.answer = (struct message_result){ .outcome = MESSAGE_SENT };
    restart();
    loop_advance(f.loop, 5000);
    /* one peer knows what comes twice, the other would have shown it twice */
    assert_string_equal(f.sent, "hello|");
    assert_string_equal(f.states, "undelivered/30008 sent ");
    restart();
    loop_advance(f.loop, 5000);
    assert_int_equal(f.n_sent, 3);
}

static void test_what_waits_outlives_a_restart(void **state)
{
    (void)state;
    f.answer = (struct message_result){ .outcome = MESSAGE_AGAIN };
    assert_int_equal(add(&hello), OK);
    loop_advance(f.loop, 500);
    restart();
    f.answer = (struct message_result){ .outcome = MESSAGE_SENT };
    loop_advance(f.loop, 100000);
    assert_string_equal(f.sent, "hello|hello|");
    assert_string_equal(f.states, "queued initiated sent ");
}

static void on_row(void *owner, const struct store_answer *answer)
{
    (void)owner;
    snprintf(f.kept, sizeof f.kept, "%s", STORE_ROWS(answer, store_message)->body);
}

static void look_at_row(void)
{
    store_message_find(f.store, f.last_id, (struct store_reply){ on_row, NULL });
    loop_advance(f.loop, 0);
}

static void test_codes_leave_no_trace(void **state)
{
    (void)state;
    struct message_new message = hello;
    message.body = "482913";
    message.is_sensitive = true;
    f.answer = (struct message_result){ .outcome = MESSAGE_AGAIN };
    assert_int_equal(add(&message), OK);
    loop_advance(f.loop, 10);
    look_at_row();
    assert_true(strncmp(f.kept, "s1:", 3) == 0);
    f.answer = (struct message_result){ .outcome = MESSAGE_SENT };
    loop_advance(f.loop, 2000);
    assert_string_equal(f.sent, "482913|482913|");
    look_at_row();
    assert_string_equal(f.kept, "");
}

static void test_not_more_than_so_many_a_second(void **state)
{
    (void)state;
    f.answer = (struct message_result){ .outcome = MESSAGE_SENT };
    for (int i = 0; i < 30; i++)
        assert_int_equal(add(&hello), OK);
    f.states[0] = '\0';
    loop_advance(f.loop, 100);
    assert_true(f.n_sent <= 6);
    loop_advance(f.loop, 2000);
    assert_in_range(f.n_sent, 10, 17);
    loop_advance(f.loop, 10000);
    assert_int_equal(f.n_sent, 30);
}

static void test_what_comes_in_is_kept(void **state)
{
    (void)state;
    struct fault fault;
    assert_int_equal(messages_receive(f.messages, &hello, NULL, NULL, &fault), OK);
    loop_advance(f.loop, 1000);
    assert_string_equal(f.states, "received ");
    struct message_new message = hello;
    message.direction = "inbound";
    f.answer = (struct message_result){ .outcome = MESSAGE_DELIVERED };
    assert_int_equal(messages_add(f.messages, &message, NULL, NULL, &fault), OK);
    loop_advance(f.loop, 1000);
    assert_string_equal(f.states, "received received ");
    assert_int_equal(f.n_sent, 1);
}

int main(void)
{
    log_set_level(LOG_ERROR);
#define EACH(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
    const struct CMUnitTest tests[] = {
        EACH(test_states_come_in_order),  EACH(test_tries_again_until_its_time_is_over),
        EACH(test_a_wake_is_a_try),       EACH(test_refusals),
        EACH(test_restart_in_the_middle), EACH(test_what_waits_outlives_a_restart),
        EACH(test_codes_leave_no_trace),  EACH(test_not_more_than_so_many_a_second),
        EACH(test_what_comes_in_is_kept),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
