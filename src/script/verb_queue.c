/* enter_queue: wait until somebody connects to the queue, then talk, then go where the script says.
 */
#include <string.h>

#include "base/loop.h"
#include "base/mem.h"
#include "script/line.h"
#include "script/script_priv.h"
#include "script/verb_rows.h"
#include "script/wait_script.h"
#include "script/waiting.h"

enum { WAIT_S = 3600 };

struct entry {
    struct waiting *waiting;
    struct wait_script *wait;
    int64_t since_ms;
};

static void drop(struct script *script)
{
    struct entry *entry = script->state;
    wait_script_stop(entry->wait);
    waiting_destroy(entry->waiting);
    mem_free(entry);
}

static void tell(struct script *script, const char *status)
{
    const struct entry *entry = script->state;
    const struct waiting *waiting = entry->waiting;
    script_tell(script, "calling.call.queue", "",
                json_pack("{s:s, s:s, s:s, s:I, s:I}", "status", status, "id",
                          waiting_queue_id(waiting), "name",
                          param_text(script->value, "queue_name", ""), "position",
                          (json_int_t)waiting_position(waiting), "size",
                          (json_int_t)waiting_size(waiting)));
}

static void finish(struct script *script, const char *result)
{
    const struct entry *entry = script->state;
    int64_t now_ms = loop_now_ms(script->scripts->config.loop);
    script_result(script, "queue", result);
    script_set(script, "wait_time", json_integer((now_ms - entry->since_ms) / 1000));
    drop(script);
    script->state = NULL;
    script->cancel = NULL;
}

static void on_taken(void *owner, struct waiting *agent)
{
    struct script *script = owner;
    struct entry *entry = script->state;
    (void)agent;
    wait_script_stop(entry->wait);
    entry->wait = NULL;
    loop_timer_stop(script->scripts->config.loop, &script->timer);
    script_result(script, "queue", "connected");
    tell(script, "dequeue");
}

/* They have parted: transfer_after_bridge is where this one goes on, a step of its own. */
static void on_parted(void *owner)
{
    struct script *script = owner;
    const char *dest = param_text(script->value, "transfer_after_bridge", "");
    if (!dest[0]) { /* LaML's goes on behind the step */
        finish(script, "connected");
        script_done(script);
        return;
    }
    json_t *document =
        json_pack("{s:{s:[{s:{s:s}}]}}", "sections", "main", "transfer", "dest", dest);
    const struct script_frame *frame = &script->frames[script->n_frames - 1];
    json_t *sections = json_object_get(frame->document, "sections");
    bool is_section = json_object_get(sections, dest) != NULL;
    finish(script, "connected");
    if (is_section) {
        json_t *held = json_incref(frame->document);
        script_clear_frames(script);
        if (script_push_section(script, held, dest, NULL, NULL))
            script_warn(script, "relay_script_method_execute_failed: no section '%.60s'", dest);
        json_decref(held);
        json_decref(document);
        script_done(script);
        return;
    }
    script_begin(script, document);
}

static void on_timeout(void *owner)
{
    struct script *script = owner;
    tell(script, "leave");
    finish(script, "timeout");
    script_done(script);
}

static const struct waiting_events events = { .on_taken = on_taken, .on_parted = on_parted };

static enum verb_next run(struct script *script, const json_t *value)
{
    int64_t wait_ms = param_ms(value, "wait_time", WAIT_S);
    const char *wait_url = param_text(value, "wait_url", "");
    script_answer(script);
    if (script->over)
        return VERB_JUMPED;
    struct waiting *waiting =
        waiting_create(script->scripts, script->project_id, param_text(value, "queue_name", ""),
                       script->line, false, &events, script);
    if (!waiting) { /* it is full */
        script_result(script, "queue", "failed");
        return VERB_DONE;
    }
    struct entry *entry = mem_new(struct entry);
    script->state = entry;
    script->cancel = drop;
    entry->waiting = waiting;
    entry->since_ms = loop_now_ms(script->scripts->config.loop);
    script_result(script, "queue", "entering");
    script_set(script, "entry_position",
               json_integer((json_int_t)waiting_position(entry->waiting)));
    script_set(script, "entry_size", json_integer((json_int_t)waiting_size(entry->waiting)));
    tell(script, "enqueue");
    if (wait_ms)
        loop_timer_start(script->scripts->config.loop, &script->timer, wait_ms, on_timeout, script);
    if (wait_url[0])
        entry->wait = wait_script_start(script, wait_url, false);
    return VERB_WAITS;
}

static const struct verb_param params[] = {
    { .name = "queue_name", .types = VERB_TEXT, .required = true },
    { .name = "transfer_after_bridge", .types = VERB_TEXT, .required = true },
    { .name = "status_url", .types = VERB_TEXT },
    { .name = "wait_url", .types = VERB_TEXT },
    { .name = "wait_time", .types = VERB_NUMBER, .min = 0, .max = 86400 },
    { 0 },
};

const struct verb verb_enter_queue = { .name = "enter_queue",
                                       .params = params,
                                       .run = run,
                                       .note = "`queue_result` is failed when the queue is full" };
