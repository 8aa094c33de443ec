/* The calls of an account: their names, their requests, their audits. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/loop.h"
#include "base/mem.h"
#include "base/rand.h"
#include "legs/kandy/kandy_account_priv.h"

enum { RESEND_PATIENCE_MS = 6000 };

const char *kandy_make_id(const struct kandy_account *account, const char *prefix,
                          char out[KANDY_REQUEST_ID])
{
    char random[9];
    rand_token(random, sizeof random - 1);
    snprintf(out, KANDY_REQUEST_ID, "%s_%" PRId64 "_%s", prefix, loop_wall_ms(account->config.loop),
             random);
    return out;
}

static struct kandy_call *make(struct kandy_account *account,
                               const struct kandy_call_events *events, void *owner)
{
    struct kandy_call *call = mem_new(struct kandy_call);
    call->account = account;
    call->events = events;
    call->owner = owner;
    list_append(&account->calls, &call->link);
    return call;
}

static void set_session(struct kandy_call *call, struct slice session)
{
    if (slice_copy(session, call->session, sizeof call->session))
        map_put(call->account->by_session, session, call);
}

static void destroy(struct kandy_call *call)
{
    struct kandy_account *account = call->account;
    loop_timer_stop(account->config.loop, &call->timer);
    if (call->making)
        account->n_makes--;
    if (map_find(account->by_session, slice_of(call->session)) == call)
        map_remove(account->by_session, slice_of(call->session));
    LIST_EACH(link, &account->errands)
    {
        struct kandy_errand *errand = LIST_ITEM(link, struct kandy_errand, link);
        if (errand->call == call)
            errand->call = NULL;
    }
    list_remove(&call->link);
    mem_free(call->number);
    mem_free(call->from_name);
    mem_free(call->sdp);
    json_decref(call->custom);
    mem_free(call);
}

struct kandy_call *kandy_call_by_request(const struct kandy_account *account, struct slice id)
{
    if (!id.len)
        return NULL;
    LIST_EACH(link, (struct list *)(uintptr_t)&account->calls)
    {
        struct kandy_call *call = LIST_ITEM(link, struct kandy_call, link);
        if (slice_is(id, call->request))
            return call;
    }
    return NULL;
}

/* ---- dialling ---- */

bool kandy_call_send_make(struct kandy_call *call)
{
    struct kandy_op op = { .kind = KANDY_OP_MAKE,
                           .id = call->request,
                           .session = call->session,
                           .number = call->number,
                           .from_name = call->from_name,
                           .custom = call->custom,
                           .sdp = slice_of(call->sdp) };
    call->resend = false;
    return kandy_account_send(call->account, call, &op);
}

void kandy_call_fail_late(void *owner)
{
    struct kandy_call *call = owner;
    struct kandy_verdict verdict;
    kandy_verdict_network(&verdict, "there is no connection to the cloud");
    if (call->events)
        call->events->on_failed(call->owner, KANDY_OP_MAKE, &verdict);
    else
        destroy(call);
}

struct kandy_call *kandy_call_make(struct kandy_account *account, const struct kandy_dial *dial,
                                   const struct kandy_call_events *events, void *owner)
{
    struct kandy_call *call = make(account, events, owner);
    char name[KANDY_REQUEST_ID];
    call->custom = json_deep_copy(dial->custom);
    call->number = slice_dup(slice_of(dial->number));
    call->from_name = slice_dup(slice_of(dial->from_name));
    call->sdp = slice_dup(dial->sdp);
    call->making = true;
    account->n_makes++;
    kandy_make_id(account, "req", call->request);
    if (!account->dialect->calls_by_rest) /* there we name it */
        set_session(call, slice_of(kandy_make_id(account, "call", name)));
    log_info(account->config.log, "[INFO] Initiating Kandy call to: %s", dial->number);
    if (!kandy_call_send_make(call))
        loop_timer_start(account->config.loop, &call->timer, 0, kandy_call_fail_late, call);
    return call;
}

struct kandy_call *kandy_call_take(struct kandy_account *account, const struct kandy_event *event,
                                   const struct kandy_call_events *events, void *owner)
{
    struct kandy_call *call = make(account, events, owner);
    call->incoming = true;
    set_session(call, event->session);
    return call;
}

/* ---- during the call ---- */

bool kandy_call_do(struct kandy_call *call, const struct kandy_op *op)
{
    struct kandy_op copy = *op;
    copy.session = call->session;
    if (op->kind == KANDY_OP_ANSWER || op->kind == KANDY_OP_REJECT || op->kind == KANDY_OP_FORWARD)
        call->answered = true; /* there is nothing left to reject */
    if (op->kind == KANDY_OP_ANSWER && !call->account->dialect->calls_by_rest) {
        copy.id = kandy_make_id(call->account, "req", call->request); /* its answer is ours */
        kandy_call_keep_answer(call, op->sdp);
    }
    return kandy_account_send(call->account, call, &copy);
}

static void audit(void *owner)
{
    struct kandy_call *call = owner;
    struct kandy_op op = { .kind = KANDY_OP_AUDIT };
    loop_timer_start(call->account->config.loop, &call->timer, KANDY_AUDIT_MS, audit, call);
    if (kandy_account_is_up(call->account)) /* else the password may be the one that was refused */
        (void)kandy_call_do(call, &op);
}

void kandy_call_set_up(struct kandy_call *call)
{
    call->is_up = true;
    if (call->account->dialect->calls_by_rest)
        loop_timer_start(call->account->config.loop, &call->timer, KANDY_AUDIT_MS, audit, call);
}

static void tell_end(struct kandy_call *call)
{
    bool reject = call->incoming && !call->answered;
    struct kandy_op op = { .kind = reject ? KANDY_OP_REJECT : KANDY_OP_END };
    if (!kandy_call_do(call, &op))
        kandy_owe(call->account, call->session, op.kind, 0);
}

void kandy_call_end(struct kandy_call *call, bool is_known)
{
    if (!call)
        return;
    call->events = NULL;
    bool nameless = call->making && call->account->dialect->calls_by_rest;
    if (!is_known && nameless && !call->resend && !timer_is_running(&call->timer))
        return; /* it is ended as soon as it has a name: kandy_call_on_reply() */
    if (!is_known && !nameless)
        tell_end(call);
    destroy(call);
}

const char *kandy_call_session(const struct kandy_call *call)
{
    return call->session;
}

/* ---- answers ---- */

void kandy_call_tell(struct kandy_call *call, enum kandy_event_kind kind, const char *reason)
{
    struct kandy_event event = {
        .kind = kind, .session = slice_of(call->session), .reason = slice_of(reason), .retry_ms = -1
    };
    if (call->events)
        call->events->on_event(call->owner, &event);
}

/* 39: subscribe anew, then the call once more, else 503 (section 6). */
static bool try_again(struct kandy_call *call, const struct kandy_verdict *verdict)
{
    struct kandy_account *account = call->account;
    bool lost = verdict->fault == KANDY_NO_SUBSCRIPTION || verdict->fault == KANDY_TOKEN_OVER;
    if (!lost || call->retried || !call->events)
        return false;
    call->retried = call->resend = true;
    loop_timer_start(account->config.loop, &call->timer, RESEND_PATIENCE_MS, kandy_call_fail_late,
                     call);
    if (!account->renewing)
        kandy_account_renew(account, 0);
    return true;
}

static void on_made(struct kandy_call *call, const struct kandy_verdict *verdict,
                    const struct kandy_reply *reply)
{
    char session[KANDY_ID_MAX];
    struct kandy_account *account = call->account;
    struct kandy_verdict bad = *verdict;
    if (verdict->fault != KANDY_FINE && try_again(call, verdict))
        return;
    if (verdict->fault == KANDY_FINE && !kandy_reply_session(reply->body, session)) {
        kandy_verdict_network(&bad, "the answer to callStart names no session");
        bad.fault = KANDY_SERVER;
    }
    if (call->making)
        account->n_makes--;
    call->making = false;
    if (bad.fault == KANDY_AUTH || bad.fault == KANDY_LOCKED)
        kandy_renew_now(account); /* is it the account? then the trunk says so (section 6) */
    if (bad.fault != KANDY_FINE) {
        kandy_account_release(account, call);
        if (call->events)
            call->events->on_failed(call->owner, KANDY_OP_MAKE, &bad);
        else
            destroy(call);
        return;
    }
    set_session(call, slice_of(session));
    if (!call->events) { /* given up meanwhile */
        tell_end(call);
        destroy(call);
        return;
    }
    kandy_account_release(account, call);
}

static void on_audited(struct kandy_call *call, const struct kandy_verdict *verdict)
{
    if (verdict->fault == KANDY_NO_CALL)
        kandy_call_tell(call, KANDY_END, "the cloud does not know the call any more");
    else if (verdict->fault == KANDY_AUTH || verdict->fault == KANDY_LOCKED)
        kandy_renew_now(call->account); /* it is the account's matter */
    else if (verdict->fault != KANDY_FINE)
        loop_timer_start(call->account->config.loop, &call->timer, KANDY_AUDIT_RETRY_MS, audit,
                         call);
}

void kandy_call_on_reply(void *owner, const struct kandy_reply *reply)
{
    struct kandy_errand *errand = owner;
    struct kandy_account *account = errand->account;
    struct kandy_call *call = errand->call;
    enum kandy_op_kind kind = errand->kind;
    kandy_sent_fn sent = errand->sent;
    void *sent_owner = errand->sent_owner;
    struct kandy_verdict verdict;
    if (reply->http)
        kandy_verdict_read(&verdict, reply->http, reply->body, reply->retry_after,
                           loop_wall_ms(account->config.loop));
    else
        kandy_verdict_network(&verdict, reply->text);
    errand->exchange = NULL;
    if (kandy_verdict_may_pass(&verdict) && (kind == KANDY_OP_END || kind == KANDY_OP_REJECT))
        kandy_owe(account, errand->session, kind, errand->again + 1);
    kandy_errand_destroy(errand);
    if (verdict.fault != KANDY_FINE && kind != KANDY_OP_MAKE)
        log_debug(account->config.log, "refused op=%d: %s", kind, verdict.text);
    if (sent)
        sent(sent_owner, &verdict);
    if (!call)
        return;
    if (kind == KANDY_OP_MAKE)
        on_made(call, &verdict, reply);
    else if (kind == KANDY_OP_AUDIT)
        on_audited(call, &verdict);
    else if (kind == KANDY_OP_STATE)
        kandy_call_on_state(call, &verdict, reply->body);
    else if (verdict.fault != KANDY_FINE && call->events)
        call->events->on_failed(call->owner, kind, &verdict);
}
