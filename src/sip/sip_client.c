#include "sip_client.h"

#include <errno.h>

#include "base/mem.h"
#include "base/num.h"
#include "base/rand.h"
#include "sip_build.h"
#include "sip_txns_priv.h"

enum state { CALLING, PROCEEDING, ACCEPTED, COMPLETED, ENDED, STATES };

enum input {
    IN_1XX,
    IN_2XX,
    IN_FINAL, /* 3xx to 6xx */
    RETRY,    /* timers A and E */
    GIVE_UP,  /* timers B and F */
    END,      /* timers D, K and M */
    LOST,     /* the transport could not deliver */
    INPUTS
};

struct sip_client {
    struct list link;
    struct sip_txns *txns;
    struct sip_msg *request;
    struct sip_flow flow;
    enum state state;
    bool is_invite, cancelled;
    char *key;
    char *bytes;
    size_t bytes_len;
    char *ack; /* of a final answer that is no 2xx */
    size_t ack_len;
    int64_t retry_ms, sent_ms;
    struct timer retry, end;
    int error;       /* errno of LOST */
    char *lost_text; /* of a connection that is gone, instead; or NULL */
    enum err lost_err;
    const struct sip_client_events *events; /* NULL: forgotten */
    void *owner;
    struct sip_msg *response; /* during an input */
    const struct sip_flow *response_flow;
};

struct move {
    enum state in;
    enum input on;
    enum state to;
    void (*action)(struct sip_client *client);
};

static void input(struct sip_client *client, enum input on);

static void on_retry(void *owner)
{
    input(owner, RETRY);
}

static void on_give_up(void *owner)
{
    input(owner, GIVE_UP);
}

static void on_end(void *owner)
{
    input(owner, END);
}

static void on_lost(void *owner)
{
    input(owner, LOST);
}

static void start(struct sip_client *client, struct timer *timer, int64_t ms, timer_fn fn)
{
    loop_timer_start(client->txns->loop, timer, ms, fn, client);
}

static void stop_timers(struct sip_client *client)
{
    loop_timer_stop(client->txns->loop, &client->retry);
    loop_timer_stop(client->txns->loop, &client->end);
}

static void transmit(struct sip_client *client, bool again)
{
    client->sent_ms = loop_now_ms(client->txns->loop);
    struct slice bytes = { client->bytes, client->bytes_len };
    enum err err = sip_transport_send(client->txns->transport, &client->flow, bytes, again);
    if (!err)
        return;
    client->error = err == ERR_IO ? errno : ENOTCONN;
    start(client, &client->end, 0, on_lost); /* not from inside create */
}

/* A doubles without a bound, E up to T2 (and is T2 once a provisional came): §17.1.1.2, §17.1.2.2
 */
static void resend(struct sip_client *client)
{
    client->retry_ms *= 2;
    if (!client->is_invite)
        client->retry_ms =
            client->state == PROCEEDING ? SIP_T2_MS : num_min(client->retry_ms, SIP_T2_MS);
    start(client, &client->retry, client->retry_ms, on_retry);
    transmit(client, true);
}

static void pass_up(struct sip_client *client)
{
    if (client->events)
        client->events->on_response(client->owner, client->response, client->response_flow);
}

static void proceed(struct sip_client *client)
{
    stop_timers(client);
    /* nobody wants it any more: a lost CANCEL must not keep it for ever (§9.1) */
    if (!client->events)
        start(client, &client->end, SIP_TIMER_B_MS, on_give_up);
    pass_up(client);
}

static void proceed_other(struct sip_client *client)
{
    pass_up(client); /* E and F go on */
}

static void accept_answer(struct sip_client *client)
{
    stop_timers(client);
    start(client, &client->end, SIP_TIMER_M_MS, on_end);
    pass_up(client);
}

static void send_ack(struct sip_client *client)
{
    struct slice bytes = { client->ack, client->ack_len };
    if (bytes.len && sip_transport_send(client->txns->transport, &client->flow, bytes, false))
        log_debug(NULL, "sip ack not sent");
}

/* RFC 3261 §17.1.1.3: the ACK is the INVITE's top Via, route set and From, the response's To */
static void build_ack(struct sip_client *client)
{
    struct sip_txns *txns = client->txns;
    const struct sip_msg *invite = client->request;
    struct buf out;
    struct sip_build b;
    buf_init(&out, txns->scratch, SIP_MAX_MESSAGE);
    sip_build_request(&b, &out, SLICE("ACK"), sip_msg_uri(invite)->text);
    sip_build_copy(&b, invite, SIP_H_VIA); /* ours is the only one */
    sip_build_copy(&b, invite, SIP_H_ROUTE);
    sip_build_copy(&b, invite, SIP_H_MAX_FORWARDS);
    sip_build_copy(&b, invite, SIP_H_FROM);
    sip_build_copy(&b, client->response, SIP_H_TO);
    sip_build_copy(&b, invite, SIP_H_CALL_ID);
    sip_build_cseq(&b, sip_msg_cseq(invite)->number, SLICE("ACK"));
    if (sip_build_end(&b, SLICE_NONE, SLICE_NONE))
        return;
    mem_free(client->ack);
    client->ack = mem_copy(out.ptr, out.len);
    client->ack_len = out.len;
}

static void reject(struct sip_client *client)
{
    stop_timers(client);
    build_ack(client);
    send_ack(client);
    client->txns->stats->requests_out[SIP_ACK]++;
    start(client, &client->end, sip_kind_is_reliable(client->flow.kind) ? 0 : SIP_TIMER_D_MS,
          on_end);
    pass_up(client);
}

static void complete(struct sip_client *client)
{
    stop_timers(client);
    start(client, &client->end, sip_kind_is_reliable(client->flow.kind) ? 0 : SIP_TIMER_K_MS,
          on_end);
    pass_up(client);
}

static void unlink_client(struct sip_client *client)
{
    stop_timers(client);
    list_remove(&client->link);
    map_remove(client->txns->by_key, slice_of(client->key));
}

static void free_client(void *arg)
{
    struct sip_client *client = arg;
    sip_msg_unref(client->request);
    mem_free(client->key);
    mem_free(client->bytes);
    mem_free(client->ack);
    mem_free(client->lost_text);
    mem_free(client);
}

static void end(struct sip_client *client)
{
    unlink_client(client);
    loop_defer(client->txns->loop, free_client, client);
    if (client->events)
        client->events->on_gone(client->owner);
}

static void fail(struct sip_client *client, const struct sip_outcome *outcome)
{
    if (client->events)
        client->events->on_failed(client->owner, outcome);
    end(client);
}

static void time_out(struct sip_client *client)
{
    char where[ADDR_TEXT];
    char text[160];
    snprintf(text, sizeof text, "no answer from %s over %s in %d s",
             addr_print(&client->flow.remote, where), sip_kind_name(client->flow.kind),
             SIP_TIMER_B_MS / 1000);
    struct sip_outcome outcome = { .status = 408, .err = ERR_TIMEOUT, .text = text };
    fail(client, &outcome);
}

static void lose(struct sip_client *client)
{
    char where[ADDR_TEXT];
    char text[200];
    struct sip_outcome outcome = { .status = 503,
                                   .err = client->error == ECONNREFUSED ? ERR_REFUSED : ERR_IO,
                                   .text = text };
    addr_print(&client->flow.remote, where);
    if (client->lost_text) {
        outcome.err = client->lost_err;
        outcome.text = client->lost_text;
    } else if (client->error == ENOTCONN) {
        outcome.err = ERR_CLOSED;
        snprintf(text, sizeof text, "the %s connection to %s is gone",
                 sip_kind_name(client->flow.kind), where);
    } else {
        snprintf(text, sizeof text, "cannot reach %s over %s: %s", where,
                 sip_kind_name(client->flow.kind), strerror(client->error));
    }
    fail(client, &outcome);
}

/* RFC 3261 §17.1.1 figure 5, with RFC 6026 §7.2 */
static const struct move invite_moves[] = {
    { CALLING, RETRY, CALLING, resend },
    { CALLING, GIVE_UP, ENDED, time_out },
    { CALLING, LOST, ENDED, lose },
    { CALLING, IN_1XX, PROCEEDING, proceed },
    { CALLING, IN_2XX, ACCEPTED, accept_answer },
    { CALLING, IN_FINAL, COMPLETED, reject },
    { PROCEEDING, IN_1XX, PROCEEDING, pass_up },
    { PROCEEDING, IN_2XX, ACCEPTED, accept_answer },
    { PROCEEDING, IN_FINAL, COMPLETED, reject },
    { PROCEEDING, GIVE_UP, ENDED, end },
    { PROCEEDING, LOST, ENDED, lose },
    { ACCEPTED, IN_2XX, ACCEPTED, pass_up },
    { ACCEPTED, END, ENDED, end },
    { COMPLETED, IN_FINAL, COMPLETED, send_ack },
    { COMPLETED, END, ENDED, end },
};

/* RFC 3261 §17.1.2 figure 6 */
static const struct move other_moves[] = {
    { CALLING, RETRY, CALLING, resend },
    { CALLING, GIVE_UP, ENDED, time_out },
    { CALLING, LOST, ENDED, lose },
    { CALLING, IN_1XX, PROCEEDING, proceed_other },
    { CALLING, IN_2XX, COMPLETED, complete },
    { CALLING, IN_FINAL, COMPLETED, complete },
    { PROCEEDING, RETRY, PROCEEDING, resend },
    { PROCEEDING, GIVE_UP, ENDED, time_out },
    { PROCEEDING, LOST, ENDED, lose },
    { PROCEEDING, IN_1XX, PROCEEDING, pass_up },
    { PROCEEDING, IN_2XX, COMPLETED, complete },
    { PROCEEDING, IN_FINAL, COMPLETED, complete },
    { COMPLETED, END, ENDED, end },
};

static void input(struct sip_client *client, enum input on)
{
    const struct move *moves = client->is_invite ? invite_moves : other_moves;
    size_t n = client->is_invite ? COUNT_OF(invite_moves) : COUNT_OF(other_moves);
    for (size_t i = 0; i < n; i++) {
        if (moves[i].in != client->state || moves[i].on != on)
            continue;
        client->state = moves[i].to;
        moves[i].action(client);
        return;
    }
}

void sip_client_branch(char *out)
{
    memcpy(out, "z9hG4bK", 7);
    rand_token(out + 7, SIP_BRANCH_LEN - 7);
}

void sip_client_key(struct buf *key, struct slice branch, struct slice method)
{
    buf_printf(key, "c%.*s %.*s", SLICE_ARG(branch), SLICE_ARG(method));
}

enum err sip_client_create(struct sip_client **out, struct sip_txns *txns,
                           const struct sip_flow *flow, struct slice bytes,
                           const struct sip_client_events *events, void *owner)
{
    char text[SIP_KEY_MAX];
    struct buf key = BUF_ON(text);
    struct sip_msg *request = NULL;
    size_t used = 0;
    if (sip_txns_count(txns) >= txns->max_txns)
        return ERR_LIMIT;
    if (sip_msg_parse(&request, bytes, &used))
        return ERR_INVALID;
    struct sip_client *client = mem_new(struct sip_client);
    client->txns = txns;
    client->request = request;
    client->flow = *flow;
    client->is_invite = sip_msg_method(request) == SIP_INVITE;
    sip_client_key(&key, sip_msg_via(request)->branch, sip_msg_method_text(request));
    client->key = slice_dup(buf_slice(&key));
    client->bytes = mem_copy(bytes.ptr, bytes.len);
    client->bytes_len = bytes.len;
    client->events = events;
    client->owner = owner;
    client->retry_ms = client->is_invite ? SIP_TIMER_A_MS : SIP_TIMER_E_MS;
    BUG_IF(map_put(txns->by_key, buf_slice(&key), client)); /* branches are random */
    list_append(&txns->clients, &client->link);
    txns->stats->requests_out[sip_msg_method(request)]++;
    /* what fails here fails in sending, too */
    (void)!sip_transport_connect(txns->transport, &client->flow);
    if (!sip_kind_is_reliable(flow->kind))
        start(client, &client->retry, client->retry_ms, on_retry);
    start(client, &client->end, client->is_invite ? SIP_TIMER_B_MS : SIP_TIMER_F_MS, on_give_up);
    transmit(client, false);
    *out = client;
    return OK;
}

void sip_client_forget(struct sip_client *client)
{
    if (!client)
        return;
    client->events = NULL;
    if (client->is_invite && client->state == PROCEEDING)
        start(client, &client->end, SIP_TIMER_B_MS, on_give_up);
}

enum err sip_client_cancel(struct sip_client *client, struct slice reason)
{
    struct sip_txns *txns = client->txns;
    const struct sip_msg *invite = client->request;
    if (!client->is_invite || client->state != PROCEEDING || client->cancelled)
        return ERR_MISUSE;
    client->cancelled = true;
    struct buf out;
    struct sip_build b;
    buf_init(&out, txns->scratch, SIP_MAX_MESSAGE);
    sip_build_request(&b, &out, SLICE("CANCEL"), sip_msg_uri(invite)->text);
    sip_build_copy(&b, invite, SIP_H_VIA);
    sip_build_copy(&b, invite, SIP_H_ROUTE);
    sip_build_copy(&b, invite, SIP_H_MAX_FORWARDS);
    sip_build_copy(&b, invite, SIP_H_FROM);
    sip_build_copy(&b, invite, SIP_H_TO);
    sip_build_copy(&b, invite, SIP_H_CALL_ID);
    sip_build_cseq(&b, sip_msg_cseq(invite)->number, SLICE("CANCEL"));
    if (reason.len)
        sip_build_header(&b, SIP_H_REASON, reason);
    enum err err = sip_build_end(&b, SLICE_NONE, SLICE_NONE);
    struct sip_client *cancel = NULL;
    /* nobody waits for its answer: the INVITE's own 487 tells */
    return err ? err : sip_client_create(&cancel, txns, &client->flow, buf_slice(&out), NULL, NULL);
}

struct sip_msg *sip_client_request(const struct sip_client *client)
{
    return client->request;
}

int64_t sip_client_sent_ms(const struct sip_client *client)
{
    return client->sent_ms;
}

void sip_client_feed(struct sip_client *client, struct sip_msg *response,
                     const struct sip_flow *flow)
{
    unsigned status = sip_msg_status(response);
    if (client->state >= ACCEPTED)
        client->txns->stats->retransmissions_in++;
    client->response = response;
    client->response_flow = flow;
    input(client, status < 200 ? IN_1XX : status < 300 ? IN_2XX : IN_FINAL);
}

void sip_clients_lost(struct sip_txns *txns, const struct sip_flow *flow, int error)
{
    LIST_EACH(link, &txns->clients)
    {
        struct sip_client *client = LIST_ITEM(link, struct sip_client, link);
        /* over UDP, one that was answered already has nothing under way to that address */
        bool waits = client->state == CALLING ||
                     (client->state == PROCEEDING && sip_kind_is_reliable(flow->kind));
        if (!waits || client->flow.listener != flow->listener || client->flow.conn != flow->conn ||
            !addr_eq(&client->flow.remote, &flow->remote))
            continue;
        client->error = error;
        start(client, &client->end, 0, on_lost);
    }
}

void sip_clients_closed(struct sip_txns *txns, const struct sip_flow *flow,
                        const struct sip_loss *loss)
{
    LIST_EACH(link, &txns->clients)
    {
        struct sip_client *client = LIST_ITEM(link, struct sip_client, link);
        const struct sip_flow *mine = &client->flow;
        if (client->state > PROCEEDING || mine->listener != flow->listener ||
            mine->conn != flow->conn || mine->generation != flow->generation)
            continue;
        mem_free(client->lost_text);
        client->lost_text = slice_dup(slice_of(loss->text));
        client->lost_err = loss->err ? loss->err : ERR_CLOSED;
        start(client, &client->end, 0, on_lost);
    }
}

void sip_clients_destroy(struct sip_txns *txns)
{
    LIST_EACH(link, &txns->clients)
    {
        struct sip_client *client = LIST_ITEM(link, struct sip_client, link);
        unlink_client(client);
        free_client(client);
    }
}

bool sip_clients_are_quiet(const struct sip_txns *txns)
{
    LIST_EACH(link, &txns->clients)
    if (LIST_ITEM(link, struct sip_client, link)->state < ACCEPTED)
        return false;
    return true;
}
