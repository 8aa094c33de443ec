/* Two legs that talk: their media, who holds whom, the codecs they have in common; and one taking
 * the place of another. */
#include "call/call_priv.h"
#include "call/recording.h"
#include "media/codec.h"
#include "media/media.h"

/* Connect the media of two legs that both have theirs. */
static void link_legs(struct call *call, struct leg *a, struct leg *b)
{
    a->joined = b->joined = true;
    if (b->ops->join)
        b->ops->join(b, a);
    else if (a->ops->join)
        a->ops->join(a, b);
    else if (a->stream && b->stream)
        media_link(a->stream, b->stream);
    call_event(call, 0, "media", "legs %u and %u joined", a->id, b->id);
}

void call_join(struct call *call, struct leg *leg)
{
    if (call->caller && !leg->joined)
        link_legs(call, call->caller, leg);
}

static void tell_hold(struct leg *leg, const struct leg *other)
{
    if (leg->held == other->holds || leg->state != LEG_UP)
        return;
    leg->held = other->holds;
    if (leg->ops->hold)
        leg->ops->hold(leg, leg->held);
}

/* It leaves its call, which is not over for it, and lives on. */
static void detach(struct leg *leg)
{
    struct call *call = leg->call;
    json_array_append_new(call->done_legs, call_leg_json(leg));
    list_remove(&leg->in_call);
    recording_leave(call, leg);
    if (leg->stream)
        media_unlink(leg->stream);
    if (call->caller == leg)
        call->caller = NULL;
    if (call->peer == leg)
        call->peer = NULL;
    leg->call = NULL;
    leg->target = NULL; /* of that call's plan */
}

void call_note_codecs(struct call *call)
{
    const struct leg *a = call->caller, *b = call->peer;
    call->codec_a = a && a->chosen.n ? a->chosen.list[0]->name : "";
    call->codec_b = b && b->chosen.n ? b->chosen.list[0]->name : "";
}

static bool has_common(const struct leg_codecs *a, const struct leg_codecs *b)
{
    for (size_t i = 0; i < a->n; i++)
        for (size_t k = 0; k < b->n; k++)
            if (a->list[i] == b->list[k])
                return true;
    return false;
}

/* Who could speak what the other one speaks is asked to: that is cheaper than transcoding, and
 * sounds better. Once; what cannot be had stays transcoded. */
static void retune(struct call *call)
{
    struct leg *const legs[] = { call->caller, call->peer };
    if (call->state != CALL_UP || call->retuned || !legs[0] || !legs[1] || !legs[0]->chosen.n ||
        !legs[1]->chosen.n || has_common(&legs[0]->chosen, &legs[1]->chosen))
        return;
    for (size_t i = 0; i < 2 && !call->retuned; i++) {
        struct leg *leg = legs[i];
        const struct leg *other = legs[1 - i];
        if (!leg->ops->retune || !leg->stream || !has_common(&leg->offered, &other->chosen))
            continue;
        call->retuned = true;
        leg->ops->retune(leg, &other->chosen);
    }
}

void call_leg_codecs(struct call *call)
{
    if (call->state != CALL_UP)
        return;
    call_note_codecs(call);
    retune(call);
}

void call_join_leg(struct call *call, struct leg *stays, struct leg *leg, const struct cause *why)
{
    struct leg **place = stays == call->caller ? &call->peer : &call->caller;
    struct leg *old = *place;
    bool moves = leg->call && leg->call != call;
    if (moves)
        detach(leg);
    if (!leg->call)
        call_adopt(call, leg);
    *place = leg;
    if (old && old != leg)
        call_end_leg(call, old, why);
    link_legs(call, stays, leg);
    tell_hold(stays, leg);
    tell_hold(leg, stays);
    call_note_codecs(call);
    call->retuned = false;
    retune(call);
    recording_go_on(call);
    if (moves && leg->ops->moved)
        leg->ops->moved(leg);
    leg_on_video(stays); /* each has numbers for its formats that the other never heard of */
}

void call_leg_hold(struct call *call, struct leg *leg)
{
    struct leg *other = call_other(call, leg);
    if (other)
        tell_hold(other, leg);
}
