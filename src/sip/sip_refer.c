#include "sip_refer.h"

#include <inttypes.h>

#include "sip_session_priv.h"

/* A REFER and what is told about it afterwards. */
struct sip_subscription {
    struct list link;
    struct sip_session *session;
    bool is_ours;        /* we sent the REFER */
    uint32_t id;         /* the CSeq of the REFER; ours: 0 until it is accepted */
    bool is_first;       /* of theirs in this dialog: its Event needs no id (RFC 3515 §2.4.6) */
    bool is_quiet;       /* Refer-Sub: false */
    int told;            /* ours: the last status that the owner heard, perhaps before the 202 */
    bool is_over;        /* ours: the owner knows how it ended */
    struct sip_txn *txn; /* theirs: waits for accept or reject */
    struct timer expiry; /* ours: no report came any more */
};

enum { NOTIFY_EXPIRES_S = SIP_REFER_TIMEOUT_MS / 1000, REFER_TEXT = 2 * SIP_URI_MAX };

static void on_txn_gone(void *owner)
{
    struct sip_subscription *sub = owner;
    sub->txn = NULL;
}

static void on_txn_cancel(void *owner, struct sip_msg *cancel)
{
    (void)owner;
    (void)cancel; /* RFC 3261 §9.1: only INVITE is cancelled */
}

static const struct sip_txn_events txn_events = {
    .on_cancel = on_txn_cancel,
    .on_gone = on_txn_gone,
};

static struct sip_subscription *sub_create(struct sip_session *s, bool is_ours)
{
    struct sip_subscription *sub = mem_new(struct sip_subscription);
    sub->session = s;
    sub->is_ours = is_ours;
    list_init(&sub->link);
    list_append(&s->subscriptions, &sub->link);
    return sub;
}

static void sub_destroy(struct sip_subscription *sub)
{
    loop_timer_stop(sub->session->agent->loop, &sub->expiry);
    if (sub->txn)
        sip_txn_watch(sub->txn, NULL, NULL);
    list_remove(&sub->link);
    mem_free(sub);
}

static size_t count(const struct sip_session *s, bool is_ours)
{
    size_t n = 0;
    LIST_EACH(link, &s->subscriptions)
    n += LIST_ITEM(link, struct sip_subscription, link)->is_ours == is_ours;
    return n;
}

static struct sip_subscription *find_theirs(struct sip_session *s, uint32_t id)
{
    LIST_EACH(link, &s->subscriptions)
    {
        struct sip_subscription *sub = LIST_ITEM(link, struct sip_subscription, link);
        if (!sub->is_ours && sub->id == id)
            return sub;
    }
    return NULL;
}

/* ---- their REFER ---- */

/* The URI to call: without headers, and without the method that the REFER is about. */
static void print_target(const struct sip_uri *uri, struct buf *out)
{
    char text[SIP_URI_MAX];
    struct buf params = BUF_ON(text);
    struct sip_uri plain = *uri;
    struct slice rest = uri->params;
    struct sip_param param;
    while (sip_param_next(&rest, &param) == OK)
        if (!slice_iis(param.name, "method"))
            sip_param_print(&param, &params);
    plain.headers = SLICE_NONE;
    plain.params = params.len ? slice_from(buf_slice(&params), 1) : SLICE_NONE;
    sip_uri_print(&plain, out);
}

/* 0, or the status that refuses a REFER that makes no sense (RFC 3515 §2.4.2) */
static int read_referral(const struct sip_msg *refer, struct sip_referral *out, struct buf *target,
                         struct buf *replaces)
{
    struct sip_name_addr to;
    struct slice value;
    *out = (struct sip_referral){ .id = sip_msg_cseq(refer)->number,
                                  .method = SLICE("INVITE"),
                                  .msg = refer };
    if (sip_msg_count(refer, SIP_H_REFER_TO) != 1 ||
        sip_name_addr_parse(sip_msg_value(refer, SIP_H_REFER_TO), &to))
        return 400;
    if (to.uri.scheme == SIP_URI_OTHER)
        return 416;
    if (sip_uri_param(&to.uri, "method", &value) && value.len)
        out->method = value;
    if (sip_uri_header(&to.uri, "Replaces", &value)) {
        sip_unescape(value, replaces);
        out->replaces_value = buf_slice(replaces);
        if (replaces->overflow || sip_replaces_parse(out->replaces_value, &out->replaces))
            return 400;
        out->has_replaces = true;
    }
    print_target(&to.uri, target);
    out->target = buf_slice(target);
    out->referred_by = sip_msg_value(refer, SIP_H_REFERRED_BY);
    const struct sip_header *sub = sip_msg_header(refer, SIP_H_REFER_SUB);
    struct sip_value wanted;
    out->is_quiet =
        sub && sip_value_parse(sub->value, &wanted) == OK && slice_iis(wanted.word, "false");
    return target->overflow ? 400 : 0;
}

static void take_refer(struct sip_session *s, struct sip_txn *txn)
{
    char target_text[SIP_URI_MAX + 64];
    char replaces_text[SIP_URI_MAX];
    struct buf target = BUF_ON(target_text);
    struct buf replaces = BUF_ON(replaces_text);
    struct sip_referral referral;
    int status = read_referral(sip_txn_msg(txn), &referral, &target, &replaces);
    if (!status && s->state != SIP_SESSION_UP && s->state != SIP_SESSION_ACCEPTED)
        status = 480;
    if (!status && count(s, false) == SIP_REFERS_MAX)
        status = 500;
    if (status) {
        sip_txn_reply_status(txn, status);
        return;
    }
    struct sip_subscription *sub = sub_create(s, false);
    sub->id = referral.id;
    sub->is_quiet = referral.is_quiet;
    sub->is_first = !s->had_refer;
    s->had_refer = true;
    sub->txn = txn;
    sip_txn_watch(txn, &txn_events, sub);
    s->events->on_refer(s->owner, s, &referral);
}

static struct sip_txn *take_txn(struct sip_subscription *sub)
{
    struct sip_txn *txn = sub->txn;
    sip_txn_watch(txn, NULL, NULL);
    sub->txn = NULL;
    return txn;
}

static enum err send_notify(struct sip_subscription *sub, int status, struct slice reason)
{
    char event_text[48], state_text[48], frag_text[200];
    struct buf event = BUF_ON(event_text);
    struct buf state = BUF_ON(state_text);
    struct buf frag = BUF_ON(frag_text);
    buf_text(&event, "refer");
    if (!sub->is_first)
        buf_printf(&event, ";id=%" PRIu32, sub->id);
    if (status < 200)
        buf_printf(&state, "active;expires=%d", NOTIFY_EXPIRES_S);
    else
        buf_text(&state, "terminated;reason=noresource");
    struct slice phrase =
        reason.len ? slice_sub(reason, 0, 128) : slice_of(sip_reason((unsigned)status));
    buf_printf(&frag, "SIP/2.0 %d %.*s\r\n", status, SLICE_ARG(phrase));
    struct sip_field fields[] = { { SLICE("Event"), buf_slice(&event) },
                                  { SLICE("Subscription-State"), buf_slice(&state) } };
    struct sip_body body = { SLICE("message/sipfrag;version=2.0"), buf_slice(&frag) };
    return sip_errand_create(sub->session, sub->session->fork, SLICE("NOTIFY"), fields, 2, &body,
                             NULL, NULL);
}

enum err sip_refer_accept(struct sip_session *s, uint32_t id)
{
    struct sip_subscription *sub = find_theirs(s, id);
    struct sip_session_fields extra;
    struct sip_field quiet = { SLICE("Refer-Sub"), SLICE("false") };
    if (!sub || !sub->txn)
        return ERR_NOT_FOUND;
    struct sip_txn *txn = take_txn(sub);
    sip_session_fields(s, sip_txn_flow(txn), &quiet, sub->is_quiet, &extra);
    struct sip_reply reply = { .status = 202, .fields = extra.list, .n_fields = extra.n };
    sip_txn_reply(txn, &reply);
    return sub->is_quiet ? OK : send_notify(sub, 100, SLICE_NONE);
}

enum err sip_refer_reject(struct sip_session *s, uint32_t id, const struct sip_reply *reply)
{
    struct sip_subscription *sub = find_theirs(s, id);
    if (!sub || !sub->txn || reply->status < 300)
        return ERR_NOT_FOUND;
    sip_txn_reply(take_txn(sub), reply);
    sub_destroy(sub);
    return OK;
}

enum err sip_refer_notify(struct sip_session *s, uint32_t id, int status, struct slice reason)
{
    struct sip_subscription *sub = find_theirs(s, id);
    if (!sub || sub->txn)
        return ERR_NOT_FOUND;
    enum err err = sub->is_quiet ? OK : send_notify(sub, status, reason);
    if (status >= 200)
        sub_destroy(sub);
    return err;
}

/* ---- ours ---- */

static void tell(struct sip_subscription *sub, const struct sip_refer_progress *progress)
{
    struct sip_session *s = sub->session;
    const struct sip_session_events *events = s->events;
    if (sub->is_over || (progress->status == sub->told && !progress->is_over))
        return;
    sub->is_over = progress->is_over;
    sub->told = progress->status;
    if (events && events->on_referred)
        events->on_referred(s->owner, s, progress);
}

static void on_expiry(void *owner)
{
    struct sip_subscription *sub = owner;
    struct sip_refer_progress progress = { .status = 408,
                                           .reason = SLICE("the far end did not tell how it went"),
                                           .is_over = true };
    list_remove(&sub->link);
    tell(sub, &progress);
    sub_destroy(sub);
}

static void on_outcome(void *owner, const struct sip_outcome *outcome)
{
    struct sip_subscription *sub = owner;
    struct sip_refer_progress progress = { .status = outcome->status,
                                           .reason = slice_of(outcome->text),
                                           .is_over = true,
                                           .is_refused = outcome->status >= 300 };
    const struct sip_header *quiet =
        outcome->msg ? sip_msg_header(outcome->msg, SIP_H_REFER_SUB) : NULL;
    if (progress.is_refused || (quiet && slice_istarts(quiet->value, SLICE("false")))) {
        list_remove(&sub->link); /* nothing may reach it from inside */
        tell(sub, &progress);
        sub_destroy(sub);
        return;
    }
    sub->id = sip_msg_cseq(outcome->msg)->number;
    loop_timer_start(sub->session->agent->loop, &sub->expiry, SIP_REFER_TIMEOUT_MS, on_expiry, sub);
    progress = (struct sip_refer_progress){ .status = 100, .reason = SLICE("Trying") };
    if (!sub->told)
        tell(sub, &progress);
}

/* NOTIFY names its REFER by the CSeq, or by nothing when there was only one. */
static struct sip_subscription *find_ours(struct sip_session *s, const struct sip_msg *notify)
{
    struct sip_value event;
    struct slice param;
    uint32_t id = 0;
    if (sip_value_parse(sip_msg_value(notify, SIP_H_EVENT), &event) ||
        !slice_iis(event.word, "refer"))
        return NULL;
    if (sip_param_find(event.params, "id", &param) && slice_to_u32(param, UINT32_MAX, &id))
        return NULL;
    LIST_EACH(link, &s->subscriptions)
    {
        struct sip_subscription *sub = LIST_ITEM(link, struct sip_subscription, link);
        if (sub->is_ours && (!id || !sub->id || sub->id == id))
            return sub;
    }
    return NULL;
}

/* "SIP/2.0 180 Ringing" at the start of a sipfrag; 0 when it is something else (RFC 3420) */
static int read_frag(struct slice body, struct slice *reason)
{
    struct slice line = slice_line(&body);
    uint32_t status = 0;
    if (!slice_iis(slice_cut(&line, ' '), "SIP/2.0") ||
        slice_to_u32(slice_cut(&line, ' '), 699, &status) || status < 100)
        return 0;
    *reason = line;
    return (int)status;
}

static void take_notify(struct sip_subscription *sub, struct sip_txn *txn)
{
    struct sip_session *s = sub->session;
    struct sip_msg *notify = sip_msg_ref(sip_txn_msg(txn));
    struct sip_value state;
    struct sip_refer_progress progress = { .status = 100 };
    bool ends = sip_value_parse(sip_msg_value(notify, SIP_H_SUBSCRIPTION_STATE), &state) == OK &&
                slice_iis(state.word, "terminated");
    int status = read_frag(sip_msg_body(notify), &progress.reason);
    progress.status = status ? status : progress.status;
    progress.is_over = ends || status >= 200;
    sip_txn_reply_status(txn, 200);
    bool dies = ends && sub->id; /* before its 202 the answer ends it */
    if (dies)
        list_remove(&sub->link);
    tell(sub, &progress);
    if (dies)
        sub_destroy(sub);
    else if (!s->unlinked && sub->id)
        loop_timer_start(s->agent->loop, &sub->expiry, SIP_REFER_TIMEOUT_MS, on_expiry, sub);
    sip_msg_unref(notify);
}

bool sip_refer_take(struct sip_session *s, struct sip_txn *txn)
{
    const struct sip_msg *request = sip_txn_msg(txn);
    enum sip_method method = sip_msg_method(request);
    struct sip_subscription *sub = method == SIP_NOTIFY ? find_ours(s, request) : NULL;
    if (method == SIP_REFER && s->events && s->events->on_refer)
        take_refer(s, txn);
    else if (sub)
        take_notify(sub, txn);
    else
        return false;
    return true;
}

/* `<sip:bob@host?Replaces=…>` */
static bool print_refer_to(const struct sip_refer_config *config, struct buf *out)
{
    char value_text[600], escaped_text[1800];
    struct buf value = BUF_ON(value_text);
    struct buf escaped = BUF_ON(escaped_text);
    struct slice target = config->target;
    struct sip_uri uri;
    if (!target.len && config->replaces)
        target = sip_session_target(config->replaces);
    if (sip_uri_parse(target, &uri) || uri.scheme == SIP_URI_OTHER)
        return false;
    if (config->replaces) {
        sip_session_print_replaces(config->replaces, &value);
        buf_text(&escaped, "Replaces=");
        sip_escape_param(buf_slice(&value), &escaped);
        uri.headers = buf_slice(&escaped);
    }
    buf_char(out, '<');
    sip_uri_print(&uri, out);
    buf_char(out, '>');
    return value.len || !config->replaces ? !value.overflow && !escaped.overflow && !out->overflow
                                          : false;
}

static void print_referred_by(const struct sip_session *s, struct buf *out)
{
    struct sip_name_addr local;
    if (sip_name_addr_parse(slice_of(s->fork->dialog.local), &local) == OK)
        buf_printf(out, "<%.*s>", SLICE_ARG(local.uri.text));
}

enum err sip_refer_send(struct sip_session *s, const struct sip_refer_config *config)
{
    char to_text[REFER_TEXT], by_text[SIP_URI_MAX + 2];
    struct buf to = BUF_ON(to_text);
    struct buf by = BUF_ON(by_text);
    struct sip_field fields[3];
    size_t n = 2;
    if (s->state != SIP_SESSION_UP)
        return ERR_MISUSE;
    if (count(s, true) == SIP_REFERS_MAX)
        return ERR_LIMIT;
    if (!print_refer_to(config, &to))
        return ERR_INVALID;
    print_referred_by(s, &by);
    fields[0] = (struct sip_field){ SLICE("Refer-To"), buf_slice(&to) };
    fields[1] =
        (struct sip_field){ SLICE("Referred-By"),
                            config->referred_by.len ? config->referred_by : buf_slice(&by) };
    if (config->is_quiet)
        fields[n++] = (struct sip_field){ SLICE("Refer-Sub"), SLICE("false") };
    struct sip_subscription *sub = sub_create(s, true);
    enum err err = sip_errand_create(s, s->fork, SLICE("REFER"), fields, n, NULL, on_outcome, sub);
    if (err)
        sub_destroy(sub);
    return err;
}

void sip_refer_finish(struct sip_session *s)
{
    LIST_EACH(link, &s->subscriptions)
    {
        struct sip_subscription *sub = LIST_ITEM(link, struct sip_subscription, link);
        if (sub->txn)
            sip_txn_reply_status(take_txn(sub), 481);
    }
}

void sip_refer_clear(struct sip_session *s)
{
    LIST_EACH(link, &s->subscriptions)
    sub_destroy(LIST_ITEM(link, struct sip_subscription, link));
}

/* ---- an INVITE that replaces a call (RFC 3891 §3) ---- */

int sip_session_take_replaces(struct sip_session *s)
{
    struct sip_replaces replaces;
    size_t n = sip_msg_count(s->invite, SIP_H_REPLACES);
    if (n == 0)
        return 0;
    if (n > 1 || sip_replaces_parse(sip_msg_value(s->invite, SIP_H_REPLACES), &replaces))
        return 400;
    const struct sip_session *old = sip_agent_find_session(s->agent, &replaces);
    if (!old || old->detached || old == s)
        return 481;
    switch (old->state) {
    case SIP_SESSION_DONE:
        return 603;
    case SIP_SESSION_INCOMING: /* an early dialog that we did not start */
    case SIP_SESSION_CANCELLING:
        return 481;
    case SIP_SESSION_UP:
    case SIP_SESSION_ACCEPTED:
        if (replaces.early_only)
            return 486;
        break;
    case SIP_SESSION_CALLING:
    case SIP_SESSION_PROCEEDING:
    case SIP_SESSION_STATES:
        break;
    }
    s->replaces_tag = slice_dup(replaces.to_tag);
    return 0;
}
