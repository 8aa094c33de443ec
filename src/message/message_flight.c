/* Messages on their way: from the claim to what the next hop says, and receipts after that. */
#include <string.h>

#include "base/log.h"
#include "base/loop.h"
#include "base/mem.h"
#include "base/num.h"
#include "base/seal.h"
#include "message_priv.h"
#include "message_row.h"

enum { RECEIPTS_MAX = 10000 }; /* that wait for their row */
static const int64_t waits_ms[] = { 1000, 5000, 15000, 60000, 300000, 900000 };

static const struct {
    const char *status, *code, *text;
} ends[] = {
    [MESSAGE_SENT] = { "sent", "", "" },
    [MESSAGE_DELIVERED] = { "delivered", "", "" },
    [MESSAGE_UNDELIVERED] = { "undelivered", "30003", "The far end could not be reached." },
    [MESSAGE_REFUSED] = { "failed", "30008", "The next hop refused it." },
    [MESSAGE_AGAIN] = { "undelivered", "30003", "Its time was over before it could be sent." },
};
_Static_assert(COUNT_OF(ends) == MESSAGE_AGAIN + 1, "an end for every outcome");

static void next_receipt(struct messages *messages);

static void flight_destroy(struct message_flight *flight)
{
    list_remove(&flight->link);
    flight->messages->n_flights--;
    message_row_destroy(flight->row);
    mem_free(flight);
}

static struct message_flight *flight_create(struct messages *messages,
                                            const struct store_message *row)
{
    struct message_flight *flight = mem_new(struct message_flight);
    flight->messages = messages;
    flight->row = message_row_copy(row);
    list_append(&messages->flights, &flight->link);
    messages->n_flights++;
    return flight;
}

static struct message_flight *find(const struct messages *messages, const char *id)
{
    LIST_EACH(link, &messages->flights)
    {
        struct message_flight *flight = LIST_ITEM(link, struct message_flight, link);
        if (!flight->is_told && strcmp(flight->row->id, id) == 0)
            return flight;
    }
    return NULL;
}

static void on_changed(void *owner, const struct store_answer *answer)
{
    struct message_flight *flight = owner;
    struct messages *messages = flight->messages;
    if (answer->err)
        log_warn(NULL, "message state lost reason=%s", err_name(answer->err));
    else if (flight->is_news)
        message_status(messages, flight->row);
    bool is_waiting = !answer->err && flight->row->next_ms;
    bool is_receipt = flight->is_receipt;
    flight_destroy(flight);
    if (is_receipt)
        next_receipt(messages);
    if (is_waiting)
        message_count(messages);
    else if (messages->n_waiting) /* there may be room for another now */
        message_wake_at(messages, message_now_ms(messages));
}

/* Write the row as it is now; the flight ends with the answer. */
static void save(struct message_flight *flight)
{
    const struct messages *messages = flight->messages;
    struct store_message row = *flight->row;
    char context[64];
    char *sealed = NULL;
    row.updated_ms = message_now_ms(messages);
    if (row.sealed) {
        sealed = seal_text(messages->config.seal, slice_of(row.body),
                           message_seal_context(row.id, context));
        row.body = sealed;
    }
    flight->is_told = true;
    store_message_change(messages->config.store, &row, (struct store_reply){ on_changed, flight });
    mem_free(sealed);
}

/* ---- what became of it ---- */

static bool is_over(const struct store_message *row)
{
    static const char *const last[] = { "delivered", "undelivered", "failed", "read" };
    for (size_t i = 0; i < COUNT_OF(last); i++)
        if (strcmp(row->status, last[i]) == 0)
            return true;
    return false;
}

static void end(struct message_flight *flight, const struct message_result *result)
{
    struct store_message *row = flight->row;
    enum message_outcome outcome = result->outcome;
    bool is_failure = outcome > MESSAGE_DELIVERED;
    flight->is_news = strcmp(row->status, ends[outcome].status) != 0;
    /* what came in stays "received", whatever becomes of the copy for a phone */
    if (strcmp(row->direction, "inbound") == 0)
        flight->is_news = false;
    else
        message_row_set(&row->status, ends[outcome].status);
    if (is_failure) {
        message_row_set(&row->error_code, result->code ? result->code : ends[outcome].code);
        message_row_set(&row->error_message, result->text ? result->text : ends[outcome].text);
    } else if (!row->sent_ms) {
        row->sent_ms = message_now_ms(flight->messages);
    }
    if (result->peer_id)
        message_row_set(&row->peer_id, result->peer_id);
    message_row_set(&row->claim, "");
    row->next_ms = 0;
    if (row->sealed) {
        row->sealed = 0;
        message_row_set(&row->body, "");
    }
    log_info(NULL, "message ended id=%s status=%s by=%s tries=%lld code=%s", row->id, row->status,
             row->target, (long long)row->tries, row->error_code);
    save(flight);
}

static int64_t wait_of(int64_t tries)
{
    int64_t i = num_max(tries - 1, 0);
    return waits_ms[num_min(i, (int64_t)COUNT_OF(waits_ms) - 1)];
}

static void apply(struct message_flight *flight, const struct message_result *result)
{
    struct store_message *row = flight->row;
    int64_t now_ms = message_now_ms(flight->messages);
    int64_t wait_ms = result->wait_ms ? result->wait_ms : wait_of(row->tries);
    if (result->outcome != MESSAGE_AGAIN || now_ms + wait_ms >= row->expires_ms) {
        end(flight, result);
        return;
    }
    log_debug(NULL, "message waits id=%s by=%s tries=%lld wait_ms=%lld reason=%s", row->id,
              row->target, (long long)row->tries, (long long)wait_ms,
              result->text ? result->text : "");
    message_row_set(&row->claim, "");
    row->next_ms = now_ms + wait_ms;
    save(flight);
}

/* ---- receipts: one after the other, so that each sees what the one before made of the row ---- */

static void receipt_destroy(struct message_receipt *receipt)
{
    list_remove(&receipt->link);
    receipt->messages->n_receipts--;
    /* copies, made by keep_receipt() */
    mem_free((char *)(uintptr_t)receipt->result.code);
    mem_free((char *)(uintptr_t)receipt->result.text);
    mem_free(receipt->id);
    mem_free(receipt->target);
    mem_free(receipt);
}

static void on_receipt_row(void *owner, const struct store_answer *answer)
{
    struct message_receipt *receipt = owner;
    struct messages *messages = receipt->messages;
    const struct store_message *row = answer->err ? NULL : STORE_ROWS(answer, store_message);
    /* what is over stays so: receipts may come twice, and in any order */
    bool counts = row && !is_over(row) && !row->claim[0];
    struct message_flight *flight = counts ? flight_create(messages, row) : NULL;
    if (flight) {
        flight->is_receipt = true;
        end(flight, &receipt->result);
    }
    receipt_destroy(receipt);
    if (!flight)
        next_receipt(messages);
}

static void next_receipt(struct messages *messages)
{
    messages->is_reading = !list_empty(&messages->receipts);
    if (!messages->is_reading)
        return;
    struct message_receipt *receipt =
        LIST_ITEM(messages->receipts.next, struct message_receipt, link);
    struct store_reply reply = { on_receipt_row, receipt };
    if (receipt->target)
        store_message_find_peer(messages->config.store, receipt->target, receipt->id, reply);
    else
        store_message_find(messages->config.store, receipt->id, reply);
}

static char *copy_or_null(const char *text)
{
    return text ? mem_copy_text(text, strlen(text)) : NULL;
}

static void keep_receipt(struct messages *messages, const char *target, const char *id,
                         const struct message_result *result)
{
    if (result->outcome == MESSAGE_AGAIN)
        return;
    if (messages->n_receipts == RECEIPTS_MAX) {
        log_warn(NULL, "message receipt dropped waiting=%zu", messages->n_receipts);
        return;
    }
    struct message_receipt *receipt = mem_new(struct message_receipt);
    receipt->messages = messages;
    receipt->id = copy_or_null(id);
    receipt->target = copy_or_null(target);
    receipt->result.outcome = result->outcome;
    receipt->result.code = copy_or_null(result->code);
    receipt->result.text = copy_or_null(result->text);
    list_append(&messages->receipts, &receipt->link);
    messages->n_receipts++;
    if (!messages->is_reading)
        next_receipt(messages);
}

void messages_tell(struct messages *messages, const char *id, const struct message_result *result)
{
    struct message_flight *flight = find(messages, id);
    if (flight)
        apply(flight, result);
    else
        keep_receipt(messages, NULL, id, result);
}

void messages_tell_peer(struct messages *messages, const char *target, const char *peer_id,
                        const struct message_result *result)
{
    keep_receipt(messages, target, peer_id, result);
}

/* ---- out ---- */

static void fail(struct message_flight *flight, const char *code, const char *text)
{
    struct message_result result = { .outcome = MESSAGE_UNDELIVERED, .code = code, .text = text };
    end(flight, &result);
}

static bool open_body(struct message_flight *flight)
{
    struct secret plain = { 0 };
    char context[64];
    struct store_message *row = flight->row;
    if (!row->sealed)
        return true;
    enum err err = seal_open(flight->messages->config.seal, slice_of(row->body),
                             message_seal_context(row->id, context), &plain);
    if (!err)
        message_row_set(&row->body, secret_reveal(&plain).ptr);
    secret_clear(&plain);
    return err == OK;
}

void message_fly(struct messages *messages, const struct store_message *row)
{
    struct message_flight *flight = flight_create(messages, row);
    const struct message_sender *sender = message_sender_of(messages, row->target);
    if (!open_body(flight)) {
        fail(flight, "30008", "Its text cannot be opened: the key is gone.");
        return;
    }
    if (row->tries == 1 && strcmp(row->direction, "inbound") != 0)
        message_status(messages, flight->row);
    if (row->expires_ms <= message_now_ms(messages))
        fail(flight, ends[MESSAGE_AGAIN].code, ends[MESSAGE_AGAIN].text);
    else if (!sender)
        fail(flight, "30008", "There is no such sender any more.");
    else
        sender->send(sender->owner, flight->row);
}

void message_recover(struct messages *messages, const struct store_message *row)
{
    struct message_flight *flight = flight_create(messages, row);
    const struct message_sender *sender = message_sender_of(messages, row->target);
    struct message_result again = { .outcome = MESSAGE_AGAIN, .text = "restart", .wait_ms = 1 };
    if (!open_body(flight) || (sender && !sender->is_idempotent))
        fail(flight, "30008",
             "The program ended while it was sent: nobody knows what became of it.");
    else
        apply(flight, &again);
}

void message_drop_flights(struct messages *messages)
{
    LIST_EACH(link, &messages->flights)
    {
        struct message_flight *flight = LIST_ITEM(link, struct message_flight, link);
        store_forget(messages->config.store, flight);
        flight_destroy(flight);
    }
    LIST_EACH(link, &messages->receipts)
    {
        struct message_receipt *receipt = LIST_ITEM(link, struct message_receipt, link);
        store_forget(messages->config.store, receipt);
        receipt_destroy(receipt);
    }
}
