/* Transfers of calls that are up. The leg in here stands for the transferee in the call that is
 * made for it, and lends it the transferee's stream: early media of the target is heard at once. */
#include "call/transfer.h"

#include <stdio.h>

#include "base/loop.h"
#include "base/mem.h"
#include "call/call_priv.h"
#include "media/media.h"

/* What is heard while the target rings and sends no sound of its own: ITU-T E.180 §7, Europe. */
enum { RINGBACK_HZ = 425, RINGBACK_DBM0 = -18, RINGBACK_ON_MS = 1000, RINGBACK_OFF_MS = 4000 };

struct transfer {
    struct leg leg;    /* first; in the call that is made, NULL call when there is none */
    struct call *call; /* that goes on; NULL once the transfer is decided */
    struct leg *by;    /* NULL once it is over */
    struct leg *stays; /* the transferee */
    bool is_passed;    /* its far end makes the new call itself */
    bool is_on;        /* the ringback tone sounds now */
    struct timer ringback;
    char *to, *referred_by, *replaces;
    char second[CALL_ID_MAX]; /* attended and passed on: the other call, and its transferor's leg */
    uint32_t with_id;
};

static struct transfer *transfer_of(struct leg *leg)
{
    return (struct transfer *)leg; /* the leg is its first member */
}

static void report(struct transfer *transfer, int status, const char *text)
{
    struct leg *by = transfer->by;
    call_event(transfer->call, by ? by->id : 0, "transfer", "%d %s", status, text);
    if (by && by->ops->report)
        by->ops->report(by, status, text);
}

static void on_ringback(void *owner)
{
    struct transfer *transfer = owner;
    struct media_stream *stream = transfer->stays->stream;
    transfer->is_on = !transfer->is_on;
    if (transfer->is_on)
        media_stream_tone(stream, RINGBACK_HZ, RINGBACK_DBM0);
    else
        media_stream_play_stop(stream);
    loop_timer_start(call_loop(transfer->call), &transfer->ringback,
                     transfer->is_on ? RINGBACK_ON_MS : RINGBACK_OFF_MS, on_ringback, transfer);
}

static void start_ringback(struct transfer *transfer)
{
    if (transfer->stays->stream && !transfer->is_passed && !timer_is_running(&transfer->ringback))
        on_ringback(transfer);
}

static void stop_ringback(struct transfer *transfer)
{
    if (!timer_is_running(&transfer->ringback))
        return;
    loop_timer_stop(call_loop(transfer->call), &transfer->ringback);
    if (transfer->is_on)
        media_stream_play_stop(transfer->stays->stream);
    transfer->is_on = false;
}

static void destroy(struct leg *leg)
{
    struct transfer *transfer = transfer_of(leg);
    mem_free(transfer->to);
    mem_free(transfer->referred_by);
    mem_free(transfer->replaces);
    mem_free(transfer);
}

static void free_later(void *arg)
{
    destroy(arg);
}

/* It is decided: neither call knows of the transfer any more. Its leg dies with the call made for
 * it. */
static void settle(struct transfer *transfer)
{
    struct call *call = transfer->call;
    stop_ringback(transfer);
    transfer->leg.stream = NULL; /* was lent */
    call->transfer = NULL;
    transfer->call = NULL;
    if (!transfer->leg.call)
        loop_defer(call_loop(call), free_later, transfer);
}

static void ring(struct leg *leg, int code, const struct leg_codecs *media)
{
    struct transfer *transfer = transfer_of(leg);
    if (!transfer->call)
        return;
    if (media) {
        stop_ringback(transfer);
        leg->state = LEG_EARLY;
    } else {
        start_ringback(transfer);
    }
    report(transfer, code, media ? "Session Progress" : "Ringing");
}

static struct cause transferred(void)
{
    return cause_of_token("transferred", CAUSE_BY_LOCAL, NULL);
}

/* The target talks to the transferee, unless both are ours: then nobody is left who could hang up.
 */
static void join(struct call *call, struct leg *stays, struct leg *target, const struct cause *done)
{
    call_join_leg(call, stays, target, done);
    if (stays->ops->is_endless && target->ops->is_endless)
        call_end(call, done);
}

static void answer(struct leg *leg, const struct leg_codecs *prefer)
{
    struct transfer *transfer = transfer_of(leg);
    struct call *call = transfer->call, *made = leg->call;
    struct leg *stays = transfer->stays, *target = call_peer(made);
    struct cause done = transferred();
    (void)prefer; /* what the two have not in common is transcoded */
    report(transfer, 200, "OK");
    settle(transfer);
    join(call, stays, target, &done);
    call_end(made, &done);
}

/* The two talk again, or what is left of the call ends. */
static void take_back(struct call *call, struct leg *by, struct leg *stays,
                      const struct cause *cause)
{
    if (!by) {
        call_end(call, cause);
        return;
    }
    call_join_leg(call, stays, by, NULL);
}

static void end(struct leg *leg, const struct cause *cause)
{
    struct transfer *transfer = transfer_of(leg);
    struct call *call = transfer->call;
    if (!call)
        return;
    struct leg *by = transfer->by, *stays = transfer->stays;
    report(transfer, cause->code < 300 ? 480 : cause->code, cause->text);
    settle(transfer);
    take_back(call, by, stays, cause);
}

static const struct leg_ops ops = {
    .kind = "transfer",
    .ring = ring,
    .answer = answer,
    .end = end,
    .destroy = destroy,
};

static enum err refuse(struct cause *why, enum err err, int status, const char *text)
{
    *why = cause_of_status(status, CAUSE_BY_SYSTEM, text);
    return err;
}

static enum err check(const struct leg *by, struct cause *why)
{
    const struct call *call = by->call;
    const struct leg *stays = call ? call_other(call, by) : NULL;
    if (!stays || by->state != LEG_UP || stays->state != LEG_UP || call->state != CALL_UP)
        return refuse(why, ERR_MISUSE, 480, "Only a call that is up can be transferred.");
    if (call->transfer)
        return refuse(why, ERR_AGAIN, 491, "Another transfer of this call is under way.");
    return OK;
}

/* What the transferee speaks now, then what else it could. */
static struct leg_codecs codecs_of(const struct leg *leg)
{
    struct leg_codecs codecs = leg->chosen;
    for (size_t i = 0; i < leg->offered.n && codecs.n < LEG_CODECS_MAX; i++) {
        bool has = false;
        for (size_t k = 0; k < codecs.n; k++)
            has = has || codecs.list[k] == leg->offered.list[i];
        if (!has)
            codecs.list[codecs.n++] = leg->offered.list[i];
    }
    return codecs;
}

static struct transfer *make(struct leg *by, const struct transfer_request *request)
{
    struct transfer *transfer = mem_new(struct transfer);
    struct leg *stays = call_other(by->call, by);
    leg_init(&transfer->leg, &ops, true);
    snprintf(transfer->leg.party, sizeof transfer->leg.party, "%s", stays->party);
    snprintf(transfer->leg.via, sizeof transfer->leg.via, "%s", stays->via);
    transfer->leg.offered = codecs_of(stays);
    transfer->call = by->call;
    transfer->by = by;
    transfer->stays = stays;
    transfer->to = slice_dup(request->to);
    transfer->referred_by = slice_dup(request->referred_by);
    transfer->replaces = slice_dup(request->replaces);
    by->call->transfer = transfer;
    return transfer;
}

static struct route_query query_of(const struct leg *by, const struct leg *stays, struct slice to)
{
    const struct call *call = by->call;
    return (struct route_query){
        .face = slice_of(by == call->caller ? call->face : by->ops->kind),
        /* who began the call may have no number: then its party is only a name for people */
        .from = slice_of(stays->id == 1 ? call->from : stays->party),
        .from_user = slice_of(by->user),
        .trunk = slice_of(by->trunk),
        .dialled = to,
        .may_use_trunks = by->may_use_trunks,
    };
}

/* Its trunk's far end makes the call itself, when that is where it would go anyway. */
static bool passes(const struct transfer *transfer, const struct transfer_request *request)
{
    struct leg *stays = transfer->stays;
    struct route_query query = query_of(request->by, stays, request->to);
    struct cause why;
    if (!stays->ops->refer || !stays->trunk[0] || request->replaces.len)
        return false;
    struct route_plan *plan = mem_new(struct route_plan);
    bool same = !router_find(stays->call->calls->config.router, &query, plan, &why) &&
                slice_is(slice_of(plan->targets[0].kind), "trunk") &&
                slice_is(slice_of(plan->targets[0].name), stays->trunk);
    struct transfer_request there = *request;
    there.to = slice_of(plan->targets[0].number);
    bool passed = same && !stays->ops->refer(stays, &there, NULL);
    mem_free(plan);
    return passed;
}

static void dial(struct transfer *transfer)
{
    struct call *call = transfer->call;
    const struct leg *by = transfer->by, *stays = transfer->stays;
    if (!by) { /* whose rights it would be is gone */
        struct cause gone = transferred();
        settle(transfer);
        call_end(call, &gone);
        return;
    }
    struct route_query query = query_of(by, stays, slice_of(transfer->to));
    struct call_request request = {
        .face = query.face,
        .from = query.from,
        .from_name = slice_of(stays == call->caller ? call->from_name : ""),
        .from_user = query.from_user,
        .trunk = query.trunk,
        .to = query.dialled,
        .correlation = slice_of(call->correlation),
        .may_use_trunks = query.may_use_trunks,
        .headers = call->headers,
        .hops = call->hops,
        .is_private = stays == call->caller && call->is_private,
        .referred_by = slice_of(transfer->referred_by),
        .replaces = slice_of(transfer->replaces),
        .beside = call,
    };
    transfer->leg.stream = stays->stream;
    call_create(call->calls, &request, &transfer->leg);
}

enum err transfer_blind(const struct transfer_request *request, struct cause *why)
{
    enum err err = check(request->by, why);
    if (err)
        return err;
    struct transfer *transfer = make(request->by, request);
    struct leg *stays = transfer->stays;
    char to[64];
    call_event(transfer->call, request->by->id, "transfer", "leg %u to %.*s", stays->id,
               SLICE_ARG(request->to));
    log_info(&request->by->log, "transfer leg=%u to=%s", stays->id,
             log_mask(request->to, to, sizeof to));
    transfer->is_passed = passes(transfer, request);
    if (!transfer->is_passed)
        dial(transfer);
    return OK;
}

/* Streams are linked more cheaply on one media thread: the target comes over when it can. */
static void bring_near(const struct leg *stays, struct leg *target)
{
    if (!stays->stream || !target->stream || !target->ops->rehome)
        return;
    unsigned thread = media_stream_thread(stays->stream);
    if (media_stream_thread(target->stream) != thread)
        (void)!target->ops->rehome(target, thread); /* it stays where it is */
}

/* Both calls are up: the far end of the second takes the transferor's place in the first. */
static void join_calls(struct leg *by, struct leg *with)
{
    struct call *call = by->call, *second = with->call;
    struct leg *stays = call_other(call, by), *target = call_other(second, with);
    struct cause done = transferred();
    bring_near(stays, target);
    if (by->ops->report)
        by->ops->report(by, 200, "OK");
    join(call, stays, target, &done);
    call_end(second, &done);
}

/* The second call still rings somebody: from now on for the transferee. */
static void take_ringing(struct leg *by, struct leg *with, const struct transfer_request *request)
{
    struct call *second = with->call;
    struct transfer *transfer = make(by, request);
    struct leg *early = second->early;
    struct cause done = transferred();
    transfer->leg.stream = transfer->stays->stream;
    transfer->leg.state = early ? LEG_EARLY : LEG_RINGING;
    call_adopt(second, &transfer->leg);
    second->caller = &transfer->leg;
    call_end_leg(second, with, &done);
    if (early && early->stream && transfer->leg.stream)
        media_link(early->stream, transfer->leg.stream);
    else if (second->state >= CALL_RINGING)
        start_ringback(transfer);
    report(transfer, 180, "Ringing");
}

/* What joins them if the far end does not is kept by name: it may be over by then. */
static void wait_for_far_end(struct leg *by, const struct leg *with,
                             const struct transfer_request *request)
{
    struct transfer *transfer = make(by, request);
    transfer->is_passed = true;
    transfer->with_id = with->id;
    (void)slice_copy(slice_of(with->call->id), transfer->second, sizeof transfer->second);
}

/* The far end does not join calls: we do. */
static void join_after_all(struct transfer *transfer)
{
    struct call *call = transfer->call;
    struct call *second = calls_find(call->calls, slice_of(transfer->second));
    struct leg *by = transfer->by, *stays = transfer->stays, *with = NULL;
    if (second && second->state == CALL_UP && !second->transfer)
        with = second->caller && second->caller->id == transfer->with_id ? second->caller
                                                                         : second->peer;
    struct leg *target = with ? call_other(second, with) : NULL;
    bool can = by && target && with->id == transfer->with_id;
    struct cause gone = cause_of_status(481, CAUSE_BY_SYSTEM, "The other call is over.");
    if (!can)
        report(transfer, gone.code, gone.text);
    settle(transfer);
    if (can)
        join_calls(by, with);
    else
        take_back(call, by, stays, &gone);
}

enum err transfer_attended(struct leg *by, struct leg *with, struct slice referred_by,
                           struct cause *why)
{
    struct transfer_request request = { .by = by, .referred_by = referred_by };
    struct call *second = with->call;
    enum err err = check(by, why);
    if (err)
        return err;
    struct call *call = by->call;
    struct leg *stays = call_other(call, by);
    if (!second || second == call)
        return refuse(why, ERR_MISUSE, 481, "The other call is over, or the same.");
    struct leg *target = call_other(second, with);
    bool is_up = with->state == LEG_UP && second->state == CALL_UP && target;
    bool rings = with == second->caller && second->state < CALL_UP;
    if (second->transfer)
        return refuse(why, ERR_AGAIN, 491, "The other call is being transferred.");
    if (!is_up && !rings)
        return refuse(why, ERR_MISUSE, 481, "The other call is not up.");
    call_event(call, by->id, "transfer", "leg %u to the far end of call %s", stays->id, second->id);
    call_event(second, with->id, "transfer", "to the far end of call %s", call->id);
    log_info(&by->log, "transfer leg=%u other_call=%.8s", stays->id, second->id);
    call_relate(call, second);
    if (is_up && stays->ops->refer && !stays->ops->refer(stays, &request, target))
        wait_for_far_end(by, with, &request);
    else if (is_up)
        join_calls(by, with);
    else
        take_ringing(by, with, &request);
    return OK;
}

/* Answered toward the other end; false when it could not be: it is over then. */
static bool answers(struct call *call, struct leg *take, const struct leg *toward)
{
    call_adopt(call, take);
    take->state = LEG_TRYING;
    struct leg_codecs codecs = codecs_of(toward);
    take->ops->answer(take, &codecs);
    if (!take->call)
        return false;
    take->state = LEG_UP;
    take->up_ms = loop_now_ms(call_loop(call));
    return true;
}

enum err transfer_replace(struct leg *old, struct leg *take, struct cause *why)
{
    struct call *call = old->call;
    struct leg *other = call ? call_other(call, old) : NULL;
    struct cause replaced = cause_of_token("replaced", CAUSE_BY_LOCAL, NULL);
    bool is_up = other && old->state == LEG_UP && call->state == CALL_UP;
    bool rings = other && !old->incoming && call->state < CALL_UP;
    if (!is_up && !rings)
        return refuse(why, ERR_MISUSE, 481, "There is no such call to take over.");
    if (call->transfer)
        return refuse(why, ERR_AGAIN, 491, "The call is being transferred.");
    take->target = rings ? old->target : NULL;
    if (!answers(call, take, other))
        return OK;
    call_event(call, take->id, "transfer", "%s %s takes the place of leg %u", take->ops->kind,
               take->party, old->id);
    log_info(&take->log, "replaces leg=%u party=%s", old->id, take->party);
    if (is_up)
        call_join_leg(call, other, take, &replaced);
    else
        call_leg_answered(call, take);
    return OK;
}

bool transfer_outlives(struct call *call, struct leg *leg)
{
    struct transfer *transfer = call->transfer;
    if (!transfer || transfer->by != leg)
        return false;
    transfer->by = NULL; /* many phones hang up as soon as their REFER is accepted */
    return true;
}

void transfer_cancel(struct call *call, const struct cause *cause)
{
    struct transfer *transfer = call->transfer;
    if (!transfer)
        return;
    struct call *made = transfer->leg.call;
    struct cause cancelled = cause_of_token("cancelled", CAUSE_BY_LOCAL, NULL);
    report(transfer, 487, cause->text);
    settle(transfer);
    if (made)
        call_end(made, &cancelled);
}

void transfer_referred(struct call *call, struct leg *leg, int status, const char *text,
                       bool is_over)
{
    struct transfer *transfer = call->transfer;
    struct cause done = transferred();
    if (!transfer || !transfer->is_passed || transfer->stays != leg)
        return;
    if (is_over && status == 0) { /* it does not do transfers */
        transfer->is_passed = false;
        if (transfer->second[0])
            join_after_all(transfer);
        else
            dial(transfer);
        return;
    }
    report(transfer, status, text);
    if (!is_over)
        return;
    struct leg *by = transfer->by, *stays = transfer->stays;
    struct cause failed = cause_of_status(status, CAUSE_BY_REMOTE, NULL);
    settle(transfer);
    if (status < 300)
        call_end(call, &done);
    else
        take_back(call, by, stays, &failed);
}
