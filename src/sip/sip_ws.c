#include "sip_ws.h"

#include "base/list.h"
#include "base/log.h"
#include "base/mem.h"
#include "net/http_listener.h"
#include "net/ws_server.h"
#include "sip_agent_priv.h"
#include "sip_conns.h"
#include "sip_transport.h"

/* Of all WebSockets of one kind: there is no socket of its own to listen on. */
struct listener {
    struct sip_transport *transport;
    enum sip_kind kind;
    uint32_t number;
    struct sip_conns conns;
    struct list sockets; /* struct socket by link */
};

struct socket {
    struct list link;
    struct listener *listener;
    struct ws *ws;
    struct sip_flow flow;
};

static void free_socket(struct socket *socket)
{
    sip_conns_remove(&socket->listener->conns, &socket->flow);
    list_remove(&socket->link);
    mem_free(socket);
}

static void on_open(void *owner, struct ws *ws)
{
    struct listener *l = owner;
    struct socket *socket = mem_new(struct socket);
    socket->listener = l;
    socket->ws = ws;
    socket->flow = (struct sip_flow){ .listener = l->number,
                                      .kind = l->kind,
                                      .accepted = true,
                                      .local = *http_listener_addr(ws_listener(ws)),
                                      .remote = *ws_peer(ws) };
    sip_conns_add(&l->conns, socket, &socket->flow);
    list_append(&l->sockets, &socket->link);
    ws_set_owner(ws, socket);
}

/* A frame is a message or a keep-alive: RFC 7118 §4.2, §6. */
static void on_frame(void *owner, struct ws *ws, struct slice bytes)
{
    struct socket *socket = owner;
    if (!sip_transport_feed(socket->listener->transport, &socket->flow, bytes))
        ws_close(ws, WS_CLOSE_UNSUPPORTED, SLICE("not a SIP message"));
}

static void on_close(void *owner, struct ws *ws, int code, struct slice reason)
{
    struct socket *socket = owner;
    struct sip_transport *transport = socket->listener->transport;
    struct sip_flow flow = socket->flow;
    char where[ADDR_TEXT];
    char text[200];
    (void)ws;
    (void)reason;
    snprintf(text, sizeof text, "the WebSocket of %s closed with code %d",
             addr_print(&flow.remote, where), code);
    free_socket(socket);
    struct sip_loss loss = { .err = ERR_CLOSED, .text = text };
    sip_transport_closed(transport, &flow, &loss);
}

static const struct ws_events events = {
    .on_open = on_open,
    .on_text = on_frame,
    .on_binary = on_frame,
    .on_close = on_close,
};

static enum err connect_flow(void *self, struct sip_flow *flow)
{
    const struct listener *l = self;
    return sip_conns_find(&l->conns, flow) ? OK : ERR_CLOSED; /* nobody can be dialled */
}

/* RFC 3629: a text frame must hold it, or browsers close the socket. */
static bool is_utf8(struct slice s)
{
    static const uint32_t smallest[] = { 0, 0x80, 0x800, 0x10000 };
    for (size_t i = 0; i < s.len;) {
        unsigned char c = (unsigned char)s.ptr[i++];
        size_t more = c < 0x80 ? 0 : c >> 5 == 6 ? 1 : c >> 4 == 14 ? 2 : c >> 3 == 30 ? 3 : 4;
        if (more == 4 || more > s.len - i)
            return false;
        uint32_t code = more ? c & (0x3fu >> more) : c;
        for (size_t k = 0; k < more; k++, i++) {
            if (((unsigned char)s.ptr[i] & 0xc0) != 0x80)
                return false;
            code = code << 6 | ((unsigned char)s.ptr[i] & 0x3f);
        }
        if (code < smallest[more] || code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff))
            return false;
    }
    return true;
}

static enum err send_bytes(void *self, const struct sip_flow *flow, struct slice bytes)
{
    const struct listener *l = self;
    struct socket *socket = sip_conns_find(&l->conns, flow);
    if (!socket)
        return ERR_CLOSED;
    enum err err =
        is_utf8(bytes) ? ws_send_text(socket->ws, bytes) : ws_send_binary(socket->ws, bytes);
    return err ? ERR_CLOSED : OK;
}

static void close_sockets(struct listener *l)
{
    LIST_EACH(link, &l->sockets)
    {
        struct socket *socket = LIST_ITEM(link, struct socket, link);
        ws_abandon(socket->ws, WS_CLOSE_GOING_AWAY);
        free_socket(socket);
    }
}

static void destroy(void *self)
{
    struct listener *l = self;
    close_sockets(l);
    sip_conns_clear(&l->conns);
    mem_free(l);
}

static const struct sip_listener_ops ws_ops = {
    .kind = SIP_WS, .send = send_bytes, .connect = connect_flow, .destroy = destroy
};
static const struct sip_listener_ops wss_ops = {
    .kind = SIP_WSS, .send = send_bytes, .connect = connect_flow, .destroy = destroy
};

static struct listener *find_or_create(struct sip_transport *transport, bool is_tls)
{
    const struct sip_listener_ops *ops = is_tls ? &wss_ops : &ws_ops;
    static const struct addr nowhere;
    struct listener *l = sip_transport_self(transport, ops, 0);
    if (l)
        return l;
    l = mem_new(struct listener);
    l->transport = transport;
    l->kind = ops->kind;
    list_init(&l->sockets);
    l->number = sip_transport_add(transport, ops, l, &nowhere);
    if (l->number)
        return l;
    mem_free(l);
    return NULL;
}

void sip_ws_close_all(struct sip_agent *agent)
{
    struct listener *ws = sip_transport_self(agent->transport, &ws_ops, 0);
    struct listener *wss = sip_transport_self(agent->transport, &wss_ops, 0);
    if (ws)
        close_sockets(ws);
    if (wss)
        close_sockets(wss);
}

void sip_ws_accept(struct sip_agent *agent, const struct ws_request *request,
                   struct ws_answer *answer)
{
    struct listener *l = find_or_create(agent->transport, ws_request_is_tls(request));
    if (!ws_request_offers(request, "sip"))
        answer->status = 400; /* RFC 7118 §4.1 */
    else if (!l)
        answer->status = 503;
    else
        *answer = (struct ws_answer){ .events = &events, .owner = l, .protocol = SLICE("sip") };
}
