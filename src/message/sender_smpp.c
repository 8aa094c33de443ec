#include "sender_smpp.h"

#include <stdio.h>
#include <string.h>

#include "base/list.h"
#include "base/log.h"
#include "base/loop.h"
#include "base/mem.h"
#include "base/num.h"
#include "message_text.h"
#include "net/dns.h"
#include "net/tcp.h"
#include "net/tls.h"
#include "smpp.h"
#include "smpp_inbox.h"

enum {
    ENQUIRE_MS = 30000,
    IDLE_MS = 75000, /* two of them unanswered: the centre is gone */
    RETRY_MIN_MS = 1000,
    RETRY_MAX_MS = 30000,
    HEADER_LEN = 6, /* of a part's user data */
    PARTS_MAX = 255,
    INPUT_MAX = 2 * SMPP_PDU_MAX,
    TEXT_MAX = 120,
};
static const char target[] = "smpp";

/* A message of which parts are not answered yet. */
struct sending {
    struct list link;
    struct sender_smpp *sender;
    char id[UUID_TEXT], peer_id[SMPP_ID_MAX];
    uint32_t first; /* sequence number of its first part */
    size_t n_parts, n_open;
    uint32_t status; /* the first that is not 0 */
    bool is_unbound; /* nothing was sent */
    struct timer unsent;
};
struct sender_smpp {
    struct loop *loop;
    struct dns *dns;
    struct messages *messages;
    const struct sender_smpp_events *events;
    void *owner;
    char *host, *system_id, *system_type;
    struct secret password;
    uint16_t port;
    struct dns_query *query;
    struct tls_context *tls; /* NULL: plain */
    struct tcp *tcp;
    struct smpp_inbox *inbox;
    struct timer retry, enquire;
    int64_t retry_ms;
    uint32_t sequence;
    uint8_t reference; /* of the next long text */
    bool is_bound;
    struct list sending;
    char *input;
    size_t input_len;
};

static void connect_now(void *owner);

static void tell_text(void *owner, const char *from, const char *to, const char *body)
{
    struct sender_smpp *sender = owner;
    sender->events->on_text(sender->owner, from, to, body);
}

enum err sender_smpp_create(struct sender_smpp **out, const struct sender_smpp_config *config,
                            const struct sender_smpp_events *events, void *owner,
                            struct fault *fault)
{
    const struct tls_client_config trust = { .ca_file = config->ca_file };
    struct tls_context *tls = NULL;
    enum err err = config->has_tls ? tls_context_create_client(&tls, &trust, fault) : OK;
    if (err)
        return err;
    struct sender_smpp *sender = mem_new(struct sender_smpp);
    sender->loop = config->loop;
    sender->dns = config->dns;
    sender->events = events;
    sender->owner = owner;
    sender->host = slice_dup(slice_of(config->host));
    sender->port = config->port;
    sender->system_id = slice_dup(slice_of(config->system_id));
    sender->system_type = slice_dup(slice_of(config->system_type));
    secret_set(&sender->password, secret_reveal(config->password));
    sender->input = mem_alloc(INPUT_MAX);
    sender->retry_ms = RETRY_MIN_MS;
    sender->inbox = smpp_inbox_create(sender->loop, tell_text, sender);
    sender->tls = tls;
    list_init(&sender->sending);
    *out = sender;
    return OK;
}

static void send_pdu(struct sender_smpp *sender, uint32_t command, uint32_t sequence,
                     uint32_t status, struct slice body)
{
    char mem[64];
    struct buf out = BUF_ON(mem);
    smpp_print(&(struct smpp_pdu){ command, status, sequence, body }, &out);
    /* when the backlog is full the connection ends, which is told */
    (void)!tcp_send(sender->tcp, buf_slice(&out));
}

/* ---- what became of a message ---- */

static void sending_destroy(struct sending *sending)
{
    loop_timer_stop(sending->sender->loop, &sending->unsent);
    list_remove(&sending->link);
    mem_free(sending);
}

/* Not now (§5.1.3): system error, queue full, throttled, submit failed. */
static bool is_for_later(uint32_t status)
{
    return status == 0x08 || status == 0x14 || status == 0x58 || status == 0x45;
}

static void conclude(struct sending *sending)
{
    char code[16], text[TEXT_MAX];
    struct message_result result = { .outcome = MESSAGE_SENT, .peer_id = sending->peer_id };
    snprintf(code, sizeof code, "smpp-%x", sending->status);
    snprintf(text, sizeof text, "The centre answered with status 0x%08x.", sending->status);
    if (sending->status) {
        /* once a part is on its way, the others would come twice */
        bool again = is_for_later(sending->status) && !sending->peer_id[0];
        result = (struct message_result){ .outcome = again ? MESSAGE_AGAIN : MESSAGE_REFUSED,
                                          .code = code,
                                          .text = text };
    }
    messages_tell(sending->sender->messages, sending->id, &result);
    sending_destroy(sending);
}

static void on_submit_resp(struct sender_smpp *sender, const struct smpp_pdu *pdu)
{
    LIST_EACH(link, &sender->sending)
    {
        struct sending *sending = LIST_ITEM(link, struct sending, link);
        if (sending->is_unbound || pdu->sequence - sending->first >= sending->n_parts)
            continue;
        if (pdu->status && !sending->status)
            sending->status = pdu->status;
        else if (!pdu->status) /* the last part's receipt speaks for all */
            (void)slice_copy(smpp_text(pdu->body), sending->peer_id, sizeof sending->peer_id);
        if (--sending->n_open == 0)
            conclude(sending);
        return;
    }
}

/* ---- what comes in ---- */

static void take_receipt(struct sender_smpp *sender, const struct smpp_text_pdu *text)
{
    char id[SMPP_ID_MAX];
    struct slice given;
    struct message_result result = { .outcome = MESSAGE_DELIVERED };
    enum smpp_fate fate = smpp_receipt(text, &given);
    if (fate == SMPP_FATE_LOST)
        result = (struct message_result){ .outcome = MESSAGE_UNDELIVERED };
    if ((fate == SMPP_FATE_LOST || fate == SMPP_FATE_DELIVERED) && given.len &&
        slice_copy(given, id, sizeof id))
        messages_tell_peer(sender->messages, target, id, &result);
}

static void on_deliver(struct sender_smpp *sender, const struct smpp_pdu *pdu)
{
    struct smpp_text_pdu text;
    if (smpp_parse_deliver(pdu->body, &text) == OK) {
        if (text.esm_class & SMPP_ESM_RECEIPT)
            take_receipt(sender, &text);
        else
            smpp_inbox_take(sender->inbox, &text);
    }
    send_pdu(sender, SMPP_DELIVER | SMPP_RESP, pdu->sequence, 0, SLICE("\0"));
}

static void on_bound(struct sender_smpp *sender, const struct smpp_pdu *pdu)
{
    sender->is_bound = pdu->status == 0;
    if (sender->is_bound) {
        log_info(NULL, "smpp bound host=%s", sender->host);
        sender->retry_ms = RETRY_MIN_MS;
        messages_wake(sender->messages, target);
        return;
    }
    log_warn(NULL, "smpp refused host=%s status=0x%08x: check system_id and password", sender->host,
             pdu->status);
    sender->retry_ms = RETRY_MAX_MS;
    tcp_close(sender->tcp);
}

static void take_pdu(struct sender_smpp *sender, const struct smpp_pdu *pdu)
{
    switch (pdu->command) {
    case SMPP_BIND | SMPP_RESP:
        on_bound(sender, pdu);
        break;
    case SMPP_SUBMIT | SMPP_RESP:
    case SMPP_NACK:
        on_submit_resp(sender, pdu);
        break;
    case SMPP_DELIVER:
        on_deliver(sender, pdu);
        break;
    case SMPP_ENQUIRE:
        send_pdu(sender, SMPP_ENQUIRE | SMPP_RESP, pdu->sequence, 0, SLICE_NONE);
        break;
    case SMPP_UNBIND:
        send_pdu(sender, SMPP_UNBIND | SMPP_RESP, pdu->sequence, 0, SLICE_NONE);
        tcp_close(sender->tcp);
        break;
    default:
        if (!(pdu->command & SMPP_RESP))
            send_pdu(sender, SMPP_NACK, pdu->sequence, SMPP_BAD_COMMAND, SLICE_NONE);
    }
}

static void on_bytes(void *owner, struct tcp *tcp, struct slice bytes)
{
    struct sender_smpp *sender = owner;
    struct smpp_pdu pdu;
    size_t used, off = 0;
    enum err err = OK;
    while (bytes.len && !err) {
        struct slice more = slice_sub(bytes, 0, INPUT_MAX - sender->input_len);
        memcpy(sender->input + sender->input_len, more.ptr, more.len);
        sender->input_len += more.len;
        bytes = slice_from(bytes, more.len);
        for (off = 0; !err; off += err ? 0 : used) {
            struct slice rest = slice_make(sender->input + off, sender->input_len - off);
            err = smpp_parse(rest, &pdu, &used);
            if (!err)
                take_pdu(sender, &pdu);
        }
        err = err == ERR_AGAIN ? OK : err;
        sender->input_len -= off;
        memmove(sender->input, sender->input + off, sender->input_len);
    }
    if (err)
        tcp_close(tcp);
}

/* ---- the connection ---- */

static void retry(struct sender_smpp *sender)
{
    loop_timer_start(sender->loop, &sender->retry, sender->retry_ms, connect_now, sender);
    sender->retry_ms = num_min(2 * sender->retry_ms, RETRY_MAX_MS);
}

static void on_enquire(void *owner)
{
    struct sender_smpp *sender = owner;
    send_pdu(sender, SMPP_ENQUIRE, ++sender->sequence, 0, SLICE_NONE);
    loop_timer_start(sender->loop, &sender->enquire, ENQUIRE_MS, on_enquire, sender);
}

static void on_open(void *owner, struct tcp *tcp)
{
    char mem[200];
    struct sender_smpp *sender = owner;
    struct buf out = BUF_ON(mem);
    const struct smpp_login login = { sender->system_id, sender->system_type,
                                      secret_reveal(&sender->password) };
    smpp_print_bind(&login, ++sender->sequence, &out);
    (void)!tcp_send(tcp, buf_slice(&out));
    mem_wipe(mem, sizeof mem);
    loop_timer_start(sender->loop, &sender->enquire, ENQUIRE_MS, on_enquire, sender);
}

static void on_close(void *owner, struct tcp *tcp, const struct tcp_end *why)
{
    struct sender_smpp *sender = owner;
    (void)tcp;
    sender->tcp = NULL;
    sender->is_bound = false;
    sender->input_len = 0;
    loop_timer_stop(sender->loop, &sender->enquire);
    log_warn(NULL, "smpp closed reason=\"%s\"", why->text);
    LIST_EACH(link, &sender->sending)
    {
        struct sending *sending = LIST_ITEM(link, struct sending, link);
        const struct message_result lost = {
            .outcome = MESSAGE_UNDELIVERED,
            .text = "The connection ended before the centre answered: nobody knows."
        };
        if (sending->is_unbound)
            continue; /* it is told by itself */
        messages_tell(sender->messages, sending->id, &lost);
        sending_destroy(sending);
    }
    retry(sender);
}

static const struct tcp_events tcp_events = { on_open, on_bytes, on_close };

static void on_address(void *owner, const struct dns_answer *answer)
{
    struct sender_smpp *sender = owner;
    sender->query = NULL;
    if (answer->err) {
        log_warn(NULL, "smpp has no address reason=\"%s\"", answer->text);
        retry(sender);
        return;
    }
    struct tcp_config config = { .remote = answer->records[0].addr,
                                 .tls = sender->tls,
                                 .tls_name = slice_of(sender->host),
                                 .idle_ms = IDLE_MS };
    addr_set_port(&config.remote, sender->port);
    sender->tcp = tcp_connect(sender->loop, &config, &tcp_events, sender);
}

static void connect_now(void *owner)
{
    struct sender_smpp *sender = owner;
    sender->query =
        dns_resolve_host(sender->dns, slice_of(sender->host), DNS_ANY, on_address, sender);
}

void sender_smpp_set_messages(struct sender_smpp *sender, struct messages *messages)
{
    sender->messages = messages;
    connect_now(sender);
}

void sender_smpp_destroy(struct sender_smpp *sender)
{
    if (!sender)
        return;
    LIST_EACH(link, &sender->sending)
    {
        sending_destroy(LIST_ITEM(link, struct sending, link));
    }
    if (sender->is_bound)
        send_pdu(sender, SMPP_UNBIND, ++sender->sequence, 0, SLICE_NONE);
    if (sender->query)
        dns_cancel(sender->query);
    tcp_destroy(sender->tcp);
    loop_timer_stop(sender->loop, &sender->retry);
    loop_timer_stop(sender->loop, &sender->enquire);
    smpp_inbox_destroy(sender->inbox);
    tls_context_destroy(sender->tls);
    secret_clear(&sender->password);
    mem_free(sender->host);
    mem_free(sender->system_id);
    mem_free(sender->system_type);
    mem_free(sender->input);
    mem_free(sender);
}

/* ---- out ---- */

static enum err send_parts(struct sender_smpp *sender, const struct store_message *row,
                           const struct message_size *size)
{
    char bytes[SMPP_SHORT_MAX], mem[400];
    struct slice rest = slice_of(row->body);
    uint8_t reference = ++sender->reference;
    enum err err = OK;
    for (size_t i = 0; i < size->segments && !err; i++) {
        struct buf part = BUF_ON(bytes), out = BUF_ON(mem);
        bool is_one = size->segments == 1;
        const uint8_t header[HEADER_LEN] = {
            5, 0, 3, reference, (uint8_t)size->segments, (uint8_t)(i + 1)
        };
        if (!is_one)
            buf_put(&part, slice_make(header, sizeof header));
        message_text_part(&rest, size->is_gsm, is_one, &part);
        const struct smpp_text_pdu text = { .from = slice_of(row->from),
                                            .to = slice_of(row->to),
                                            .esm_class = is_one ? 0 : SMPP_ESM_UDH,
                                            .coding = size->is_gsm ? 0 : SMPP_CODING_UCS2,
                                            .text = buf_slice(&part) };
        err = smpp_print_submit(&text, ++sender->sequence, &out);
        if (!err)
            err = tcp_send(sender->tcp, buf_slice(&out));
    }
    return err;
}

static void on_unsent(void *owner)
{
    struct sending *sending = owner;
    struct message_result result = { .outcome = sending->status ? MESSAGE_REFUSED : MESSAGE_AGAIN,
                                     .text = sending->status
                                                 ? "It is too long, or an address does not fit."
                                                 : "The centre is not connected." };
    messages_tell(sending->sender->messages, sending->id, &result);
    sending_destroy(sending);
}

static void send_row(void *owner, const struct store_message *row)
{
    struct sender_smpp *sender = owner;
    struct message_size size;
    struct sending *sending = mem_new(struct sending);
    sending->sender = sender;
    snprintf(sending->id, sizeof sending->id, "%s", row->id);
    sending->first = sender->sequence + 1;
    list_append(&sender->sending, &sending->link);
    enum err err = message_text_measure(slice_of(row->body), &size);
    if (!err && size.segments > PARTS_MAX)
        err = ERR_LIMIT;
    sending->is_unbound = err || !sender->is_bound;
    if (!sending->is_unbound) {
        sending->n_parts = sending->n_open = size.segments;
        err = send_parts(sender, row, &size);
        sending->is_unbound = err != OK;
    }
    sending->status = err ? 1 : 0;
    if (sending->is_unbound)
        loop_timer_start(sender->loop, &sending->unsent, 0, on_unsent, sending);
}

struct message_sender sender_smpp_row(struct sender_smpp *sender)
{
    return (struct message_sender){ .name = target, .send = send_row, .owner = sender };
}
