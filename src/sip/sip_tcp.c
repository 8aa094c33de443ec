#include "sip_tcp.h"

#include "base/list.h"
#include "base/log.h"
#include "base/loop.h"
#include "base/mem.h"
#include "base/rand.h"
#include "net/tcp.h"
#include "sip_agent_priv.h"
#include "sip_conns.h"
#include "sip_stream.h"
#include "sip_tls.h"
#include "sip_transport.h"

struct listener {
    struct sip_transport *transport;
    struct loop *loop;
    enum sip_kind kind;
    struct tcp_listener *tcp; /* NULL: connects out only */
    struct addr local;
    uint32_t number;
    struct sip_conns conns;
    struct list accepted, opened; /* struct conn by link */
    size_t n_opened;
};

struct conn {
    struct list link;
    struct listener *listener;
    struct tcp *tcp;
    struct sip_flow flow;
    struct sip_stream stream;
    struct timer late; /* a message, the first one or a pong is overdue */
    struct timer ping; /* of a connection that we opened: the next one */
    bool is_proved;    /* a message came, or we opened it */
    bool has_ponged;   /* so it must go on doing that: RFC 5626 §4.4.1 */
    bool is_dropped;   /* nobody finds it any more */
};

static void plan_ping(struct conn *conn);

static void free_conn(struct conn *conn)
{
    struct listener *l = conn->listener;
    loop_timer_stop(l->loop, &conn->late);
    loop_timer_stop(l->loop, &conn->ping);
    if (!conn->flow.accepted)
        l->n_opened--;
    list_remove(&conn->link);
    sip_conns_remove(&l->conns, &conn->flow);
    sip_stream_clear(&conn->stream);
    mem_free(conn);
}

/* It ends: nothing new goes by it, and whoever waits on it is told. Called last. */
static void drop(struct conn *conn, enum err err, const char *text)
{
    struct listener *l = conn->listener;
    struct sip_loss loss = { .err = err ? err : ERR_CLOSED, .text = text };
    if (conn->is_dropped)
        return;
    conn->is_dropped = true;
    loop_timer_stop(l->loop, &conn->late);
    loop_timer_stop(l->loop, &conn->ping);
    sip_conns_remove(&l->conns, &conn->flow);
    log_debug(NULL, "sip connection ended: %s", text);
    sip_transport_closed(l->transport, &conn->flow, &loss);
}

static void on_close(void *owner, struct tcp *tcp, const struct tcp_end *why)
{
    struct conn *conn = owner;
    (void)tcp;
    drop(conn, why->err, why->text);
    free_conn(conn);
}

static void close_for(struct conn *conn, enum err err, const char *why)
{
    char where[ADDR_TEXT];
    char text[200];
    snprintf(text, sizeof text, "the %s connection with %s was closed: %s",
             sip_kind_name(conn->flow.kind), addr_print(&conn->flow.remote, where), why);
    tcp_close(conn->tcp); /* on_close frees it */
    drop(conn, err, text);
}

static void on_late(void *owner)
{
    struct conn *conn = owner;
    const char *why = !conn->is_proved           ? "no SIP message came"
                      : conn->stream.awaits_pong ? "it does not answer keep-alives any more"
                                                 : "a message came too slowly";
    close_for(conn, ERR_TIMEOUT, why);
}

/* ---- bytes in ---- */

/* False: the connection is of no use any more. */
static bool take_item(struct conn *conn, enum sip_stream_item item, struct slice bytes)
{
    struct sip_transport *transport = conn->listener->transport;
    bool is_sip = true;
    switch (item) {
    case SIP_STREAM_MESSAGE:
        is_sip = sip_transport_feed(transport, &conn->flow, bytes);
        conn->is_proved = conn->is_proved || is_sip;
        break;
    case SIP_STREAM_PING:
        sip_transport_feed(transport, &conn->flow, SLICE("\r\n\r\n"));
        break;
    case SIP_STREAM_PONG:
        conn->has_ponged = true;
        sip_transport_feed(transport, &conn->flow, SLICE("\r\n"));
        break;
    case SIP_STREAM_BROKEN:
        sip_transport_feed_broken(transport, &conn->flow, bytes);
        is_sip = false;
        break;
    case SIP_STREAM_MORE:
        break;
    }
    return is_sip;
}

static void watch_progress(struct conn *conn)
{
    struct loop *loop = conn->listener->loop;
    if (!conn->is_proved || conn->stream.awaits_pong)
        return; /* the timer runs for that */
    if (!sip_stream_is_waiting(&conn->stream))
        loop_timer_stop(loop, &conn->late);
    else if (!timer_is_running(&conn->late))
        loop_timer_start(loop, &conn->late, SIP_TCP_MESSAGE_MS, on_late, conn);
}

static void on_bytes(void *owner, struct tcp *tcp, struct slice bytes)
{
    struct conn *conn = owner;
    (void)tcp;
    sip_stream_put(&conn->stream, bytes);
    enum sip_stream_item item = SIP_STREAM_PING;
    while (item != SIP_STREAM_MORE) {
        struct slice out;
        bool was_proved = conn->is_proved;
        bool awaited = conn->stream.awaits_pong;
        item = sip_stream_next(&conn->stream, &out);
        bool is_sip = take_item(conn, item, out);
        if (conn->is_dropped)
            return; /* an answer found it full, say */
        if (!is_sip) {
            close_for(conn, ERR_PARSE, "it does not speak SIP");
            return;
        }
        if (was_proved != conn->is_proved || awaited != conn->stream.awaits_pong)
            loop_timer_stop(conn->listener->loop, &conn->late);
    }
    watch_progress(conn);
}

/* ---- keep-alives of ours ---- */

static void on_ping(void *owner)
{
    struct conn *conn = owner;
    plan_ping(conn);
    if (!tcp_is_open(conn->tcp) || tcp_send(conn->tcp, SLICE("\r\n\r\n")) ||
        timer_is_running(&conn->late))
        return;
    conn->stream.awaits_pong = true;
    if (conn->has_ponged)
        loop_timer_start(conn->listener->loop, &conn->late, SIP_TCP_PONG_MS, on_late, conn);
}

static void plan_ping(struct conn *conn)
{
    int64_t vary_ms = (int64_t)(rand_u32() % (SIP_TCP_PING_MS / 5));
    loop_timer_start(conn->listener->loop, &conn->ping, SIP_TCP_PING_MS - vary_ms, on_ping, conn);
}

/* ---- connections ---- */

static void on_open(void *owner, struct tcp *tcp)
{
    struct conn *conn = owner;
    char where[ADDR_TEXT];
    conn->flow.local = *tcp_local(tcp);
    log_debug(NULL, "sip connection opened to=%s/%s", sip_kind_name(conn->flow.kind),
              addr_print(&conn->flow.remote, where));
    plan_ping(conn);
}

static const struct tcp_events conn_events = {
    .on_open = on_open,
    .on_bytes = on_bytes,
    .on_close = on_close,
};

static struct conn *conn_create(struct listener *l, const struct addr *remote,
                                const struct addr *local)
{
    struct conn *conn = mem_new(struct conn);
    conn->listener = l;
    conn->flow = (struct sip_flow){
        .listener = l->number, .kind = l->kind, .local = *local, .remote = *remote
    };
    sip_conns_add(&l->conns, conn, &conn->flow);
    return conn;
}

static void on_accept(void *owner, struct tcp *tcp)
{
    struct listener *l = owner;
    struct conn *conn = conn_create(l, tcp_remote(tcp), tcp_local(tcp));
    conn->tcp = tcp;
    conn->flow.accepted = true;
    list_append(&l->accepted, &conn->link);
    tcp_set_events(tcp, &conn_events, conn);
    loop_timer_start(l->loop, &conn->late, SIP_TCP_FIRST_MS, on_late, conn);
}

static const struct tcp_listener_events listener_events = { .on_accept = on_accept };

static struct conn *find_opened(struct listener *l, const struct sip_flow *flow)
{
    LIST_EACH(link, &l->opened)
    {
        struct conn *conn = LIST_ITEM(link, struct conn, link);
        if (!conn->is_dropped && conn->flow.tls == flow->tls &&
            addr_eq(&conn->flow.remote, &flow->remote))
            return conn;
    }
    return NULL;
}

static struct conn *open_conn(struct listener *l, const struct sip_flow *flow)
{
    struct tcp_config config = { .remote = flow->remote,
                                 .local = l->local,
                                 .connect_ms = SIP_TCP_CONNECT_MS,
                                 .idle_ms = SIP_TCP_IDLE_MS };
    if (l->n_opened >= SIP_TCP_OPENED_MAX)
        return NULL;
    if (l->kind == SIP_TLS) {
        struct sip_tls *tls = sip_transport_tls(l->transport);
        config.tls = sip_tls_client(tls, flow->tls, &config.tls_name);
        if (!config.tls)
            return NULL;
    }
    struct conn *conn = conn_create(l, &flow->remote, &flow->local);
    conn->flow.tls = flow->tls;
    conn->is_proved = true;
    list_append(&l->opened, &conn->link);
    l->n_opened++;
    conn->tcp = tcp_connect(l->loop, &config, &conn_events, conn);
    if (addr_is_set(tcp_local(conn->tcp)))
        conn->flow.local = *tcp_local(conn->tcp);
    return conn;
}

static enum err connect_flow(void *self, struct sip_flow *flow)
{
    struct listener *l = self;
    if (flow->conn)
        return sip_conns_find(&l->conns, flow) ? OK : ERR_CLOSED;
    struct conn *conn = find_opened(l, flow);
    if (!conn)
        conn = open_conn(l, flow);
    if (!conn)
        return ERR_LIMIT;
    *flow = conn->flow;
    return OK;
}

static enum err send_bytes(void *self, const struct sip_flow *flow, struct slice bytes)
{
    struct listener *l = self;
    struct sip_flow real = *flow;
    enum err err = connect_flow(l, &real);
    if (err)
        return err;
    struct conn *conn = sip_conns_find(&l->conns, &real);
    return tcp_send(conn->tcp, bytes) ? ERR_CLOSED : OK;
}

/* ---- listeners ---- */

static void destroy_conns(struct list *conns)
{
    LIST_EACH(link, conns)
    {
        struct conn *conn = LIST_ITEM(link, struct conn, link);
        tcp_destroy(conn->tcp);
        free_conn(conn);
    }
}

static void destroy(void *self)
{
    struct listener *l = self;
    destroy_conns(&l->accepted);
    destroy_conns(&l->opened);
    sip_conns_clear(&l->conns);
    tcp_listener_destroy(l->tcp);
    mem_free(l);
}

static const struct sip_listener_ops tcp_ops = {
    .kind = SIP_TCP, .send = send_bytes, .connect = connect_flow, .destroy = destroy
};
static const struct sip_listener_ops tls_ops = {
    .kind = SIP_TLS, .send = send_bytes, .connect = connect_flow, .destroy = destroy
};

static struct listener *listener_create(struct sip_transport *transport, enum sip_kind kind,
                                        const struct addr *local)
{
    struct listener *l = mem_new(struct listener);
    l->transport = transport;
    l->loop = sip_transport_loop(transport);
    l->kind = kind;
    l->local = *local;
    list_init(&l->accepted);
    list_init(&l->opened);
    return l;
}

static enum err add(struct listener *l, struct fault *fault)
{
    const struct sip_listener_ops *ops = l->kind == SIP_TLS ? &tls_ops : &tcp_ops;
    l->number = sip_transport_add(l->transport, ops, l, &l->local);
    if (l->number)
        return OK;
    destroy(l);
    return fault_set(fault, ERR_LIMIT, NULL, 0, "more than %d SIP listeners",
                     SIP_AGENT_LISTENERS_MAX);
}

static enum err start(struct sip_transport *transport, enum sip_kind kind,
                      const struct tls_context *tls, const struct addr *bind, struct fault *fault)
{
    struct listener *l = listener_create(transport, kind, bind);
    struct tcp_listen_config config = { .bind = *bind,
                                        .tls = tls,
                                        .max = SIP_TCP_ACCEPTED_MAX,
                                        .max_per_ip = SIP_TCP_ACCEPTED_PER_IP,
                                        .idle_ms = SIP_TCP_IDLE_MS };
    enum err err = tcp_listen(&l->tcp, l->loop, &config, &listener_events, l, fault);
    if (err) {
        destroy(l);
        return err;
    }
    l->local = *tcp_listener_local(l->tcp);
    return add(l, fault);
}

enum err sip_transport_tcp_listen(struct sip_transport *transport, struct loop *loop,
                                  const struct addr *bind, struct fault *fault)
{
    (void)loop;
    return start(transport, SIP_TCP, NULL, bind, fault);
}

enum err sip_transport_tls_listen(struct sip_transport *transport, struct loop *loop,
                                  const struct addr *bind, struct fault *fault)
{
    const struct tls_context *tls = sip_tls_server(sip_transport_tls(transport));
    (void)loop;
    if (!tls)
        return fault_set(fault, ERR_INVALID, NULL, 0, "SIP over TLS needs a certificate");
    return start(transport, SIP_TLS, tls, bind, fault);
}

enum err sip_tcp_dial_only(struct sip_agent *agent, enum sip_kind kind, const struct addr *from)
{
    struct addr local = *from;
    addr_set_port(&local, 0);
    BUG_IF(kind != SIP_TCP && kind != SIP_TLS);
    return add(listener_create(agent->transport, kind, &local), NULL);
}

void sip_tcp_renew_certificate(struct sip_transport *transport)
{
    const struct tls_context *tls = sip_tls_server(sip_transport_tls(transport));
    struct listener *l;
    for (size_t i = 0; (l = sip_transport_self(transport, &tls_ops, i)) != NULL; i++)
        if (l->tcp)
            tcp_listener_set_tls(l->tcp, tls);
}
