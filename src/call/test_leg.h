#pragma once
/* For tests: calls on a simulated loop whose legs do what their names say, and write what they are
 * told into one log. Include after cmocka.h. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>

#include "base/buf.h"
#include "base/list.h"
#include "base/loop.h"
#include "base/mem.h"
#include "base/num.h"
#include "call/call.h"
#include "call/transfer.h"
#include "media/codecs.h"
#include "store/store_rows.h"

struct world {
    struct loop *loop;
    struct store *store;
    struct router *router;
    struct calls *calls;
    struct leg_kind kinds[2];
    struct list legs; /* fake.in_world: those that are not freed */
    char log[2000];   /* "bob:dial alice:ring:180 alice:answer:PCMU bob:end:hangup " */
    json_t *record;   /* the last call that is over, as call_json() showed it then */
    unsigned done, idle;
};

struct fake {
    struct leg leg; /* first */
    struct world *world;
    struct list in_world;
    char name[64];
    bool fails_in_answer, fails_in_ring, has_dtmf, refers;
};

static inline void note(struct world *world, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
static inline void note(struct world *world, const char *fmt, ...)
{
    size_t len = strlen(world->log);
    va_list args;
    va_start(args, fmt);
    vsnprintf(world->log + len, sizeof world->log - len, fmt, args);
    va_end(args);
}

/** What was noted since the last look must be this; then it is forgotten. */
static inline void expect(struct world *world, const char *text)
{
    assert_string_equal(world->log, text);
    world->log[0] = '\0';
}

static inline struct fake *fake_of(struct leg *leg)
{
    return (struct fake *)leg; /* the leg is its first member */
}

static inline void fake_choose(struct leg *leg, const struct leg_codecs *prefer)
{
    leg->chosen = *prefer;
    leg->chosen.n = prefer->n ? 1 : 0;
}

static inline struct cause cause(const char *token, enum cause_by by)
{
    return cause_of_token(token, by, NULL);
}

static inline void fake_fail(struct leg *leg, const char *token)
{
    struct cause why = cause(token, CAUSE_BY_SYSTEM);
    leg_fail(leg, &why);
}

/* Names that begin so do this at once when they are dialled. */
static inline void fake_dial(struct leg *leg, const struct leg *peer)
{
    struct fake *fake = fake_of(leg);
    struct slice name = slice_of(fake->name);
    note(fake->world, "%s:dial ", fake->name);
    leg->offered = peer->offered;
    if (slice_starts(name, SLICE("broken"))) {
        fake_fail(leg, "connection_refused");
        return;
    }
    if (slice_starts(name, SLICE("grump"))) {
        struct cause why = cause_of_status(603, CAUSE_BY_REMOTE, NULL);
        leg_on_ended(leg, &why);
        return;
    }
    leg_on_trying(leg);
    if (!slice_starts(name, SLICE("robot")))
        return;
    fake_choose(leg, &peer->offered);
    leg_on_answered(leg);
}

static inline void fake_ring(struct leg *leg, int code, const struct leg_codecs *media)
{
    struct fake *fake = fake_of(leg);
    note(fake->world, "%s:ring:%d%s ", fake->name, code, media ? "+media" : "");
    if (fake->fails_in_ring)
        fake_fail(leg, "bad_sdp");
    else if (media)
        leg->state = LEG_EARLY;
}

static inline void fake_answer(struct leg *leg, const struct leg_codecs *prefer)
{
    struct fake *fake = fake_of(leg);
    note(fake->world, "%s:answer:%s ", fake->name, prefer->n ? prefer->list[0]->name : "");
    fake_choose(leg, prefer);
    if (fake->fails_in_answer)
        fake_fail(leg, "no_codec");
}

static inline void fake_end(struct leg *leg, const struct cause *why)
{
    note(fake_of(leg)->world, "%s:end:%d:%s ", fake_of(leg)->name, why->code, why->token);
}

static inline void fake_join(struct leg *leg, struct leg *peer)
{
    note(fake_of(leg)->world, "%s:join:%s ", fake_of(leg)->name, peer->party);
}

static inline void fake_dtmf(struct leg *leg, char digit, unsigned ms, bool relayed)
{
    note(fake_of(leg)->world, "%s:dtmf:%c:%u%s ", fake_of(leg)->name, digit, ms,
         relayed ? ":relayed" : "");
}

static inline void fake_hold(struct leg *leg, bool on)
{
    note(fake_of(leg)->world, "%s:%s ", fake_of(leg)->name, on ? "hold" : "resume");
}

static inline void fake_report(struct leg *leg, int status, const char *text)
{
    (void)text;
    note(fake_of(leg)->world, "%s:report:%d ", fake_of(leg)->name, status);
}

static inline enum err fake_refer(struct leg *leg, const struct transfer_request *request,
                                  struct leg *replaces)
{
    if (!fake_of(leg)->refers)
        return ERR_UNSUPPORTED;
    note(fake_of(leg)->world, "%s:refer:%.*s%s ", fake_of(leg)->name, SLICE_ARG(request->to),
         replaces ? fake_of(replaces)->name : "");
    return OK;
}

static inline void fake_moved(struct leg *leg)
{
    note(fake_of(leg)->world, "%s:moved ", fake_of(leg)->name);
}

static inline void fake_destroy(struct leg *leg)
{
    list_remove(&fake_of(leg)->in_world);
    mem_free(leg);
}

static const struct leg_ops fake_ops = {
    .kind = "fake",
    .dial = fake_dial,
    .ring = fake_ring,
    .answer = fake_answer,
    .end = fake_end,
    .join = fake_join,
    .dtmf = fake_dtmf,
    .hold = fake_hold,
    .report = fake_report,
    .refer = fake_refer,
    .moved = fake_moved,
    .destroy = fake_destroy,
};

/* "robot…": what plays or answers by itself, and never hangs up */
static inline const struct leg_ops *robot_ops(void)
{
    static struct leg_ops ops;
    ops = fake_ops;
    ops.is_endless = true;
    return &ops;
}

static inline struct fake *fake_create(struct world *world, const char *name, bool incoming)
{
    struct fake *fake = mem_new(struct fake);
    leg_init(&fake->leg, slice_starts(slice_of(name), SLICE("robot")) ? robot_ops() : &fake_ops,
             incoming);
    fake->world = world;
    list_append(&world->legs, &fake->in_world);
    snprintf(fake->name, sizeof fake->name, "%s", name);
    snprintf(fake->leg.party, sizeof fake->leg.party, "%s", name);
    return fake;
}

/** The leg of that name that lives. */
static inline struct leg *leg_named(struct world *world, const char *name)
{
    struct leg *found = NULL;
    LIST_EACH(link, &world->legs)
    {
        struct fake *fake = LIST_ITEM(link, struct fake, in_world);
        if (strcmp(fake->name, name) == 0 && !leg_is_over(&fake->leg))
            found = &fake->leg;
    }
    BUG_IF(!found);
    return found;
}

/* "nobody" has no leg, "ghost" says why. Others have one, through the trunk of their name if the
 * target is one. */
static inline void world_dial(void *owner, struct call *call, const struct route_target *target,
                              struct cause *why)
{
    struct world *world = owner;
    if (strcmp(target->name, "nobody") == 0)
        return;
    if (strcmp(target->name, "ghost") == 0) {
        *why = cause_of_status(404, CAUSE_BY_SYSTEM, "There is no user of that name.");
        return;
    }
    struct fake *fake = fake_create(world, target->name, false);
    if (strcmp(target->kind, "trunk") == 0)
        snprintf(fake->leg.via, sizeof fake->leg.via, "%s", target->name);
    call_add_leg(call, &fake->leg);
}

static inline void world_on_event(void *owner, const struct call *call, uint32_t leg,
                                  const char *kind, const char *text)
{
    struct world *world = owner;
    if (leg || strcmp(kind, "state") != 0 || strcmp(text, "done") != 0)
        return;
    json_decref(world->record);
    world->record = call_json(call, true);
    world->done++;
}

static inline void world_on_idle(void *owner)
{
    ((struct world *)owner)->idle++;
}

static inline void world_create(struct world *world, size_t max_calls)
{
    *world = (struct world){ .loop = loop_create_simulated() };
    struct store_config store = { .loop = world->loop, .url = ":memory:" };
    assert_int_equal(store_open(&world->store, &store, NULL), OK);
    list_init(&world->legs);
    world->router = router_create();
    world->kinds[0] = (struct leg_kind){ "user", world_dial, world };
    world->kinds[1] = (struct leg_kind){ "trunk", world_dial, world };
    struct calls_config config = { .loop = world->loop,
                                   .router = world->router,
                                   .kinds = world->kinds,
                                   .n_kinds = COUNT_OF(world->kinds),
                                   .ring_timeout_ms = 20000,
                                   .max_calls = max_calls,
                                   .store = world->store,
                                   .on_event = world_on_event,
                                   .on_idle = world_on_idle,
                                   .owner = world };
    world->calls = calls_create(&config);
}

/** Nothing may be left: no call, no leg. */
static inline void world_destroy(struct world *world)
{
    loop_advance(world->loop, 200000);
    assert_int_equal(calls_count(world->calls), 0);
    assert_true(list_empty(&world->legs));
    calls_destroy(world->calls);
    router_destroy(world->router);
    store_close(world->store);
    loop_destroy(world->loop);
    json_decref(world->record);
}

static inline int world_setup(void **state)
{
    *state = mem_new(struct world);
    world_create(*state, 0);
    return 0;
}

static inline int world_teardown(void **state)
{
    world_destroy(*state);
    mem_free(*state);
    return 0;
}

/** "user:bob, user:carol; trunk:acme": `,` rings at once, `;` is the next step. */
static inline void world_route(struct world *world, const char *name, const char *targets)
{
    struct route_rule rule = { 0 };
    struct slice steps = slice_of(targets);
    snprintf(rule.name, sizeof rule.name, "%s", name);
    for (unsigned step = 0; steps.len; step++) {
        struct slice step_text = slice_cut(&steps, ';');
        while (step_text.len) {
            struct slice one = slice_trim(slice_cut(&step_text, ','));
            rule.step[rule.n_targets] = step;
            assert_int_equal(route_target_parse(one, &rule.targets[rule.n_targets++]), OK);
        }
    }
    router_add_rule(world->router, &rule);
}

/** alice calls. Her call lives at least until the end of this turn. */
static inline struct call *world_call_as(struct world *world, struct fake *alice, const char *to)
{
    alice->leg.offered.list[0] = &codec_pcmu;
    alice->leg.offered.n = 1;
    struct call_request request = {
        .face = SLICE("test"),
        .from = SLICE("alice"),
        .to = slice_of(to),
        .correlation = SLICE("session-1"),
        .may_use_trunks = true,
    };
    return call_create(world->calls, &request, &alice->leg);
}

static inline struct call *world_call(struct world *world, const char *to)
{
    return world_call_as(world, fake_create(world, "alice", true), to);
}

/* What far ends do. */
static inline void rings(struct world *world, const char *name)
{
    leg_on_ringing(leg_named(world, name), 180);
}

static inline void sends_early_media(struct world *world, const char *name)
{
    struct leg *leg = leg_named(world, name);
    fake_choose(leg, &leg->offered);
    leg_on_progress(leg, 183);
}

static inline void answers(struct world *world, const char *name)
{
    struct leg *leg = leg_named(world, name);
    fake_choose(leg, &leg->offered);
    leg_on_answered(leg);
}

static inline void refuses(struct world *world, const char *name, int status)
{
    struct cause why = cause_of_status(status, CAUSE_BY_REMOTE, NULL);
    leg_on_ended(leg_named(world, name), &why);
}

static inline void hangs_up(struct world *world, const char *name)
{
    struct leg *leg = leg_named(world, name);
    struct cause why = cause(leg->state == LEG_UP ? "hangup" : "cancelled", CAUSE_BY_REMOTE);
    leg_on_ended(leg, &why);
}

/** The last call is over, for this reason, ended by that side. */
static inline void expect_cause(struct world *world, int code, const char *token, const char *by)
{
    const json_t *why = json_object_get(world->record, "cause");
    assert_non_null(why);
    assert_string_equal(json_string_value(json_object_get(why, "token")), token);
    assert_int_equal(json_integer_value(json_object_get(why, "code")), code);
    assert_string_equal(json_string_value(json_object_get(why, "by")), by);
    assert_true(json_string_length(json_object_get(why, "text")) > 0);
}
