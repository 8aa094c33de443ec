#include "script/leg_connect.h"

#include <stdio.h>
#include <string.h>

#include "base/loop.h"
#include "base/mem.h"
#include "media/media.h"
#include "script/line.h"
#include "script/script_priv.h"

enum { RING_S = 60 };

struct connect_leg {
    struct leg leg; /* first */
    struct scripts *scripts;
    struct script *parent;
    const struct connect_leg_events *events; /* NULL: nobody listens any more */
    void *owner;
    struct line *line; /* of the far end, while it confirms or is joined */
    struct script *confirm;
    void (*on_confirmed)(void *owner, struct connect_leg *leg, bool is_confirmed);
    struct line *with;
    char *status_url;
    unsigned wanted_states; /* bits: created ringing answered ended */
    struct timer later, ring_timer;
    bool is_early;
    enum { CONNECT_NEWS_NONE, CONNECT_NEWS_ANSWERED, CONNECT_NEWS_CONFIRMED } news;
    bool confirmed;
};

static const char *const state_names[] = { "created", "ringing", "answered", "ended" };

static struct connect_leg *self_of(struct leg *leg)
{
    return (struct connect_leg *)leg;
}

static struct loop *loop_of(const struct connect_leg *self)
{
    return self->scripts->config.loop;
}

struct leg *connect_leg_far(const struct connect_leg *self)
{
    return self->leg.call ? call_peer(self->leg.call) : NULL;
}

struct call *connect_leg_call(const struct connect_leg *self)
{
    return self->leg.call;
}

static void tell_state(const struct connect_leg *self, unsigned state, const char *reason)
{
    struct call *call = self->leg.call;
    if (!call || !(self->wanted_states >> state & 1))
        return;
    const struct script_note note = { .type = "calling.call.state", .url = self->status_url };
    json_t *params =
        json_pack("{s:s, s:s, s:{s:s, s:{s:s, s:s}}}", "call_state", state_names[state],
                  "direction", "outbound", "device", "type", "phone", "params", "from_number",
                  call_from(call), "to_number", call_to(call));
    if (reason)
        json_object_set_new(params, "end_reason", json_string(reason));
    scripts_tell(self->scripts, call, self->parent ? self->parent->project_id : "", &note, params);
}

/* News reach the owner in a turn of their own: in between the call core joins its legs. */
static void on_later(void *owner)
{
    struct connect_leg *self = owner;
    if (!self->events)
        return;
    if (self->news == CONNECT_NEWS_ANSWERED)
        self->events->on_answered(self->owner, self);
    else if (self->news == CONNECT_NEWS_CONFIRMED)
        self->on_confirmed(self->owner, self, self->confirmed);
}

static void bring(struct connect_leg *self, int news)
{
    self->news = news;
    loop_timer_start(loop_of(self), &self->later, 0, on_later, self);
}

/* --- leg ops: we are the caller --- */

static void on_ring(struct leg *leg, int code, const struct leg_codecs *media)
{
    struct connect_leg *self = self_of(leg);
    (void)code;
    if (media)
        leg->state = LEG_EARLY;
    tell_state(self, 1, NULL);
    if (self->events && media)
        self->events->on_early(self->owner, self);
    else if (self->events)
        self->events->on_ringing(self->owner, self);
}

static void on_answer(struct leg *leg, const struct leg_codecs *prefer)
{
    struct connect_leg *self = self_of(leg);
    leg->chosen = *prefer;
    loop_timer_stop(loop_of(self), &self->ring_timer);
    tell_state(self, 2, NULL);
    bring(self, CONNECT_NEWS_ANSWERED);
}

static void drop_parts(struct connect_leg *self)
{
    loop_timer_stop(loop_of(self), &self->later);
    loop_timer_stop(loop_of(self), &self->ring_timer);
    if (self->confirm)
        script_stop(self->confirm);
    line_destroy(self->line);
    self->line = NULL;
    if (self->confirm)
        self->confirm->line = NULL;
}

static void end(struct leg *leg, const struct cause *cause)
{
    struct connect_leg *self = self_of(leg);
    const struct connect_leg_events *events = self->events;
    tell_state(self, 3, cause->token);
    drop_parts(self);
    self->events = NULL;
    if (events)
        events->on_ended(self->owner, self, cause);
}

/* Streams are linked when the script joins them, not here. */
static void join(struct leg *leg, struct leg *peer)
{
    (void)leg, (void)peer;
}

static void key(struct leg *leg, char digit, unsigned duration_ms, bool relayed)
{
    struct connect_leg *self = self_of(leg);
    struct leg *to = self->with ? line_leg(self->with) : NULL;
    if (to)
        leg_send_key(to, digit, duration_ms, relayed);
}

static void hold(struct leg *leg, bool on)
{
    struct connect_leg *self = self_of(leg);
    struct leg *to = self->with ? line_leg(self->with) : NULL;
    if (to && to->ops->hold)
        to->ops->hold(to, on);
}

static void destroy(struct leg *leg)
{
    struct connect_leg *self = self_of(leg);
    drop_parts(self);
    script_destroy(self->confirm);
    mem_free(self->status_url);
    mem_free(self);
}

static const struct leg_ops ops = {
    .kind = "connect",
    .ring = on_ring,
    .answer = on_answer,
    .end = end,
    .join = join,
    .dtmf = key,
    .hold = hold,
    .destroy = destroy,
};

/* --- making the call --- */

static void on_ring_timeout(void *owner)
{
    struct connect_leg *self = owner;
    struct cause cause = cause_of_token("no_answer", CAUSE_BY_SYSTEM, NULL);
    if (self->leg.call)
        call_end(self->leg.call, &cause);
}

static json_t *header_object(const json_t *params)
{
    const json_t *one;
    size_t i;
    json_t *object = json_object();
    json_array_foreach(json_object_get(params, "headers"), i, one)
    {
        const char *name = param_text(one, "name", NULL);
        char *value = expr_print(json_object_get(one, "value"));
        /* what people may add are headers of their own (RFC 3261 §20: the others are ours) */
        if (name && slice_istarts(slice_of(name), SLICE("X-")) && !strpbrk(name, "\r\n: ") &&
            !strpbrk(value, "\r\n"))
            json_object_set_new(object, name, json_string(value));
        mem_free(value);
    }
    return object;
}

static unsigned states_of(const json_t *params)
{
    const json_t *wanted = json_object_get(params, "call_state_events"), *one;
    unsigned bits = 0;
    size_t i;
    if (!param_text(params, "call_state_url", NULL))
        return 0;
    json_array_foreach(wanted, i, one) for (unsigned k = 0; k < 4;
                                            k++) if (json_is_string(one) &&
                                                     strcmp(json_string_value(one),
                                                            state_names[k]) == 0) bits |= 1U << k;
    return wanted ? bits : 1U << 3;
}

static struct connect_leg *make(struct script *script, const json_t *params,
                                const struct connect_leg_events *events, void *owner)
{
    struct connect_leg *self = mem_new(struct connect_leg);
    const struct leg *caller = line_leg(script->line);
    leg_init(&self->leg, &ops, true);
    self->scripts = script->scripts;
    self->parent = script;
    self->events = events;
    self->owner = owner;
    self->status_url = slice_dup(slice_of(param_text(params, "call_state_url", "")));
    self->wanted_states = states_of(params);
    snprintf(self->leg.party, sizeof self->leg.party, "%s", caller ? caller->party : "");
    if (caller) /* what it speaks is preferred, so that nothing need be decoded */
        self->leg.offered = caller->chosen.n ? caller->chosen : caller->offered;
    return self;
}

struct connect_leg *connect_leg_create(struct script *script, const json_t *params,
                                       const struct connect_leg_events *events, void *owner,
                                       struct fault *fault)
{
    char *to = expr_print(json_object_get(params, "to"));
    struct route_plan plan;
    enum err err = to[0] ? scripts_plan(script->scripts, slice_of(script->project_id), slice_of(to),
                                        &plan, fault)
                         : fault_set(fault, ERR_INVALID, "to", 0, "a destination is needed");
    if (err) {
        mem_free(to);
        return NULL;
    }
    struct connect_leg *self = make(script, params, events, owner);
    json_t *headers = header_object(params);
    const char *from = param_text(params, "from", call_from(script->call));
    const struct call_request request = {
        .face = SLICE("script"),
        .from = slice_of(from),
        .from_name = slice_of(param_text(params, "from_name", call_from_name(script->call))),
        .to = slice_of(to),
        .may_use_trunks = true,
        .headers = headers,
        .plan = &plan,
        .sip_user = slice_of(param_text(params, "username", "")),
        .sip_password = slice_of(param_text(params, "password", "")),
        .beside = script->call,
    };
    loop_timer_start(loop_of(self), &self->ring_timer, param_ms(params, "timeout", RING_S),
                     on_ring_timeout, self);
    tell_state(self, 0, NULL);
    self->events = NULL; /* what ends at once is told by the return */
    call_create(script->scripts->calls, &request, &self->leg);
    bool lives = self->leg.call != NULL;
    if (lives)
        self->events = events;
    else
        fault_set(fault, ERR_REFUSED, "to", 0, "%s", self->leg.cause.text);
    json_decref(headers);
    mem_free(to);
    return lives ? self : NULL;
}

void connect_leg_end(struct connect_leg *self, const struct cause *cause)
{
    self->events = NULL;
    self->with = NULL;
    if (self->leg.call)
        call_end(self->leg.call, cause);
}

/* --- confirm --- */

static void confirm_answer(void *owner)
{
    (void)owner; /* it has answered */
}

static void confirm_over(struct connect_leg *self, bool is_confirmed)
{
    script_stop(self->confirm);
    self->confirmed = is_confirmed;
    bring(self, CONNECT_NEWS_CONFIRMED);
}

static void confirm_hang_up(void *owner, const struct cause *cause)
{
    (void)cause;
    confirm_over(owner, false);
}

static void confirm_finished(void *owner)
{
    confirm_over(owner, true);
}

static const struct script_host confirm_host = { .answer = confirm_answer,
                                                 .ring = confirm_answer,
                                                 .sound_early = confirm_answer,
                                                 .hang_up = confirm_hang_up,
                                                 .on_finished = confirm_finished };

static void open_line(struct connect_leg *self)
{
    struct leg *far = connect_leg_far(self);
    if (self->line || !far)
        return;
    const struct line_config config = { .scripts = self->scripts,
                                        .call = self->leg.call,
                                        .far = far,
                                        .project_id = self->parent->project_id };
    self->line = line_create(&config);
}

void connect_leg_confirm(struct connect_leg *self, const json_t *steps,
                         void (*fn)(void *owner, struct connect_leg *leg, bool is_confirmed))
{
    self->on_confirmed = fn;
    open_line(self);
    if (!self->line) {
        self->confirmed = false;
        bring(self, CONNECT_NEWS_CONFIRMED);
        return;
    }
    const struct script_start start = { .scripts = self->scripts,
                                        .host = &confirm_host,
                                        .owner = self,
                                        .call = self->leg.call,
                                        .line = self->line,
                                        .project_id = self->parent->project_id,
                                        .envs = self->parent->envs };
    self->confirm = script_create(&start);
    (void)json_object_update(self->confirm->vars, self->parent->vars);
    script_begin_steps(self->confirm, steps);
}

void connect_leg_join(struct connect_leg *self, struct line *with)
{
    self->with = with;
    if (with)
        open_line(self); /* commands of the API find the far end's call */
}
