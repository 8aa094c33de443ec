/* Where a MESSAGE goes, in whose name, and what its sender is told: on the wire of a simulated
 * phone. Registrar, passwords, trunks and the router are this test's. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/num.h"
#include "call/route.h"
#include "config/config.h"
#include "legs/sip_texts.h"
#include "legs/test_registrar.h"
#include "legs/trunks.h"
#include "sip/sip_request.h"
#include "sip/test_scene.h"

static struct {
    bool is_trunk;    /* who writes is a trunk */
    const char *kind; /* of the route's target */
    char sent[200];   /* by a trunk */
    char kept[200];
    sip_outcome_fn fn; /* of the trunk's answer */
    void *owner;
} fake;

struct sip_auth *registrar_invite_auth(struct registrar *registrar)
{
    (void)registrar;
    return NULL;
}

bool registrar_is_pbx(const struct registrar *registrar, struct slice sip_username)
{
    (void)registrar, (void)sip_username;
    return false;
}

const char *trunks_match(const struct trunks *trunks, const struct sip_flow *flow)
{
    (void)trunks, (void)flow;
    return fake.is_trunk ? "acme" : NULL;
}

enum err trunks_send_text(const struct trunks *trunks, const char *name,
                          const struct trunk_text *text, sip_outcome_fn fn, void *owner,
                          struct sip_request **out)
{
    (void)trunks;
    *out = NULL;
    snprintf(fake.sent, sizeof fake.sent, "%s %.*s %.*s: %.*s", name, SLICE_ARG(text->from),
             SLICE_ARG(text->number), SLICE_ARG(text->body.bytes));
    fake.fn = fn; /* later, never from inside */
    fake.owner = owner;
    return OK;
}

void trunks_forget_text(const struct trunks *trunks, const void *owner)
{
    (void)trunks, (void)owner;
}

enum err router_find(const struct router *router, const struct route_query *query,
                     struct route_plan *plan, struct cause *cause)
{
    (void)router;
    *plan = (struct route_plan){ .n = 1 };
    *cause = (struct cause){ .code = 404 };
    snprintf(plan->targets[0].kind, sizeof plan->targets[0].kind, "%s", fake.kind);
    snprintf(plan->targets[0].name, sizeof plan->targets[0].name, "%s",
             strcmp(fake.kind, "user") == 0 ? "bob" : "acme");
    assert_true(query->may_use_trunks == (query->trunk.len == 0));
    return fake.kind[0] ? OK : ERR_NOT_FOUND;
}

static bool keep(void *owner, const struct sip_text *text)
{
    (void)owner;
    snprintf(fake.kept, sizeof fake.kept, "%.*s to %.*s: %.*s", SLICE_ARG(text->from),
             SLICE_ARG(text->user), SLICE_ARG(text->body));
    return true;
}

struct desk {
    struct scene *scene;
    struct leg_env env;
    struct sip_texts *texts;
};
static struct config config = { .sip_realm = (char[]){ "tandem" } };

static int setup(void **state)
{
    struct desk *desk = mem_new(struct desk);
    void *scene;
    memset(&fake, 0, sizeof fake);
    memset(&fake_registrar, 0, sizeof fake_registrar);
    fake_registrar.refusal = 407;
    fake.kind = "user";
    scene_setup(&scene);
    desk->scene = scene;
    desk->env = (struct leg_env){ .loop = desk->scene->w.sim.loop,
                                  .agent = desk->scene->w.callee.agent,
                                  .config = &config };
    fake_binding.flow = (struct sip_flow){ .kind = SIP_UDP, .remote = desk->scene->peer.end->addr };
    desk->texts = sip_texts_create(&desk->env, NULL, NULL, NULL);
    *state = desk;
    return 0;
}

static int teardown(void **state)
{
    struct desk *desk = *state;
    void *scene = desk->scene;
    sip_texts_destroy(desk->texts);
    scene_teardown(&scene);
    mem_free(desk);
    return 0;
}

static void say(struct desk *desk, const char *body)
{
    scene_say(desk->scene, NULL, "MESSAGE", 1, "Content-Type: text/plain\r\n", body);
}

static void expect_told(struct desk *desk, unsigned status)
{
    scene_pass(desk->scene, 20);
    assert_non_null(sim_peer_last(&desk->scene->peer, "MESSAGE", status));
}

static void it_goes_to_the_phone_in_the_name_of_who_was_proved(void **state)
{
    struct desk *desk = *state;
    fake_registrar.is_registered = true;
    say(desk, "Hello <you>");
    const struct sip_msg *got = sim_peer_last(&desk->scene->peer, "MESSAGE", 0);
    assert_non_null(got);
    assert_true(slice_is(sip_msg_body(got), "Hello <you>"));
    assert_true(slice_is(sip_msg_from(got)->uri.user, "carol")); /* whatever From said */
    assert_true(slice_is(sip_msg_from(got)->uri.host, "tandem"));
    assert_null(
        sim_peer_last(&desk->scene->peer, "MESSAGE", 200)); /* not before the phone has it */
    scene_reply(desk->scene, "MESSAGE", 200, "", "");
    expect_told(desk, 200);
}

static void what_the_phone_says_is_what_the_sender_hears(void **state)
{
    struct desk *desk = *state;
    fake_registrar.is_registered = true;
    say(desk, "Hello");
    scene_reply(desk->scene, "MESSAGE", 415, "", "");
    expect_told(desk, 415);
    assert_string_equal(fake.kept, "");
}

static void nobody_is_there(void **state)
{
    static const struct sip_texts_hook hook = { .keep = keep };
    struct desk *desk = *state;
    say(desk, "Hello");
    expect_told(desk, 480);
    sip_texts_set_hook(desk->texts, &hook);
    scene_say(desk->scene, NULL, "MESSAGE", 2, "Content-Type: text/plain\r\n", "Later");
    expect_told(desk, 202);
    assert_string_equal(fake.kept, "carol to bob: Later");
}

static void a_number_leads_to_a_trunk(void **state)
{
    struct desk *desk = *state;
    const struct sip_outcome taken = { .status = 202 };
    fake.kind = "trunk";
    say(desk, "Hello");
    assert_null(sim_peer_last(&desk->scene->peer, "MESSAGE", 202));
    fake.fn(fake.owner, &taken);
    expect_told(desk, 202);
    assert_string_equal(fake.sent, "acme carol bob: Hello");
}

static void a_trunk_writes_in_the_name_that_it_gives(void **state)
{
    struct desk *desk = *state;
    fake.is_trunk = fake_registrar.is_registered = true;
    fake_registrar.is_wrong = true; /* it is not asked */
    say(desk, "Hello");
    const struct sip_msg *got = sim_peer_last(&desk->scene->peer, "MESSAGE", 0);
    assert_non_null(got);
    assert_true(slice_is(sip_msg_from(got)->uri.user, "carol"));
    scene_reply(desk->scene, "MESSAGE", 200, "", "");
    expect_told(desk, 200);
}

static void refusals(void **state)
{
    struct desk *desk = *state;
    fake.kind = "builtin";
    say(desk, "Hello");
    expect_told(desk, 405);
    fake.kind = "";
    scene_say(desk->scene, NULL, "MESSAGE", 2, "Content-Type: text/plain\r\n", "x");
    expect_told(desk, 404);
    scene_say(desk->scene, NULL, "MESSAGE", 3, "", "of no type");
    expect_told(desk, 400);
    fake_registrar.is_wrong = true;
    scene_say(desk->scene, NULL, "MESSAGE", 4, "Content-Type: text/plain\r\n", "x");
    expect_told(desk, 407);
    assert_string_equal(fake.sent, "");
}

static void who_waits_is_told_at_the_end(void **state)
{
    struct desk *desk = *state;
    fake_registrar.is_registered = true;
    say(desk, "Hello");
    sip_texts_destroy(desk->texts);
    desk->texts = NULL;
    expect_told(desk, 503);
}

int main(void)
{
#define EACH(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
    const struct CMUnitTest tests[] = {
        EACH(it_goes_to_the_phone_in_the_name_of_who_was_proved),
        EACH(what_the_phone_says_is_what_the_sender_hears),
        EACH(nobody_is_there),
        EACH(a_number_leads_to_a_trunk),
        EACH(a_trunk_writes_in_the_name_that_it_gives),
        EACH(refusals),
        EACH(who_waits_is_told_at_the_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
