#include "legs/kandy/trunk_kandy.h"

#include <stdio.h>

#include "base/buf.h"
#include "base/list.h"
#include "base/loop.h"
#include "base/mem.h"
#include "base/rand.h"
#include "call/call.h"
#include "legs/kandy/kandy_account.h"
#include "legs/kandy/kandy_ice.h"
#include "legs/kandy/kandy_net.h"
#include "legs/kandy/kandy_number.h"
#include "legs/kandy/leg_kandy.h"
#include "media/codec.h"
#include "sip/sip_param.h"

enum {
    EXPIRES_S = 3600,
    DEVICE_ID = 12,
    HEADERS_MAX = 16,
    HEADER_NAME_MAX = 64,
    HEADER_VALUE_MAX = 1000,
};

struct trunk_kandy {
    struct trunk trunk; /* first */
    struct kandy_net *net;
    struct kandy_ice *ice;
    struct kandy_account *account; /* NULL: not configured */
    struct kandy_identity who;
    struct list sending; /* of struct sending */
    char device[32];
    char state_text[240];
};

/* A text message whose answer is awaited. */
struct sending {
    struct list link;
    sip_outcome_fn fn;
    void *owner;
};

static struct trunk_kandy *self_of(struct trunk *trunk)
{
    return (struct trunk_kandy *)trunk; /* its first member */
}

/* A carrier's cloud takes G.711 alone (section 3.6), and nothing else would help. */
static void cut_codecs(struct trunk *trunk)
{
    struct leg_codecs kept = { 0 };
    for (size_t i = 0; i < trunk->codecs.n; i++) {
        struct slice name = slice_of(trunk->codecs.list[i]->name);
        if (trunk->config->codecs.n || slice_iis(name, "PCMU") || slice_iis(name, "PCMA"))
            kept.list[kept.n++] = trunk->codecs.list[i];
    }
    if (kept.n)
        trunk->codecs = kept;
}

static void tell_ice(struct trunk_kandy *self)
{
    kandy_ice_set(self->ice, &self->trunk.config->ice_servers,
                  kandy_account_ice_servers(self->account), kandy_account_granted(self->account));
}

static void on_state(void *owner, enum kandy_state state, const char *text)
{
    struct trunk_kandy *self = owner;
    bool up = state == KANDY_CONNECTED;
    if (text[0])
        snprintf(self->state_text, sizeof self->state_text, "%s", text);
    if (up)
        tell_ice(self);
    if (up || state > KANDY_CONNECTED)
        trunk_set_health(&self->trunk, up ? TRUNK_ALIVE : TRUNK_DEAD, text);
}

static struct leg_kandy_config leg_config(struct trunk_kandy *self)
{
    const struct addr *remote = kandy_net_remote(self->net);
    struct leg_kandy_config config = { .env = self->trunk.trunks->env,
                                       .account = self->account,
                                       .ice = self->ice,
                                       .trunk = self->trunk.config,
                                       .codecs = self->trunk.codecs,
                                       .on_over = trunk_on_call_over,
                                       .owner = &self->trunk };
    if (!addr_parse_ip(slice_of(self->trunk.trunks->env->config->rtp_host), 0, &config.bind) &&
        addr_is_any(&config.bind))
        config.bind = (struct addr){ 0 };
    /* a cloud on this very machine: its media may know no other address */
    if (addr_is_loopback(remote) && !addr_is_v6(remote))
        config.bind = addr_loopback4(0);
    return config;
}

/* customParameters as headers of the call: "order" is X-Order to SIP. */
static json_t *headers_of(const json_t *custom)
{
    size_t i;
    json_t *item;
    json_t *headers = json_object();
    json_array_foreach(custom, i, item)
    {
        struct slice name = kandy_text(json_object_get(item, "name"));
        struct slice value = kandy_text(json_object_get(item, "value"));
        char mem[HEADER_NAME_MAX];
        struct buf key = BUF_ON(mem);
        if (!slice_istarts(name, SLICE("X-")))
            buf_text(&key, "X-");
        buf_put(&key, name);
        if (json_object_size(headers) < HEADERS_MAX && sip_is_token(name) && !key.overflow &&
            value.len <= HEADER_VALUE_MAX)
            json_object_set_new(headers, buf_cstr(&key), json_stringn(value.ptr, value.len));
    }
    return headers;
}

/* The called number, as the PBX knows it: without a plus. */
static void print_did(const struct trunk_kandy *self, const struct kandy_event *event,
                      struct buf *out)
{
    struct slice user = kandy_number_user(event->to);
    if (user.len && kandy_number_is(user))
        buf_put(out, user.ptr[0] == '+' ? slice_from(user, 1) : user);
    else
        buf_text(out, self->trunk.config->default_did);
}

static void on_incoming(void *owner, const struct kandy_event *event)
{
    struct trunk_kandy *self = owner;
    const struct leg_env *env = self->trunk.trunks->env;
    struct leg_kandy_config config = leg_config(self);
    char to_mem[ROUTE_TEXT_MAX];
    struct buf to = BUF_ON(to_mem);
    struct fault fault = { 0 };
    struct leg *leg;
    if (leg_kandy_create_incoming(&leg, &config, event, &fault)) {
        log_info(&self->trunk.log, "incoming call refused reason=\"%s\"", fault.text);
        return;
    }
    print_did(self, event, &to);
    char session[16];
    snprintf(session, sizeof session, "%.*s...", SLICE_ARG(slice_sub(event->session, 0, 6)));
    json_t *headers = headers_of(event->custom);
    struct call_request request = {
        .face = SLICE("kandy"),
        .from = slice_of(leg->party),
        .from_name = event->from_name,
        .trunk = slice_of(self->trunk.config->name),
        .to = slice_of(buf_cstr(&to)),
        .correlation = slice_of(session),
        .headers = headers,
    };
    self->trunk.calls++; /* it needs the account as outgoing ones do */
    call_create(env->calls, &request, leg);
    json_decref(headers);
}

static void on_service(void *owner, const struct kandy_event *event)
{
    struct trunk_kandy *self = owner;
    struct trunks *trunks = self->trunk.trunks;
    const struct config_trunk *config = self->trunk.config;
    char mem[ROUTE_TEXT_MAX];
    struct buf from = BUF_ON(mem);
    if (event->kind == KANDY_ICE_SERVERS) {
        tell_ice(self);
    } else if (event->kind == KANDY_MWI && trunks->news) {
        unsigned fresh = event->new_mail;
        if (event->has_mail && !fresh && !event->all_mail)
            fresh = 1; /* it says that there is some, and not how many */
        unsigned old = event->all_mail > fresh ? event->all_mail - fresh : 0;
        trunks->news->on_mail(trunks->news_owner, config, fresh, old);
    } else if (event->kind == KANDY_TEXT && trunks->news) {
        kandy_number_caller((enum kandy_rules)config->numbers, event->from, &from);
        trunks->news->on_text(trunks->news_owner, config, buf_slice(&from), event->text);
    }
}

static const struct kandy_account_events account_events = { on_state, on_incoming, on_service };

/* ---- the kind ---- */

static const struct kandy_dialect *dialect_of(const struct config_trunk *config)
{
    static const struct kandy_dialect *const rows[] = {
        [CONFIG_DIALECT_AUTO] = NULL,
        [CONFIG_DIALECT_SEED] = &kandy_seed,
        [CONFIG_DIALECT_LINK] = &kandy_link,
        [CONFIG_DIALECT_UC] = &kandy_uc,
    };
    return rows[config->dialect];
}

static void fill_identity(struct trunk_kandy *self)
{
    const struct config_trunk *config = self->trunk.config;
    char token[DEVICE_ID + 1];
    rand_token(token, DEVICE_ID);
    snprintf(self->device, sizeof self->device, "tandem-%s", token);
    self->who = (struct kandy_identity){
        .user = config->username,
        .auth_user = config->auth_username,
        .domain = config->domain,
        .password = &config->password,
        .services = (const char *const *)config->services.items,
        .n_services = config->services.n,
        .device = self->device,
        .agent = config->agent,
        .expires_s = EXPIRES_S,
        .force_logout = config->force_logout,
    };
}

static void init(struct trunk *trunk)
{
    struct trunk_kandy *self = self_of(trunk);
    const struct leg_env *env = trunk->trunks->env;
    const struct config_trunk *config = trunk->config;
    struct fault fault = { 0 };
    cut_codecs(trunk);
    list_init(&self->sending);
    if (!config->username[0] || secret_empty(&config->password)) {
        snprintf(trunk->last_error, sizeof trunk->last_error, "user name and password are missing");
        return;
    }
    struct kandy_net_config net = { .loop = env->loop,
                                    .dns = env->dns,
                                    .host = config->host,
                                    .port =
                                        config->port == CONFIG_AUTO ? 0 : (uint16_t)config->port,
                                    .ca_file = config->tls_ca_file,
                                    .verify = config->tls_verify };
    if (kandy_net_create(&self->net, &net, &fault)) {
        fault_print(&fault, trunk->last_error, sizeof trunk->last_error);
        log_error(&trunk->log, "%s", trunk->last_error);
        return;
    }
    fill_identity(self);
    self->ice = kandy_ice_create(env->loop, env->dns, &trunk->log);
    struct kandy_account_config account = { .loop = env->loop,
                                            .io = kandy_net_io(self->net),
                                            .who = &self->who,
                                            .log = &trunk->log,
                                            .dialect = dialect_of(config) };
    self->account = kandy_account_create(&account, &account_events, self);
}

static void start(struct trunk *trunk)
{
    struct trunk_kandy *self = self_of(trunk);
    if (!self->account) {
        log_warn(&trunk->log, "not configured: %s", trunk->last_error);
        return;
    }
    log_info(&trunk->log, "start host=%s user=%s", trunk->config->host, trunk->config->username);
    if (!trunk->config->tls_verify)
        log_warn(&trunk->log, "TLS certificates are not verified: anybody in between can listen");
    kandy_account_start(self->account);
}

static void stop(struct trunk *trunk)
{
    struct trunk_kandy *self = self_of(trunk);
    if (self->account)
        kandy_account_stop(self->account);
}

/* Its calls need the subscription as long as they last. */
static void retire(struct trunk *trunk)
{
    if (!trunk->calls)
        stop(trunk);
}

/* ---- text messages that go out ---- */

static void tell_sent(struct sending *sending, int status, enum err err, const char *text)
{
    const struct sip_outcome outcome = { .status = status, .err = err, .text = text };
    sip_outcome_fn fn = sending->fn;
    void *owner = sending->owner;
    list_remove(&sending->link);
    mem_free(sending);
    fn(owner, &outcome);
}

/* 202: the cloud has it, and does not say more (RFC 3428 §7). */
static void on_sent(void *owner, const struct kandy_verdict *verdict)
{
    bool well = verdict->fault == KANDY_FINE;
    tell_sent(owner, well ? 202 : verdict->sip, verdict->http ? OK : ERR_IO,
              well ? "" : verdict->text);
}

static enum err send_text(struct trunk *trunk, const struct trunk_text *text, sip_outcome_fn fn,
                          void *owner, struct sip_request **out)
{
    struct trunk_kandy *self = self_of(trunk);
    const struct config_trunk *config = trunk->config;
    char mem[ROUTE_TEXT_MAX];
    struct buf to = BUF_ON(mem);
    struct slice rest = text->body.type;
    if (!slice_iis(slice_trim(slice_cut(&rest, ';')), "text/plain"))
        return ERR_UNSUPPORTED;
    if (!self->account || !kandy_account_is_up(self->account))
        return ERR_NOT_FOUND;
    kandy_number_dial((enum kandy_rules)config->numbers, text->number, config->tollfree_as_dialled,
                      &to);
    if (!to.len || to.overflow)
        return ERR_NOT_FOUND;
    struct sending *sending = mem_new(struct sending);
    sending->fn = fn;
    sending->owner = owner;
    list_append(&self->sending, &sending->link);
    *out = NULL;
    enum err err =
        kandy_account_send_text(self->account, buf_cstr(&to), text->body.bytes, on_sent, sending);
    if (err) {
        list_remove(&sending->link);
        mem_free(sending);
    }
    return err;
}

static void forget_text(struct trunk *trunk, const void *owner)
{
    struct trunk_kandy *self = self_of(trunk);
    LIST_EACH(link, &self->sending)
    {
        struct sending *sending = LIST_ITEM(link, struct sending, link);
        if (sending->owner != owner)
            continue;
        kandy_account_forget_text(self->account, sending);
        list_remove(&sending->link);
        mem_free(sending);
    }
}

static void clear(struct trunk *trunk)
{
    struct trunk_kandy *self = self_of(trunk);
    LIST_EACH(link, &self->sending)
    tell_sent(LIST_ITEM(link, struct sending, link), 503, ERR_CLOSED, "the trunk is gone");
    kandy_account_destroy(self->account);
    kandy_ice_destroy(self->ice);
    kandy_net_destroy(self->net);
}

static void refuse(struct trunk_kandy *self, struct cause *why)
{
    char text[240];
    enum kandy_state state = self->account ? kandy_account_state(self->account) : KANDY_IDLE;
    snprintf(text, sizeof text, "The trunk %s is %s. %.120s", self->trunk.config->name,
             self->account ? kandy_state_name(state) : "not configured",
             self->account ? self->state_text : self->trunk.last_error);
    *why = cause_of_token("service_unavailable", CAUSE_BY_SYSTEM, text);
}

static void dial(struct trunk *trunk, struct call *call, const struct route_target *target,
                 struct cause *why)
{
    struct trunk_kandy *self = self_of(trunk);
    const struct config_trunk *config = trunk->config;
    char mem[ROUTE_TEXT_MAX + 8];
    struct buf number = BUF_ON(mem);
    struct slice dialled = slice_of(target->number[0] ? target->number : config->called);
    bool emergency = kandy_number_is_in(dialled, config->emergency.items, config->emergency.n);
    if (!self->account || !kandy_account_is_up(self->account)) {
        refuse(self, why); /* at once: another trunk may be next (section 6) */
        return;
    }
    if (emergency)
        kandy_number_clean(dialled, &number);
    else
        kandy_number_dial((enum kandy_rules)config->numbers, dialled, config->tollfree_as_dialled,
                          &number);
    if (!number.len || number.overflow) {
        *why = cause_of_status(484, CAUSE_BY_SYSTEM, "There is no number to dial.");
        return;
    }
    struct leg *caller = call_caller(call);
    if (caller && leg_kandy_forward(caller, self->account, buf_cstr(&number))) {
        *why = cause_of_token("redirected", CAUSE_BY_LOCAL, "The cloud forwards the call.");
        return;
    }
    struct leg_kandy_config leg = leg_config(self);
    trunk_add_leg(trunk, call,
                  leg_kandy_create_outgoing(&leg, buf_cstr(&number), call_shown_name(call)));
}

static void view(const struct trunk *trunk, json_t *row)
{
    const struct trunk_kandy *self = (const struct trunk_kandy *)trunk;
    char addr[ADDR_TEXT] = "";
    const char *state = "not configured";
    if (self->account)
        state = kandy_state_name(kandy_account_state(self->account));
    if (self->net && addr_is_set(kandy_net_remote(self->net)))
        addr_print(kandy_net_remote(self->net), addr);
    json_object_set_new(row, "state", json_string(state));
    json_object_set_new(row, "address", json_string(addr));
    json_object_set_new(row, "transport", json_string("KANDY"));
    json_object_set_new(row, "registration", json_string("none"));
    json_object_set_new(
        row, "dialect",
        json_string(self->account ? kandy_account_dialect(self->account)->name : ""));
}

const struct trunk_kind trunk_kandy = {
    .type = CONFIG_TRUNK_KANDY,
    .size = sizeof(struct trunk_kandy),
    .init = init,
    .start = start,
    .stop = stop,
    .retire = retire,
    .clear = clear,
    .dial = dial,
    .send_text = send_text,
    .forget_text = forget_text,
    .view = view,
};
