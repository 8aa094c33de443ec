/* Calls and the moves that the events of their legs cause. */
#include "call/call.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

#include "base/map.h"
#include "base/mem.h"
#include "base/num.h"
#include "base/rand.h"
#include "call/call_priv.h"
#include "call/call_stats.h"
#include "call/recording.h"
#include "call/transfer.h"
#include "media/media.h"

enum { PARTY_CALLS_MAX = 4 };

static const char *const names[] = { "new", "dialing", "ringing", "early", "up", "done" };
_Static_assert(COUNT_OF(names) == CALL_DONE + 1, "one name per state");

const char *call_state_name(enum call_state state)
{
    return names[state];
}

void call_eventv(struct call *call, uint32_t leg, const char *kind, const char *fmt, va_list args)
{
    timeline_add(call->timeline, loop_wall_ms(call->calls->config.loop), leg, kind, fmt, args);
    const struct timeline_entry *entry =
        timeline_at(call->timeline, timeline_count(call->timeline) - 1);
    log_debug(&call->log, "leg=%u %s %s", leg, kind, entry->text);
    if (call->calls->config.on_event)
        call->calls->config.on_event(call->calls->config.owner, call, leg, kind, entry->text);
}

void call_event(struct call *call, uint32_t leg, const char *kind, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    call_eventv(call, leg, kind, fmt, args);
    va_end(args);
}

static void call_set_state(struct call *call, enum call_state state)
{
    if (call->state >= state)
        return;
    call->state = state;
    call_event(call, 0, "state", "%s", call_state_name(state));
}

void call_adopt(struct call *call, struct leg *leg)
{
    leg->call = call;
    leg->id = ++call->next_leg;
    log_tag_set(&leg->log, "call=%.8s leg=%u", call->id, leg->id);
    list_append(&call->legs, &leg->in_call);
}

/* In whose name the far end may ask for more. */
static void set_rights(struct leg *leg, const struct route_target *target)
{
    if (target && slice_is(slice_of(target->kind), "user")) {
        snprintf(leg->user, sizeof leg->user, "%s", target->name);
        leg->may_use_trunks = true;
    } else if (target && slice_is(slice_of(target->kind), "trunk")) {
        snprintf(leg->trunk, sizeof leg->trunk, "%s", target->name);
    }
}

void call_add_leg(struct call *call, struct leg *take)
{
    call_adopt(call, take);
    take->target = call->reached = call->dialled;
    set_rights(take, call->dialled);
    call_event(call, take->id, "leg", "%s to %s%s%s", take->ops->kind, take->party,
               take->via[0] ? " through " : "", take->via);
}

static void free_call(void *arg)
{
    struct call *call = arg;
    timeline_destroy(call->timeline);
    json_decref(call->done_legs);
    json_decref(call->related);
    recordings_clear(call);
    json_decref(call->headers);
    secret_clear(&call->sip_password);
    mem_free(call->referred_by);
    mem_free(call->replaces);
    mem_free(call->diverted);
    mem_free(call->history);
    mem_free(call);
}

static void log_end(const struct call *call)
{
    char from[64], to[64];
    int64_t up_ms = call->up_wall_ms ? call->done_wall_ms - call->up_wall_ms : 0;
    const char *trunk = call_used_trunk(call);
    log_info(&call->log,
             "ended cause=%s code=%d by=%s from=%s to=%s%s%s duration_ms=%" PRId64 " reason=\"%s\"",
             call->cause.token, call->cause.code, cause_by_name(call->cause.by),
             log_mask(slice_of(call->from), from, sizeof from),
             log_mask(slice_of(call->to), to, sizeof to), trunk[0] ? " trunk=" : "", trunk, up_ms,
             call->cause.text);
}

static void finish(struct call *call)
{
    struct calls *calls = call->calls;
    if (!call->has_cause)
        call->cause = cause_of_token("hangup", CAUSE_BY_SYSTEM, NULL);
    loop_timer_stop(calls->config.loop, &call->ring_timer);
    call->done_wall_ms = loop_wall_ms(calls->config.loop);
    call_event(call, 0, "cause", "%s: %s", call->cause.token, call->cause.text);
    call_set_state(call, CALL_DONE);
    log_end(call);
    cdr_write(call);
    call_stats_add_end(call);
    list_remove(&call->in_calls);
    map_remove(calls->by_id, slice_of(call->id));
    loop_defer(calls->config.loop, free_call, call);
    if (list_empty(&calls->live) && calls->config.on_idle)
        calls->config.on_idle(calls->config.owner);
}

static void destroy_leg(void *arg)
{
    struct leg *leg = arg;
    leg->ops->destroy(leg);
}

/* The leg leaves the call; its object dies at the end of the turn. */
static void bury(struct call *call, struct leg *leg)
{
    leg->state = LEG_DONE;
    leg->done_ms = loop_now_ms(call->calls->config.loop);
    call_event(call, leg->id, "state", "done %d %s (%s)%s%s", leg->cause.code, leg->cause.token,
               cause_by_name(leg->cause.by), leg->cause.text[0] ? ": " : "", leg->cause.text);
    json_array_append_new(call->done_legs, call_leg_json(leg));
    call_stats_add_leg(call->calls->stats, leg);
    list_remove(&leg->in_call);
    recording_leave(call, leg);
    if (leg->stream)
        media_unlink(leg->stream);
    const struct leg_watch *watch = leg->watch;
    leg->watch = NULL;
    if (watch && watch->on_over)
        watch->on_over(leg->watch_owner, leg);
    if (call->caller == leg)
        call->caller = NULL;
    if (call->peer == leg)
        call->peer = NULL;
    if (call->early == leg)
        call->early = NULL;
    leg->call = NULL;
    loop_defer(call->calls->config.loop, destroy_leg, leg);
}

/* Our side ends a leg. */
void call_end_leg(struct call *call, struct leg *leg, const struct cause *cause)
{
    leg->cause = *cause;
    if (leg->cause.by == CAUSE_BY_REMOTE) /* the other leg's far end: seen from here, we do it */
        leg->cause.by = CAUSE_BY_LOCAL;
    leg->ops->end(leg, cause);
    bury(call, leg);
}

/* End what is left, for this reason, once. */
void call_end(struct call *call, const struct cause *cause)
{
    if (!call->has_cause) {
        call->cause = *cause;
        call->has_cause = true;
    }
    transfer_cancel(call, cause);
    LIST_EACH(link, &call->legs)
    call_end_leg(call, LIST_ITEM(link, struct leg, in_call), cause);
    if (call->state != CALL_DONE)
        finish(call);
}

static void copy_request(struct call *call, const struct call_request *request)
{
    struct {
        struct slice from;
        char *to;
        size_t cap;
    } const texts[] = {
        { request->face, call->face, sizeof call->face },
        { request->from, call->from, sizeof call->from },
        { request->from_name, call->from_name, sizeof call->from_name },
        { request->from_user, call->user, sizeof call->user },
        { request->trunk, call->trunk, sizeof call->trunk },
        { request->to, call->to, sizeof call->to },
        { request->project_id, call->project_id, sizeof call->project_id },
        { request->correlation, call->correlation, sizeof call->correlation },
        { request->sip_user, call->sip_user, sizeof call->sip_user },
    };
    for (size_t i = 0; i < COUNT_OF(texts); i++)
        (void)slice_copy(slice_sub(texts[i].from, 0, texts[i].cap - 1), texts[i].to, texts[i].cap);
    call->headers = request->headers ? json_deep_copy(request->headers) : NULL;
    secret_set(&call->sip_password, request->sip_password);
    call->hops = request->hops;
    call->is_private = request->is_private;
    call->referred_by = slice_dup(request->referred_by);
    call->replaces = slice_dup(request->replaces);
    call->diverted = slice_dup(request->diverted);
    call->history = slice_dup(request->history);
}

void call_relate(struct call *a, struct call *b)
{
    json_array_append_new(a->related, json_string(b->id));
    json_array_append_new(b->related, json_string(a->id));
}

static bool is_same_party(const struct leg *a, const struct leg *b)
{
    if (a->user[0] || b->user[0])
        return strcmp(a->user, b->user) == 0;
    return strcmp(a->via, b->via) == 0 && strcmp(a->party, b->party) == 0;
}

/* Calls of one party are on one thread: he may want to join them later (an attended transfer). */
static unsigned pick_thread(const struct calls *calls, const struct call_request *request,
                            const struct leg *caller)
{
    if (request->beside)
        return request->beside->thread;
    unsigned n = 0, thread = 0;
    LIST_EACH(link, (struct list *)(uintptr_t)&calls->live)
    {
        const struct call *call = LIST_ITEM(link, struct call, in_calls);
        bool is_his = (call->caller && is_same_party(call->caller, caller)) ||
                      (call->peer && is_same_party(call->peer, caller));
        thread = is_his ? call->thread : thread;
        if (is_his && ++n > PARTY_CALLS_MAX) /* a gateway that shows one number for everybody */
            break;
    }
    return n && n <= PARTY_CALLS_MAX ? thread : media_pick_thread(calls->config.media);
}

static struct call *make(struct calls *calls, const struct call_request *request,
                         const struct leg *caller)
{
    struct call *call = mem_new(struct call);
    call->calls = calls;
    rand_uuid(call->id);
    log_tag_set(&call->log, "call=%.8s", call->id);
    call->timeline = timeline_create();
    call->done_legs = json_array();
    call->related = json_array();
    list_init(&call->legs);
    list_init(&call->recordings);
    copy_request(call, request);
    call->created_ms = loop_now_ms(calls->config.loop);
    call->created_wall_ms = loop_wall_ms(calls->config.loop);
    if (calls->config.media)
        call->thread = pick_thread(calls, request, caller);
    if (request->beside)
        call_relate(call, request->beside);
    list_append(&calls->live, &call->in_calls);
    map_put(calls->by_id, slice_of(call->id), call);
    calls->total++;
    return call;
}

static enum err admit(struct calls *calls, struct call *call, const struct call_request *request,
                      struct cause *cause)
{
    if (calls->closing) {
        *cause = calls->closing_cause;
        return ERR_REFUSED;
    }
    struct route_query query = {
        .face = request->face,
        .from = request->from,
        .from_user = request->from_user,
        .trunk = request->trunk,
        .dialled = request->to,
        .headers = request->headers,
        .may_use_trunks = request->may_use_trunks,
    };
    enum err err = OK;
    if (request->plan)
        call->plan = *request->plan;
    else
        err = router_find(calls->config.router, &query, &call->plan, cause);
    if (!err && !call->project_id[0] && call->plan.n)
        snprintf(call->project_id, sizeof call->project_id, "%s", call->plan.targets[0].project_id);
    if (map_count(calls->by_id) > calls->config.max_calls && !call->plan.is_emergency) {
        *cause = cause_of_token("overload", CAUSE_BY_SYSTEM, NULL);
        return ERR_LIMIT;
    }
    if (!err && calls->config.media && !call->plan.is_emergency &&
        !media_has_room(calls->config.media, call->thread, MEDIA_WORK_RELAY)) {
        *cause = cause_of_token("overload", CAUSE_BY_SYSTEM,
                                "The media threads have as much to do as they may.");
        return ERR_LIMIT;
    }
    return err;
}

struct call *call_create(struct calls *calls, const struct call_request *request,
                         struct leg *take_caller)
{
    (void)slice_copy(request->from_user, take_caller->user, sizeof take_caller->user);
    (void)slice_copy(request->trunk, take_caller->trunk, sizeof take_caller->trunk);
    take_caller->may_use_trunks = request->may_use_trunks;
    struct call *call = make(calls, request, take_caller);
    call_adopt(call, take_caller);
    call->caller = take_caller;
    if (take_caller->state == LEG_NEW)
        take_caller->state = LEG_TRYING;
    char from[64], to[64];
    log_info(&call->log, "started face=%s from=%s to=%s%s%s id=%s session=%s", call->face,
             log_mask(slice_of(call->from), from, sizeof from),
             log_mask(slice_of(call->to), to, sizeof to), call->trunk[0] ? " trunk=" : "",
             call->trunk, call->id, call->correlation);
    call_event(call, 1, "leg", "%s from %s", take_caller->ops->kind, take_caller->party);
    struct cause cause;
    enum err refused = admit(calls, call, request, &cause);
    call_stats_add_start(call);
    if (refused) {
        call_end(call, &cause);
        return call;
    }
    char first[ROUTE_TEXT_MAX];
    call_event(call, 0, "route", "%s -> %s", call->plan.why,
               route_target_print(&call->plan.targets[0], first, sizeof first));
    call_set_state(call, CALL_DIALING);
    call_next_step(call);
    return call;
}

void call_leg_ringing(struct call *call, struct leg *leg, int code)
{
    if (leg == call->caller || call->state >= CALL_UP)
        return;
    call_set_state(call, CALL_RINGING);
    if (call->caller && !call->early)
        call->caller->ops->ring(call->caller, code, NULL);
}

void call_leg_progress(struct call *call, struct leg *leg, int code)
{
    if (leg == call->caller || call->state >= CALL_UP || !call->caller || call->early)
        return; /* with several early far ends the first one is heard */
    call->early = leg;
    call_set_state(call, CALL_EARLY);
    call->caller->ops->ring(call->caller, code, &leg->chosen);
    if (leg->call && call->caller && call->caller->state >= LEG_EARLY)
        call_join(call, leg);
}

/* The first answer wins; the others stop ringing. */
static void end_losers(struct call *call)
{
    struct cause elsewhere = cause_of_token("answered_elsewhere", CAUSE_BY_LOCAL, NULL);
    LIST_EACH(link, &call->legs)
    {
        struct leg *leg = LIST_ITEM(link, struct leg, in_call);
        if (leg != call->caller && leg != call->peer)
            call_end_leg(call, leg, &elsewhere);
    }
}

void call_leg_confirmed(struct call *call, struct leg *leg)
{
    struct leg *other = call_other(call, leg);
    if (other && other->ops->confirmed)
        other->ops->confirmed(other);
}

void call_leg_answered(struct call *call, struct leg *leg)
{
    if (leg == call->caller)
        return;
    call->peer = leg;
    call->reached = leg->target;
    loop_timer_stop(call->calls->config.loop, &call->ring_timer);
    end_losers(call);
    call->early = NULL;
    call->caller->ops->answer(call->caller, &leg->chosen);
    if (!call->caller || !call->peer) /* the answer could not be given: all is over already */
        return;
    call->caller->state = LEG_UP;
    call->caller->up_ms = leg->up_ms;
    call->up_wall_ms = loop_wall_ms(call->calls->config.loop);
    call_note_codecs(call);
    call_set_state(call, CALL_UP);
    log_info(&call->log, "up codec_a=%s codec_b=%s", call->codec_a, call->codec_b);
    call_join(call, leg);
    call_leg_codecs(call);
    if (call->caller && !call->caller->ops->confirms)
        call_leg_confirmed(call, call->caller);
}

void call_leg_ended(struct call *call, struct leg *leg)
{
    bool was_caller = leg == call->caller, was_peer = leg == call->peer;
    struct cause cause = leg->cause;
    log_info(&leg->log, "over party=%s cause=%s code=%d by=%s reason=\"%s\"", leg->party,
             cause.token, cause.code, cause_by_name(cause.by), cause.text);
    bool is_outlived = transfer_outlives(call, leg);
    bury(call, leg);
    if (is_outlived)
        return;
    if (was_caller || was_peer) {
        call_end(call, &cause);
        return;
    }
    call_note_failure(call, &cause);
    call_note_busy(call, leg, &cause);
    if (call->dialing || call->state >= CALL_UP)
        return;
    if (cause.code >= 600) { /* RFC 3261 §16.7: nobody else is to be tried */
        call_end(call, &cause);
        return;
    }
    if (!call_has_callees(call))
        call_next_step(call);
}

void call_leg_dtmf(struct call *call, struct leg *leg, char digit, unsigned ms, bool relayed)
{
    struct leg *other = call_other(call, leg);
    if (other && leg->joined)
        leg_send_key(other, digit, ms, relayed);
}
