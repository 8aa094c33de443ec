/* Collecting keys of a far end. */
#include <stdio.h>
#include <string.h>

#include "base/loop.h"
#include "base/mem.h"
#include "script/line.h"
#include "script/script_priv.h"

enum { DIGITS_MAX = 256 };

struct collect {
    struct line_op op; /* first */
    struct line_collect_config config;
    char *terminators;
    char digits[DIGITS_MAX + 1];
    size_t n;
    char terminator;
    struct timer timer;
};

static struct loop *loop_of(const struct collect *collect)
{
    return collect->op.scripts->config.loop;
}

static void finish(struct collect *collect, enum line_end how)
{
    const char *type = collect->n || collect->terminator ? "digit" : "no_input";
    char terminator[2] = { collect->terminator, '\0' };
    json_t *result = json_pack("{s:s, s:s, s:s}", "type", type, "digits", collect->digits,
                               "terminator", terminator);
    json_t *shown = collect->config.secret ? json_object() : json_deep_copy(result);
    json_object_del(shown, "type");
    line_op_tell(&collect->op, "calling.call.collect",
                 json_pack("{s:{s:s, s:o}, s:b, s:s}", "result", "type", type, "params", shown,
                           "final", 1, "state", "finished"));
    line_op_end(&collect->op, how, result);
    json_decref(result);
}

static void on_timer(void *owner)
{
    finish(owner, LINE_FINISHED);
}

static void wait_for(struct collect *collect, int64_t ms)
{
    if (ms > 0)
        loop_timer_start(loop_of(collect), &collect->timer, ms, on_timer, collect);
    else
        loop_timer_stop(loop_of(collect), &collect->timer);
}

static void on_key(struct line_op *op, char key)
{
    struct collect *collect = (struct collect *)op;
    if (!collect->config.max_digits)
        return;
    if (!collect->n && collect->config.on_input && op->fn)
        collect->config.on_input(op->owner);
    if (strchr(collect->terminators, key)) {
        collect->terminator = key;
        finish(collect, LINE_FINISHED);
        return;
    }
    if (!collect->n)
        line_op_tell(op, "calling.call.collect",
                     json_pack("{s:{s:s}, s:b, s:s}", "result", "type", "start_of_input", "final",
                               0, "state", "collecting"));
    collect->digits[collect->n++] = key;
    if (collect->n >= collect->config.max_digits || collect->n == DIGITS_MAX)
        finish(collect, LINE_FINISHED);
    else
        wait_for(collect, collect->config.digit_ms);
}

static void stop(struct line_op *op)
{
    finish((struct collect *)op, LINE_STOPPED);
}

static void destroy(struct line_op *op)
{
    struct collect *collect = (struct collect *)op;
    loop_timer_stop(loop_of(collect), &collect->timer);
    mem_wipe(collect->digits, sizeof collect->digits); /* they may be a card's */
    mem_free(collect->terminators);
    mem_free(collect);
}

static const struct line_kind kind = {
    .name = "collect",
    .stop = stop,
    .destroy = destroy,
    .on_key = on_key,
};

struct line_op *line_collect(struct line *line, const struct line_collect_config *config,
                             line_fn fn, void *owner)
{
    struct collect *collect = mem_new(struct collect);
    collect->config = *config;
    collect->terminators = slice_dup(slice_of(config->terminators ? config->terminators : ""));
    line_op_begin(&collect->op, line, &kind, config->control_id, config->status_url, fn, owner);
    if (!config->starts_later)
        wait_for(collect, config->initial_ms);
    return &collect->op;
}

void line_collect_start_timers(struct line_op *op)
{
    struct collect *collect = (struct collect *)op;
    if (!collect->n && !timer_is_running(&collect->timer))
        wait_for(collect, collect->config.initial_ms);
}

bool line_collect_has_input(const struct line_op *op)
{
    return ((const struct collect *)op)->n > 0;
}
