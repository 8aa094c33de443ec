#include "message.h"

#include <string.h>

#include "base/log.h"
#include "base/loop.h"
#include "base/mem.h"
#include "base/num.h"
#include "base/seal.h"
#include "message_priv.h"
#include "message_row.h"
#include "message_text.h"

enum {
    FLIGHTS_MAX = 64,      /* on their way at once */
    ADDING_MAX = 1000,     /* being kept at once */
    PER_SECOND = 10,       /* tries, unless configured */
    FAILED_WAIT_MS = 5000, /* the store did not answer: look again */
};

static void look(void *owner);

struct messages *messages_create(const struct messages_config *config)
{
    struct messages *messages = mem_new(struct messages);
    messages->config = *config;
    messages->n_senders = config->n_senders;
    BUG_IF(config->n_senders > MESSAGE_SENDERS_MAX);
    for (size_t i = 0; i < config->n_senders; i++)
        messages->senders[i] = config->senders[i];
    if (!messages->config.per_second)
        messages->config.per_second = PER_SECOND;
    messages->tokens = messages->config.per_second;
    messages->filled_ms = loop_now_ms(config->loop);
    list_init(&messages->adding);
    list_init(&messages->flights);
    list_init(&messages->receipts);
    return messages;
}

int64_t message_now_ms(const struct messages *messages)
{
    return loop_wall_ms(messages->config.loop);
}

struct slice message_seal_context(const char *id, char out[64])
{
    return slice_make(out, (size_t)snprintf(out, 64, STORE_MESSAGE_SEAL, id));
}

const struct message_sender *message_sender_of(const struct messages *messages, const char *target)
{
    struct slice rest = slice_of(target);
    struct slice name = slice_cut(&rest, ':');
    for (size_t i = 0; i < messages->n_senders; i++)
        if (slice_is(name, messages->senders[i].name))
            return &messages->senders[i];
    return NULL;
}

void message_status(struct messages *messages, const struct store_message *row)
{
    if (messages->config.ops->on_status)
        messages->config.ops->on_status(messages->config.owner, row);
}

size_t messages_waiting(const struct messages *messages)
{
    return messages->n_waiting;
}

/* ---- when to look ---- */

void message_wake_at(struct messages *messages, int64_t at_ms)
{
    if (!messages->is_started || messages->is_stopping)
        return;
    if (timer_is_running(&messages->wake) && messages->wake_at_ms <= at_ms)
        return;
    messages->wake_at_ms = at_ms;
    loop_timer_start(messages->config.loop, &messages->wake,
                     num_max(at_ms - message_now_ms(messages), 0), look, messages);
}

/* Tries come back evenly, as many as a second may have. */
static size_t allowed(struct messages *messages)
{
    int64_t now_ms = loop_now_ms(messages->config.loop);
    int64_t more = (now_ms - messages->filled_ms) * messages->config.per_second / 1000;
    if (more > 0) {
        messages->tokens = (unsigned)num_min(messages->tokens + more, messages->config.per_second);
        messages->filled_ms = now_ms;
    }
    return (size_t)num_min(messages->tokens, FLIGHTS_MAX - (int64_t)messages->n_flights);
}

static void on_queue(void *owner, const struct store_answer *answer)
{
    struct messages *messages = owner;
    if (answer->err) {
        message_wake_at(messages, message_now_ms(messages) + FAILED_WAIT_MS);
        return;
    }
    const struct store_message_queue *queue = STORE_ROWS(answer, store_message_queue);
    messages->n_waiting = (size_t)queue->n;
    if (queue->n)
        message_wake_at(messages, queue->next_ms);
}

void message_count(struct messages *messages)
{
    store_message_queue_find(messages->config.store, (struct store_reply){ on_queue, messages });
}

static void on_claimed(void *owner, const struct store_answer *answer)
{
    struct messages *messages = owner;
    messages->is_claiming = false;
    if (!answer->err) {
        const struct store_message *rows = STORE_ROWS(answer, store_message);
        messages->tokens -= (unsigned)num_min((int64_t)answer->n, messages->tokens);
        for (size_t i = 0; i < answer->n; i++)
            message_fly(messages, &rows[i]);
    }
    message_count(messages);
}

static void look(void *owner)
{
    struct messages *messages = owner;
    char claim[UUID_TEXT];
    size_t limit = allowed(messages);
    if (messages->is_claiming || messages->is_stopping)
        return;
    if (!limit) {
        int64_t wait_ms = 1 + 1000 / (int64_t)messages->config.per_second;
        message_wake_at(messages, message_now_ms(messages) + wait_ms);
        return;
    }
    messages->is_claiming = true;
    rand_uuid(claim);
    store_message_claim(messages->config.store, claim, message_now_ms(messages), limit,
                        (struct store_reply){ on_claimed, messages });
}

static void on_left(void *owner, const struct store_answer *answer)
{
    struct messages *messages = owner;
    if (!answer->err) {
        const struct store_message *rows = STORE_ROWS(answer, store_message);
        for (size_t i = 0; i < answer->n; i++)
            message_recover(messages, &rows[i]);
    }
    messages->is_started = true;
    message_wake_at(messages, message_now_ms(messages));
}

void messages_start(struct messages *messages)
{
    store_message_claimed(messages->config.store, (struct store_reply){ on_left, messages });
}

void messages_stop(struct messages *messages)
{
    messages->is_stopping = true;
    loop_timer_stop(messages->config.loop, &messages->wake);
}

void messages_wake(struct messages *messages, const char *target)
{
    store_message_wake(messages->config.store, target, message_now_ms(messages), STORE_NOBODY);
    message_count(messages);
}

/* ---- a new one ---- */

static void adding_destroy(struct message_adding *adding)
{
    list_remove(&adding->link);
    adding->messages->n_adding--;
    message_row_destroy(adding->row);
    mem_free(adding);
}

static void on_added(void *owner, const struct store_answer *answer)
{
    struct message_adding *adding = owner;
    struct messages *messages = adding->messages;
    if (!answer->err && adding->row->next_ms)
        messages->n_waiting++;
    if (adding->fn)
        adding->fn(adding->owner, answer->err, answer->err ? NULL : adding->row);
    if (!answer->err) {
        message_status(messages, adding->row);
        message_wake_at(messages, message_now_ms(messages));
    }
    adding_destroy(adding);
}

static enum err check(struct messages *messages, const struct message_new *message,
                      char target[MESSAGE_TARGET], struct message_size *size, struct fault *fault)
{
    size_t n_media = json_array_size(message->media);
    const struct messages_config *config = &messages->config;
    struct slice body = slice_of(message->body);
    if (!body.len && !n_media)
        return fault_set(fault, ERR_INVALID, "body", 0, "a message has a text, media or both");
    if (body.len > MESSAGE_BODY_MAX)
        return fault_set(fault, ERR_LIMIT, "body", 0, "the text is longer than %d bytes",
                         MESSAGE_BODY_MAX);
    if (n_media > MESSAGE_MEDIA_MAX)
        return fault_set(fault, ERR_LIMIT, "media", 0, "there are more than %d media URLs",
                         MESSAGE_MEDIA_MAX);
    if (message_text_measure(body, size))
        return fault_set(fault, ERR_INVALID, "body", 0, "the text is not UTF-8");
    if (messages->n_waiting + messages->n_adding >= MESSAGE_BACKLOG_MAX ||
        messages->n_adding >= ADDING_MAX)
        return fault_set(fault, ERR_LIMIT, "", 0, "%d messages wait already", MESSAGE_BACKLOG_MAX);
    if (message->target)
        (void)slice_copy(slice_of(message->target), target, MESSAGE_TARGET);
    else if (!config->ops->route(config->owner, message, target))
        return fault_set(fault, ERR_NOT_FOUND, "to", 0, "no way leads to '%s'", message->to);
    const struct message_sender *sender = message_sender_of(messages, target);
    if (!sender)
        return fault_set(fault, ERR_NOT_FOUND, "to", 0, "there is no sender for '%s'", target);
    if (n_media && !sender->takes_media)
        return fault_set(fault, ERR_UNSUPPORTED, "media", 0,
                         "who takes messages for '%s' takes no media", message->to);
    return OK;
}

/* Whom it is kept for and how; `row` borrows everything. */
static void keep(struct messages *messages, const struct message_new *message,
                 struct store_message *row, message_added_fn fn, void *owner)
{
    char context[64];
    char *media = json_array_size(message->media) ? json_dumps(message->media, JSON_COMPACT) : NULL;
    char *variables = message->variables ? json_dumps(message->variables, JSON_COMPACT) : NULL;
    char *sealed = NULL;
    struct message_adding *adding = mem_new(struct message_adding);
    row->project_id = message->project_id;
    row->from = message->from;
    row->to = message->to;
    row->body = message->body;
    row->media = media;
    row->variables = variables;
    row->kind = media || message->as_mms ? "mms" : "sms";
    row->source = message->source ? message->source : "realtime_api";
    row->status_url = message->status_url;
    row->created_ms = row->updated_ms = message_now_ms(messages);
    row->sealed = message->is_sensitive;
    adding->messages = messages;
    adding->fn = fn;
    adding->owner = owner;
    adding->row = message_row_copy(row);
    list_append(&messages->adding, &adding->link);
    messages->n_adding++;
    if (message->is_sensitive) {
        sealed = seal_text(messages->config.seal, slice_of(message->body),
                           message_seal_context(row->id, context));
        row->body = sealed;
    }
    store_message_add(messages->config.store, row, (struct store_reply){ on_added, adding });
    mem_free(sealed);
    free(media);
    free(variables);
}

enum err messages_add(struct messages *messages, const struct message_new *message,
                      message_added_fn fn, void *owner, struct fault *fault)
{
    char id[UUID_TEXT], target[MESSAGE_TARGET] = "";
    struct message_size size;
    enum err err = check(messages, message, target, &size, fault);
    if (err)
        return err;
    rand_uuid(id);
    if (message->id)
        snprintf(id, sizeof id, "%s", message->id);
    int64_t valid_s = message->valid_s ? message->valid_s : MESSAGE_VALID_S;
    int64_t now_ms = message_now_ms(messages);
    bool is_inbound = message->direction && strcmp(message->direction, "inbound") == 0;
    struct store_message row = { .id = id,
                                 .direction =
                                     message->direction ? message->direction : "outbound-api",
                                 .target = target,
                                 .status = is_inbound ? "received" : "queued",
                                 .segments = (int64_t)size.segments,
                                 .next_ms = now_ms,
                                 .expires_ms = now_ms + valid_s * 1000 };
    keep(messages, message, &row, fn, owner);
    return OK;
}

enum err messages_receive(struct messages *messages, const struct message_new *message,
                          message_added_fn fn, void *owner, struct fault *fault)
{
    char id[UUID_TEXT];
    struct message_size size;
    if (strlen(message->body) > MESSAGE_BODY_MAX || messages->n_adding >= ADDING_MAX)
        return fault_set(fault, ERR_LIMIT, "body", 0, "the text is longer than %d bytes",
                         MESSAGE_BODY_MAX);
    if (message_text_measure(slice_of(message->body), &size))
        return fault_set(fault, ERR_INVALID, "body", 0, "the text is not UTF-8");
    rand_uuid(id);
    struct store_message row = { .id = id,
                                 .direction = "inbound",
                                 .status = "received",
                                 .target = message->target,
                                 .segments = (int64_t)size.segments };
    keep(messages, message, &row, fn, owner);
    return OK;
}

void messages_forget(struct messages *messages, const void *owner)
{
    LIST_EACH(link, &messages->adding)
    {
        struct message_adding *adding = LIST_ITEM(link, struct message_adding, link);
        if (adding->owner == owner)
            adding->fn = NULL;
    }
}

void messages_destroy(struct messages *messages)
{
    if (!messages)
        return;
    messages_stop(messages);
    store_forget(messages->config.store, messages);
    LIST_EACH(link, &messages->adding)
    {
        struct message_adding *adding = LIST_ITEM(link, struct message_adding, link);
        store_forget(messages->config.store, adding);
        adding_destroy(adding);
    }
    message_drop_flights(messages);
    mem_free(messages);
}
