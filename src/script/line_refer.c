/* The far end transfers itself: REFER, and what it says of how it goes. */
#include <stdio.h>

#include "base/loop.h"
#include "base/mem.h"
#include "call/leg.h"
#include "call/transfer.h"
#include "script/line.h"
#include "script/script_priv.h"

enum { REFER_PATIENCE_MS = 60000, AGAIN_MS = 200, TRIES = 10 };

struct referral {
    struct line_op op; /* first */
    char *uri;
    int status;
    bool was_refused;
    unsigned tries;
    struct timer timer;
};

static void tell(struct referral *referral, const char *state)
{
    line_op_tell(&referral->op, "calling.call.refer",
                 json_pack("{s:s, s:s, s:i, s:i}", "sip_refer_to", referral->uri, "state", state,
                           "sip_refer_response_code", referral->was_refused ? 603 : 202,
                           "sip_notify_response_code", referral->status));
}

static void finish(struct referral *referral)
{
    bool is_good = referral->status >= 200 && referral->status < 300;
    json_t *result = json_pack("{s:i}", "status", referral->status);
    tell(referral, is_good ? "success" : "failed");
    line_op_end(&referral->op, is_good ? LINE_FINISHED : LINE_FAILED, result);
    json_decref(result);
}

static void on_timer(void *owner)
{
    finish(owner);
}

static void on_referred(struct line_op *op, int status, bool is_over)
{
    struct referral *referral = (struct referral *)op;
    referral->status = status;
    referral->was_refused = is_over && status == 0;
    if (is_over)
        finish(referral);
}

static void stop(struct line_op *op)
{
    line_op_end(op, LINE_STOPPED, NULL);
}

static void destroy(struct line_op *op)
{
    struct referral *referral = (struct referral *)op;
    loop_timer_stop(op->scripts->config.loop, &referral->timer);
    mem_free(referral->uri);
    mem_free(referral);
}

static const struct line_kind kind = {
    .name = "refer", .stop = stop, .destroy = destroy, .on_referred = on_referred
};

/* The far end's ACK may still be on its way: no request goes before it (RFC 3261 §13.2.2.4). */
static void ask(void *owner)
{
    struct referral *referral = owner;
    struct leg *far = line_leg(referral->op.line);
    const struct transfer_request request = { .by = far, .to = slice_of(referral->uri) };
    enum err err = far && far->ops->refer ? far->ops->refer(far, &request, NULL) : ERR_UNSUPPORTED;
    bool again = err && err != ERR_UNSUPPORTED && ++referral->tries < TRIES;
    referral->was_refused = err != OK;
    loop_timer_start(referral->op.scripts->config.loop, &referral->timer,
                     again ? AGAIN_MS
                     : err ? 0
                           : REFER_PATIENCE_MS,
                     again ? ask : on_timer, referral);
}

struct line_op *line_refer(struct line *line, const char *uri, const char *status_url, line_fn fn,
                           void *owner)
{
    struct referral *referral = mem_new(struct referral);
    referral->uri = slice_dup(slice_of(uri));
    line_op_begin(&referral->op, line, &kind, NULL, status_url, fn, owner);
    ask(referral);
    return &referral->op;
}
