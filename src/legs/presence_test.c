/* Who may ask about whom, and what a lamp is told: on the wire of a simulated phone. Registrar,
 * passwords and calls are this test's. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/num.h"
#include "call/call.h"
#include "call/leg.h"
#include "config/config.h"
#include "legs/presence.h"
#include "legs/test_registrar.h"
#include "sip/test_scene.h"

static struct {
    void (*watch)(void *owner, struct slice user);
    struct leg *leg; /* in the one call; NULL: none */
} fake;

struct sip_auth *registrar_auth(struct registrar *registrar)
{
    (void)registrar;
    return NULL;
}

bool registrar_has_user(void *registrar, struct slice name)
{
    (void)registrar;
    return slice_is(name, "bob") || slice_is(name, "carol");
}

void registrar_watch(struct registrar *registrar, void (*fn)(void *owner, struct slice user),
                     void *owner)
{
    (void)registrar, (void)owner;
    fake.watch = fn;
}

void call_each_leg(const struct call *call, calls_leg_fn fn, void *owner)
{
    if (fake.leg)
        fn(owner, call, fake.leg);
}

void calls_each_leg(const struct calls *calls, calls_leg_fn fn, void *owner)
{
    (void)calls;
    call_each_leg(NULL, fn, owner);
}

const char *call_id(const struct call *call)
{
    (void)call;
    return "call-7";
}

const char *call_to(const struct call *call)
{
    (void)call;
    return "100";
}

const char *call_from(const struct call *call)
{
    (void)call;
    return "+97144";
}

const char *call_from_name(const struct call *call)
{
    (void)call;
    return "";
}

struct desk {
    struct scene *scene;
    struct leg_env env;
    struct presence *presence;
};
static struct config config = { .sip_realm = (char[]){ "tandem" } };

static int setup(void **state)
{
    struct desk *desk = mem_new(struct desk);
    void *scene;
    memset(&fake, 0, sizeof fake);
    memset(&fake_registrar, 0, sizeof fake_registrar);
    scene_setup(&scene);
    desk->scene = scene;
    desk->env = (struct leg_env){ .loop = desk->scene->w.sim.loop,
                                  .agent = desk->scene->w.callee.agent,
                                  .config = &config };
    desk->presence = presence_create(&desk->env, NULL);
    *state = desk;
    return 0;
}

static int teardown(void **state)
{
    struct desk *desk = *state;
    void *scene = desk->scene;
    presence_destroy(desk->presence);
    assert_null(fake.watch);
    scene_teardown(&scene);
    mem_free(desk);
    return 0;
}

/* Carol asks about bob; the status of the answer. */
static void subscribe(struct desk *desk, const char *event, unsigned status)
{
    char headers[100];
    snprintf(headers, sizeof headers, "Event: %s\r\nExpires: 600\r\n", event);
    scene_say(desk->scene, NULL, "SUBSCRIBE", 1, headers, "");
    assert_non_null(sim_peer_last(&desk->scene->peer, "SUBSCRIBE", status));
}

static void expect_told(struct desk *desk, const char *what)
{
    char text[2000];
    scene_pass(desk->scene, 20);
    const struct sip_msg *notify = sim_peer_last(&desk->scene->peer, "NOTIFY", 0);
    assert_non_null(notify);
    assert_true(slice_copy(sip_msg_body(notify), text, sizeof text));
    if (!strstr(text, what))
        fail_msg("no %s in\n%s", what, text);
    scene_reply(desk->scene, "NOTIFY", 200, "", "");
}

static void a_lamp_follows_registration_and_calls(void **state)
{
    struct desk *desk = *state;
    struct leg leg = { .id = 2, .user = "bob", .state = LEG_RINGING };
    subscribe(desk, "presence", 200);
    expect_told(desk, "<basic>closed</basic>");
    fake_registrar.is_registered = true;
    fake.watch(desk->presence, SLICE("bob"));
    expect_told(desk, "<note>Ready</note>");
    leg.state = LEG_UP;
    fake.leg = &leg;
    presence_call_event(desk->presence, NULL, 2, "state");
    expect_told(desk, "<rpid:on-the-phone/>");
    assert_int_equal(presence_watches(desk->presence), 1);
    leg.state = LEG_DONE;
    presence_call_event(desk->presence, NULL, 0, "state");
    expect_told(desk, "<note>Ready</note>");
    presence_stop(desk->presence);
    scene_pass(desk->scene, 20);
    assert_true(strstr(scene_value(desk->scene, "NOTIFY", 0, SIP_H_SUBSCRIPTION_STATE),
                       "terminated;reason=deactivated"));
}

static void a_busy_lamp_is_told_each_state(void **state)
{
    struct desk *desk = *state;
    struct leg leg = { .id = 2, .user = "bob", .state = LEG_RINGING };
    fake.leg = &leg;
    subscribe(desk, "dialog", 200);
    expect_told(desk, "<state>early</state>");
    leg.state = LEG_UP;
    presence_call_event(desk->presence, NULL, 2, "state");
    expect_told(desk, "<state>confirmed</state>");
    expect_told(desk, "+97144");                        /* who calls him */
    (void)snprintf(leg.user, sizeof leg.user, "alice"); /* somebody else's is no news */
    presence_call_event(desk->presence, NULL, 2, "state");
    scene_pass(desk->scene, 20);
    expect_told(desk, "<state>confirmed</state>");
}

static void mail_and_contacts_are_ones_own(void **state)
{
    struct desk *desk = *state;
    subscribe(desk, "message-summary", 403);
    subscribe(desk, "reg", 403);
    assert_int_equal(presence_watches(desk->presence), 0);
}

static void who_does_not_prove_himself_learns_nothing(void **state)
{
    struct desk *desk = *state;
    fake_registrar.is_wrong = true;
    subscribe(desk, "presence", 401);
    assert_null(sim_peer_last(&desk->scene->peer, "NOTIFY", 0));
    assert_int_equal(presence_watches(desk->presence), 0);
}

static void mail_is_told_to_phones_that_did_not_ask(void **state)
{
    struct desk *desk = *state;
    fake_registrar.is_registered = true;
    fake_binding.flow = (struct sip_flow){ .kind = SIP_UDP, .remote = desk->scene->peer.end->addr };
    presence_set_messages(desk->presence, SLICE("bob"), 2, 1);
    expect_told(desk, "Messages-Waiting: yes");
    presence_set_messages(desk->presence, SLICE("bob"), 0, 3);
    expect_told(desk, "Messages-Waiting: no");
}

int main(void)
{
#define EACH(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
    const struct CMUnitTest tests[] = {
        EACH(a_lamp_follows_registration_and_calls),
        EACH(a_busy_lamp_is_told_each_state),
        EACH(mail_and_contacts_are_ones_own),
        EACH(who_does_not_prove_himself_learns_nothing),
        EACH(mail_is_told_to_phones_that_did_not_ask),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
