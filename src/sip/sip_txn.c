#include "sip_txn.h"

#include "base/mem.h"
#include "base/num.h"
#include "base/rand.h"
#include "sip_field.h"
#include "sip_txns_priv.h"

enum state {
    TRYING,     /* nothing answered yet */
    PROCEEDING, /* a provisional was sent */
    ACCEPTED,   /* a 2xx to INVITE was sent */
    COMPLETED,  /* any other final answer was sent */
    CONFIRMED,  /* and acknowledged */
    ENDED,
    STATES
};

enum input {
    IN_REQUEST, /* the request again */
    IN_ACK,
    SAY_1XX,
    SAY_2XX,
    SAY_FINAL, /* 3xx to 6xx */
    RETRY,     /* timer G */
    END,       /* timers H, I, J, L */
    INPUTS
};

struct sip_txn {
    struct list link;
    struct sip_txns *txns;
    struct sip_msg *request;
    struct sip_flow flow; /* what the request came by */
    struct sip_flow back; /* where responses go */
    enum state state;
    char tag[SIP_TAG_LEN + 1];
    char *key, *merge_key;
    char *bytes; /* the last response */
    size_t bytes_len;
    int status; /* of that */
    int64_t retry_ms;
    struct timer retry, end;
    const struct sip_txn_events *events; /* NULL: nobody watches */
    void *owner;
    struct sip_msg *ack; /* during IN_ACK */
    const struct sip_flow *ack_flow;
};

struct move {
    enum state in;
    enum input on;
    enum state to;
    void (*action)(struct sip_txn *txn);
};

static void input(struct sip_txn *txn, enum input on);

static bool is_invite(const struct sip_txn *txn)
{
    return sip_msg_method(txn->request) == SIP_INVITE;
}

static void send_bytes(struct sip_txn *txn, bool again)
{
    struct slice bytes = { txn->bytes, txn->bytes_len };
    struct sip_transport *transport = txn->txns->transport;
    if (!bytes.len)
        return;
    enum err err = sip_transport_send(transport, &txn->back, bytes, again);
    if (err == ERR_CLOSED && sip_transport_back_anew(txn->request, &txn->flow, &txn->back))
        err = sip_transport_send(transport, &txn->back, bytes, again);
    /* a loss shows by itself: the request comes again, or no ACK does */
    if (err)
        log_debug(NULL, "sip response not sent status=%d", txn->status);
}

static void send_first(struct sip_txn *txn)
{
    send_bytes(txn, false);
    txn->txns->stats->responses_out[txn->status / 100]++;
}

static void send_again(struct sip_txn *txn)
{
    send_bytes(txn, true);
}

static void on_retry(void *owner)
{
    input(owner, RETRY);
}

static void on_end(void *owner)
{
    input(owner, END);
}

static void end_in(struct sip_txn *txn, int64_t ms)
{
    loop_timer_start(txn->txns->loop, &txn->end, ms, on_end, txn);
}

static void end_in_unless_reliable(struct sip_txn *txn, int64_t ms)
{
    end_in(txn, sip_kind_is_reliable(txn->flow.kind) ? 0 : ms);
}

static void accept_invite(struct sip_txn *txn)
{
    send_first(txn);
    end_in(txn, SIP_TIMER_L_MS);
}

static void arm_retry(struct sip_txn *txn)
{
    loop_timer_start(txn->txns->loop, &txn->retry, txn->retry_ms, on_retry, txn);
}

static void reject_invite(struct sip_txn *txn)
{
    send_first(txn);
    end_in(txn, SIP_TIMER_H_MS);
    txn->retry_ms = SIP_TIMER_G_MS;
    if (!sip_kind_is_reliable(txn->flow.kind))
        arm_retry(txn);
}

static void repeat_rejection(struct sip_txn *txn)
{
    send_again(txn);
    txn->retry_ms = num_min(txn->retry_ms * 2, SIP_T2_MS);
    arm_retry(txn);
}

static void confirm(struct sip_txn *txn)
{
    loop_timer_stop(txn->txns->loop, &txn->retry);
    end_in_unless_reliable(txn, SIP_TIMER_I_MS);
}

static void complete(struct sip_txn *txn)
{
    send_first(txn);
    end_in_unless_reliable(txn, SIP_TIMER_J_MS);
}

static void pass_ack(struct sip_txn *txn)
{
    txn->txns->events->on_ack(txn->txns->owner, txn->ack, txn->ack_flow);
}

static void free_txn(void *arg)
{
    struct sip_txn *txn = arg;
    sip_msg_unref(txn->request);
    mem_free(txn->key);
    mem_free(txn->merge_key);
    mem_free(txn->bytes);
    mem_free(txn);
}

static void leave_merge(struct sip_txn *txn)
{
    struct map *by_merge = txn->txns->by_merge;
    struct slice merge = slice_of(txn->merge_key);
    if (merge.len && map_find(by_merge, merge) == txn)
        map_remove(by_merge, merge);
}

static void unlink_txn(struct sip_txn *txn)
{
    struct sip_txns *txns = txn->txns;
    loop_timer_stop(txns->loop, &txn->retry);
    loop_timer_stop(txns->loop, &txn->end);
    list_remove(&txn->link);
    sip_sources_leave(txns->sources, &txn->flow.remote);
    map_remove(txns->by_key, slice_of(txn->key));
    leave_merge(txn);
}

static void end(struct sip_txn *txn)
{
    unlink_txn(txn);
    loop_defer(txn->txns->loop, free_txn, txn);
    if (txn->events)
        txn->events->on_gone(txn->owner);
}

/* RFC 3261 §17.2.1 figure 7, with RFC 6026 §7.1 */
static const struct move invite_moves[] = {
    { TRYING, SAY_1XX, PROCEEDING, send_first },
    { TRYING, SAY_2XX, ACCEPTED, accept_invite },
    { TRYING, SAY_FINAL, COMPLETED, reject_invite },
    { PROCEEDING, IN_REQUEST, PROCEEDING, send_again },
    { PROCEEDING, SAY_1XX, PROCEEDING, send_first },
    { PROCEEDING, SAY_2XX, ACCEPTED, accept_invite },
    { PROCEEDING, SAY_FINAL, COMPLETED, reject_invite },
    { ACCEPTED, IN_ACK, ACCEPTED, pass_ack }, /* clients that keep the INVITE's branch */
    { ACCEPTED, END, ENDED, end },
    { COMPLETED, IN_REQUEST, COMPLETED, send_again },
    { COMPLETED, RETRY, COMPLETED, repeat_rejection },
    { COMPLETED, IN_ACK, CONFIRMED, confirm },
    { COMPLETED, END, ENDED, end },
    { CONFIRMED, END, ENDED, end },
};

/* RFC 3261 §17.2.2 figure 8 */
static const struct move other_moves[] = {
    { TRYING, SAY_1XX, PROCEEDING, send_first },
    { TRYING, SAY_2XX, COMPLETED, complete },
    { TRYING, SAY_FINAL, COMPLETED, complete },
    { PROCEEDING, IN_REQUEST, PROCEEDING, send_again },
    { PROCEEDING, SAY_1XX, PROCEEDING, send_first },
    { PROCEEDING, SAY_2XX, COMPLETED, complete },
    { PROCEEDING, SAY_FINAL, COMPLETED, complete },
    { COMPLETED, IN_REQUEST, COMPLETED, send_again },
    { COMPLETED, END, ENDED, end },
};

static void input(struct sip_txn *txn, enum input on)
{
    const struct move *moves = is_invite(txn) ? invite_moves : other_moves;
    size_t n = is_invite(txn) ? COUNT_OF(invite_moves) : COUNT_OF(other_moves);
    for (size_t i = 0; i < n; i++) {
        if (moves[i].in != txn->state || moves[i].on != on)
            continue;
        txn->state = moves[i].to;
        moves[i].action(txn);
        return;
    }
}

void sip_txn_create(struct sip_txns *txns, struct sip_msg *request, const struct sip_flow *flow,
                    struct slice key, struct slice merge_key)
{
    struct sip_txn *txn = mem_new(struct sip_txn);
    txn->txns = txns;
    txn->request = sip_msg_ref(request);
    txn->flow = *flow;
    txn->back = sip_transport_back(request, flow);
    rand_token(txn->tag, SIP_TAG_LEN);
    txn->key = slice_dup(key);
    txn->merge_key = slice_dup(merge_key);
    list_append(&txns->servers, &txn->link);
    sip_sources_enter(txns->sources, &flow->remote);
    map_put(txns->by_key, key, txn);
    if (merge_key.len)
        map_put(txns->by_merge, merge_key, txn);
    txns->events->on_request(txns->owner, txn);
}

void sip_txn_feed(struct sip_txn *txn, struct sip_msg *request, const struct sip_flow *flow)
{
    bool is_ack = sip_msg_method(request) == SIP_ACK;
    if (!is_ack)
        txn->txns->stats->retransmissions_in++;
    txn->ack = request;
    txn->ack_flow = flow;
    input(txn, is_ack ? IN_ACK : IN_REQUEST);
}

void sip_txn_cancel(struct sip_txn *txn, struct sip_msg *cancel)
{
    /* after a final answer CANCEL has no effect: RFC 3261 §9.2 */
    if (txn->state <= PROCEEDING && txn->events)
        txn->events->on_cancel(txn->owner, cancel);
}

bool sip_txns_servers_are_quiet(const struct sip_txns *txns)
{
    LIST_EACH(link, &txns->servers)
    {
        const struct sip_txn *txn = LIST_ITEM(link, struct sip_txn, link);
        if (txn->state <= PROCEEDING || (is_invite(txn) && txn->state == COMPLETED))
            return false;
    }
    return true;
}

void sip_txns_drop_servers(struct sip_txns *txns)
{
    LIST_EACH(link, &txns->servers)
    {
        struct sip_txn *txn = LIST_ITEM(link, struct sip_txn, link);
        unlink_txn(txn);
        free_txn(txn);
    }
}

struct sip_msg *sip_txn_msg(const struct sip_txn *txn)
{
    return txn->request;
}

const struct sip_flow *sip_txn_flow(const struct sip_txn *txn)
{
    return &txn->flow;
}

struct slice sip_txn_tag(const struct sip_txn *txn)
{
    return slice_of(txn->tag);
}

void sip_txn_watch(struct sip_txn *txn, const struct sip_txn_events *events, void *owner)
{
    txn->events = events;
    txn->owner = owner;
}

void sip_txn_repeat(struct sip_txn *txn)
{
    send_again(txn);
}

struct slice sip_txns_build(struct sip_txns *txns, const struct sip_msg *request,
                            const struct sip_flow *flow, const struct sip_reply *reply,
                            struct slice tag)
{
    struct buf out;
    struct sip_build b;
    char reason[128];
    if (!slice_copy(reply->reason, reason, sizeof reason))
        reason[0] = '\0';
    buf_init(&out, txns->scratch, SIP_MAX_MESSAGE);
    sip_build_response(&b, &out, request, (unsigned)reply->status, reason, tag, &flow->remote);
    sip_fields_write(&b, reply->fields, reply->n_fields);
    if (txns->server[0] && reply->status > 100)
        sip_build_text(&b, SIP_H_SERVER, txns->server);
    if (sip_build_end(&b, reply->body.type, reply->body.bytes))
        return SLICE_NONE;
    return buf_slice(&out);
}

static enum input input_for(int status)
{
    return status < 200 ? SAY_1XX : status < 300 ? SAY_2XX : SAY_FINAL;
}

void sip_txn_reply(struct sip_txn *txn, const struct sip_reply *reply)
{
    BUG_IF(reply->status < 100 || reply->status > 699);
    struct sip_txns *txns = txn->txns;
    if (txn->state > PROCEEDING)
        return; /* a final answer was given */
    struct sip_reply plain = { .status = 500 };
    struct slice bytes = sip_txns_build(txns, txn->request, &txn->flow, reply, sip_txn_tag(txn));
    if (bytes.len == 0) {
        reply = &plain; /* what was to be said does not fit into a message */
        bytes = sip_txns_build(txns, txn->request, &txn->flow, reply, sip_txn_tag(txn));
    }
    mem_free(txn->bytes);
    txn->bytes = mem_copy(bytes.ptr, bytes.len);
    txn->bytes_len = bytes.len;
    txn->status = reply->status;
    /* who answers a challenge should count CSeq up (RFC 3261 §22.2), but a proxy that does it for
     * others, as Kamailio's uac_auth(), must not: the same request comes again, and is not merged
     */
    if (reply->status == 401 || reply->status == 407)
        leave_merge(txn);
    /* RFC 4320 §4.2: a 408 to anything but INVITE comes too late by its nature */
    if (reply->status == 408 && !is_invite(txn))
        txn->bytes_len = 0;
    input(txn, input_for(reply->status));
}

void sip_txn_reply_status(struct sip_txn *txn, int status)
{
    struct sip_reply reply = { .status = status };
    sip_txn_reply(txn, &reply);
}
