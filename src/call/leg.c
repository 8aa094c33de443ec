/* The common half of every leg: its state, its log lines, its media events. */
#include "call/leg.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/num.h"
#include "call/call_priv.h"
#include "call/recording.h"
#include "call/transfer.h"
#include "media/codec.h"
#include "media/media.h"

static const char *const names[] = { "new", "trying", "ringing", "early", "up", "done" };
_Static_assert(COUNT_OF(names) == LEG_DONE + 1, "one name per state");

const char *leg_state_name(enum leg_state state)
{
    return names[state];
}

void leg_init(struct leg *leg, const struct leg_ops *ops, bool incoming)
{
    leg->ops = ops;
    leg->incoming = incoming;
    list_init(&leg->in_call);
}

bool leg_is_over(const struct leg *leg)
{
    return leg->state == LEG_DONE;
}

void leg_send_key(struct leg *leg, char digit, unsigned duration_ms, bool relayed)
{
    if (leg->ops->dtmf)
        leg->ops->dtmf(leg, digit, duration_ms, relayed);
    else if (!relayed && leg->stream)
        media_stream_send_dtmf(leg->stream, slice_make(&digit, 1), duration_ms, 0);
}

void leg_on_event(struct leg *leg, const char *kind, const char *fmt, ...)
{
    if (!leg->call)
        return;
    va_list args;
    va_start(args, fmt);
    call_eventv(leg->call, leg->id, kind, fmt, args);
    va_end(args);
}

/* Only ever forward: a late 180 does not undo an answer. */
static bool advance(struct leg *leg, enum leg_state state)
{
    if (!leg->call || leg_is_over(leg) || leg->state > state)
        return false;
    if (leg->state == state)
        return true;
    leg->state = state;
    return true;
}

void leg_on_trying(struct leg *leg)
{
    if (leg->state == LEG_NEW && advance(leg, LEG_TRYING))
        leg_on_event(leg, "state", "trying %s", leg->party);
}

void leg_on_ringing(struct leg *leg, int code)
{
    if (!advance(leg, LEG_RINGING))
        return;
    if (!leg->ringing_ms)
        leg->ringing_ms = loop_now_ms(call_loop(leg->call));
    leg_on_event(leg, "state", "ringing %d", code);
    call_leg_ringing(leg->call, leg, code);
}

static void tell_codec(struct leg *leg)
{
    char list[120] = "";
    struct buf buf = BUF_ON(list);
    for (size_t i = 0; i < leg->chosen.n; i++)
        buf_printf(&buf, "%s%s", i ? "," : "", leg->chosen.list[i]->name);
    leg_on_event(leg, "codec", "negotiated %s", buf_cstr(&buf));
    log_info(&leg->log, "codec negotiated=%s", buf_cstr(&buf));
}

void leg_on_codecs(struct leg *leg)
{
    if (!leg->call || leg_is_over(leg))
        return;
    tell_codec(leg);
    call_leg_codecs(leg->call);
}

void leg_on_progress(struct leg *leg, int code)
{
    if (!advance(leg, LEG_EARLY))
        return;
    leg_on_event(leg, "state", "early media %d", code);
    tell_codec(leg);
    call_leg_progress(leg->call, leg, code);
}

void leg_on_answered(struct leg *leg)
{
    if (!advance(leg, LEG_UP))
        return;
    leg->up_ms = loop_now_ms(call_loop(leg->call));
    leg_on_event(leg, "state", "answered");
    log_info(&leg->log, "answered party=%s after_ms=%" PRId64, leg->party,
             leg->up_ms - leg->call->created_ms);
    tell_codec(leg);
    call_leg_answered(leg->call, leg);
}

void leg_on_ended(struct leg *leg, const struct cause *cause)
{
    if (!leg->call || leg_is_over(leg))
        return;
    leg->cause = *cause;
    call_leg_ended(leg->call, leg);
}

void leg_fail(struct leg *leg, const struct cause *cause)
{
    if (!leg->call || leg_is_over(leg))
        return;
    leg->ops->end(leg, cause);
    leg_on_ended(leg, cause);
}

void leg_on_dtmf(struct leg *leg, char digit, unsigned duration_ms, bool relayed)
{
    if (!leg->call || leg_is_over(leg))
        return;
    if (leg->hides_keys)
        leg_on_event(leg, "dtmf", "a key");
    else
        leg_on_event(leg, "dtmf", "key %c for %u ms", digit, duration_ms);
    if (leg->watch && leg->watch->on_key)
        leg->watch->on_key(leg->watch_owner, leg, digit, duration_ms);
    if (!leg->call) /* the key ended it */
        return;
    call_leg_dtmf(leg->call, leg, digit, duration_ms, relayed);
}

enum err leg_on_text(struct leg *leg, const struct leg_text *text)
{
    struct leg *other = leg->call ? call_other(leg->call, leg) : NULL;
    if (!other || leg->call->state != CALL_UP)
        return ERR_MISUSE;
    return other->ops->text ? other->ops->text(other, text) : ERR_UNSUPPORTED;
}

void leg_on_text_done(struct leg *leg, uint32_t id, int status)
{
    struct leg *other = leg->call ? call_other(leg->call, leg) : NULL;
    leg_on_event(leg, "text", "passed on: %d", status);
    if (other && other->ops->text_done)
        other->ops->text_done(other, id, status);
}

void leg_on_hold(struct leg *leg, bool on)
{
    if (!leg->call || leg_is_over(leg) || leg->holds == on)
        return;
    leg->holds = on;
    leg_on_event(leg, "state", on ? "holds the call" : "resumes the call");
    log_info(&leg->log, "%s party=%s", on ? "hold" : "resume", leg->party);
    call_leg_hold(leg->call, leg);
}

void leg_on_video(struct leg *leg)
{
    struct leg *other = leg->call && !leg_is_over(leg) ? call_other(leg->call, leg) : NULL;
    if (other && other->ops->video)
        other->ops->video(other);
}

void leg_on_confirmed(struct leg *leg)
{
    if (leg->call && !leg_is_over(leg))
        call_leg_confirmed(leg->call, leg);
}

void leg_on_referred(struct leg *leg, int status, const char *text, bool is_over)
{
    if (!leg->call || leg_is_over(leg))
        return;
    leg_on_event(leg, "transfer", "its far end: %d %s", status, text);
    if (leg->watch && leg->watch->on_referred)
        leg->watch->on_referred(leg->watch_owner, leg, status, is_over);
    if (!leg->call)
        return;
    transfer_referred(leg->call, leg, status, text, is_over);
}

static void on_connected(void *owner)
{
    leg_on_event(owner, "media", "connected");
}

static void on_first_packet(void *owner)
{
    leg_on_event(owner, "media", "first packet received");
}

static void on_dtmf(void *owner, char digit, unsigned duration_ms)
{
    leg_on_dtmf(owner, digit, duration_ms, true);
}

static void on_play_done(void *owner, uint32_t play_id)
{
    struct leg *leg = owner;
    leg_on_event(leg, "play", "done id=%u", play_id);
    if (leg->watch && leg->watch->on_play_done)
        leg->watch->on_play_done(leg->watch_owner, leg, play_id);
}

static void on_recorded(void *owner, const struct media_recorded *recorded)
{
    struct leg *leg = owner;
    leg_on_event(leg, "record", "file of %" PRId64 " ms is complete", recorded->duration_ms);
    if (leg->call)
        recording_done(leg->call, recorded);
    if (leg->watch && leg->watch->on_recorded)
        leg->watch->on_recorded(leg->watch_owner, leg, recorded);
}

static void on_heard(void *owner, const struct media_heard *heard)
{
    struct leg *leg = owner;
    if (leg->watch && leg->watch->on_heard)
        leg->watch->on_heard(leg->watch_owner, leg, heard);
}

static void on_silent(void *owner, int64_t silent_ms)
{
    struct leg *leg = owner;
    leg_on_event(leg, "media", "no audio: no RTP for %" PRId64 " ms", silent_ms);
    log_warn(&leg->log, "no audio party=%s: no RTP packet arrived for %" PRId64 " ms", leg->party,
             silent_ms);
}

static void on_heard_again(void *owner)
{
    struct leg *leg = owner;
    leg_on_event(leg, "media", "audio is back");
    log_info(&leg->log, "audio is back party=%s", leg->party);
}

static void on_failed(void *owner, enum err err, const char *text)
{
    struct leg *leg = owner;
    leg_on_event(leg, "media", "failed: %s", text);
    log_warn(&leg->log, "media failed reason=%s: %s", err_name(err), text);
    struct cause cause = cause_of_token(err == ERR_TIMEOUT ? "media_timeout" : "media_failed",
                                        CAUSE_BY_SYSTEM, text);
    leg_fail(leg, &cause);
}

static void on_step(void *owner, const char *step, const char *detail)
{
    struct leg *leg = owner;
    leg_on_event(leg, step, "%s", detail);
    log_info(&leg->log, "%s %s", step, detail);
}

static void on_transport(void *owner, const void *event)
{
    struct leg *leg = owner;
    if (leg->call && leg->ops->transport)
        leg->ops->transport(leg, event);
}

const struct media_events leg_media_events = {
    .on_connected = on_connected,
    .on_first_packet = on_first_packet,
    .on_dtmf = on_dtmf,
    .on_play_done = on_play_done,
    .on_recorded = on_recorded,
    .on_heard = on_heard,
    .on_silent = on_silent,
    .on_heard_again = on_heard_again,
    .on_failed = on_failed,
    .on_step = on_step,
    .on_transport = on_transport,
};
