/* Status callbacks: events with a URL are posted to it, those of one call in order, each tried
 * three times, and no call ever waits for them. */
#include <stdio.h>
#include <string.h>

#include "base/loop.h"
#include "base/map.h"
#include "base/mem.h"
#include "base/num.h"
#include "script/laml_form.h"
#include "script/script_notify.h"

enum { NOTIFY_WAITING_MAX = 10000, NOTIFY_TIMEOUT_MS = 10000, NOTIFY_TRIES = 3 };
static const int64_t pause_ms[NOTIFY_TRIES] = { 1000, 5000, 0 };

struct notice {
    struct list link;
    char *url, *method, *body;
    json_t *form; /* in place of JSON */
    char project_id[SCRIPT_ID_TEXT];
};
/* Notices of one call; the first is under way. */
struct queue {
    struct notifier *notifier;
    struct list link, notices;
    char call_id[SCRIPT_ID_TEXT];
    unsigned tries, holds;
    struct http_client_call *call;
    struct timer timer;
};
struct notifier {
    struct scripts *scripts;
    struct map *queues;
    struct list all;
    size_t waiting;
};

struct notifier *notifier_create(struct scripts *scripts)
{
    struct notifier *notifier = mem_new(struct notifier);
    notifier->scripts = scripts;
    notifier->queues = map_create();
    list_init(&notifier->all);
    return notifier;
}

static void drop_notice(struct notifier *notifier, struct notice *notice)
{
    list_remove(&notice->link);
    notifier->waiting--;
    mem_free(notice->url);
    mem_free(notice->method);
    mem_free(notice->body);
    json_decref(notice->form);
    mem_free(notice);
}

static void drop_queue(struct queue *queue)
{
    struct notifier *notifier = queue->notifier;
    if (queue->call)
        http_client_cancel(queue->call);
    loop_timer_stop(notifier->scripts->config.loop, &queue->timer);
    LIST_EACH(link, &queue->notices)
    drop_notice(notifier, LIST_ITEM(link, struct notice, link));
    map_remove(notifier->queues, slice_of(queue->call_id));
    list_remove(&queue->link);
    mem_free(queue);
}

void notifier_destroy(struct notifier *notifier)
{
    if (!notifier)
        return;
    LIST_EACH(link, &notifier->all)
    drop_queue(LIST_ITEM(link, struct queue, link));
    map_destroy(notifier->queues);
    mem_free(notifier);
}

static void send_next(void *owner);

static void later(struct queue *queue, int64_t ms)
{
    loop_timer_start(queue->notifier->scripts->config.loop, &queue->timer, ms, send_next, queue);
}

static void failed(struct queue *queue, const char *why)
{
    struct notice *notice = LIST_ITEM(queue->notices.next, struct notice, link);
    int64_t pause = pause_ms[queue->tries - 1];
    if (queue->tries < NOTIFY_TRIES) {
        later(queue, pause);
        return;
    }
    struct log_tag tag;
    log_tag_set(&tag, "call=%.8s", queue->call_id);
    log_warn(&tag, "status callback given up tries=%u reason=\"%s\"", queue->tries, why);
    drop_notice(queue->notifier, notice);
    queue->tries = 0;
    later(queue, 0);
}

static void on_answer(void *owner, const struct http_client_answer *answer)
{
    struct queue *queue = owner;
    char why[64];
    queue->call = NULL;
    snprintf(why, sizeof why, "the server answered %d", answer->status);
    if (answer->err || answer->status >= 500 || answer->status == 429) {
        failed(queue, answer->err ? answer->text : why);
        return;
    }
    /* 4xx: it was heard, and will not be liked better the next time */
    drop_notice(queue->notifier, LIST_ITEM(queue->notices.next, struct notice, link));
    queue->tries = 0;
    later(queue, 0);
}

static void send_next(void *owner)
{
    struct queue *queue = owner;
    struct fault fault = { 0 };
    if (queue->holds)
        return;
    if (list_empty(&queue->notices)) {
        drop_queue(queue);
        return;
    }
    const struct notice *notice = LIST_ITEM(queue->notices.next, struct notice, link);
    const bool is_get = notice->form && strcmp(notice->method, "GET") == 0;
    const struct script_request request = {
        .http = { .method = notice->method,
                  .url = notice->url,
                  .content_type = is_get         ? NULL
                                  : notice->form ? "application/x-www-form-urlencoded"
                                                 : "application/json",
                  .body = is_get ? SLICE_NONE : slice_of(notice->body),
                  .timeout_ms = NOTIFY_TIMEOUT_MS },
        .project_id = notice->project_id,
        .is_signed = true,
        .is_laml = notice->form != NULL,
        .form = is_get ? NULL : notice->form,
    };
    queue->tries++;
    queue->call = scripts_send(queue->notifier->scripts, &request, on_answer, queue, &fault);
    if (!queue->call) {
        queue->tries = NOTIFY_TRIES;
        failed(queue, fault.text);
    }
}

static struct queue *queue_of(struct notifier *notifier, const char *call)
{
    struct queue *queue = map_find(notifier->queues, slice_of(call));
    if (queue)
        return queue;
    queue = mem_new(struct queue);
    queue->notifier = notifier;
    snprintf(queue->call_id, sizeof queue->call_id, "%s", call);
    list_init(&queue->notices);
    list_append(&notifier->all, &queue->link);
    map_put(notifier->queues, slice_of(call), queue);
    later(queue, 0);
    return queue;
}

static void put_json(struct notice *notice, const struct script_event *event, int64_t now_ms)
{
    char channel[SCRIPT_ID_TEXT + 8];
    snprintf(channel, sizeof channel, "swml:%s", event->call_id);
    json_t *body =
        json_pack("{s:s, s:s, s:f, s:s, s:s, s:O}", "event_type", event->type, "event_channel",
                  channel, "timestamp", (double)now_ms / 1000, "project_id", event->project_id,
                  "space_id", event->project_id, "params", (json_t *)(uintptr_t)event->params);
    /* what readers of the flat form look for; the envelope's do not notice */
    static const char *const flat[] = { "call_id", "call_state", "direction" };
    const json_t *device = json_object_get(json_object_get(event->params, "device"), "params");
    for (size_t i = 0; i < COUNT_OF(flat) && device; i++)
        json_object_set(body, flat[i], json_object_get(event->params, flat[i]));
    if (device) {
        json_object_set(body, "from", json_object_get(device, "from_number"));
        json_object_set(body, "to", json_object_get(device, "to_number"));
    }
    notice->url = slice_dup(slice_of(event->url));
    notice->body = json_dumps(body, JSON_COMPACT);
    json_decref(body);
}

void notifier_add(struct notifier *notifier, const struct script_event *event, int64_t now_ms)
{
    if (!event->url || notifier->waiting >= NOTIFY_WAITING_MAX)
        return;
    struct notice *notice = mem_new(struct notice);
    notice->method = slice_dup(slice_of(event->method));
    if (event->form) {
        notice->form = json_incref((json_t *)(uintptr_t)event->form);
        notice->body = laml_form_print(event->form);
        notice->url = strcmp(event->method, "GET") == 0 ? script_url_with(event->url, notice->body)
                                                        : slice_dup(slice_of(event->url));
    } else {
        put_json(notice, event, now_ms);
    }
    snprintf(notice->project_id, sizeof notice->project_id, "%s", event->project_id);
    notifier->waiting++;
    list_append(&queue_of(notifier, event->call_id)->notices, &notice->link);
}

void notifier_hold(struct notifier *notifier, const char *call_id)
{
    queue_of(notifier, call_id)->holds++;
}

void notifier_release(struct notifier *notifier, const char *call_id)
{
    struct queue *queue = queue_of(notifier, call_id);
    bool is_idle = !queue->call && !timer_is_running(&queue->timer);
    if (--queue->holds == 0 && is_idle)
        later(queue, 0);
}
