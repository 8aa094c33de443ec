#include "sip_register.h"

#include "base/log.h"
#include "base/loop.h"
#include "base/mem.h"
#include "base/num.h"
#include "base/rand.h"
#include "sip_agent_priv.h"
#include "sip_dialog.h"
#include "sip_login.h"
#include "sip_request_priv.h"
#include "sip_transport.h"

enum {
    REFRESH_PERCENT = 80,
    REFRESH_MIN_MS = 1000,
    FLOW_LOST_MS = 1000,
    TEXT_MAX = 400,
    CONTACT_MAX = 512
};

struct sip_register {
    struct list link;     /* in the agent's list */
    struct sip_flow flow; /* what the last REGISTER was answered by */
    struct sip_agent *agent;
    const struct sip_register_events *events;
    void *owner;
    char *registrar_uri, *aor, *contact_user, *contact_line, *call_id;
    char **routes;
    size_t n_routes;
    struct sip_hop hop;
    struct sip_login *login;
    uint32_t expires_s; /* asked for */
    bool contact_as_seen;
    bool wanted; /* started and not stopped */
    enum sip_register_state state;
    struct sip_request *request; /* one at a time */
    uint32_t cseq;               /* used last */
    uint32_t sent_expires_s;
    unsigned failures; /* in a row */
    int status;
    char text[TEXT_MAX];
    char contact[CONTACT_MAX]; /* URI as sent last */
    char former[CONTACT_MAX];  /* URI that the next REGISTER takes back; "" for none */
    struct addr seen;          /* what Via's received and rport say; unset: not yet */
    int64_t expires_at_ms;
    struct timer timer; /* the next REGISTER */
};

static const char *const state_names[] = {
    [SIP_REGISTER_OFF] = "off",         [SIP_REGISTER_TRYING] = "trying",
    [SIP_REGISTER_ON] = "registered",   [SIP_REGISTER_FAILED] = "failed",
    [SIP_REGISTER_LEAVING] = "leaving",
};
_Static_assert(COUNT_OF(state_names) == SIP_REGISTER_STATES, "a name for each state");

static void send_register(struct sip_register *reg, uint32_t expires_s);

struct sip_register *sip_register_create(struct sip_agent *agent,
                                         const struct sip_register_config *config,
                                         const struct sip_register_events *events, void *owner)
{
    char random[33];
    struct sip_register *reg = mem_new(struct sip_register);
    BUG_IF(config->n_routes > SIP_ROUTES_MAX);
    rand_token(random, 32);
    reg->agent = agent;
    list_append(&agent->registers, &reg->link);
    reg->events = events;
    reg->owner = owner;
    reg->registrar_uri = slice_dup(config->registrar_uri);
    reg->aor = slice_dup(config->aor);
    reg->contact_user = slice_dup(config->contact_user);
    reg->contact_line = slice_dup(config->contact_line);
    reg->call_id = slice_dup(slice_of(random)); /* the same for all: RFC 3261 §10.2.4 */
    reg->routes = mem_array(config->n_routes + 1, sizeof *reg->routes);
    for (; reg->n_routes < config->n_routes; reg->n_routes++)
        reg->routes[reg->n_routes] = slice_dup(config->routes[reg->n_routes]);
    reg->hop = config->hop;
    reg->login = sip_login_create(&config->auth);
    reg->expires_s = config->expires_s ? config->expires_s : SIP_REGISTER_EXPIRES_S;
    reg->contact_as_seen = config->contact_as_seen;
    return reg;
}

void sip_register_destroy(struct sip_register *reg)
{
    if (!reg)
        return;
    list_remove(&reg->link);
    loop_timer_stop(reg->agent->loop, &reg->timer);
    sip_request_destroy(reg->request);
    sip_login_destroy(reg->login);
    for (size_t i = 0; i < reg->n_routes; i++)
        mem_free(reg->routes[i]);
    mem_free(reg->routes);
    mem_free(reg->registrar_uri);
    mem_free(reg->aor);
    mem_free(reg->contact_user);
    mem_free(reg->contact_line);
    mem_free(reg->call_id);
    mem_free(reg);
}

/* The owner may destroy `reg` inside: call it last. */
static void set_state(struct sip_register *reg, enum sip_register_state state)
{
    log_debug(NULL, "sip registration aor=%s from=%s to=%s status=%d", reg->aor,
              state_names[reg->state], state_names[state], reg->status);
    reg->state = state;
    reg->events->on_state(reg->owner, reg, state, reg->status, reg->text);
}

static void on_due(void *owner)
{
    struct sip_register *reg = owner;
    if (reg->state == SIP_REGISTER_FAILED)
        reg->state = SIP_REGISTER_TRYING;
    send_register(reg, reg->expires_s);
}

static void plan(struct sip_register *reg, int64_t in_ms)
{
    loop_timer_start(reg->agent->loop, &reg->timer, in_ms, on_due, reg);
}

/* 2 s, 4 s, 8 s … up to five minutes, each ± 25 %: many that fail at once must not all come back at
 * once. A Retry-After that is longer is obeyed. */
static int64_t backoff_ms(const struct sip_register *reg, const struct sip_outcome *outcome)
{
    uint32_t retry_s = 0;
    int64_t ms = SIP_REGISTER_BACKOFF_MIN_MS;
    for (unsigned i = 1; i < reg->failures && ms < SIP_REGISTER_BACKOFF_MAX_MS; i++)
        ms *= 2;
    ms = num_min(ms, SIP_REGISTER_BACKOFF_MAX_MS);
    ms += ms / 4 - (int64_t)(rand_u32() % (uint32_t)(ms / 2 + 1));
    if (outcome->msg &&
        sip_seconds_parse(sip_msg_value(outcome->msg, SIP_H_RETRY_AFTER), &retry_s) == OK)
        ms = num_max(ms, num_min((int64_t)retry_s * 1000, SIP_REGISTER_BACKOFF_MAX_MS));
    return ms;
}

/* What the registrar granted for our Contact; it lists all of the AOR's (§10.2.4). */
static uint32_t granted_s(const struct sip_register *reg, const struct sip_msg *response)
{
    uint32_t otherwise = reg->sent_expires_s;
    struct sip_uri ours;
    (void)!sip_seconds_parse(sip_msg_value(response, SIP_H_EXPIRES), &otherwise);
    size_t n = sip_msg_count(response, SIP_H_CONTACT);
    if (sip_uri_parse(slice_of(reg->contact), &ours))
        return otherwise;
    for (size_t i = 0; i < n; i++) {
        struct sip_name_addr contact;
        if (sip_name_addr_parse(sip_msg_header_nth(response, SIP_H_CONTACT, i)->value, &contact))
            continue;
        if (sip_uri_eq(&contact.uri, &ours) || n == 1)
            return sip_contact_expires(&contact, otherwise);
    }
    return otherwise;
}

/* Via tells what the registrar saw of us (RFC 3581 §4); true when that is news. */
static bool learn_address(struct sip_register *reg, const struct sip_msg *response)
{
    const struct sip_via *via = sip_msg_via(response);
    struct addr seen;
    struct slice host = via->received.len ? via->received : via->host;
    uint16_t port = via->rport ? via->rport : via->port;
    if (!reg->contact_as_seen || addr_parse_ip(host, port, &seen) || addr_eq(&seen, &reg->seen))
        return false;
    struct addr sent;
    bool differs = addr_is_set(&reg->seen) || addr_parse_ip(via->host, via->port, &sent) ||
                   !addr_eq(&seen, &sent);
    reg->seen = seen;
    return differs;
}

static void take_success(struct sip_register *reg, const struct sip_outcome *outcome)
{
    int64_t lives_ms = (int64_t)granted_s(reg, outcome->msg) * 1000;
    reg->failures = 0;
    reg->expires_at_ms = loop_now_ms(reg->agent->loop) + lives_ms;
    /* behind a NAT the first REGISTER only finds out the address: the second one binds it */
    bool again = learn_address(reg, outcome->msg);
    (void)slice_copy(again ? slice_of(reg->contact) : SLICE_NONE, reg->former, sizeof reg->former);
    plan(reg, again ? 0 : num_max(lives_ms * REFRESH_PERCENT / 100, REFRESH_MIN_MS));
    set_state(reg, SIP_REGISTER_ON);
}

static void take_failure(struct sip_register *reg, const struct sip_outcome *outcome)
{
    uint32_t min_s = 0;
    if (outcome->status == 423 && outcome->msg &&
        sip_seconds_parse(sip_msg_value(outcome->msg, SIP_H_MIN_EXPIRES), &min_s) == OK &&
        min_s > reg->expires_s) {
        reg->expires_s = min_s;
        send_register(reg, reg->expires_s);
        return;
    }
    reg->failures++;
    plan(reg, backoff_ms(reg, outcome));
    /* a refresh that failed does not undo the binding: it lives until it expires */
    bool lives = reg->expires_at_ms > loop_now_ms(reg->agent->loop) &&
                 (!outcome->msg || outcome->status >= 500);
    if (!lives)
        reg->expires_at_ms = 0;
    set_state(reg, lives ? SIP_REGISTER_ON : SIP_REGISTER_FAILED);
}

static void take_leave(struct sip_register *reg)
{
    reg->expires_at_ms = 0;
    if (reg->wanted) { /* started again meanwhile */
        reg->state = SIP_REGISTER_TRYING;
        plan(reg, 0);
        return;
    }
    set_state(reg, SIP_REGISTER_OFF);
}

static void leave(struct sip_register *reg, bool just_bound)
{
    if (!just_bound && reg->expires_at_ms <= loop_now_ms(reg->agent->loop)) {
        set_state(reg, SIP_REGISTER_OFF);
        return;
    }
    reg->state = SIP_REGISTER_LEAVING;
    send_register(reg, 0);
}

static void on_outcome(void *owner, const struct sip_outcome *outcome)
{
    struct sip_register *reg = owner;
    reg->cseq = sip_request_cseq(reg->request);
    reg->request = NULL;
    reg->status = outcome->status;
    reg->flow = outcome->flow ? *outcome->flow : (struct sip_flow){ 0 };
    snprintf(reg->text, sizeof reg->text, "%s", outcome->text);
    if (reg->state == SIP_REGISTER_LEAVING)
        take_leave(reg);
    else if (!reg->wanted)
        leave(reg, outcome->status < 300); /* stopped while it was out */
    else if (outcome->status < 300)
        take_success(reg, outcome);
    else
        take_failure(reg, outcome);
}

static void print_contact(struct sip_register *reg, char *value, size_t cap)
{
    struct buf out;
    struct sip_flow flow;
    struct sip_name_addr contact;
    /* RFC 5630 §5.1.1: calls to it come the same way */
    bool is_secure = slice_istarts(slice_of(reg->registrar_uri), SLICE("sips:"));
    buf_init(&out, value, cap - 1);
    reg->contact[0] = value[0] = '\0';
    if (sip_transport_route(reg->agent->transport, &reg->hop, &flow))
        return;
    (void)!sip_transport_connect(reg->agent->transport, &flow); /* for its port */
    if (reg->contact_as_seen && addr_is_set(&reg->seen)) {
        char seen[ADDR_TEXT];
        buf_printf(&out, "<%s:%s@%s>", is_secure ? "sips" : "sip", reg->contact_user,
                   addr_print(&reg->seen, seen));
    } else if (is_secure) {
        sip_agent_print_secure_contact(reg->agent, &flow, slice_of(reg->contact_user), &out);
    } else {
        sip_agent_print_contact(reg->agent, &flow, slice_of(reg->contact_user), &out);
    }
    if (reg->contact_line[0] && out.len) { /* inside the brackets: a parameter of the URI */
        out.len--;
        buf_printf(&out, ";line=%s>", reg->contact_line);
    }
    if (sip_name_addr_parse(buf_slice(&out), &contact) == OK)
        (void)slice_copy(contact.uri.text, reg->contact, sizeof reg->contact);
    if (reg->former[0] && strcmp(reg->former, reg->contact) != 0)
        buf_printf(&out, ", <%s>;expires=0", reg->former);
    value[out.len] = '\0';
}

static void send_register(struct sip_register *reg, uint32_t expires_s)
{
    char contact[2 * CONTACT_MAX + 32];
    char seconds[16];
    struct buf text = BUF_ON(seconds);
    struct slice routes[SIP_ROUTES_MAX];
    BUG_IF(reg->request);
    loop_timer_stop(reg->agent->loop, &reg->timer);
    buf_printf(&text, "%u", expires_s);
    print_contact(reg, contact, sizeof contact);
    reg->sent_expires_s = expires_s;
    for (size_t i = 0; i < reg->n_routes; i++)
        routes[i] = slice_of(reg->routes[i]);
    struct sip_field fields[] = { { SLICE("Expires"), buf_slice(&text) },
                                  { SLICE("Allow"), slice_of(reg->agent->allow) } };
    struct sip_request_config config = { .method = SLICE("REGISTER"),
                                         .request_uri = slice_of(reg->registrar_uri),
                                         .hop = reg->hop,
                                         .from_uri = slice_of(reg->aor),
                                         .to_uri = slice_of(reg->aor),
                                         .call_id = slice_of(reg->call_id),
                                         .cseq = reg->cseq + 1,
                                         .contact = slice_of(contact),
                                         .routes = routes,
                                         .n_routes = reg->n_routes,
                                         .fields = fields,
                                         .n_fields = COUNT_OF(fields) };
    enum err err =
        sip_request_create_with(&reg->request, reg->agent, &config, reg->login, on_outcome, reg);
    if (!err)
        return;
    /* no listener for the hop, or too much under way: as if nobody had answered */
    reg->failures++;
    reg->status = 503;
    snprintf(reg->text, sizeof reg->text, "cannot send a REGISTER: %s", err_name(err));
    struct sip_outcome outcome = { .status = 503 };
    if (reg->state == SIP_REGISTER_LEAVING) {
        take_leave(reg);
        return;
    }
    plan(reg, backoff_ms(reg, &outcome));
    set_state(reg, SIP_REGISTER_FAILED);
}

void sip_register_start(struct sip_register *reg)
{
    if (reg->wanted)
        return;
    reg->wanted = true;
    if (reg->request) /* it is leaving: take_leave() begins anew */
        return;
    reg->failures = 0;
    reg->state = SIP_REGISTER_TRYING;
    plan(reg, 0);
}

void sip_register_stop(struct sip_register *reg)
{
    if (!reg->wanted)
        return;
    reg->wanted = false;
    loop_timer_stop(reg->agent->loop, &reg->timer);
    bool is_bound = reg->expires_at_ms > loop_now_ms(reg->agent->loop);
    if (!is_bound && !reg->request) {
        reg->state = SIP_REGISTER_OFF;
        return;
    }
    if (reg->request) /* never two at a time: on_outcome() leaves */
        return;
    reg->state = SIP_REGISTER_LEAVING;
    send_register(reg, 0);
}

void sip_register_set_hop(struct sip_register *reg, const struct sip_hop *hop)
{
    reg->hop = *hop;
    reg->seen = (struct addr){ 0 };
    if (reg->wanted && !reg->request)
        plan(reg, 0);
}

enum sip_register_state sip_register_state(const struct sip_register *reg)
{
    return reg->state;
}

const char *sip_register_state_name(enum sip_register_state state)
{
    return state_names[state];
}

int sip_register_status(const struct sip_register *reg)
{
    return reg->status;
}

int64_t sip_register_expires_in_ms(const struct sip_register *reg)
{
    int64_t left_ms = reg->expires_at_ms - loop_now_ms(reg->agent->loop);
    return reg->state == SIP_REGISTER_ON && left_ms > 0 ? left_ms : 0;
}

struct slice sip_register_contact(const struct sip_register *reg)
{
    return slice_of(reg->contact);
}

/* Calls would come by that connection: find another at once, but not all of us in one moment. When
 * a REGISTER is out, its own failure says so. */
void sip_registers_flow_closed(struct sip_agent *agent, const struct sip_flow *flow)
{
    LIST_EACH(link, &agent->registers)
    {
        struct sip_register *reg = LIST_ITEM(link, struct sip_register, link);
        bool is_its = sip_flow_is_set(&reg->flow) && reg->flow.listener == flow->listener &&
                      reg->flow.conn == flow->conn && reg->flow.generation == flow->generation;
        if (is_its && reg->state == SIP_REGISTER_ON && reg->wanted && !reg->request)
            plan(reg, FLOW_LOST_MS / 2 + (int64_t)(rand_u32() % FLOW_LOST_MS));
    }
}
