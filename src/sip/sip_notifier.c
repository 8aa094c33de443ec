#include "sip_notifier.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/list.h"
#include "base/loop.h"
#include "base/map.h"
#include "base/mem.h"
#include "base/num.h"
#include "sip_agent_priv.h"
#include "sip_dialog.h"
#include "sip_exchange.h"
#include "sip_txn.h"

struct sip_notifier {
    struct sip_agent *agent;
    const struct sip_event_package *packages;
    size_t n_packages;
    const struct sip_notifier_events *events;
    void *owner;
    struct map *by_tag;      /* struct sip_watch by our tag */
    struct map *by_resource; /* struct watched by event and resource */
    struct list watches;
    size_t n;
    struct timer soon; /* those that changed are told */
};

/* Those who watch one thing. */
struct watched {
    struct list watches; /* struct sip_watch by of_resource */
};

struct sip_watch {
    struct list link, of_resource;
    struct sip_notifier *notifier;
    const struct sip_event_package *package;
    struct sip_dialog dialog;
    char *event; /* as asked for, with its id: RFC 6665 §8.2.1 */
    char *resource, *watcher, *entity, *contact_user;
    int64_t until_ms; /* loop time */
    struct timer expiry;
    struct sip_exchange *notify; /* on its way */
    bool is_stale;               /* something is to be told */
    const char *over;            /* the reason once it ends; NULL: it lives */
    bool is_last_sent;
    uint32_t version;
};

enum { STATE_TEXT = 80, KEY_TEXT = 600 };

static void send_notify(struct sip_watch *watch);

struct sip_notifier *sip_notifier_create(struct sip_agent *agent,
                                         const struct sip_event_package *packages,
                                         size_t n_packages,
                                         const struct sip_notifier_events *events, void *owner)
{
    struct sip_notifier *notifier = mem_new(struct sip_notifier);
    notifier->agent = agent;
    notifier->packages = packages;
    notifier->n_packages = n_packages;
    notifier->events = events;
    notifier->owner = owner;
    notifier->by_tag = map_create();
    notifier->by_resource = map_create();
    list_init(&notifier->watches);
    return notifier;
}

static struct slice print_key(const char *event, struct slice resource, struct buf *out)
{
    buf_printf(out, "%s %.*s", event, SLICE_ARG(resource));
    return out->overflow ? SLICE_NONE : buf_slice(out);
}

static void enter(struct sip_watch *watch)
{
    char text[KEY_TEXT];
    struct buf out = BUF_ON(text);
    struct slice key = print_key(watch->package->event, slice_of(watch->resource), &out);
    struct watched *watched = map_find(watch->notifier->by_resource, key);
    if (!watched) {
        watched = mem_new(struct watched);
        list_init(&watched->watches);
        map_put(watch->notifier->by_resource, key, watched);
    }
    list_append(&watched->watches, &watch->of_resource);
}

static void leave(struct sip_watch *watch)
{
    char text[KEY_TEXT];
    struct buf out = BUF_ON(text);
    struct slice key = print_key(watch->package->event, slice_of(watch->resource), &out);
    struct watched *watched = map_find(watch->notifier->by_resource, key);
    list_remove(&watch->of_resource);
    if (list_empty(&watched->watches)) {
        map_remove(watch->notifier->by_resource, key);
        mem_free(watched);
    }
}

static void watch_destroy(struct sip_watch *watch)
{
    struct sip_notifier *notifier = watch->notifier;
    char *const texts[] = { watch->event, watch->resource, watch->watcher, watch->entity,
                            watch->contact_user };
    map_remove(notifier->by_tag, slice_of(watch->dialog.local_tag));
    list_remove(&watch->link);
    leave(watch);
    notifier->n--;
    loop_timer_stop(notifier->agent->loop, &watch->expiry);
    sip_exchange_destroy(watch->notify);
    sip_dialog_clear(&watch->dialog);
    for (size_t i = 0; i < COUNT_OF(texts); i++)
        mem_free(texts[i]);
    mem_free(watch);
}

void sip_notifier_destroy(struct sip_notifier *notifier)
{
    if (!notifier)
        return;
    loop_timer_stop(notifier->agent->loop, &notifier->soon);
    LIST_EACH(link, &notifier->watches)
    watch_destroy(LIST_ITEM(link, struct sip_watch, link));
    map_destroy(notifier->by_tag);
    map_destroy(notifier->by_resource);
    mem_free(notifier);
}

const struct sip_event_package *sip_notifier_package(const struct sip_notifier *notifier,
                                                     const struct sip_msg *subscribe)
{
    struct sip_value event;
    if (sip_value_parse(sip_msg_value(subscribe, SIP_H_EVENT), &event))
        return NULL;
    for (size_t i = 0; i < notifier->n_packages; i++) /* case counts: RFC 6665 §8.2.1 */
        if (slice_is(event.word, notifier->packages[i].event))
            return &notifier->packages[i];
    return NULL;
}

/* ---- NOTIFY ---- */

static void on_build(void *owner, struct sip_build *b, const struct sip_flow *flow)
{
    struct sip_watch *watch = owner;
    struct loop *loop = watch->notifier->agent->loop;
    char text[512], state[STATE_TEXT];
    struct buf contact = BUF_ON(text);
    int64_t left_s = (watch->until_ms - loop_now_ms(loop) + 999) / 1000;
    sip_dialog_write(&watch->dialog, b, ++watch->dialog.local_cseq, SLICE("NOTIFY"));
    sip_agent_print_contact(watch->notifier->agent, flow, slice_of(watch->contact_user), &contact);
    sip_build_header(b, SIP_H_CONTACT, buf_slice(&contact));
    sip_build_text(b, SIP_H_EVENT, watch->event);
    if (watch->over)
        snprintf(state, sizeof state, "terminated;reason=%s", watch->over);
    else
        snprintf(state, sizeof state, "active;expires=%" PRId64, num_max(left_s, 0));
    sip_build_text(b, SIP_H_SUBSCRIPTION_STATE, state);
}

/* Whatever final answer but a 2xx ends it (RFC 6665 §4.2.2): the watcher is gone or forgot. */
static void finish(struct sip_watch *watch, bool is_well)
{
    sip_exchange_destroy(watch->notify);
    watch->notify = NULL;
    if (!is_well || watch->is_last_sent)
        watch_destroy(watch);
    else if (watch->is_stale)
        send_notify(watch);
}

static void on_response(void *owner, struct sip_msg *response, const struct sip_flow *flow)
{
    (void)flow;
    if (sip_msg_status(response) >= 200)
        finish(owner, sip_msg_status(response) < 300);
}

static void on_failed(void *owner, const struct sip_outcome *outcome)
{
    (void)outcome;
    finish(owner, false);
}

static const struct sip_exchange_events notify_events = {
    .on_build = on_build,
    .on_response = on_response,
    .on_failed = on_failed,
};

/* One at a time, so that they cannot overtake each other; what changed meanwhile is in the next. */
static void send_notify(struct sip_watch *watch)
{
    struct sip_notifier *notifier = watch->notifier;
    char *mem = mem_alloc(SIP_DOCUMENT_MAX);
    struct buf document;
    buf_init(&document, mem, SIP_DOCUMENT_MAX);
    watch->is_stale = false;
    watch->is_last_sent = watch->over != NULL;
    notifier->events->on_print(notifier->owner, watch, &document);
    watch->version++;
    struct sip_exchange_config config = { .method = SLICE("NOTIFY"),
                                          .uri = sip_dialog_uri(&watch->dialog),
                                          .hop = sip_dialog_hop(&watch->dialog) };
    if (document.len && !document.overflow)
        config.body = (struct sip_body){ slice_of(watch->package->type), buf_slice(&document) };
    enum err err =
        sip_exchange_create(&watch->notify, notifier->agent, &config, &notify_events, watch);
    mem_free(mem);
    if (err)
        watch_destroy(watch);
}

static void tell(struct sip_watch *watch)
{
    watch->is_stale = true;
    if (!watch->notify)
        send_notify(watch);
}

static void end(struct sip_watch *watch, const char *reason)
{
    if (watch->over)
        return;
    watch->over = reason;
    loop_timer_stop(watch->notifier->agent->loop, &watch->expiry);
    tell(watch);
}

static void on_expiry(void *owner)
{
    end(owner, "timeout");
}

/* ---- SUBSCRIBE ---- */

static void refuse(const struct sip_notifier *notifier, struct sip_txn *txn, int status)
{
    char text[256];
    struct buf value = BUF_ON(text);
    struct sip_field field = { SLICE("Allow-Events"), SLICE_NONE };
    if (status == 489)
        for (size_t i = 0; i < notifier->n_packages; i++)
            buf_printf(&value, "%s%s", i ? ", " : "", notifier->packages[i].event);
    else
        buf_printf(&value, "%d", SIP_WATCH_EXPIRES_MIN_S);
    if (status == 423)
        field.name = SLICE("Min-Expires");
    field.value = buf_slice(&value);
    struct sip_reply reply = { .status = status,
                               .fields = &field,
                               .n_fields = status == 489 || status == 423 };
    sip_txn_reply(txn, &reply);
}

static uint32_t expires_of(const struct sip_msg *subscribe, const struct sip_event_package *package)
{
    struct slice value = sip_msg_value(subscribe, SIP_H_EXPIRES);
    uint32_t seconds = package->expires_s;
    if (value.len && sip_seconds_parse(value, &seconds))
        seconds = package->expires_s;
    return seconds < SIP_WATCH_EXPIRES_MAX_S ? seconds : SIP_WATCH_EXPIRES_MAX_S;
}

static bool takes_type(const struct sip_msg *subscribe, const struct sip_event_package *package)
{
    size_t n = sip_msg_count(subscribe, SIP_H_ACCEPT);
    for (size_t i = 0; i < n; i++) {
        struct sip_value value;
        if (sip_value_parse(sip_msg_header_nth(subscribe, SIP_H_ACCEPT, i)->value, &value) == OK &&
            (slice_iis(value.word, package->type) || slice_is(value.word, "*/*") ||
             slice_iis(value.word, "application/*")))
            return true;
    }
    return n == 0;
}

static void say_accepted(const struct sip_watch *watch, struct sip_txn *txn, uint32_t seconds)
{
    char text[512], expires[16];
    struct buf contact = BUF_ON(text);
    const struct sip_notifier *notifier = watch->notifier;
    sip_agent_print_contact(notifier->agent, sip_txn_flow(txn), slice_of(watch->contact_user),
                            &contact);
    snprintf(expires, sizeof expires, "%" PRIu32, seconds);
    struct sip_field fields[] = { { SLICE("Contact"), buf_slice(&contact) },
                                  { SLICE("Expires"), slice_of(expires) } };
    struct sip_reply reply = { .status = 200, .fields = fields, .n_fields = COUNT_OF(fields) };
    sip_txn_reply(txn, &reply);
}

/* RFC 6665 §4.2.1.2: each SUBSCRIBE, also the one that ends it, is answered by a NOTIFY too. */
static void extend(struct sip_watch *watch, struct sip_txn *txn, uint32_t seconds)
{
    struct loop *loop = watch->notifier->agent->loop;
    watch->until_ms = loop_now_ms(loop) + (int64_t)seconds * 1000;
    say_accepted(watch, txn, seconds);
    if (seconds == 0) {
        end(watch, "timeout");
        return;
    }
    loop_timer_start(loop, &watch->expiry, (int64_t)seconds * 1000, on_expiry, watch);
    tell(watch);
}

static size_t count_of(const struct sip_notifier *notifier, struct slice watcher)
{
    size_t n = 0;
    LIST_EACH(link, &notifier->watches)
    n += slice_is(watcher, LIST_ITEM(link, struct sip_watch, link)->watcher);
    return n;
}

static struct sip_watch *watch_create(struct sip_notifier *notifier, struct sip_txn *txn,
                                      struct slice resource, struct slice watcher)
{
    const struct sip_msg *subscribe = sip_txn_msg(txn);
    struct sip_watch *watch = mem_new(struct sip_watch);
    char text[SIP_URI_MAX];
    struct buf entity = BUF_ON(text);
    struct sip_uri uri = *sip_msg_uri(subscribe);
    if (sip_dialog_init_uas(&watch->dialog, subscribe, sip_txn_tag(txn), sip_txn_flow(txn))) {
        mem_free(watch);
        return NULL;
    }
    uri.params = uri.headers = uri.password = SLICE_NONE;
    sip_uri_print(&uri, &entity);
    list_init(&watch->link);
    watch->notifier = notifier;
    watch->package = sip_notifier_package(notifier, subscribe);
    watch->event = slice_dup(sip_msg_value(subscribe, SIP_H_EVENT));
    watch->resource = slice_dup(resource);
    watch->watcher = slice_dup(watcher);
    watch->entity = slice_dup(buf_slice(&entity));
    watch->contact_user = slice_dup(uri.user);
    list_append(&notifier->watches, &watch->link);
    map_put(notifier->by_tag, slice_of(watch->dialog.local_tag), watch);
    enter(watch);
    notifier->n++;
    return watch;
}

static void take_new(struct sip_notifier *notifier, struct sip_txn *txn, struct slice resource,
                     struct slice watcher)
{
    const struct sip_msg *subscribe = sip_txn_msg(txn);
    const struct sip_event_package *package = sip_notifier_package(notifier, subscribe);
    uint32_t seconds = package ? expires_of(subscribe, package) : 0;
    int status = !package                                                 ? 489
                 : !sip_msg_count(subscribe, SIP_H_CONTACT)               ? 400
                 : !takes_type(subscribe, package)                        ? 406
                 : seconds && seconds < SIP_WATCH_EXPIRES_MIN_S           ? 423
                 : resource.len > KEY_TEXT / 2                            ? 404
                 : notifier->n == SIP_WATCHES_MAX                         ? 503
                 : count_of(notifier, watcher) == SIP_WATCHES_PER_WATCHER ? 403
                                                                          : 0;
    struct sip_watch *watch = status ? NULL : watch_create(notifier, txn, resource, watcher);
    if (watch)
        extend(watch, txn, seconds);
    else
        refuse(notifier, txn, status ? status : 400);
}

static void take_again(struct sip_notifier *notifier, struct sip_txn *txn, struct slice watcher)
{
    const struct sip_msg *subscribe = sip_txn_msg(txn);
    struct sip_watch *watch = map_find(notifier->by_tag, sip_msg_to_tag(subscribe));
    if (!watch || watch->over || !sip_dialog_has(&watch->dialog, subscribe) ||
        !slice_is(watcher, watch->watcher)) {
        refuse(notifier, txn, 481);
        return;
    }
    uint32_t seconds = expires_of(subscribe, watch->package);
    if (seconds && seconds < SIP_WATCH_EXPIRES_MIN_S) {
        refuse(notifier, txn, 423);
        return;
    }
    if (sip_dialog_take_request(&watch->dialog, subscribe, sip_txn_flow(txn))) {
        refuse(notifier, txn, 500);
        return;
    }
    sip_dialog_refresh(&watch->dialog, subscribe, sip_txn_flow(txn));
    extend(watch, txn, seconds);
}

void sip_notifier_take(struct sip_notifier *notifier, struct sip_txn *txn, struct slice resource,
                       struct slice watcher)
{
    if (sip_msg_to_tag(sip_txn_msg(txn)).len)
        take_again(notifier, txn, watcher);
    else
        take_new(notifier, txn, resource, watcher);
}

static void on_soon(void *owner)
{
    struct sip_notifier *notifier = owner;
    LIST_EACH(link, &notifier->watches)
    {
        struct sip_watch *watch = LIST_ITEM(link, struct sip_watch, link);
        if (watch->is_stale && !watch->notify)
            send_notify(watch);
    }
}

bool sip_notifier_changed(struct sip_notifier *notifier, const char *event, struct slice resource)
{
    char text[KEY_TEXT];
    struct buf out = BUF_ON(text);
    bool any = false;
    struct watched *watched = map_find(notifier->by_resource, print_key(event, resource, &out));
    if (!watched)
        return false;
    LIST_EACH(link, &watched->watches)
    {
        struct sip_watch *watch = LIST_ITEM(link, struct sip_watch, of_resource);
        if (!watch->over)
            watch->is_stale = any = true;
    }
    if (any)
        loop_timer_start(notifier->agent->loop, &notifier->soon, 0, on_soon, notifier);
    return any;
}

void sip_notifier_end(struct sip_notifier *notifier, struct slice watcher, const char *reason)
{
    LIST_EACH(link, &notifier->watches)
    {
        struct sip_watch *watch = LIST_ITEM(link, struct sip_watch, link);
        if (slice_empty(watcher) || slice_is(watcher, watch->watcher))
            end(watch, reason);
    }
}

size_t sip_notifier_count(const struct sip_notifier *notifier)
{
    return notifier->n;
}

const struct sip_event_package *sip_watch_package(const struct sip_watch *watch)
{
    return watch->package;
}

struct slice sip_watch_resource(const struct sip_watch *watch)
{
    return slice_of(watch->resource);
}

struct slice sip_watch_entity(const struct sip_watch *watch)
{
    return slice_of(watch->entity);
}

uint32_t sip_watch_version(const struct sip_watch *watch)
{
    return watch->version;
}
