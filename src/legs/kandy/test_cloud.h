#pragma once
/* For this folder's tests only: an account, and a cloud that the test plays, in simulated time. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/loop.h"
#include "base/mem.h"
#include "legs/kandy/kandy_account.h"

enum { EXCHANGES_MAX = 64, SOCKETS_MAX = 16, SAID_MAX = 400 };

struct kandy_exchange {
    char method[8], path[300], *body;
    kandy_reply_fn fn;
    void *owner;
    bool over, cancelled;
};
struct kandy_socket {
    const struct kandy_socket_events *events;
    void *owner;
    char target[300];
    bool closed;
};

struct world {
    struct kandy_io io; /* first */
    struct loop *loop;
    struct kandy_account *account;
    struct kandy_exchange exchanges[EXCHANGES_MAX];
    size_t n, seen; /* those that the test has looked at */
    struct kandy_socket sockets[SOCKETS_MAX];
    size_t n_sockets;
    char *said[SAID_MAX];
    size_t n_said;
    struct secret password;
    struct kandy_identity who;
    struct log_tag log;
    char state_text[300];
    /* what the calls heard */
    char heard[600];
    struct kandy_call *call, *incoming;
};

static inline struct kandy_exchange *fake_send(struct kandy_io *io,
                                               const struct kandy_identity *who,
                                               const struct kandy_request *request,
                                               kandy_reply_fn fn, void *owner)
{
    struct world *w = (struct world *)io;
    struct kandy_exchange *exchange = &w->exchanges[w->n++];
    assert_true(w->n < EXCHANGES_MAX);
    assert_ptr_equal(who, &w->who);
    snprintf(exchange->method, sizeof exchange->method, "%s", request->method);
    assert_true(slice_copy(slice_of(request->path), exchange->path, sizeof exchange->path));
    exchange->body = request->body ? slice_dup(slice_of(request->body)) : NULL;
    exchange->fn = fn;
    exchange->owner = owner;
    return exchange;
}

static inline void fake_cancel(struct kandy_exchange *exchange)
{
    exchange->over = exchange->cancelled = true;
}

static inline struct kandy_socket *fake_open(struct kandy_io *io, const char *target,
                                             const struct kandy_socket_events *events, void *owner)
{
    struct world *w = (struct world *)io;
    struct kandy_socket *socket = &w->sockets[w->n_sockets++];
    assert_true(w->n_sockets < SOCKETS_MAX);
    *socket = (struct kandy_socket){ .events = events, .owner = owner };
    snprintf(socket->target, sizeof socket->target, "%s", target);
    return socket;
}

static struct world *the_world;

static inline enum err fake_say(struct kandy_socket *socket, struct slice text)
{
    assert_false(socket->closed);
    assert_true(the_world->n_said < SAID_MAX);
    the_world->said[the_world->n_said++] = slice_dup(text);
    return OK;
}

static inline void fake_close(struct kandy_socket *socket)
{
    if (socket)
        socket->closed = true;
}

static const struct kandy_io_ops fake_ops = { fake_send, fake_cancel, fake_open, fake_say,
                                              fake_close };

/* ---- what the account tells ---- */

static inline void note(struct world *w, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
static inline void note(struct world *w, const char *fmt, ...)
{
    va_list args;
    size_t len = strlen(w->heard);
    va_start(args, fmt);
    vsnprintf(w->heard + len, sizeof w->heard - len, fmt, args);
    va_end(args);
}

static inline void on_call_event(void *owner, const struct kandy_event *event)
{
    note(owner, "%s%s%.*s ", kandy_event_name(event->kind), event->sdp.len ? ":" : "",
         SLICE_ARG(event->sdp));
}

static inline void on_call_failed(void *owner, enum kandy_op_kind kind,
                                  const struct kandy_verdict *verdict)
{
    note(owner, "failed:%d:%d ", kind, verdict->sip);
}

static const struct kandy_call_events call_events = { on_call_event, on_call_failed };

static inline void on_state(void *owner, enum kandy_state state, const char *text)
{
    struct world *w = owner;
    (void)state;
    snprintf(w->state_text, sizeof w->state_text, "%s", text);
}

static inline void on_incoming(void *owner, const struct kandy_event *event)
{
    struct world *w = owner;
    note(w, "incoming:%.*s ", SLICE_ARG(event->from));
    w->incoming = kandy_call_take(w->account, event, &call_events, w);
}

static inline void on_service(void *owner, const struct kandy_event *event)
{
    note(owner, "service:%s ", kandy_event_name(event->kind));
}

static const struct kandy_account_events events = { on_state, on_incoming, on_service };

/* ---- the cloud ---- */

/* The next request that nobody looked at: it must be that one. */
static inline struct kandy_exchange *asked(struct world *w, const char *method, const char *path)
{
    if (w->seen == w->n)
        fail_msg("nothing was asked, not %s %s", method, path);
    struct kandy_exchange *exchange = &w->exchanges[w->seen++];
    if (strcmp(exchange->method, method) != 0 || strcmp(exchange->path, path) != 0)
        fail_msg("asked %s %s, not %s %s", exchange->method, exchange->path, method, path);
    return exchange;
}

static inline void reply_after(struct kandy_exchange *exchange, int http, const char *body,
                               const char *retry_after)
{
    struct kandy_reply reply = { http, slice_of(body), slice_of(retry_after), "no answer" };
    assert_false(exchange->over);
    exchange->over = true;
    exchange->fn(exchange->owner, &reply);
}

static inline void reply(struct kandy_exchange *exchange, int http, const char *body)
{
    reply_after(exchange, http, body, "");
}

static inline struct kandy_socket *last_socket(struct world *w)
{
    return &w->sockets[w->n_sockets - 1];
}

static inline void open_socket(struct world *w, const char *target)
{
    struct kandy_socket *socket = last_socket(w);
    assert_string_equal(socket->target, target);
    socket->events->on_open(socket->owner, socket);
}

static inline void lose_socket(struct world *w, int http, int code)
{
    struct kandy_socket *socket = last_socket(w);
    struct kandy_socket_end end = { http, code, "gone" };
    socket->events->on_close(socket->owner, socket, &end);
    assert_true(socket->closed);
}

static inline void say(struct world *w, const char *text)
{
    struct kandy_socket *socket = last_socket(w);
    socket->events->on_text(socket->owner, socket, slice_of(text));
}

#define EVENT(type, params) \
    "{\"notificationMessage\":{\"eventType\":\"" type "\",\"sessionParams\":{" params "}}}"
#define USER "/rest/version/1/user/u@d"
#define SUBSCRIBED(id, expires)                                                             \
    "{\"subscribeResponse\":{\"statusCode\":0,\"subscription\":\"" USER "/subscription/" id \
    "\",\"subscriptionParams\":{\"expires\":" expires ",\"notificationChannel\":\"" USER    \
    "/websocket/" id "\"}}}"

static inline void expect_heard(struct world *w, const char *text)
{
    assert_string_equal(w->heard, text);
    w->heard[0] = '\0';
}

static inline void start(struct world *w, const struct kandy_dialect *dialect)
{
    struct kandy_account_config config = {
        .loop = w->loop, .io = &w->io, .who = &w->who, .log = &w->log, .dialect = dialect
    };
    w->account = kandy_account_create(&config, &events, w);
    kandy_account_start(w->account);
}

static inline void start_seed(struct world *w)
{
    start(w, NULL);
    reply(asked(w, "POST", "/v2.0/subscription"), 200,
          "{\"subscriptionId\":\"sub 1\",\"expires_in\":3600}");
    open_socket(w, "/?subscriptionId=sub%201");
    assert_true(kandy_account_is_up(w->account));
}

static inline void start_link(struct world *w)
{
    start(w, &kandy_link);
    reply(asked(w, "POST", USER "/subscription"), 201, SUBSCRIBED("S1", "3600"));
    open_socket(w, USER "/websocket/S1");
    assert_true(kandy_account_is_up(w->account));
}

static inline struct kandy_call *dial_cloud(struct world *w, const char *number)
{
    const struct kandy_dial dial = { .number = number, .from_name = "", .sdp = SLICE("v") };
    return kandy_call_make(w->account, &dial, &call_events, w);
}

static inline void call_link(struct world *w, const char *session)
{
    char body[100];
    w->call = dial_cloud(w, "971501234567");
    snprintf(body, sizeof body,
             "{\"callControlResponse\":{\"statusCode\":0,\"sessionData\":\"%s\"}}", session);
    reply(asked(w, "POST", USER "/callControl"), 201, body);
}

static inline int setup(void **state)
{
    static const char *const services[] = { "call" };
    struct world *w = mem_new(struct world);
    w->io.ops = &fake_ops;
    w->loop = loop_create_simulated();
    secret_set(&w->password, SLICE("p"));
    w->who = (struct kandy_identity){ .user = "u@d",
                                      .auth_user = "",
                                      .domain = "",
                                      .password = &w->password,
                                      .services = services,
                                      .n_services = 1,
                                      .device = "",
                                      .agent = "",
                                      .expires_s = 3600 };
    log_set_level(LOG_ERROR);
    the_world = w;
    *state = w;
    return 0;
}

static inline int teardown(void **state)
{
    struct world *w = *state;
    kandy_account_destroy(w->account);
    for (size_t i = 0; i < w->n; i++)
        mem_free(w->exchanges[i].body);
    for (size_t i = 0; i < w->n_said; i++)
        mem_free(w->said[i]);
    secret_clear(&w->password);
    loop_destroy(w->loop);
    mem_free(w);
    return 0;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
