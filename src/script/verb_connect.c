/* connect: ring one or many far ends, in turn or at once, and join the first that answers (and says
 * that it wants the call) with ours. The script goes on when they have parted. */
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "base/loop.h"
#include "base/mem.h"
#include "base/num.h"
#include "media/media.h"
#include "script/connect_groups.h"
#include "script/laml_form.h"
#include "script/leg_connect.h"
#include "script/line.h"
#include "script/script_priv.h"
#include "script/verb_connect_check.h"
#include "script/verb_play.h"
#include "script/verb_rows.h"
#include "script/waiting.h"

enum { GROUP_MAX = 16, TALK_MAX_S = 14400, CONFIRM_S = 60 };

struct connect {
    struct script *script;
    json_t *groups; /* of lists of destinations, each with the common parameters */
    size_t at;
    struct connect_leg *legs[GROUP_MAX];
    const json_t *params[GROUP_MAX];
    size_t n, live;
    struct connect_leg *winner;
    struct line_op *ringback, *keys;
    bool rings, dialing;
    char failed_reason[240];
    struct script_fetching *fetching; /* the document of a confirm URL */
    struct timer confirm_timer;
    struct waiting *agent; /* of a queue: */
};

static struct connect *state_of(struct script *script)
{
    return script->state;
}

static void tell(struct script *script, const char *state, const char *reason,
                 const struct connect_leg *peer)
{
    json_t *params = json_pack("{s:s}", "connect_state", state);
    if (reason && reason[0])
        json_object_set_new(params, "failed_reason", json_string(reason));
    if (peer && connect_leg_call(peer))
        json_object_set_new(params, "peer",
                            json_pack("{s:s, s:s}", "call_id", call_id(connect_leg_call(peer)),
                                      "node_id", script->scripts->node_id));
    script_tell(script, "calling.call.connect", "", params);
}

/* --- what the caller hears meanwhile --- */

static void stop_ringback(struct connect *connect)
{
    struct line_op *op = connect->ringback;
    connect->ringback = NULL;
    line_op_cancel(op);
}

static void on_ringback_over(void *owner, enum line_end end, const json_t *result)
{
    (void)end, (void)result;
    ((struct connect *)owner)->ringback = NULL;
}

static void ring_back(struct connect *connect)
{
    struct script *script = connect->script;
    const json_t *wanted = json_object_get(script->value, "ringback");
    size_t n = 0;
    if (connect->rings)
        return;
    connect->rings = true;
    json_t *usual = wanted ? NULL : json_string("ring:us");
    if (!script_is_answered(script)) {
        script->host->ring(script->host_owner);
        json_decref(usual);
        return;
    }
    struct sound_spec *sounds = script_sounds(script, wanted ? wanted : usual, &n);
    const struct line_play_config config = { .take_sounds = sounds, .n = n };
    json_decref(usual);
    if (sounds)
        connect->ringback = line_play(script->line, &config, on_ringback_over, connect);
}

/* --- the end --- */

static void drop(struct script *script)
{
    struct connect *connect = state_of(script);
    struct cause cause = cause_of_token("hangup", CAUSE_BY_SYSTEM, NULL);
    script->bridge = NULL;
    stop_ringback(connect);
    waiting_destroy(connect->agent);
    line_op_cancel(connect->keys);
    loop_timer_stop(script->scripts->config.loop, &connect->confirm_timer);
    script_fetch_cancel(connect->fetching);
    for (size_t i = 0; i < connect->n; i++)
        if (connect->legs[i])
            connect_leg_end(connect->legs[i], &cause);
    json_decref(connect->groups);
    mem_free(connect);
}

static void finish(struct script *script, bool is_connected, const char *reason)
{
    const json_t *result = script_written(script, "connect", "result");
    const char *word = is_connected ? "connected" : "failed";
    struct fault fault = { 0 };
    script_result(script, "connect", word);
    script_set(script, "return_value", json_string(word));
    if (!is_connected)
        script_set_text(script, "connect_failed_reason", reason);
    if (script->state)
        drop(script);
    script->state = NULL;
    script->cancel = NULL;
    if (result && script_branch(script, result, &fault)) {
        script_fail(script, &fault);
        return;
    }
    script_done(script);
}

/* --- joined --- */

static void link_media(struct script *script, struct leg *far)
{
    struct leg *caller = line_leg(script->line);
    if (!caller || !far)
        return;
    if (far->ops->join) /* a built-in acts on the stream of whom it talks to */
        far->ops->join(far, caller);
    else if (caller->stream && far->stream)
        media_link(caller->stream, far->stream);
}

static void end_winner(struct script *script, const char *why)
{
    struct connect *connect = state_of(script);
    struct cause cause = cause_of_token("hangup", CAUSE_BY_SYSTEM, why);
    struct connect_leg *winner = connect->winner;
    if (winner && connect_leg_call(winner))
        call_end(connect_leg_call(winner), &cause); /* its end is told as any other */
}

static void on_max_duration(void *owner)
{
    end_winner(owner, "The longest time allowed is over.");
}

/* LaML's hangupOnStar: that key takes our end out of the connect. */
static void on_hangup_key(void *owner, enum line_end end, const json_t *result)
{
    struct script *script = owner;
    (void)result;
    state_of(script)->keys = NULL;
    if (end == LINE_FINISHED)
        end_winner(script, "The caller left by a key.");
}

/* What LaML may want of the two from now on. */
static void begin_extras(struct script *script)
{
    const json_t *recording = json_object_get(script->value, "record_joined");
    const struct line_collect_config keys = {
        .max_digits = UINT_MAX,
        .terminators = param_text(script->value, "hangup_key", ""),
        .secret = true,
    };
    if (recording)
        (void)script_record_call(script, recording);
    if (keys.terminators[0])
        state_of(script)->keys = line_collect(script->line, &keys, on_hangup_key, script);
}

static void join(struct script *script, struct connect_leg *winner)
{
    struct connect *connect = state_of(script);
    struct cause elsewhere = cause_of_token("answered_elsewhere", CAUSE_BY_LOCAL, NULL);
    connect->winner = winner;
    stop_ringback(connect);
    loop_timer_stop(script->scripts->config.loop, &connect->confirm_timer);
    for (size_t i = 0; i < connect->n; i++)
        if (connect->legs[i] && connect->legs[i] != winner) {
            struct connect_leg *loser = connect->legs[i];
            connect->legs[i] = NULL;
            connect_leg_end(loser, &elsewhere);
        }
    script_answer(script);
    if (script->over)
        return;
    script->bridge = winner;
    connect_leg_join(winner, script->line);
    link_media(script, connect_leg_far(winner));
    loop_timer_start(script->scripts->config.loop, &script->timer,
                     param_ms(script->value, "max_duration", TALK_MAX_S), on_max_duration, script);
    snprintf(script->peer.call_id, sizeof script->peer.call_id, "%s",
             call_id(connect_leg_call(winner)));
    script->peer.joined_ms = loop_now_ms(script->scripts->config.loop);
    begin_extras(script);
    script_result(script, "connect", "connected");
    tell(script, "connected", NULL, winner);
}

static void part(struct script *script)
{
    struct leg *caller = line_leg(script->line);
    script->bridge = NULL;
    script->peer.left_ms = loop_now_ms(script->scripts->config.loop);
    if (caller && caller->stream)
        media_unlink(caller->stream);
    tell(script, "disconnected", NULL, NULL);
    finish(script, true, "");
}

/* --- ringing --- */

static void next_group(struct script *script);

static size_t place_of(const struct connect *connect, const struct connect_leg *leg)
{
    size_t i = 0;
    while (i < connect->n && connect->legs[i] != leg)
        i++;
    return i;
}

static void on_ringing(void *owner, struct connect_leg *leg)
{
    (void)leg;
    ring_back(state_of(owner));
}

static void on_ended(void *owner, struct connect_leg *leg, const struct cause *cause)
{
    struct script *script = owner;
    struct connect *connect = state_of(script);
    size_t i = place_of(connect, leg);
    if (i < connect->n)
        connect->legs[i] = NULL;
    if (leg == connect->winner) {
        connect->winner = NULL;
        part(script);
        return;
    }
    snprintf(connect->failed_reason, sizeof connect->failed_reason, "%s", cause->token);
    if (--connect->live == 0 && !connect->dialing)
        next_group(script);
}

static void refuse(struct script *script, struct connect_leg *leg)
{
    struct connect *connect = state_of(script);
    struct cause cause = cause_of_token("hangup", CAUSE_BY_SYSTEM, "The call was not accepted.");
    size_t i = place_of(connect, leg);
    if (i < connect->n)
        connect->legs[i] = NULL;
    snprintf(connect->failed_reason, sizeof connect->failed_reason, "not_confirmed");
    connect_leg_end(leg, &cause);
    if (--connect->live == 0)
        next_group(script);
}

static void on_confirmed(void *owner, struct connect_leg *leg, bool is_confirmed)
{
    if (is_confirmed)
        join(owner, leg);
    else
        refuse(owner, leg);
}

static void on_confirm_timeout(void *owner)
{
    struct script *script = owner;
    struct connect *connect = state_of(script);
    for (size_t i = 0; i < connect->n; i++) {
        struct connect_leg *leg = connect->legs[i];
        if (leg && connect_leg_far(leg)) {
            refuse(script, leg);
            return; /* it may have been the last one: nothing of ours is sure to live */
        }
    }
}

static void on_confirm_document(void *owner, json_t *take_document, const struct fault *fault)
{
    struct script *script = owner;
    struct connect *connect = state_of(script);
    connect->fetching = NULL;
    if (!take_document)
        script_warn(script, "relay_script_method_execute_failed: confirm: %s", fault->text);
    const json_t *main = json_object_get(json_object_get(take_document, "sections"), "main");
    for (size_t i = 0; i < connect->n; i++) /* those that wait for it */
        if (connect->legs[i] && connect_leg_far(connect->legs[i])) {
            if (main)
                connect_leg_confirm(connect->legs[i], main, on_confirmed);
            else
                refuse(script, connect->legs[i]);
            break;
        }
    json_decref(take_document);
}

static void on_answered(void *owner, struct connect_leg *leg)
{
    struct script *script = owner;
    struct connect *connect = state_of(script);
    size_t i = place_of(connect, leg);
    const json_t *params = i < connect->n ? connect->params[i] : NULL;
    const json_t *confirm = json_object_get(params, "confirm");
    if (connect->winner)
        return;
    if (!confirm) {
        join(script, leg);
        return;
    }
    loop_timer_start(script->scripts->config.loop, &connect->confirm_timer,
                     param_ms(params, "confirm_timeout", CONFIRM_S), on_confirm_timeout, script);
    if (json_is_array(confirm)) {
        connect_leg_confirm(leg, confirm, on_confirmed);
    } else if (!connect->fetching) {
        bool is_laml = script_is_laml(script);
        const struct script_fetch fetch = {
            .url = param_text(params, "confirm", ""),
            .take_body = is_laml ? NULL : script_body(script, NULL),
            .take_form =
                is_laml ? laml_form_of_called(script, connect_leg_call(leg), connect_leg_far(leg))
                        : NULL
        };
        connect->fetching = script_fetch(script, &fetch, on_confirm_document, script);
    }
}

static const struct connect_leg_events leg_events = {
    .on_ringing = on_ringing,
    .on_early = on_ringing,
    .on_answered = on_answered,
    .on_ended = on_ended,
};

/* --- queue:NAME: the caller who waits longest there --- */

static void on_queue_taken(void *owner, struct waiting *with)
{
    struct script *script = owner;
    (void)with;
    stop_ringback(state_of(script));
    script_result(script, "connect", "connected");
    tell(script, "connected", NULL, NULL);
}

static void on_queue_parted(void *owner)
{
    struct script *script = owner;
    tell(script, "disconnected", NULL, NULL);
    finish(script, true, "");
}

static const struct waiting_events queue_events = { .on_taken = on_queue_taken,
                                                    .on_parted = on_queue_parted };

static bool dial_queue(struct script *script, const char *to)
{
    struct connect *connect = state_of(script);
    if (strncmp(to, "queue:", 6) != 0)
        return false;
    script_answer(script);
    if (script->over)
        return true;
    connect->agent = waiting_create(script->scripts, script->project_id, to + 6, script->line, true,
                                    &queue_events, script);
    if (connect->agent)
        connect->live++; /* never given back: it ends the step itself */
    else
        snprintf(connect->failed_reason, sizeof connect->failed_reason,
                 "nobody waits in the queue");
    return true;
}

static void dial(struct script *script, const json_t *params)
{
    struct connect *connect = state_of(script);
    struct fault fault = { 0 };
    size_t i = connect->n;
    if (i == GROUP_MAX || dial_queue(script, param_text(params, "to", "")))
        return;
    connect->live++;
    connect->params[i] = params;
    connect->legs[i] = NULL;
    connect->n++;
    struct connect_leg *leg = connect_leg_create(script, params, &leg_events, script, &fault);
    if (leg) {
        connect->legs[i] = leg;
        return;
    }
    connect->live--;
    snprintf(connect->failed_reason, sizeof connect->failed_reason, "%.200s", fault.text);
    log_info(&script->log, "script connect failed reason=\"%s\"", fault.text);
}

static void next_group(struct script *script)
{
    struct connect *connect = state_of(script);
    const json_t *one;
    size_t i;
    while (connect->at < json_array_size(connect->groups)) {
        const json_t *group = json_array_get(connect->groups, connect->at++);
        connect->n = connect->live = 0;
        connect->dialing = true;
        json_array_foreach(group, i, one) dial(script, one);
        connect->dialing = false;
        if (connect->live || script->over)
            return;
    }
    char reason[240];
    snprintf(reason, sizeof reason, "%s", connect->failed_reason);
    tell(script, "failed", reason, NULL);
    finish(script, false, reason);
}

static enum verb_next run(struct script *script, const json_t *value)
{
    struct connect *connect = mem_new(struct connect);
    connect->script = script;
    connect->groups = connect_groups(value);
    script->state = connect;
    script->cancel = drop;
    memset(&script->peer, 0, sizeof script->peer);
    if (!param_bool(value, "answer_on_bridge", false))
        script_answer(script);
    if (script->over)
        return VERB_JUMPED;
    tell(script, "connecting", NULL, NULL);
    next_group(script);
    return VERB_WAITS;
}

static const char *const kept[] = { "result", "confirm", NULL };
static const struct verb_param params[] = {
    { .name = "to", .types = VERB_TEXT },
    { .name = "serial", .types = VERB_LIST },
    { .name = "parallel", .types = VERB_LIST },
    { .name = "serial_parallel", .types = VERB_LIST },
    { .name = "from", .types = VERB_TEXT },
    { .name = "from_name", .types = VERB_TEXT },
    { .name = "headers", .types = VERB_LIST },
    { .name = "codecs", .types = VERB_TEXT | VERB_LIST },
    { .name = "webrtc_media", .types = VERB_BOOL },
    { .name = "session_timeout", .types = VERB_NUMBER },
    { .name = "ringback", .types = VERB_LIST | VERB_TEXT },
    { .name = "result", .types = VERB_RESULT },
    { .name = "timeout", .types = VERB_NUMBER, .min = 0, .max = 3600 },
    { .name = "max_duration", .types = VERB_NUMBER, .min = 0, .max = 86400 },
    { .name = "answer_on_bridge", .types = VERB_BOOL },
    { .name = "confirm", .types = VERB_TEXT | VERB_STEPS },
    { .name = "confirm_timeout", .types = VERB_NUMBER, .min = 0, .max = 3600 },
    { .name = "encryption", .types = VERB_TEXT, .words = "mandatory|optional|forbidden" },
    { .name = "call_state_url", .types = VERB_TEXT },
    { .name = "call_state_events", .types = VERB_LIST },
    { .name = "transfer_after_bridge", .types = VERB_TEXT },
    { .name = "status_url", .types = VERB_TEXT },
    { .name = "username", .types = VERB_TEXT },
    { .name = "password", .types = VERB_TEXT },
    { .name = "name", .types = VERB_TEXT },
    { .name = "codec", .types = VERB_TEXT },
    { .name = "realtime", .types = VERB_BOOL },
    { .name = "status_url_method", .types = VERB_TEXT, .words = "GET|POST" },
    { .name = "authorization_bearer_token", .types = VERB_TEXT },
    { .name = "custom_parameters", .types = VERB_OBJECT },
    { 0 },
};

const struct verb verb_connect = {
    .name = "connect",
    .params = params,
    .bare = "to",
    .kept = kept,
    .check = verb_connect_check,
    .run = run,
    .note = "numbers by the routes, sip: addresses, users; queue:NAME takes who waits longest; no "
            "stream: destinations; "
            "codecs, encryption and webrtc_media follow the trunk or user",
};
