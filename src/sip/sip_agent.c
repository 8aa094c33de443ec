#include "sip_agent.h"

#include "base/log.h"
#include "base/loop.h"
#include "base/mem.h"
#include "base/num.h"
#include "base/rand.h"
#include "sip_agent_priv.h"
#include "sip_hdr.h"
#include "sip_param.h"
#include "sip_rate.h"
#include "sip_session_priv.h"
#include "sip_tcp.h"
#include "sip_transport_udp.h"

enum { DONE_POLL_MS = 20 };

static void on_message(void *owner, struct sip_msg *msg, const struct sip_flow *flow)
{
    struct sip_agent *agent = owner;
    sip_txns_feed(agent->txns, msg, flow);
}

static void on_broken(void *owner, struct sip_msg *msg, const struct sip_fault *fault,
                      const struct sip_flow *flow)
{
    struct sip_agent *agent = owner;
    sip_txns_broken(agent->txns, msg, fault, flow);
}

static void on_lost(void *owner, const struct sip_flow *flow, int error)
{
    struct sip_agent *agent = owner;
    sip_txns_lost(agent->txns, flow, error);
}

static void on_closed(void *owner, const struct sip_flow *flow, const struct sip_loss *loss)
{
    struct sip_agent *agent = owner;
    sip_txns_closed(agent->txns, flow, loss);
    sip_registers_flow_closed(agent, flow);
    if (agent->events->on_flow_closed)
        agent->events->on_flow_closed(agent->owner, flow);
}

static void on_wire(void *owner, const struct sip_wire_event *event)
{
    struct sip_agent *agent = owner;
    agent->events->on_wire(agent->owner, event);
}

static const struct sip_transport_events transport_events = {
    .on_message = on_message,
    .on_broken = on_broken,
    .on_lost = on_lost,
    .on_closed = on_closed,
};
static const struct sip_transport_events watched_transport_events = {
    .on_message = on_message,
    .on_broken = on_broken,
    .on_lost = on_lost,
    .on_closed = on_closed,
    .on_wire = on_wire,
};

static struct sip_session *find_session(struct sip_agent *agent, const struct sip_msg *request)
{
    struct slice tag = sip_msg_to_tag(request);
    return tag.len ? map_find(agent->by_tag, tag) : NULL;
}

static void on_ack(void *owner, struct sip_msg *ack, const struct sip_flow *flow)
{
    struct sip_agent *agent = owner;
    struct sip_session *session = find_session(agent, ack);
    if (session)
        sip_session_take_ack(session, ack, flow);
    else
        agent->stats.stray++;
}

#define SIP_ACCEPT "application/sdp, multipart/mixed"

static void reply_field(struct sip_txn *txn, int status, struct slice name, struct slice value)
{
    struct sip_field field = { name, value };
    struct sip_reply reply = { .status = status, .fields = &field, .n_fields = 1 };
    sip_txn_reply(txn, &reply);
}

/* RFC 3261 §11.2 */
static void take_options(struct sip_agent *agent, struct sip_txn *txn)
{
    struct sip_field fields[] = {
        { SLICE("Allow"), slice_of(agent->allow) },
        { SLICE("Accept"), SLICE(SIP_ACCEPT) },
        { SLICE("Supported"), SLICE(SIP_SUPPORTED) },
    };
    struct sip_reply reply = { .status = 200, .fields = fields, .n_fields = COUNT_OF(fields) };
    sip_txn_reply(txn, &reply);
}

/* Extensions that a request may require of us, by option tag (RFC 3261 §8.2.2.3). */
static bool is_option_known(struct slice tag)
{
    static const char *const known[] = { "100rel", "timer",    "replaces", "norefersub",
                                         "path",   "outbound", "gruu" };
    for (size_t i = 0; i < COUNT_OF(known); i++)
        if (slice_iis(tag, known[i]))
            return true;
    return false;
}

static bool refuses_require(struct sip_txn *txn)
{
    const struct sip_msg *request = sip_txn_msg(txn);
    char text[256];
    struct buf unknown = BUF_ON(text);
    size_t n = sip_msg_count(request, SIP_H_REQUIRE);
    for (size_t i = 0; i < n; i++) {
        struct slice tag = sip_msg_header_nth(request, SIP_H_REQUIRE, i)->value;
        if (!is_option_known(tag) && unknown.len + tag.len + 2 < sizeof text)
            buf_printf(&unknown, "%s%.*s", unknown.len ? ", " : "", SLICE_ARG(tag));
    }
    if (unknown.len == 0)
        return false;
    reply_field(txn, 420, SLICE("Unsupported"), buf_slice(&unknown));
    return true;
}

/* A call is about a session description: a body that has none is refused (RFC 3261 §8.2.3), unless
 * its sender can do without our understanding it. */
static bool refuses_body(struct sip_txn *txn)
{
    const struct sip_msg *request = sip_txn_msg(txn);
    enum sip_method method = sip_msg_method(request);
    struct sip_value how;
    struct slice handling;
    if ((method != SIP_INVITE && method != SIP_UPDATE) || !sip_msg_body(request).len ||
        sip_msg_sdp(request).len)
        return false;
    if (sip_value_parse(sip_msg_value(request, SIP_H_CONTENT_DISPOSITION), &how) == OK &&
        sip_param_find(how.params, "handling", &handling) && slice_iis(handling, "optional"))
        return false;
    reply_field(txn, 415, SLICE("Accept"), SLICE(SIP_ACCEPT));
    return true;
}

/* What every request has to pass before anybody looks at it (RFC 3261 §8.2). */
static bool refuses(struct sip_agent *agent, struct sip_txn *txn)
{
    const struct sip_msg *request = sip_txn_msg(txn);
    bool is_call = sip_msg_method(request) == SIP_INVITE;
    if (sip_msg_uri(request)->scheme == SIP_URI_OTHER) {
        sip_txn_reply_status(txn, 416);
        return true;
    }
    /* a call would be passed on, so the loop ends here; anything else is for us */
    if (is_call && sip_msg_count(request, SIP_H_MAX_FORWARDS) &&
        sip_msg_max_forwards(request) == 0) {
        sip_txn_reply_status(txn, 483);
        return true;
    }
    if (sip_msg_to_tag(request).len == 0 && sip_loop_found(agent->loop_key, request)) {
        agent->stats.loops++;
        sip_txn_reply_status(txn, 482);
        return true;
    }
    struct slice encoding = sip_msg_value(request, SIP_H_CONTENT_ENCODING);
    if (encoding.len && !slice_iis(encoding, "identity")) {
        reply_field(txn, 415, SLICE("Accept-Encoding"), SLICE("identity"));
        return true;
    }
    return refuses_body(txn) || refuses_require(txn);
}

static const struct sip_agent_handler *find_handler(const struct sip_agent *agent,
                                                    struct slice method)
{
    for (size_t i = 0; i < agent->n_handlers; i++)
        if (slice_is(method, agent->handlers[i].method))
            return &agent->handlers[i];
    return NULL;
}

static void take_outside(struct sip_agent *agent, struct sip_txn *txn)
{
    const struct sip_msg *request = sip_txn_msg(txn);
    enum sip_method method = sip_msg_method(request);
    const struct sip_agent_handler *handler = find_handler(agent, sip_msg_method_text(request));
    if (handler)
        handler->fn(handler->owner, txn);
    else if (method == SIP_INVITE)
        sip_session_create_incoming(agent, txn);
    else if (method == SIP_OPTIONS)
        take_options(agent, txn);
    else if (method == SIP_BYE || method == SIP_PRACK)
        sip_txn_reply_status(txn, 481); /* these have no meaning without a dialog */
    else
        reply_field(txn, method == SIP_UNKNOWN ? 501 : 405, SLICE("Allow"), slice_of(agent->allow));
}

static void on_request(void *owner, struct sip_txn *txn)
{
    struct sip_agent *agent = owner;
    const struct sip_msg *request = sip_txn_msg(txn);
    if (refuses(agent, txn))
        return;
    struct sip_session *session = find_session(agent, request);
    if (session)
        sip_session_take_request(session, txn);
    else if (sip_msg_to_tag(request).len == 0)
        take_outside(agent, txn);
    else if (sip_msg_method(request) == SIP_OPTIONS || sip_msg_method(request) == SIP_REGISTER)
        take_outside(agent, txn); /* some put a tag into these; there is no dialog to miss */
    else if (sip_msg_method(request) == SIP_SUBSCRIBE)
        take_outside(agent, txn); /* its dialogs are sip_notifier's */
    else
        sip_txn_reply_status(txn, 481);
}

static bool is_known(void *owner, const struct sip_flow *flow)
{
    const struct sip_agent *agent = owner;
    return agent->events->is_known && agent->events->is_known(agent->owner, flow);
}

static const struct sip_txns_events txns_events = {
    .on_request = on_request,
    .on_ack = on_ack,
};

struct sip_agent *sip_agent_create(struct loop *loop, const struct sip_agent_config *config,
                                   const struct sip_agent_events *events, void *owner)
{
    struct sip_agent *agent = mem_new(struct sip_agent);
    struct sip_transport_config transport = { .public_ip = config->public_ip,
                                              .local_nets = config->local_nets,
                                              .n_local_nets = config->n_local_nets };
    struct sip_txns_config txns = { .max_txns =
                                        config->max_txns ? config->max_txns : SIP_AGENT_MAX_TXNS,
                                    .max_per_source = config->max_txns_per_source,
                                    .server = config->server };
    struct sip_rate_config rate = { .per_second = config->rate,
                                    .is_known = is_known,
                                    .owner = agent };
    agent->loop = loop;
    agent->events = events;
    agent->owner = owner;
    agent->rate = config->rate ? sip_rate_create(loop, &rate) : NULL;
    transport.rate = txns.rate = agent->rate;
    agent->user_agent = slice_dup(config->user_agent);
    agent->allow = slice_dup(config->allow.len ? config->allow : SLICE(SIP_ALLOW));
    agent->scratch = mem_alloc(SIP_MAX_MESSAGE);
    agent->max_sessions = config->max_sessions ? config->max_sessions : SIP_AGENT_MAX_SESSIONS;
    agent->min_se_s = (uint32_t)num_max(config->min_se_s, SIP_AGENT_MIN_SE_S);
    uint32_t expires_s =
        config->session_expires_s ? config->session_expires_s : SIP_AGENT_SESSION_EXPIRES_S;
    agent->session_expires_s =
        config->no_session_timers ? 0 : (uint32_t)num_max(expires_s, agent->min_se_s);
    rand_bytes(agent->loop_key, sizeof agent->loop_key);
    agent->by_tag = map_create();
    list_init(&agent->sessions);
    list_init(&agent->registers);
    agent->transport = sip_transport_create(
        loop, &transport, &agent->stats,
        events->on_wire ? &watched_transport_events : &transport_events, agent);
    agent->txns =
        sip_txns_create(loop, agent->transport, &txns, &agent->stats, &txns_events, agent);
    return agent;
}

void sip_agent_destroy(struct sip_agent *agent)
{
    if (!agent)
        return;
    loop_timer_stop(agent->loop, &agent->done_timer);
    LIST_EACH(link, &agent->sessions)
    sip_session_free(LIST_ITEM(link, struct sip_session, link));
    sip_txns_destroy(agent->txns);
    sip_transport_destroy(agent->transport);
    sip_rate_destroy(agent->rate);
    map_destroy(agent->by_tag);
    for (size_t i = 0; i < agent->n_handlers; i++)
        mem_free(agent->handlers[i].method);
    mem_free(agent->user_agent);
    mem_free(agent->allow);
    mem_free(agent->scratch);
    mem_free(agent);
}

typedef enum err (*listen_fn)(struct sip_transport *transport, struct loop *loop,
                              const struct addr *bind, struct fault *fault);
/* NULL: no such listener in this build */
static const listen_fn listen_by_kind[SIP_KIND_COUNT] = {
    [SIP_UDP] = sip_transport_udp_listen,
    [SIP_TCP] = sip_transport_tcp_listen,
    [SIP_TLS] = sip_transport_tls_listen,
};

enum err sip_agent_listen(struct sip_agent *agent, enum sip_kind kind, const struct addr *bind,
                          struct fault *fault)
{
    if (!listen_by_kind[kind])
        return fault_set(fault, ERR_UNSUPPORTED, NULL, 0, "SIP over %s cannot be listened on",
                         sip_kind_name(kind));
    return listen_by_kind[kind](agent->transport, agent->loop, bind, fault);
}

size_t sip_agent_listeners(const struct sip_agent *agent, enum sip_kind kind, struct addr *out,
                           size_t max)
{
    return sip_transport_listeners(agent->transport, kind, out, max);
}

void sip_agent_handle(struct sip_agent *agent, struct slice method, sip_handler_fn fn, void *owner)
{
    for (size_t i = 0; i < agent->n_handlers; i++) {
        if (!slice_is(method, agent->handlers[i].method))
            continue;
        mem_free(agent->handlers[i].method);
        agent->handlers[i] = agent->handlers[--agent->n_handlers];
        break;
    }
    if (!fn)
        return;
    BUG_IF(agent->n_handlers == SIP_AGENT_HANDLERS_MAX);
    agent->handlers[agent->n_handlers++] =
        (struct sip_agent_handler){ .method = slice_dup(method), .fn = fn, .owner = owner };
}

static void on_done_poll(void *owner)
{
    struct sip_agent *agent = owner;
    bool idle = agent->stats.sessions == 0 && sip_txns_are_quiet(agent->txns);
    if (idle || loop_now_ms(agent->loop) >= agent->done_by_ms)
        agent->done(agent->done_owner);
    else
        loop_timer_start(agent->loop, &agent->done_timer, DONE_POLL_MS, on_done_poll, agent);
}

void sip_agent_shutdown(struct sip_agent *agent, int64_t grace_ms, sip_done_fn fn, void *owner)
{
    sip_txns_close(agent->txns);
    agent->done = fn;
    agent->done_owner = owner;
    agent->done_by_ms = loop_now_ms(agent->loop) + grace_ms;
    loop_timer_start(agent->loop, &agent->done_timer, 0, on_done_poll, agent);
}

enum err sip_agent_address(const struct sip_agent *agent, enum sip_kind kind,
                           const struct addr *remote, struct addr *out)
{
    struct sip_hop hop = { .kind = kind, .addr = *remote };
    struct sip_flow flow;
    enum err err = sip_transport_route(agent->transport, &hop, &flow);
    if (err)
        return err;
    *out = sip_transport_address(agent->transport, &flow);
    return OK;
}

void sip_agent_set_public_ip(struct sip_agent *agent, const struct addr *public_ip)
{
    sip_transport_set_public_ip(agent->transport, public_ip);
}

void sip_agent_set_local_nets(struct sip_agent *agent, const struct addr_block *nets, size_t n)
{
    sip_transport_set_local_nets(agent->transport, nets, n);
}

static struct sip_session *find_dialog(const struct sip_agent *agent, struct slice call_id,
                                       struct slice local_tag, struct slice remote_tag)
{
    struct sip_session *s = map_find(agent->by_tag, local_tag);
    if (!s || !slice_is(call_id, s->call_id))
        return NULL;
    for (size_t i = 0; i < s->n_forks; i++)
        if (slice_is(remote_tag, s->forks[i]->dialog.remote_tag))
            return s;
    return NULL;
}

/* RFC 3891 §3: to-tag is our own. Of a call that came to it JsSIP names the tags as they stood in
 * that INVITE, which is the other way round; as random as they are, either order names one call. */
struct sip_session *sip_agent_find_session(const struct sip_agent *agent,
                                           const struct sip_replaces *replaces)
{
    struct sip_session *s =
        find_dialog(agent, replaces->call_id, replaces->to_tag, replaces->from_tag);
    return s ? s : find_dialog(agent, replaces->call_id, replaces->from_tag, replaces->to_tag);
}

struct sip_rate *sip_agent_rate(const struct sip_agent *agent)
{
    return agent->rate;
}

const struct sip_agent_stats *sip_agent_stats(struct sip_agent *agent)
{
    agent->stats.txns = sip_txns_count(agent->txns);
    return &agent->stats;
}

static void print_contact(const struct sip_agent *agent, const struct sip_flow *flow,
                          enum sip_scheme scheme, struct slice user, struct buf *out)
{
    char host[ADDR_TEXT];
    char params[32];
    struct buf param = BUF_ON(params);
    struct addr shown = sip_transport_address(agent->transport, flow);
    struct sip_uri uri = { .scheme = scheme,
                           .user = user,
                           .host = slice_of(addr_print_ip(&shown, host)),
                           .port = addr_port(&shown) };
    /* §26.2.2: transport=tls says nothing that sips does not */
    bool is_implied = scheme == SIP_URI_SIPS && flow->kind == SIP_TLS;
    if (flow->kind != SIP_UDP && !is_implied) {
        /* RFC 7118 §5.2: "ws" stands for both, as the way is the flow */
        buf_printf(&param, "transport=%s",
                   sip_kind_name(flow->kind == SIP_WSS ? SIP_WS : flow->kind));
        for (size_t i = 0; i < param.len; i++)
            param.ptr[i] = (char)(param.ptr[i] >= 'A' && param.ptr[i] <= 'Z' ? param.ptr[i] | 0x20
                                                                             : param.ptr[i]);
        uri.params = buf_slice(&param);
    }
    buf_char(out, '<');
    sip_uri_print(&uri, out);
    buf_char(out, '>');
}

void sip_agent_print_contact(const struct sip_agent *agent, const struct sip_flow *flow,
                             struct slice user, struct buf *out)
{
    print_contact(agent, flow, SIP_URI_SIP, user, out);
}

void sip_agent_print_secure_contact(const struct sip_agent *agent, const struct sip_flow *flow,
                                    struct slice user, struct buf *out)
{
    print_contact(agent, flow, SIP_URI_SIPS, user, out);
}
