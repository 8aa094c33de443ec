/* After a loss of the socket: what the calls missed, and what the cloud missed of us (sections 4.3
 * and 4.6 of the protocol page). Where calls go by REST each is asked for; the seed has no such
 * question, so what it may not have heard is said again. */
#include <string.h>

#include "base/buf.h"
#include "base/loop.h"
#include "base/mem.h"
#include "base/num.h"
#include "legs/kandy/kandy_account_priv.h"

enum { OWED_MAX = 64, OWED_TRIES = 5 };

/* ---- the ends of calls that the cloud may not know of ---- */

struct kandy_owed {
    struct list link;
    char session[KANDY_ID_MAX];
    enum kandy_op_kind kind;
    unsigned again;
};

static void free_owed(struct kandy_account *account, struct kandy_owed *owed)
{
    list_remove(&owed->link);
    account->n_owed--;
    mem_free(owed);
}

static void pay(void *owner)
{
    struct kandy_account *account = owner;
    if (!kandy_account_is_up(account))
        return; /* once it is */
    LIST_EACH(link, &account->owed)
    {
        struct kandy_owed *owed = LIST_ITEM(link, struct kandy_owed, link);
        struct kandy_op op = { .kind = owed->kind, .session = owed->session, .again = owed->again };
        if (kandy_account_send(account, NULL, &op))
            free_owed(account, owed); /* it comes back when that fails */
    }
}

void kandy_owe(struct kandy_account *account, const char *session, enum kandy_op_kind kind,
               unsigned again)
{
    if (account->stopped || again == OWED_TRIES || !session || !session[0] ||
        account->n_owed == OWED_MAX)
        return;
    struct kandy_owed *owed = mem_new(struct kandy_owed);
    (void)slice_copy(slice_of(session), owed->session, sizeof owed->session);
    owed->kind = kind;
    owed->again = again;
    list_append(&account->owed, &owed->link);
    account->n_owed++;
    loop_timer_start(account->config.loop, &account->pay, KANDY_AUDIT_RETRY_MS, pay, account);
}

void kandy_drop_owed(struct kandy_account *account)
{
    LIST_EACH(link, &account->owed)
    free_owed(account, LIST_ITEM(link, struct kandy_owed, link));
}

/* ---- where calls go by REST ---- */

enum standing { OVER, ALERTING, ANSWERED, NOT_KNOWN };

/* "On Hold", "ON_HOLD": case and what stands between words do not matter (sections 4.5, 4.6). */
static enum standing standing_of(const char *state)
{
    static const struct {
        const char *word;
        enum standing standing;
    } rows[] = {
        { "ended", OVER },         { "cancelled", OVER },      { "canceled", OVER },
        { "ringing", ALERTING },   { "earlymedia", ALERTING }, { "answered", ANSWERED },
        { "connected", ANSWERED }, { "onhold", ANSWERED },     { "held", ANSWERED },
    };
    char mem[32];
    struct buf word = BUF_ON(mem);
    for (; *state; state++)
        if (!strchr(" _-", *state))
            buf_char(&word, *state);
    for (size_t i = 0; i < COUNT_OF(rows); i++)
        if (slice_iis(buf_slice(&word), rows[i].word))
            return rows[i].standing;
    return NOT_KNOWN;
}

void kandy_call_on_state(struct kandy_call *call, const struct kandy_verdict *verdict,
                         struct slice body)
{
    char state[32];
    kandy_reply_state(body, state);
    enum standing standing = verdict->fault == KANDY_NO_CALL ? OVER
                             : verdict->fault == KANDY_FINE  ? standing_of(state)
                                                             : NOT_KNOWN;
    if (standing == OVER)
        kandy_call_tell(call, KANDY_END, "the call ended while the connection was down");
    else if (standing == ANSWERED && call->incoming && !call->answered)
        kandy_call_tell(call, KANDY_CANCEL, "answered elsewhere");
    else if (standing == ANSWERED)
        kandy_call_tell(call, KANDY_STANDS, "");
    else if (standing == ALERTING && !call->incoming)
        kandy_call_tell(call, KANDY_RINGING, "");
}

/* ---- the seed ---- */

void kandy_call_keep_answer(struct kandy_call *call, struct slice sdp)
{
    mem_free(call->sdp);
    call->sdp = slice_dup(sdp);
    call->acked = false;
}

void kandy_call_acked(struct kandy_call *call)
{
    call->acked = true;
    call->resent = false;
}

bool kandy_call_is_doubled(struct kandy_call *call, int status)
{
    bool is_gone = status == 404 || status == 410 || status == 481;
    bool doubled = call->resent && !is_gone; /* the first one had arrived */
    kandy_call_acked(call);
    return doubled;
}

static void say_answer_again(struct kandy_call *call)
{
    struct kandy_op op = { .kind = KANDY_OP_ANSWER, .sdp = slice_of(call->sdp) };
    char *sdp = call->sdp;
    call->sdp = NULL; /* it is kept anew */
    call->resent = true;
    (void)kandy_call_do(call, &op);
    mem_free(sdp);
}

void kandy_calls_lost(struct kandy_account *account)
{
    LIST_EACH(link, &account->calls)
    {
        struct kandy_call *call = LIST_ITEM(link, struct kandy_call, link);
        bool is_asked = call->making && !call->acked && !call->resend;
        if (account->dialect->calls_by_rest || !is_asked)
            continue;
        /* did it arrive? Another trunk is tried at once, and this one hears that it is over */
        kandy_owe(account, call->session, KANDY_OP_END, 0);
        loop_timer_start(account->config.loop, &call->timer, 0, kandy_call_fail_late, call);
    }
}

/* ---- back again ---- */

void kandy_calls_resume(struct kandy_account *account)
{
    struct kandy_op ask = { .kind = KANDY_OP_STATE };
    pay(account);
    LIST_EACH(link, &account->calls)
    {
        struct kandy_call *call = LIST_ITEM(link, struct kandy_call, link);
        if (call->resend) {
            loop_timer_stop(account->config.loop, &call->timer);
            if (!kandy_call_send_make(call))
                loop_timer_start(account->config.loop, &call->timer, 0, kandy_call_fail_late, call);
        } else if (call->session[0] && call->events && account->dialect->calls_by_rest) {
            (void)kandy_call_do(call, &ask);
        } else if (call->events && call->incoming && call->answered && !call->acked && call->sdp) {
            say_answer_again(call);
        }
    }
}
