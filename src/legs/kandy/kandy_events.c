/* What comes over the socket, and to whom it goes. */
#include <string.h>

#include "base/loop.h"
#include "base/mem.h"
#include "legs/kandy/kandy_account_priv.h"

enum { GONE_RETRY_MS = 2000 };

/* Servers repeat events (section 4.4); the newest ones are remembered. */
static bool was_seen(struct kandy_account *account, struct slice id)
{
    if (!id.len || id.len >= KANDY_EVENT_ID_MAX)
        return false;
    for (size_t i = 0; i < KANDY_SEEN_MAX; i++)
        if (slice_is(id, account->seen[i]))
            return true;
    (void)slice_copy(id, account->seen[account->seen_at], KANDY_EVENT_ID_MAX);
    account->seen_at = (account->seen_at + 1) % KANDY_SEEN_MAX;
    return false;
}

static void on_gone(struct kandy_account *account, const struct kandy_event *event)
{
    log_warn(account->config.log, "subscription gone retry_ms=%lld", (long long)event->retry_ms);
    kandy_account_set_state(account, KANDY_WAITING, "the subscription is gone");
    kandy_account_renew(account, event->retry_ms >= 0 ? event->retry_ms : GONE_RETRY_MS);
}

/* Two that take the channel from each other would do so for ever: a person must look. */
static void on_overridden(struct kandy_account *account)
{
    struct loop *loop = account->config.loop;
    log_error(account->config.log,
              "another device uses this account now (websocketOverridden): this one stops");
    account->is_open = false;
    loop_timer_stop(loop, &account->renew);
    loop_timer_stop(loop, &account->retry);
    loop_timer_stop(loop, &account->ping);
    loop_timer_stop(loop, &account->token);
    account->config.io->ops->close(account->socket);
    account->socket = NULL;
    kandy_account_set_state(account, KANDY_TAKEN, "another device took the channel");
}

static struct kandy_call *find_call(const struct kandy_account *account,
                                    const struct kandy_event *event)
{
    struct kandy_call *call =
        event->session.len ? map_find(account->by_session, event->session) : NULL;
    return call ? call : kandy_call_by_request(account, event->request);
}

/* A call's first events may come before the answer that names it. */
static void hold(struct kandy_account *account, struct kandy_event *event)
{
    if (!account->n_makes || account->n_held == KANDY_HELD_MAX || !event->session.len)
        return;
    struct kandy_held *held = mem_new(struct kandy_held);
    held->event = kandy_event_keep(event);
    list_append(&account->held, &held->link);
    account->n_held++;
}

static void free_held(struct kandy_account *account, struct kandy_held *held)
{
    list_remove(&held->link);
    account->n_held--;
    if (held->event)
        kandy_event_clear(held->event);
    mem_free(held->event);
    mem_free(held);
}

void kandy_account_drop_held(struct kandy_account *account)
{
    LIST_EACH(link, &account->held)
    free_held(account, LIST_ITEM(link, struct kandy_held, link));
}

void kandy_account_release(struct kandy_account *account, struct kandy_call *call)
{
    char session[KANDY_ID_MAX];
    bool found = true;
    memcpy(session, call->session, sizeof session); /* an event may end the call */
    while (found) {
        found = false;
        LIST_EACH(link, &account->held)
        {
            struct kandy_held *held = LIST_ITEM(link, struct kandy_held, link);
            if (found || !slice_is(held->event->session, session))
                continue;
            struct kandy_event *event = held->event;
            held->event = NULL;
            free_held(account, held);
            kandy_account_deliver(account, event);
            kandy_event_clear(event);
            mem_free(event);
            found = true;
            break; /* the list may be another one now */
        }
    }
    if (!account->n_makes)
        kandy_account_drop_held(account);
}

/* ---- a description that lies elsewhere ---- */

static void on_fetched(void *owner, const struct kandy_reply *reply)
{
    struct kandy_errand *errand = owner;
    struct kandy_account *account = errand->account;
    struct kandy_event *event = errand->event;
    json_t *root = kandy_json_load(reply->body);
    errand->exchange = NULL;
    event->sdp = kandy_event_data(root);
    event->sdp_is_url = false;
    if (reply->http == 200 && event->sdp.len)
        kandy_account_deliver(account, event);
    else
        log_warn(account->config.log, "description not fetched: %d %s", reply->http, reply->text);
    json_decref(root);
    kandy_errand_destroy(errand);
}

static void fetch_sdp(struct kandy_account *account, struct kandy_event *event)
{
    char path[KANDY_PATH_MAX];
    struct kandy_request request = { 0 };
    struct kandy_grant grant = kandy_account_grant(account);
    struct kandy_op op = { .kind = KANDY_OP_FETCH, .path = path };
    if (event->sdp.ptr[0] != '/' || !slice_copy(event->sdp, path, sizeof path) ||
        !account->dialect->print(account->config.who, &grant, &op, &request)) {
        log_warn(account->config.log, "description not fetched: '%.*s' is no path",
                 SLICE_ARG(slice_sub(event->sdp, 0, 100)));
        return;
    }
    struct kandy_errand *errand = kandy_errand_create(account, NULL, KANDY_OP_FETCH);
    errand->event = kandy_event_keep(event);
    errand->exchange = account->config.io->ops->send(account->config.io, account->config.who,
                                                     &request, on_fetched, errand);
    kandy_request_clear(&request);
}

/* ---- to whom ---- */

static void ack_check(struct kandy_account *account)
{
    struct kandy_op op = { .kind = KANDY_OP_CHECKED };
    (void)kandy_account_send(account, NULL, &op);
}

void kandy_account_deliver(struct kandy_account *account, struct kandy_event *event)
{
    struct kandy_call *call = find_call(account, event);
    if (call && event->kind == KANDY_REFUSED && kandy_call_is_doubled(call, event->status))
        return;
    if (event->sdp_is_url) {
        fetch_sdp(account, event);
        return;
    }
    if (event->kind == KANDY_INCOMING) {
        if (!call && event->session.len && !account->stopped)
            account->events->on_incoming(account->owner, event);
        return;
    }
    if (!call) {
        hold(account, event);
        return;
    }
    if (event->kind == KANDY_REFUSED) {
        struct kandy_verdict verdict;
        kandy_verdict_refused(&verdict, event->status, event->reason);
        if (call->events)
            call->events->on_failed(call->owner, KANDY_OP_MAKE, &verdict);
        return;
    }
    if (call->making) { /* it is known there */
        call->making = false;
        account->n_makes--;
    }
    if (call->events)
        call->events->on_event(call->owner, event);
}

static void take_ice_servers(struct kandy_account *account, const struct kandy_event *event)
{
    if (!json_is_array(event->list))
        return;
    json_decref(account->ice_servers);
    account->ice_servers = json_deep_copy(event->list);
    log_debug(account->config.log, "ice servers from the cloud n=%zu",
              json_array_size(account->ice_servers));
    account->events->on_service(account->owner, event);
}

void kandy_account_on_text(struct kandy_account *account, struct slice text)
{
    struct kandy_event event;
    if (kandy_event_parse(&event, text)) {
        log_debug(account->config.log, "message not understood len=%zu", text.len);
        return;
    }
    struct kandy_call *asked = kandy_call_by_request(account, event.request);
    if (asked && event.kind != KANDY_REFUSED)
        kandy_call_acked(asked);
    if (event.kind != KANDY_IGNORED)
        log_debug(account->config.log, "event %s session=%.*s", kandy_event_name(event.kind),
                  SLICE_ARG(slice_sub(event.session, 0, 6)));
    if (event.kind == KANDY_IGNORED || was_seen(account, event.id))
        ;
    else if (event.kind == KANDY_GONE)
        on_gone(account, &event);
    else if (event.kind == KANDY_OVERRIDDEN)
        on_overridden(account);
    else if (event.kind == KANDY_CHECK)
        ack_check(account);
    else if (event.kind == KANDY_ICE_SERVERS)
        take_ice_servers(account, &event);
    else if (event.kind == KANDY_TEXT || event.kind == KANDY_MWI)
        account->events->on_service(account->owner, &event);
    else
        kandy_account_deliver(account, &event);
    kandy_event_clear(&event);
}

struct kandy_errand *kandy_errand_create(struct kandy_account *account, struct kandy_call *call,
                                         enum kandy_op_kind kind)
{
    struct kandy_errand *errand = mem_new(struct kandy_errand);
    errand->account = account;
    errand->call = call;
    errand->kind = kind;
    list_append(&account->errands, &errand->link);
    return errand;
}

void kandy_errand_destroy(struct kandy_errand *errand)
{
    if (errand->exchange)
        errand->account->config.io->ops->cancel(errand->exchange);
    list_remove(&errand->link);
    if (errand->event)
        kandy_event_clear(errand->event);
    mem_free(errand->event);
    mem_free(errand->session);
    mem_free(errand);
}
