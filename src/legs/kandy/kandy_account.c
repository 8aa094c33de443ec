/* Subscribing, the socket, renewals and losses of an account. */
#include "legs/kandy/kandy_account_priv.h"

#include <stdio.h>
#include <string.h>

#include "base/loop.h"
#include "base/mem.h"
#include "base/num.h"

enum { SHOWN_ID = 6 };

const char *kandy_state_name(enum kandy_state state)
{
    static const char *const names[] = { "idle",        "connecting", "connected", "waiting",
                                         "auth_failed", "refused",    "overridden" };
    _Static_assert(COUNT_OF(names) == KANDY_TAKEN + 1, "one name a state");
    return names[state];
}

void kandy_account_set_state(struct kandy_account *account, enum kandy_state state,
                             const char *text)
{
    if (account->state == state && state != KANDY_WAITING)
        return;
    account->state = state;
    if (!account->stopped)
        account->events->on_state(account->owner, state, text);
}

struct kandy_grant kandy_account_grant(const struct kandy_account *account)
{
    return (struct kandy_grant){ &account->granted.token, &account->granted.refresh_token,
                                 account->granted.subscription };
}

static void open_socket(struct kandy_account *account);

/* ---- subscribing ---- */

void kandy_account_ask(struct kandy_account *account, enum kandy_op_kind kind, kandy_reply_fn fn)
{
    struct kandy_op op = { .kind = kind };
    struct kandy_grant grant = kandy_account_grant(account);
    struct kandy_request request;
    if (account->exchange)
        account->config.io->ops->cancel(account->exchange);
    account->exchange = NULL;
    if (!account->dialect->print(account->config.who, &grant, &op, &request))
        return;
    account->exchange = account->config.io->ops->send(account->config.io, account->config.who,
                                                      &request, fn, account);
    kandy_request_clear(&request);
}

void kandy_account_judge(const struct kandy_account *account, const struct kandy_reply *reply,
                         struct kandy_verdict *out)
{
    if (reply->http)
        kandy_verdict_read(out, reply->http, reply->body, reply->retry_after,
                           loop_wall_ms(account->config.loop));
    else
        kandy_verdict_network(out, reply->text);
}

static void log_subscribed(const struct kandy_account *account, const struct kandy_granted *granted)
{
    const struct kandy_identity *who = account->config.who;
    struct slice id = slice_of(granted->subscription);
    while (id.len && id.ptr[0] == '/') { /* of a path the last part is the id */
        struct slice rest = slice_from(id, 1);
        slice_cut(&rest, '/');
        id = rest.len ? slice_from(id, id.len - rest.len - 1) : slice_from(id, 1);
    }
    log_info(account->config.log,
             "[INFO] Kandy subscription successful { subscriptionId: \"%.*s...\" }",
             SLICE_ARG(slice_sub(id, 0, SHOWN_ID)));
    for (size_t i = 0; granted->lists_services && i < who->n_services; i++) {
        struct slice rest = slice_of(granted->services);
        bool has = false;
        while (rest.len && !has)
            has = slice_iis(slice_word(&rest), who->services[i]);
        if (!has)
            log_warn(account->config.log, "service refused: %s", who->services[i]);
    }
}

static void on_subscribed(void *owner, const struct kandy_reply *reply)
{
    struct kandy_account *account = owner;
    struct kandy_verdict verdict;
    account->exchange = NULL;
    kandy_account_judge(account, reply, &verdict);
    kandy_granted_clear(&account->next);
    if (verdict.fault == KANDY_FINE && kandy_granted_parse(&account->next, reply->body)) {
        verdict.fault = KANDY_SERVER;
        verdict.words = "the answer names no subscription";
    }
    if (verdict.fault != KANDY_FINE) {
        kandy_account_fail(account, &verdict);
        return;
    }
    account->overloads = 0;
    log_subscribed(account, &account->next);
    open_socket(account);
}

/* The next subscription's token; what came with it is needed to subscribe. */
static void on_token(void *owner, const struct kandy_reply *reply)
{
    struct kandy_account *account = owner;
    struct kandy_verdict verdict;
    account->exchange = NULL;
    kandy_account_judge(account, reply, &verdict);
    if (verdict.fault == KANDY_FINE && kandy_granted_parse_token(&account->granted, reply->body)) {
        verdict.fault = KANDY_SERVER;
        verdict.words = "the answer has no token";
    }
    if (verdict.fault != KANDY_FINE) {
        kandy_account_fail(account, &verdict);
        return;
    }
    kandy_renew_token(account, account->granted.expires_s);
    kandy_account_ask(account, KANDY_OP_SUBSCRIBE, on_subscribed);
}

void kandy_account_connect(void *owner)
{
    struct kandy_account *account = owner;
    const struct kandy_io_ops *io = account->config.io->ops;
    loop_timer_stop(account->config.loop, &account->retry);
    loop_timer_stop(account->config.loop, &account->renew);
    io->close(account->next_socket);
    account->next_socket = NULL;
    account->reconnects = 0;
    account->renewing = true;
    if (!account->is_open)
        kandy_account_set_state(account, KANDY_CONNECTING, "");
    log_info(account->config.log, "[INFO] Authenticating with Kandy");
    if (account->dialect->has_token)
        kandy_account_ask(account, KANDY_OP_TOKEN, on_token);
    else
        kandy_account_ask(account, KANDY_OP_SUBSCRIBE, on_subscribed);
}

/* ---- the socket ---- */

static void ping(void *owner)
{
    struct kandy_account *account = owner;
    struct kandy_op op = { .kind = KANDY_OP_PING };
    if (account->is_open)
        (void)kandy_account_send(account, NULL, &op);
    loop_timer_start(account->config.loop, &account->ping, KANDY_PING_MS, ping, account);
}

/* Secrets of what was end here; a token that came for both stays. */
static void adopt_next(struct kandy_account *account)
{
    bool keep = account->dialect->has_token;
    struct kandy_granted old = account->granted;
    account->granted = account->next;
    account->next = (struct kandy_granted){ 0 };
    if (keep) {
        account->granted.token = old.token;
        account->granted.refresh_token = old.refresh_token;
        old.token = old.refresh_token = (struct secret){ 0 };
    }
    kandy_granted_clear(&old);
}

static void on_socket_open(void *owner, struct kandy_socket *socket)
{
    struct kandy_account *account = owner;
    const struct kandy_io_ops *io = account->config.io->ops;
    struct kandy_op ask = { .kind = KANDY_OP_ICE_SERVERS };
    log_info(account->config.log, "[INFO] Connected to Kandy WebSocket");
    if (socket == account->next_socket) { /* the old one goes now: calls never lack one */
        io->close(account->socket);
        account->socket = socket;
        account->next_socket = NULL;
        adopt_next(account);
        kandy_renew_start(account);
    }
    account->is_open = true;
    account->renewing = false;
    account->reconnects = account->failures = account->renewals = 0;
    loop_timer_stop(account->config.loop, &account->retry);
    (void)kandy_account_send(account, NULL, &ask);
    if (account->dialect->calls_by_rest)
        loop_timer_start(account->config.loop, &account->ping, KANDY_PING_MS, ping, account);
    kandy_account_set_state(account, KANDY_CONNECTED, "");
    kandy_calls_resume(account);
}

static void on_socket_text(void *owner, struct kandy_socket *socket, struct slice text)
{
    (void)socket;
    kandy_account_on_text(owner, text);
}

static void reconnect(void *owner);

/* Which way back: the same channel for a few times, then a new subscription. */
static void come_back(struct kandy_account *account, const struct kandy_socket_end *end)
{
    char text[300];
    struct loop *loop = account->config.loop;
    snprintf(text, sizeof text, "the WebSocket is closed: %s", end->text);
    kandy_account_set_state(account, KANDY_WAITING, text);
    bool final = end->code == 1000 || end->http != 0 || !account->granted.subscription[0];
    if (end->http)
        log_error(account->config.log, "[ERROR] Failed to connect to Kandy: %d", end->http);
    if (final || account->reconnects >= KANDY_RECONNECTS) {
        loop_timer_start(loop, &account->retry, kandy_account_backoff_ms(account),
                         kandy_account_connect, account);
        return;
    }
    account->reconnects++;
    loop_timer_start(loop, &account->retry, KANDY_RECONNECT_MS, reconnect, account);
}

static void on_socket_close(void *owner, struct kandy_socket *socket,
                            const struct kandy_socket_end *end)
{
    struct kandy_account *account = owner;
    bool is_next = socket == account->next_socket;
    bool was_open = !is_next && account->is_open;
    account->config.io->ops->close(socket);
    const struct log_tag *log = account->config.log;
    if (was_open)
        log_info(log, "[INFO] Kandy WebSocket closed code=%d reason=\"%s\"", end->code, end->text);
    else
        log_error(log, "[ERROR] Kandy WebSocket error reason=\"%s\"", end->text);
    if (is_next) {
        account->next_socket = NULL;
        account->renewing = false;
        if (account->is_open) { /* what works goes on; once more later */
            loop_timer_start(account->config.loop, &account->retry,
                             kandy_account_backoff_ms(account), kandy_account_connect, account);
            return;
        }
    } else {
        account->socket = NULL;
        account->is_open = false;
        kandy_calls_lost(account);
        if (account->renewing || timer_is_running(&account->retry)) /* a new one is on its way */
            return;
    }
    if (account->state != KANDY_TAKEN)
        come_back(account, end);
}

static const struct kandy_socket_events socket_events = { on_socket_open, on_socket_text,
                                                          on_socket_close };

static void open_on(struct kandy_account *account, const struct kandy_granted *granted,
                    struct kandy_socket **at)
{
    char target[KANDY_PATH_MAX];
    struct kandy_grant grant = kandy_account_grant(account);
    const char *channel = granted->channel;
    grant.subscription = granted->subscription;
    account->dialect->print_socket(&grant, channel, target);
    *at = account->config.io->ops->open(account->config.io, target, &socket_events, account);
    mem_wipe(target, sizeof target);
}

static void open_socket(struct kandy_account *account)
{
    open_on(account, &account->next, &account->next_socket);
}

static void reconnect(void *owner)
{
    struct kandy_account *account = owner;
    open_on(account, &account->granted, &account->socket);
}

/* ---- the account ---- */

static struct kandy_errand *post(struct kandy_account *account, struct kandy_call *call,
                                 const struct kandy_op *op, const struct kandy_request *request)
{
    struct kandy_errand *errand = kandy_errand_create(account, call, op->kind);
    if (op->kind == KANDY_OP_END || op->kind == KANDY_OP_REJECT)
        errand->session = slice_dup(slice_of(op->session));
    errand->again = op->again;
    errand->exchange = account->config.io->ops->send(account->config.io, account->config.who,
                                                     request, kandy_call_on_reply, errand);
    return errand;
}

bool kandy_account_send(struct kandy_account *account, struct kandy_call *call,
                        const struct kandy_op *op)
{
    struct kandy_grant grant = kandy_account_grant(account);
    struct kandy_request request;
    struct kandy_op copy = *op;
    char id[KANDY_REQUEST_ID];
    if (!copy.id)
        copy.id = kandy_make_id(account, "req", id);
    bool sent = account->dialect->print(account->config.who, &grant, &copy, &request);
    if (sent && request.by_socket)
        sent = account->is_open &&
               !account->config.io->ops->say(account->socket, slice_of(request.body));
    else if (sent)
        post(account, call, &copy, &request);
    kandy_request_clear(&request);
    return sent;
}

enum err kandy_account_send_text(struct kandy_account *account, const char *to, struct slice text,
                                 kandy_sent_fn fn, void *owner)
{
    struct kandy_op op = { .kind = KANDY_OP_TEXT, .number = to, .text = text };
    struct kandy_grant grant = kandy_account_grant(account);
    struct kandy_request request;
    bool can = account->dialect->print(account->config.who, &grant, &op, &request);
    if (can) {
        struct kandy_errand *errand = post(account, NULL, &op, &request);
        errand->sent = fn;
        errand->sent_owner = owner;
    }
    kandy_request_clear(&request);
    return can ? OK : ERR_UNSUPPORTED;
}

void kandy_account_forget_text(struct kandy_account *account, const void *owner)
{
    LIST_EACH(link, &account->errands)
    {
        struct kandy_errand *errand = LIST_ITEM(link, struct kandy_errand, link);
        if (errand->sent_owner == owner)
            errand->sent = NULL;
    }
}

struct kandy_account *kandy_account_create(const struct kandy_account_config *config,
                                           const struct kandy_account_events *events, void *owner)
{
    struct kandy_account *account = mem_new(struct kandy_account);
    account->config = *config;
    account->events = events;
    account->owner = owner;
    account->dialect = config->dialect ? config->dialect : &kandy_seed;
    account->by_session = map_create();
    list_init(&account->calls);
    list_init(&account->errands);
    list_init(&account->held);
    list_init(&account->owed);
    return account;
}

void kandy_account_start(struct kandy_account *account)
{
    kandy_account_connect(account);
}

static void quiet(struct kandy_account *account)
{
    struct timer *const timers[] = { &account->retry, &account->renew, &account->token,
                                     &account->ping, &account->pay };
    const struct kandy_io_ops *io = account->config.io->ops;
    for (size_t i = 0; i < COUNT_OF(timers); i++)
        loop_timer_stop(account->config.loop, timers[i]);
    if (account->exchange)
        io->cancel(account->exchange);
    account->exchange = NULL;
    io->close(account->next_socket);
    account->next_socket = NULL;
}

void kandy_account_stop(struct kandy_account *account)
{
    struct kandy_op op = { .kind = KANDY_OP_UNSUBSCRIBE };
    account->stopped = true;
    quiet(account);
    if (account->granted.subscription[0] && list_empty(&account->calls))
        (void)kandy_account_send(account, NULL, &op);
}

void kandy_account_destroy(struct kandy_account *account)
{
    if (!account)
        return;
    account->stopped = true;
    quiet(account);
    LIST_EACH(link, &account->calls) /* those whose owner is gone already */
    kandy_call_end(LIST_ITEM(link, struct kandy_call, link), true);
    LIST_EACH(errand, &account->errands)
    kandy_errand_destroy(LIST_ITEM(errand, struct kandy_errand, link));
    kandy_account_drop_held(account);
    kandy_drop_owed(account);
    account->config.io->ops->close(account->socket);
    map_destroy(account->by_session);
    json_decref(account->ice_servers);
    kandy_granted_clear(&account->granted);
    kandy_granted_clear(&account->next);
    mem_free(account);
}

enum kandy_state kandy_account_state(const struct kandy_account *account)
{
    return account->state;
}

bool kandy_account_is_up(const struct kandy_account *account)
{
    return account->state == KANDY_CONNECTED && account->is_open;
}

const struct kandy_dialect *kandy_account_dialect(const struct kandy_account *account)
{
    return account->dialect;
}

const struct kandy_granted *kandy_account_granted(const struct kandy_account *account)
{
    return &account->granted;
}

const json_t *kandy_account_ice_servers(const struct kandy_account *account)
{
    return account->ice_servers;
}
