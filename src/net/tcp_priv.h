#pragma once
/* What tcp.c (connections) and tcp_listener.c share. */

#include <uv.h>

#include "base/list.h"
#include "base/timer.h"
#include "net/tcp.h"
#include "net/tls.h"

enum tcp_state { TCP_CONNECTING, TCP_SHAKING, TCP_OPEN, TCP_ENDING, TCP_GONE };

struct tcp {
    struct loop *loop;
    const struct tcp_events *events; /* NULL: nobody is told */
    void *owner;
    enum tcp_state state;
    uv_tcp_t uv;
    uv_connect_t connect;
    uv_shutdown_t shutdown;
    struct addr local, remote;
    struct tls *tls; /* NULL: plain */
    char *tls_name;  /* as the config had it, for people; NULL: none */
    char *early;     /* queued before it was open */
    size_t early_len;
    struct timer timer; /* connecting, silence, lingering, an end that waits for its turn */
    int64_t limit_ms, idle_ms, heard_ms;
    struct tcp_end end;
    char why[FAULT_TEXT_MAX + FAULT_WHERE_MAX + 100]; /* the text of `end` */
    struct tcp_listener *listener;                    /* that counts it; NULL: none */
    struct list link;                                 /* in the listener's list */
};

/** A connection that was accepted: begins to read, or to shake hands. */
struct tcp *tcp_create(struct loop *loop);
void tcp_begin(struct tcp *tcp, const struct tls_context *tls, int64_t idle_ms);
/** It is open: the listener shows it to its owner. */
void tcp_listener_opened(struct tcp *tcp);
/** It is gone: the listener counts one less. */
void tcp_listener_forget(struct tcp *tcp);
