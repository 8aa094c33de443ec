/* Session timers (RFC 4028): each session agrees on its own interval and refresher, refreshes by
 * UPDATE when the far end takes it and by re-INVITE otherwise, and ends when nobody refreshes. */
#include <inttypes.h>

#include "base/num.h"
#include "sip_session_priv.h"

enum {
    RETRY_MS = 10000,     /* after a refresh that was refused */
    BUSY_MS = 1000,       /* while another offer is under way */
    EARLY_END_MS = 32000, /* §10: BYE that long before the end, or a third of the interval */
};

static const char expired_text[] = "session timer expired";

static void end_expired(struct sip_session *s)
{
    sip_session_end_by(s, ERR_TIMEOUT, 408, expired_text);
}

static void on_expiry(void *owner)
{
    end_expired(owner);
}

static void on_refresh(void *owner)
{
    struct sip_session *s = owner;
    static const struct sip_body nothing;
    bool by_update = s->peer_updates;
    if (!by_update && !s->said.bytes.len)
        return; /* nothing to offer: the far end may refresh, or the session ends in its time */
    if (s->state != SIP_SESSION_UP ||
        sip_session_send_refresh(s, by_update ? SIP_UPDATE : SIP_INVITE,
                                 by_update ? &nothing : &s->said))
        loop_timer_start(s->agent->loop, &s->timer.refresh, BUSY_MS, on_refresh, s);
}

static void stop(struct sip_session *s)
{
    loop_timer_stop(s->agent->loop, &s->timer.refresh);
    loop_timer_stop(s->agent->loop, &s->timer.expiry);
}

static void start(struct sip_session *s)
{
    struct sip_session_timer *t = &s->timer;
    int64_t all_ms = (int64_t)t->expires_s * 1000;
    stop(s);
    if (!t->expires_s)
        return;
    if (t->is_refresher)
        loop_timer_start(s->agent->loop, &t->refresh, all_ms / 2, on_refresh, s);
    loop_timer_start(s->agent->loop, &t->expiry, all_ms - num_min(EARLY_END_MS, all_ms / 3),
                     on_expiry, s);
}

static void add(struct sip_session_fields *out, const char *name, struct slice value)
{
    if (out->n < SIP_SESSION_FIELDS_MAX)
        out->list[out->n++] = (struct sip_field){ slice_of(name), value };
}

static void add_expires(struct sip_session_fields *out, uint32_t seconds,
                        enum sip_refresher refresher)
{
    struct sip_session_expires se = { .seconds = seconds, .refresher = refresher };
    struct buf text = BUF_ON(out->expires);
    sip_session_expires_print(&se, &text);
    add(out, "Session-Expires", buf_slice(&text));
}

static void add_min_se(struct sip_session_fields *out, uint32_t seconds)
{
    struct buf text = BUF_ON(out->min_se);
    buf_printf(&text, "%" PRIu32, seconds);
    add(out, "Min-SE", buf_slice(&text));
}

void sip_session_timer_ask(const struct sip_session *s, struct sip_session_fields *out)
{
    const struct sip_session_timer *t = &s->timer;
    uint32_t min_s = t->min_se_s > s->agent->min_se_s ? t->min_se_s : s->agent->min_se_s;
    bool is_first = !s->fork;
    if (!(is_first ? t->asked_s : t->expires_s))
        return;
    if (is_first) /* §7.1: who refreshes is for the answer to say */
        add_expires(out, t->asked_s, SIP_REFRESHER_NONE);
    else
        add_expires(out, t->expires_s > min_s ? t->expires_s : min_s,
                    t->is_refresher ? SIP_REFRESHER_UAC : SIP_REFRESHER_UAS);
    if (min_s > SIP_AGENT_MIN_SE_S)
        add_min_se(out, min_s);
}

static bool read_expires(const struct sip_msg *msg, struct sip_session_expires *out)
{
    return sip_session_expires_parse(sip_msg_value(msg, SIP_H_SESSION_EXPIRES), out) == OK;
}

bool sip_session_timer_refuses(struct sip_session *s, struct sip_txn *txn)
{
    const struct sip_msg *request = sip_txn_msg(txn);
    struct sip_session_expires se;
    char text[16];
    struct buf seconds = BUF_ON(text);
    sip_session_learn(s, request);
    /* §9: one that knows no timers cannot read a 422 */
    if (!s->timer.peer_knows || !read_expires(request, &se) || se.seconds >= s->agent->min_se_s)
        return false;
    buf_printf(&seconds, "%" PRIu32, s->agent->min_se_s);
    struct sip_field field = { SLICE("Min-SE"), buf_slice(&seconds) };
    struct sip_reply reply = { .status = 422, .fields = &field, .n_fields = 1 };
    sip_txn_reply(txn, &reply);
    return true;
}

/* §9: the interval is the request's, else our own, not below what it allows */
static uint32_t choose_interval(const struct sip_session *s, const struct sip_msg *request,
                                bool asks, const struct sip_session_expires *asked)
{
    uint32_t min_s = 0;
    uint32_t ours_s = s->timer.expires_s ? s->timer.expires_s : s->agent->session_expires_s;
    if (asks)
        return asked->seconds > SIP_AGENT_MIN_SE_S ? asked->seconds : SIP_AGENT_MIN_SE_S;
    if (!s->timer.peer_knows || !ours_s)
        return 0;
    if (sip_seconds_parse(sip_msg_value(request, SIP_H_MIN_SE), &min_s))
        min_s = 0;
    return ours_s > min_s ? ours_s : min_s;
}

void sip_session_timer_answer(struct sip_session *s, const struct sip_msg *request,
                              struct sip_session_fields *out)
{
    struct sip_session_timer *t = &s->timer;
    struct sip_session_expires asked = { 0 };
    bool asks = read_expires(request, &asked);
    bool ran = t->expires_s > 0;
    t->expires_s = choose_interval(s, request, asks, &asked);
    /* §9 table 2: one that knows no timers cannot be the refresher; else it may choose; an open
     * choice stays as it was, and is ours at first */
    if (!t->peer_knows)
        t->is_refresher = true;
    else if (asked.refresher != SIP_REFRESHER_NONE)
        t->is_refresher = asked.refresher == SIP_REFRESHER_UAS;
    else if (!ran)
        t->is_refresher = true;
    start(s);
    if (!t->expires_s)
        return;
    add_expires(out, t->expires_s, t->is_refresher ? SIP_REFRESHER_UAS : SIP_REFRESHER_UAC);
    if (!t->is_refresher)
        add(out, "Require", SLICE("timer"));
}

void sip_session_timer_take(struct sip_session *s, const struct sip_msg *response)
{
    struct sip_session_timer *t = &s->timer;
    struct sip_session_expires se;
    sip_session_learn(s, response);
    t->tries = 0;
    t->expires_s = 0; /* §7.2: a 2xx without the header ends the timer */
    if (read_expires(response, &se)) {
        t->expires_s = se.seconds > SIP_AGENT_MIN_SE_S ? se.seconds : SIP_AGENT_MIN_SE_S;
        t->is_refresher = se.refresher != SIP_REFRESHER_UAS;
    }
    start(s);
}

bool sip_session_timer_retries(struct sip_session *s, const struct sip_msg *response)
{
    struct sip_session_timer *t = &s->timer;
    uint32_t min_s = 0;
    if (sip_msg_status(response) != 422 || t->tries == SIP_SESSION_TIMER_TRIES ||
        sip_seconds_parse(sip_msg_value(response, SIP_H_MIN_SE), &min_s))
        return false;
    t->tries++;
    t->min_se_s = min_s;
    if (t->asked_s < min_s)
        t->asked_s = min_s;
    return true;
}

void sip_session_timer_refused(struct sip_session *s, const struct sip_outcome *outcome)
{
    bool takes_no_update = outcome->status == 405 || outcome->status == 501;
    if (outcome->status == 408 || outcome->status == 481) { /* §10 */
        end_expired(s);
        return;
    }
    if (takes_no_update)
        s->peer_updates = false;
    loop_timer_start(s->agent->loop, &s->timer.refresh, takes_no_update ? 0 : RETRY_MS, on_refresh,
                     s);
}

void sip_session_timer_clear(struct sip_session *s)
{
    stop(s);
}
