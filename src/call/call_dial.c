/* Trying the far ends of a plan, step by step: who rings, who failed, who is next. */
#include "base/mem.h"
#include "call/call_priv.h"

bool call_has_callees(const struct call *call)
{
    LIST_EACH(link, &call->legs)
    if (LIST_ITEM(link, struct leg, in_call) != call->caller)
        return true;
    return false;
}

/* Which failure the caller hears when several far ends failed: RFC 3261 §16.7 step 6, in short. */
static int rank(const struct cause *cause)
{
    switch (cause->code) {
    case 486:
    case 401:
    case 407:
    case 488:
        return 3;
    case 408:
    case 480:
    case 503:
        return 1;
    default:
        return cause->code >= 600 ? 4 : 2;
    }
}

void call_note_failure(struct call *call, const struct cause *cause)
{
    if (!call->has_best || rank(cause) >= rank(&call->best))
        call->best = *cause;
    call->has_best = true;
}

void call_note_busy(struct call *call, const struct leg *leg, const struct cause *cause)
{
    if (cause->code == 486 && leg->target && slice_is(slice_of(leg->target->kind), "trunk"))
        (void)slice_copy(slice_of(leg->target->number), call->busy, sizeof call->busy);
}

/* Another carrier would only ring the same person again. */
static bool is_busy(const struct call *call, const struct route_target *target)
{
    return call->busy[0] && slice_is(slice_of(target->kind), "trunk") &&
           slice_is(slice_of(target->number), call->busy);
}

static void dial_target(struct call *call, const struct route_target *target)
{
    const struct calls_config *config = &call->calls->config;
    struct cause why = cause_of_status(480, CAUSE_BY_REMOTE, NULL);
    uint32_t last = call->next_leg;
    bool busy = is_busy(call, target);
    if (busy)
        why = cause_of_status(486, CAUSE_BY_REMOTE, NULL);
    call->dialled = target;
    for (size_t i = 0; i < config->n_kinds && !busy; i++)
        if (slice_is(slice_of(config->kinds[i].target), target->kind))
            config->kinds[i].dial(config->kinds[i].owner, call, target, &why);
    call->dialled = NULL;
    if (call->next_leg == last) {
        char text[ROUTE_TEXT_MAX];
        call_event(call, 0, "route", "%s: %d %s", route_target_print(target, text, sizeof text),
                   why.code, why.text);
        call_note_failure(call, &why);
    }
}

void call_add_step(struct call *call, const struct route_target *target)
{
    struct route_plan *plan = &call->plan;
    unsigned step = plan->step[call->next_target - 1];
    size_t at = call->next_target;
    if (plan->n == ROUTE_TARGETS_MAX)
        return;
    while (at < plan->n && plan->step[at] == step)
        at++;
    for (size_t i = plan->n++; i > at; i--) {
        plan->targets[i] = plan->targets[i - 1];
        plan->step[i] = plan->step[i - 1] + 1;
    }
    plan->targets[at] = *target;
    plan->step[at] = step + 1;
}

static bool is_planned(const struct route_plan *plan, const struct route_target *target)
{
    for (size_t i = 0; i < plan->n; i++)
        if (strcmp(plan->targets[i].kind, target->kind) == 0 &&
            strcmp(plan->targets[i].name, target->name) == 0 &&
            strcmp(plan->targets[i].number, target->number) == 0)
            return true;
    return false;
}

/* The first one sends on what was dialled, a number perhaps; the others what they were sent. */
static void note_diversion(struct call *call, const struct leg *leg, struct slice reason)
{
    struct call_diversion *diversion = &call->diversions[call->forwards];
    struct slice usual = leg->ringing_ms ? SLICE("no-answer") : SLICE("unconditional");
    bool is_first = call->forwards == 0 && call->to[0];
    (void)slice_copy(slice_of(is_first ? call->to : leg->user), diversion->who,
                     sizeof diversion->who);
    if (!reason.len || !slice_copy(reason, diversion->reason, sizeof diversion->reason))
        (void)slice_copy(usual, diversion->reason, sizeof diversion->reason);
    call->forwards++;
}

bool call_forward(struct leg *leg, struct slice to, struct slice reason)
{
    struct call *call = leg->call;
    struct cause why;
    struct route_query query = { .face = slice_of(leg->ops->kind),
                                 .from = slice_of(call->from),
                                 .from_user = slice_of(leg->user),
                                 .dialled = to,
                                 .may_use_trunks = leg->may_use_trunks };
    if (call->state >= CALL_UP || call->forwards == CALL_DIVERSIONS_MAX)
        return false;
    struct route_plan *plan = mem_new(struct route_plan);
    bool found = !router_find(call->calls->config.router, &query, plan, &why);
    for (size_t i = found ? plan->n : 0; i-- > 0;) /* the last first: each goes before the others */
        if (is_planned(&call->plan, &plan->targets[i]))
            found = false;
        else
            call_add_step(call, &plan->targets[i]);
    mem_free(plan);
    if (found) {
        note_diversion(call, leg, reason);
        call_event(call, leg->id, "route", "forwarded to %.*s", SLICE_ARG(to));
    }
    return found;
}

/* A leg that still has to be dialled. What dialling another one did may have ended it. */
static struct leg *new_leg(const struct call *call, uint32_t id)
{
    LIST_EACH(link, (struct list *)(uintptr_t)&call->legs)
    {
        struct leg *leg = LIST_ITEM(link, struct leg, in_call);
        if (leg->id == id && leg->state == LEG_NEW)
            return leg;
    }
    return NULL;
}

static void on_ring_timeout(void *owner);

/* RFC 3261 §16.7: after a 6xx nobody else is to be tried. */
static bool is_refused_for_all(const struct call *call)
{
    return call->state < CALL_UP && call->has_best && call->best.code >= 600;
}

/* Ring every target of the next step; true if at least one leg is on its way. */
static bool dial_step(struct call *call)
{
    const struct route_plan *plan = &call->plan;
    unsigned step = plan->step[call->next_target];
    call->dialing = true;
    uint32_t first_new = call->next_leg + 1;
    while (call->next_target < plan->n && plan->step[call->next_target] == step)
        dial_target(call, &plan->targets[call->next_target++]);
    for (uint32_t id = first_new; id <= call->next_leg && !is_refused_for_all(call); id++) {
        struct leg *leg = new_leg(call, id);
        if (leg)
            leg->ops->dial(leg, call->caller);
    }
    call->dialing = false;
    return call_has_callees(call);
}

void call_next_step(struct call *call)
{
    const struct calls_config *config = &call->calls->config;
    int64_t own_ms = call->plan.ring_timeout_ms;
    while (call->caller && call->next_target < call->plan.n && !is_refused_for_all(call))
        if (dial_step(call) && !is_refused_for_all(call)) {
            if (call->state < CALL_UP) /* a built-in answers while it is dialled */
                loop_timer_start(config->loop, &call->ring_timer,
                                 own_ms ? own_ms : config->ring_timeout_ms, on_ring_timeout, call);
            return;
        }
    if (!call->has_best)
        call->best = cause_of_status(480, CAUSE_BY_REMOTE, NULL);
    call_end(call, &call->best);
}

static void on_ring_timeout(void *owner)
{
    struct call *call = owner;
    struct cause cause = cause_of_token("no_answer", CAUSE_BY_SYSTEM, NULL);
    call_note_failure(call, &cause);
    LIST_EACH(link, &call->legs)
    {
        struct leg *leg = LIST_ITEM(link, struct leg, in_call);
        if (leg != call->caller)
            call_end_leg(call, leg, &cause);
    }
    call_next_step(call);
}
