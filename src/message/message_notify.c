#include "message_notify.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/buf.h"
#include "base/list.h"
#include "base/log.h"
#include "base/loop.h"
#include "base/map.h"
#include "base/mem.h"
#include "base/num.h"
#include "base/web_signature.h"
#include "message_template.h"

enum { WAITING_MAX = 10000, TIMEOUT_MS = 10000, TRIES = 3, FORM_MAX = 64 << 10, ANSWER_MAX = 4096 };
static const int64_t pauses_ms[TRIES] = { 1000, 5000, 0 };
static const char type_json[] = "application/json",
                  type_form[] = "application/x-www-form-urlencoded";

/* One state to be told. */
struct notice {
    struct list link;
    char *url, *body;
    const char *type;
    char signature[WEB_SIGNATURE_MAX], signature256[WEB_SIGNATURE_MAX];
};
/* Those of one message; the first is under way. */
struct queue {
    struct list link, notices;
    struct message_notify *notify;
    struct http_client_call *call;
    struct timer timer;
    unsigned tries;
    char *id;
};
struct message_notify {
    struct message_notify_config config;
    struct list all;
    struct map *queues; /* by the message's id */
    size_t waiting;
};

struct message_notify *message_notify_create(const struct message_notify_config *config)
{
    struct message_notify *notify = mem_new(struct message_notify);
    notify->config = *config;
    notify->queues = map_create();
    list_init(&notify->all);
    return notify;
}

static void drop_notice(struct queue *queue, struct notice *notice)
{
    list_remove(&notice->link);
    queue->notify->waiting--;
    mem_free(notice->url);
    mem_free(notice->body);
    mem_free(notice);
}

static void drop_queue(struct queue *queue)
{
    if (queue->call)
        http_client_cancel(queue->call);
    loop_timer_stop(queue->notify->config.loop, &queue->timer);
    LIST_EACH(link, &queue->notices)
    {
        drop_notice(queue, LIST_ITEM(link, struct notice, link));
    }
    map_remove(queue->notify->queues, slice_of(queue->id));
    list_remove(&queue->link);
    mem_free(queue->id);
    mem_free(queue);
}

void message_notify_destroy(struct message_notify *notify)
{
    if (!notify)
        return;
    LIST_EACH(link, &notify->all)
    {
        drop_queue(LIST_ITEM(link, struct queue, link));
    }
    map_destroy(notify->queues);
    mem_free(notify);
}

/* ---- one after the other ---- */

static void send_next(void *owner);

static void next(struct queue *queue)
{
    drop_notice(queue, LIST_ITEM(queue->notices.next, struct notice, link));
    queue->tries = 0;
    loop_timer_start(queue->notify->config.loop, &queue->timer, 0, send_next, queue);
}

static void on_answer(void *owner, const struct http_client_answer *answer)
{
    struct queue *queue = owner;
    queue->call = NULL;
    /* 4xx: it was heard, and will not be liked better the next time */
    if (!answer->err && answer->status < 500 && answer->status != 429) {
        next(queue);
    } else if (queue->tries < TRIES) {
        loop_timer_start(queue->notify->config.loop, &queue->timer, pauses_ms[queue->tries - 1],
                         send_next, queue);
    } else {
        log_warn(NULL, "message status callback given up id=%s status=%d reason=\"%s\"", queue->id,
                 answer->status, answer->err ? answer->text : "");
        next(queue);
    }
}

static void send_next(void *owner)
{
    struct queue *queue = owner;
    if (list_empty(&queue->notices)) {
        drop_queue(queue);
        return;
    }
    const struct notice *notice = LIST_ITEM(queue->notices.next, struct notice, link);
    const struct http_header headers[] = {
        { SLICE("X-SignalWire-Signature"), slice_of(notice->signature) },
        { SLICE("X-SignalWire-SHA256-Signature"), slice_of(notice->signature256) },
    };
    const struct http_client_request request = {
        .method = "POST",
        .url = notice->url,
        .headers = headers,
        .n_headers = notice->signature256[0] ? 2
                     : notice->signature[0]  ? 1
                                             : 0,
        .content_type = notice->type,
        .body = slice_of(notice->body),
        .timeout_ms = TIMEOUT_MS,
        .max_body = ANSWER_MAX,
    };
    const struct message_notify_config *config = &queue->notify->config;
    queue->tries++;
    queue->call = config->send(config->owner, &request, on_answer, queue);
}

/* ---- what is told ---- */

static json_t *text_or_null(const char *text)
{
    return text && text[0] ? json_string(text) : json_null();
}

static json_t *json_of(const struct store_message *row, int64_t now_ms)
{
    char when[40];
    time_t seconds = (time_t)(now_ms / 1000);
    struct tm tm;
    gmtime_r(&seconds, &tm);
    strftime(when, sizeof when, "%Y-%m-%dT%H:%M:%SZ", &tm);
    json_t *body = json_pack("{s:s, s:o, s:s, s:s, s:s, s:s, s:I, s:s}", "id", row->id,
                             "project_id", text_or_null(row->project_id), "status", row->status,
                             "to", row->to, "from", row->from, "body", row->body,
                             "number_of_segments", (json_int_t)row->segments, "timestamp", when);
    if (row->error_code[0])
        json_object_set_new(body, "error_code", json_string(row->error_code));
    if (row->error_message[0])
        json_object_set_new(body, "error_message", json_string(row->error_message));
    json_t *variables = row->variables[0] ? json_loads(row->variables, 0, NULL) : NULL;
    if (variables)
        json_object_set_new(body, "custom_variables", variables);
    return body;
}

static size_t fields_of(const struct store_message *row, char numbers[2][24],
                        struct web_signature_field out[16])
{
    json_t *media = row->media[0] ? json_loads(row->media, 0, NULL) : NULL;
    snprintf(numbers[0], 24, "%zu", json_array_size(media));
    snprintf(numbers[1], 24, "%lld", (long long)row->segments);
    json_decref(media);
    const struct {
        const char *name, *value;
    } fields[] = {
        { "MessageSid", row->id },
        { "SmsSid", row->id },
        { "AccountSid", row->project_id },
        { "MessageStatus", row->status },
        { "SmsStatus", row->status },
        { "From", row->from },
        { "To", row->to },
        { "Body", row->body },
        { "NumMedia", numbers[0] },
        { "NumSegments", numbers[1] },
        { "ApiVersion", "2010-04-01" },
        { "ErrorCode", row->error_code },
        { "ErrorMessage", row->error_message },
    };
    size_t n = 0;
    for (size_t i = 0; i < COUNT_OF(fields); i++)
        if (i < COUNT_OF(fields) - 2 || fields[i].value[0])
            out[n++] =
                (struct web_signature_field){ slice_of(fields[i].name), slice_of(fields[i].value) };
    return n;
}

static void fill_form(struct notice *notice, const struct store_message *row, struct slice key)
{
    char numbers[2][24];
    struct web_signature_field fields[16];
    size_t n = fields_of(row, numbers, fields);
    char *mem = mem_alloc(FORM_MAX);
    struct buf body;
    buf_init(&body, mem, FORM_MAX);
    for (size_t i = 0; i < n; i++) {
        if (i)
            buf_char(&body, '&');
        buf_put(&body, fields[i].name);
        buf_char(&body, '=');
        message_put_query(fields[i].value, &body);
    }
    notice->type = type_form;
    notice->body = slice_dup(slice_of(buf_cstr(&body)));
    mem_free(mem);
    if (key.len && !web_signature_form(key, slice_of(notice->url), fields, n, notice->signature))
        notice->signature[0] = '\0';
}

static void fill_json(struct notice *notice, const struct store_message *row, struct slice key,
                      int64_t now_ms)
{
    json_t *body = json_of(row, now_ms);
    notice->type = type_json;
    notice->body = json_dumps(body, JSON_COMPACT);
    json_decref(body);
    if (!key.len)
        return;
    web_signature_json(key, slice_of(notice->url), slice_of(notice->body), notice->signature);
    web_signature_json256(key, slice_of(notice->url), slice_of(notice->body), notice->signature256);
}

static struct queue *queue_of(struct message_notify *notify, const char *id)
{
    struct queue *queue = map_find(notify->queues, slice_of(id));
    if (queue)
        return queue;
    queue = mem_new(struct queue);
    queue->notify = notify;
    queue->id = slice_dup(slice_of(id));
    list_init(&queue->notices);
    list_append(&notify->all, &queue->link);
    map_put(notify->queues, slice_of(id), queue);
    loop_timer_start(notify->config.loop, &queue->timer, 0, send_next, queue);
    return queue;
}

void message_notify_add(struct message_notify *notify, const struct store_message *row,
                        int64_t now_ms)
{
    if (!row->status_url || !row->status_url[0])
        return;
    if (notify->waiting == WAITING_MAX) {
        log_warn(NULL, "message status callback dropped id=%s waiting=%zu", row->id,
                 notify->waiting);
        return;
    }
    struct slice key = notify->config.signing_key(notify->config.owner, row->project_id);
    struct notice *notice = mem_new(struct notice);
    notice->url = slice_dup(slice_of(row->status_url));
    if (strcmp(row->source, "laml") == 0)
        fill_form(notice, row, key);
    else
        fill_json(notice, row, key, now_ms);
    notify->waiting++;
    list_append(&queue_of(notify, row->id)->notices, &notice->link);
}
