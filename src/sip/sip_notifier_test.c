/* Subscriptions as a phone sees them, on simulated time. */
#include "test_scene.h"

#include "base/num.h"
#include "sip_notifier.h"
#include "sip_txn.h"

static const struct sip_event_package packages[] = {
    { "presence", "application/pidf+xml", 3600 },
    { "dialog", "application/dialog-info+xml", 600 },
};

struct desk {
    struct scene *scene;
    struct sip_notifier *notifier;
    const char *document;
    char tag[64]; /* ours, once subscribed */
    unsigned cseq;
};

static void on_print(void *owner, const struct sip_watch *watch, struct buf *out)
{
    const struct desk *desk = owner;
    buf_printf(out, "%s %.*s %.*s v%u %s", sip_watch_package(watch)->event,
               SLICE_ARG(sip_watch_resource(watch)), SLICE_ARG(sip_watch_entity(watch)),
               sip_watch_version(watch), desk->document);
}

static const struct sip_notifier_events notifier_events = { .on_print = on_print };

static void on_subscribe(void *owner, struct sip_txn *txn)
{
    struct desk *desk = owner;
    sip_notifier_take(desk->notifier, txn, SLICE("bob"), SLICE("carol"));
}

static int setup(void **state)
{
    struct desk *desk = mem_new(struct desk);
    void *scene;
    scene_setup(&scene);
    desk->scene = scene;
    desk->document = "idle";
    struct sip_agent *agent = desk->scene->w.callee.agent;
    desk->notifier =
        sip_notifier_create(agent, packages, COUNT_OF(packages), &notifier_events, desk);
    sip_agent_handle(agent, SLICE("SUBSCRIBE"), on_subscribe, desk);
    *state = desk;
    return 0;
}

static int teardown(void **state)
{
    struct desk *desk = *state;
    void *scene = desk->scene;
    sip_notifier_destroy(desk->notifier);
    scene_teardown(&scene);
    mem_free(desk);
    return 0;
}

static const char *body_of(struct desk *desk)
{
    static char text[512];
    const struct sip_msg *notify = sim_peer_last(&desk->scene->peer, "NOTIFY", 0);
    if (!notify)
        return "";
    assert_true(slice_copy(sip_msg_body(notify), text, sizeof text));
    return text;
}

static void expect_notify(struct desk *desk, const char *state, const char *body)
{
    const char *said = scene_value(desk->scene, "NOTIFY", 0, SIP_H_SUBSCRIPTION_STATE);
    if (strncmp(said, state, strlen(state)) != 0)
        fail_msg("state %s, not %s", said, state);
    assert_string_equal(body_of(desk), body);
}

static void answer(struct desk *desk, unsigned status)
{
    scene_reply(desk->scene, "NOTIFY", status, "", "");
}

static void subscribe(struct desk *desk, const char *headers)
{
    scene_say(desk->scene, NULL, "SUBSCRIBE", ++desk->cseq, headers, "");
    const struct sip_msg *ok = sim_peer_last(&desk->scene->peer, "SUBSCRIBE", 200);
    if (ok)
        assert_true(slice_copy(sip_msg_to_tag(ok), desk->tag, sizeof desk->tag));
}

/* In the dialog; the status of its answer. */
static void again(struct desk *desk, unsigned cseq, unsigned expires, unsigned status)
{
    char text[1024];
    snprintf(text, sizeof text,
             "SUBSCRIBE sip:bob@10.0.0.2 SIP/2.0\r\n"
             "Via: SIP/2.0/UDP 10.0.0.3:5060;branch=z9hG4bKagain%u\r\n"
             "From: <sip:carol@10.0.0.3>;tag=carol\r\nTo: <sip:bob@10.0.0.2>;tag=%s\r\n"
             "Call-ID: call-1\r\nCSeq: %u SUBSCRIBE\r\nMax-Forwards: 70\r\n"
             "Contact: <sip:carol@10.0.0.3:5060>\r\nEvent: presence\r\nExpires: %u\r\n"
             "Content-Length: 0\r\n\r\n",
             cseq, desk->tag, cseq, expires);
    sim_peer_say(&desk->scene->peer, "10.0.0.2:5060", text);
    scene_pass(desk->scene, 20);
    assert_non_null(sim_peer_last(&desk->scene->peer, "SUBSCRIBE", status));
}

static void a_subscription_is_answered_told_and_ends_in_time(void **state)
{
    struct desk *desk = *state;
    subscribe(desk, "Event: presence;id=7\r\nExpires: 60\r\n");
    assert_string_equal(scene_value(desk->scene, "SUBSCRIBE", 200, SIP_H_EXPIRES), "60");
    expect_notify(desk, "active;expires=60", "presence bob sip:bob@10.0.0.2 v0 idle");
    assert_string_equal(scene_value(desk->scene, "NOTIFY", 0, SIP_H_EVENT), "presence;id=7");
    answer(desk, 200);
    scene_pass(desk->scene, 60000);
    expect_notify(desk, "terminated;reason=timeout", "presence bob sip:bob@10.0.0.2 v1 idle");
    answer(desk, 200);
    assert_int_equal(sip_notifier_count(desk->notifier), 0);
}

static void changes_are_told_one_after_the_other(void **state)
{
    struct desk *desk = *state;
    subscribe(desk, "Event: presence\r\n");
    desk->document = "ringing";
    sip_notifier_changed(desk->notifier, "presence", SLICE("bob"));
    desk->document = "talking";
    sip_notifier_changed(desk->notifier, "presence", SLICE("bob"));
    scene_pass(desk->scene, 20);
    expect_notify(desk, "active", "presence bob sip:bob@10.0.0.2 v0 idle"); /* not answered yet */
    answer(desk, 200);
    expect_notify(desk, "active", "presence bob sip:bob@10.0.0.2 v1 talking");
    answer(desk, 200);
    sip_notifier_changed(desk->notifier, "presence", SLICE("alice"));
    sip_notifier_changed(desk->notifier, "dialog", SLICE("bob"));
    scene_pass(desk->scene, 20);
    expect_notify(desk, "active", "presence bob sip:bob@10.0.0.2 v1 talking");
}

static void it_is_refreshed_and_ended_in_its_dialog(void **state)
{
    struct desk *desk = *state;
    subscribe(desk, "Event: presence\r\nExpires: 100\r\n");
    answer(desk, 200);
    scene_pass(desk->scene, 90000);
    again(desk, 2, 100, 200);
    answer(desk, 200);
    scene_pass(desk->scene, 90000);
    assert_int_equal(sip_notifier_count(desk->notifier), 1);
    again(desk, 3, 0, 200);
    expect_notify(desk, "terminated;reason=timeout", "presence bob sip:bob@10.0.0.2 v2 idle");
    answer(desk, 200);
    again(desk, 4, 100, 481);
}

static void a_watcher_that_is_gone_is_forgotten(void **state)
{
    struct desk *desk = *state;
    subscribe(desk, "Event: presence\r\n");
    answer(desk, 481);
    assert_int_equal(sip_notifier_count(desk->notifier), 0);
    sip_notifier_changed(desk->notifier, "presence", SLICE("bob")); /* finds nobody */
    scene_pass(desk->scene, 20);
}

static void silence_ends_it_too(void **state)
{
    struct desk *desk = *state;
    subscribe(desk, "Event: presence\r\n");
    scene_pass(desk->scene, 40000); /* 64 × T1 */
    assert_int_equal(sip_notifier_count(desk->notifier), 0);
}

static void what_makes_no_sense_is_refused(void **state)
{
    static const struct {
        const char *headers;
        unsigned status;
    } rows[] = {
        { "Event: weather\r\n", 489 },
        { "", 489 },
        { "Event: presence\r\nExpires: 10\r\n", 423 },
        { "Event: presence\r\nAccept: text/html\r\n", 406 },
    };
    struct desk *desk = *state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        sim_peer_clear(&desk->scene->peer);
        subscribe(desk, rows[i].headers);
        if (!sim_peer_last(&desk->scene->peer, "SUBSCRIBE", rows[i].status))
            fail_msg("no %u to %s", rows[i].status, rows[i].headers);
        if (rows[i].status == 489)
            assert_string_equal(scene_value(desk->scene, "SUBSCRIBE", 489, SIP_H_ALLOW_EVENTS),
                                "presence");
    }
    assert_int_equal(sip_notifier_count(desk->notifier), 0);
}

static void all_of_a_watcher_end_at_once(void **state)
{
    struct desk *desk = *state;
    subscribe(desk, "Event: presence\r\n");
    answer(desk, 200);
    sip_notifier_end(desk->notifier, SLICE("dave"), "noresource");
    scene_pass(desk->scene, 20);
    assert_int_equal(sip_notifier_count(desk->notifier), 1);
    sip_notifier_end(desk->notifier, SLICE("carol"), "deactivated");
    scene_pass(desk->scene, 20);
    expect_notify(desk, "terminated;reason=deactivated", "presence bob sip:bob@10.0.0.2 v1 idle");
    answer(desk, 200);
    assert_int_equal(sip_notifier_count(desk->notifier), 0);
}

int main(void)
{
    log_set_level(LOG_ERROR);
#define SCENE(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
    const struct CMUnitTest tests[] = {
        SCENE(a_subscription_is_answered_told_and_ends_in_time),
        SCENE(changes_are_told_one_after_the_other),
        SCENE(it_is_refreshed_and_ended_in_its_dialog),
        SCENE(a_watcher_that_is_gone_is_forgotten),
        SCENE(silence_ends_it_too),
        SCENE(what_makes_no_sense_is_refused),
        SCENE(all_of_a_watcher_end_at_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
