#include "sip_exchange.h"

#include "base/loop.h"
#include "base/mem.h"
#include "sip_agent_priv.h"
#include "sip_client.h"
#include "sip_login.h"
#include "sip_loop.h"
#include "sip_transport.h"
#include "sip_txns.h"

struct sip_exchange {
    struct sip_agent *agent;
    const struct sip_exchange_events *events;
    void *owner;
    char *method, *uri, *body_type, *body;
    size_t body_len;
    struct sip_flow flow;
    struct sip_login *login;
    struct sip_login_tries tries;
    struct sip_client *client; /* NULL: gone */
    struct sip_msg *request;   /* as sent last */
    int64_t sent_ms;
    unsigned hops;
    struct sip_flow way; /* as routed: each attempt by a stream finds its connection anew */
    bool is_bound;       /* it goes by that very flow */
    bool has_switched;   /* too large for UDP: `way` is TCP's now, and */
    struct sip_flow udp; /* this is what it was */
};

static enum err attempt(struct sip_exchange *x);

static void on_response(void *owner, struct sip_msg *response, const struct sip_flow *flow)
{
    struct sip_exchange *x = owner;
    unsigned status = sip_msg_status(response);
    x->sent_ms = sip_client_sent_ms(x->client);
    x->has_switched = false; /* somebody answers there */
    if ((status != 401 && status != 407) || !x->login) {
        x->events->on_response(x->owner, response, flow);
        return;
    }
    bool trusted = addr_same_ip(&flow->remote, &x->flow.remote);
    if (!sip_login_challenge(x->login, response, trusted, &x->tries)) {
        x->events->on_response(x->owner, response, flow);
        return;
    }
    sip_client_forget(x->client);
    x->client = NULL;
    enum err err = attempt(x);
    if (!err)
        return;
    struct sip_outcome outcome = { .status = 503,
                                   .err = err,
                                   .text = "too many SIP transactions to answer a challenge" };
    x->events->on_failed(x->owner, &outcome);
}

static void on_failed(void *owner, const struct sip_outcome *outcome)
{
    struct sip_exchange *x = owner;
    sip_client_forget(x->client);
    x->client = NULL;
    if (x->has_switched) { /* RFC 3261 §18.1.1: TCP cannot be had there, so UDP after all */
        x->has_switched = false;
        sip_transport_set_no_tcp(x->agent->transport, &x->udp.remote);
        x->way = x->udp;
        if (attempt(x) == OK)
            return;
    }
    x->events->on_failed(x->owner, outcome);
}

static void on_gone(void *owner)
{
    struct sip_exchange *x = owner;
    x->client = NULL;
}

static const struct sip_client_events client_events = {
    .on_response = on_response,
    .on_failed = on_failed,
    .on_gone = on_gone,
};

static void write_via(struct sip_exchange *x, struct sip_build *b)
{
    char branch[SIP_BRANCH_LEN + 1];
    char host[ADDR_TEXT];
    struct addr shown = sip_transport_address(x->agent->transport, &x->flow);
    sip_loop_branch(x->agent->loop_key, slice_of(x->uri), branch);
    struct sip_via via = { .transport = slice_of(sip_kind_name(x->flow.kind)),
                           .host = slice_of(addr_print_ip(&shown, host)),
                           .port = addr_port(&shown),
                           .branch = slice_of(branch),
                           .has_rport = true };
    sip_build_via(b, &via);
}

static enum err build(struct sip_exchange *x, struct buf *out)
{
    struct sip_build b;
    struct slice body = { x->body, x->body_len };
    x->flow = x->way;
    /* Via and Contact say which port it has; what fails here fails in sending, too */
    (void)!sip_transport_connect(x->agent->transport, &x->flow);
    buf_init(out, x->agent->scratch, SIP_MAX_MESSAGE);
    sip_build_request(&b, out, slice_of(x->method), slice_of(x->uri));
    write_via(x, &b);
    sip_build_printf(&b, SIP_H_MAX_FORWARDS, "%u", x->hops);
    x->events->on_build(x->owner, &b, &x->flow);
    if (x->login)
        sip_login_write(x->login, &b, slice_of(x->method), slice_of(x->uri), body);
    if (x->agent->user_agent[0])
        sip_build_text(&b, SIP_H_USER_AGENT, x->agent->user_agent);
    return sip_build_end(&b, slice_of(x->body_type), body);
}

static enum err attempt(struct sip_exchange *x)
{
    struct buf out;
    struct sip_flow tcp;
    enum err err = build(x, &out);
    if (!err && !x->is_bound &&
        sip_transport_enlarge(x->agent->transport, &x->flow, out.len, &tcp)) {
        x->has_switched = true;
        x->udp = x->way;
        x->way = tcp;
        err = build(x, &out);
    }
    if (!err)
        err = sip_client_create(&x->client, x->agent->txns, &x->flow, buf_slice(&out),
                                &client_events, x);
    if (err)
        return err;
    sip_msg_unref(x->request);
    x->request = sip_msg_ref(sip_client_request(x->client));
    x->sent_ms = loop_now_ms(x->agent->loop);
    return OK;
}

enum err sip_exchange_create(struct sip_exchange **out, struct sip_agent *agent,
                             const struct sip_exchange_config *config,
                             const struct sip_exchange_events *events, void *owner)
{
    struct sip_flow flow;
    enum err err = sip_transport_route(agent->transport, &config->hop, &flow);
    if (err)
        return err;
    struct sip_exchange *x = mem_new(struct sip_exchange);
    x->agent = agent;
    x->events = events;
    x->owner = owner;
    x->method = slice_dup(config->method);
    x->uri = slice_dup(config->uri);
    x->body_type = slice_dup(config->body.type);
    x->body = slice_dup(config->body.bytes);
    x->body_len = config->body.bytes.len;
    x->way = x->flow = flow;
    x->is_bound = sip_flow_is_set(&config->hop.flow);
    x->login = config->login;
    x->hops = config->hops ? config->hops : SIP_MAX_FORWARDS;
    err = attempt(x);
    if (err) {
        sip_exchange_destroy(x);
        return err;
    }
    *out = x;
    return OK;
}

void sip_exchange_destroy(struct sip_exchange *x)
{
    if (!x)
        return;
    sip_client_forget(x->client);
    sip_msg_unref(x->request);
    mem_free(x->method);
    mem_free(x->uri);
    mem_free(x->body_type);
    mem_free(x->body);
    mem_free(x);
}

enum err sip_exchange_again(struct sip_exchange *x)
{
    sip_client_forget(x->client);
    x->client = NULL;
    return attempt(x);
}

enum err sip_exchange_cancel(struct sip_exchange *x, struct slice reason)
{
    return x->client ? sip_client_cancel(x->client, reason) : ERR_MISUSE;
}

struct sip_msg *sip_exchange_request(const struct sip_exchange *x)
{
    return x->request;
}

struct sip_outcome sip_exchange_outcome(const struct sip_exchange *x,
                                        const struct sip_msg *response, const struct sip_flow *flow,
                                        char text[SIP_OUTCOME_TEXT])
{
    int status = (int)sip_msg_status(response);
    if ((status == 401 || status == 407) && x->login)
        sip_login_explain(x->login, status, text, SIP_OUTCOME_TEXT);
    else
        snprintf(text, SIP_OUTCOME_TEXT, "%.*s", SLICE_ARG(sip_msg_reason(response)));
    return (struct sip_outcome){ .status = status,
                                 .text = text,
                                 .msg = response,
                                 .flow = flow,
                                 .rtt_ms = loop_now_ms(x->agent->loop) - x->sent_ms };
}
