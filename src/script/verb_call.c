/* The call itself: answer, hangup, sleep, user_event. */
#include <string.h>

#include "base/loop.h"
#include "base/mem.h"
#include "script/line.h"
#include "script/script_priv.h"
#include "script/verb_rows.h"

enum { TALK_MAX_S = 14400 };

static void on_max_duration(void *owner)
{
    struct script *script = owner;
    struct cause cause =
        cause_of_token("hangup", CAUSE_BY_SYSTEM, "The longest time allowed is over.");
    script->host->hang_up(script->host_owner, &cause);
}

static enum verb_next answer(struct script *script, const json_t *value)
{
    int64_t max_ms = param_ms(value, "max_duration", TALK_MAX_S);
    script_answer(script);
    if (script->over)
        return VERB_JUMPED;
    if (max_ms)
        loop_timer_start(script->scripts->config.loop, &script->max_duration, max_ms,
                         on_max_duration, script);
    script_result(script, "answer", script_is_answered(script) ? "success" : "failed");
    return VERB_DONE;
}

/* Before the answer a reason is a refusal (RFC 3261 §21.4, §21.6). */
static enum verb_next hangup(struct script *script, const json_t *value)
{
    const char *reason = param_text(value, "reason", "hangup");
    struct cause cause = cause_of_token("hangup", CAUSE_BY_SYSTEM, "The script hung up.");
    if (!script_is_answered(script)) {
        int status = strcmp(reason, "busy") == 0 ? 486 : strcmp(reason, "decline") == 0 ? 603 : 480;
        cause = cause_of_status(status, CAUSE_BY_SYSTEM, NULL);
    }
    script->host->hang_up(script->host_owner, &cause);
    return VERB_JUMPED;
}

static void on_slept(void *owner)
{
    script_done(owner);
}

static enum verb_next sleep_ms(struct script *script, const json_t *value)
{
    double ms = param_number(value, "duration", 0);
    if (ms >= 0)
        loop_timer_start(script->scripts->config.loop, &script->timer,
                         ms < 86400000.0 ? (int64_t)ms : 86400000, on_slept, script);
    return VERB_WAITS; /* -1: until the call ends */
}

static enum verb_next user_event(struct script *script, const json_t *value)
{
    json_t *event = json_object_get(value, "event");
    script_tell(script, "user_event", "", json_pack("{s:O}", "event", event ? event : json_null()));
    return VERB_DONE;
}

static const struct verb_param answer_params[] = {
    { .name = "max_duration", .types = VERB_NUMBER, .min = 0, .max = 86400 },
    { .name = "codecs", .types = VERB_TEXT | VERB_LIST },
    { .name = "username", .types = VERB_TEXT },
    { .name = "password", .types = VERB_TEXT },
    { 0 },
};
static const struct verb_param hangup_params[] = {
    { .name = "reason", .types = VERB_TEXT, .words = "hangup|busy|decline" },
    { 0 },
};
static const struct verb_param sleep_params[] = {
    { .name = "duration", .types = VERB_NUMBER, .required = true, .min = -1, .max = 1e9 },
    { 0 },
};
static const struct verb_param user_event_params[] = {
    { .name = "event", .types = VERB_OBJECT, .required = true },
    { 0 },
};

const struct verb verb_answer = { .name = "answer", .params = answer_params, .run = answer };
const struct verb verb_hangup = {
    .name = "hangup", .params = hangup_params, .bare = "reason", .in_confirm = true, .run = hangup
};
const struct verb verb_sleep = {
    .name = "sleep", .params = sleep_params, .bare = "duration", .run = sleep_ms
};
const struct verb verb_user_event = { .name = "user_event",
                                      .params = user_event_params,
                                      .run = user_event };
