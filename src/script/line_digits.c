/* Keys to a far end, one at a time, with pauses. */
#include <string.h>

#include "base/loop.h"
#include "base/mem.h"
#include "script/line.h"
#include "script/script_priv.h"

enum { KEY_MS = 120, GAP_MS = 100, SHORT_PAUSE_MS = 500, LONG_PAUSE_MS = 1000 };

struct sending {
    struct line_op op; /* first */
    char *digits, *at;
    struct timer timer;
};

static struct loop *loop_of(const struct sending *sending)
{
    return sending->op.scripts->config.loop;
}

static void next(void *owner)
{
    struct sending *sending = owner;
    char key = *sending->at;
    int64_t ms = KEY_MS + GAP_MS;
    if (!key) {
        line_op_end(&sending->op, LINE_FINISHED, NULL);
        return;
    }
    sending->at++;
    if (key == 'w')
        ms = SHORT_PAUSE_MS;
    else if (key == 'W' || key == ',')
        ms = LONG_PAUSE_MS;
    else
        line_send_key(sending->op.line, key, KEY_MS);
    loop_timer_start(loop_of(sending), &sending->timer, ms, next, sending);
}

static void stop(struct line_op *op)
{
    line_op_end(op, LINE_STOPPED, NULL);
}

static void destroy(struct line_op *op)
{
    struct sending *sending = (struct sending *)op;
    loop_timer_stop(loop_of(sending), &sending->timer);
    mem_free(sending->digits);
    mem_free(sending);
}

static const struct line_kind kind = { .name = "send_digits", .stop = stop, .destroy = destroy };

struct line_op *line_send_digits(struct line *line, const char *digits, line_fn fn, void *owner)
{
    struct sending *sending = mem_new(struct sending);
    sending->digits = sending->at = slice_dup(slice_of(digits));
    line_op_begin(&sending->op, line, &kind, NULL, NULL, fn, owner);
    loop_timer_start(loop_of(sending), &sending->timer, 0, next, sending);
    return &sending->op;
}
