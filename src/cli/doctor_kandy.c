/* The doctor of Kandy trunks: the host, the account (with the usual forms of its name), the socket.
 * The servers of media are doctor_ice.c's. */
#include "cli/doctor_kandy.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/loop.h"
#include "base/mem.h"
#include "base/num.h"
#include "net/dns.h"

enum { TRY_MS = 2000, LIST_MS = 2000, STEP_ICE = 3, FORMS = 4 };

#define SUPPORT_ADDRESS "ucaas-support@emircom.com"

static struct doctor_kandy *self_of(struct doctor *doctor)
{
    if (doctor->kandy)
        return doctor->kandy;
    const struct config_trunk *trunk = doctor->config.trunk;
    struct doctor_kandy *self = mem_new(struct doctor_kandy);
    doctor->kandy = self;
    self->doctor = doctor;
    self->is_auto = trunk->dialect == CONFIG_DIALECT_AUTO;
    static const struct kandy_dialect *const dialects[] = { &kandy_seed, &kandy_seed, &kandy_link,
                                                            &kandy_uc };
    self->dialect = dialects[trunk->dialect];
    snprintf(self->user, sizeof self->user, "%s", trunk->username);
    snprintf(self->last_error, sizeof self->last_error, "none");
    self->who = (struct kandy_identity){ .user = self->user,
                                         .auth_user = "",
                                         .domain = trunk->domain,
                                         .password = &trunk->password,
                                         .services = (const char *const *)trunk->services.items,
                                         .n_services = trunk->services.n,
                                         .device = "tandem-doctor",
                                         .agent = trunk->agent,
                                         .expires_s = 600 };
    return self;
}

void doctor_kandy_destroy(struct doctor_kandy *self)
{
    if (!self)
        return;
    doctor_ice_clear(self);
    if (self->net && self->exchange)
        kandy_net_io(self->net)->ops->cancel(self->exchange);
    if (self->net)
        kandy_net_io(self->net)->ops->close(self->socket);
    kandy_net_destroy(self->net);
    kandy_granted_clear(&self->granted);
    json_decref(self->ice_servers);
    mem_free(self);
}

/* ---- resolve ---- */

static void on_resolved(void *owner, const struct dns_answer *answer)
{
    struct doctor *doctor = owner;
    char addr[ADDR_TEXT];
    doctor->query = NULL;
    if (answer->err || !answer->n_records)
        doctor_fail(doctor, "look for typing errors in the host (KANDY_HOST)", "%s: %s",
                    doctor->config.trunk->host, answer->err ? answer->text : "no address");
    else
        doctor_pass(doctor, NULL, "%s is %s", doctor->config.trunk->host,
                    addr_print_ip(&answer->records[0].addr, addr));
}

static void step_resolve(struct doctor *doctor)
{
    const struct config_trunk *trunk = doctor->config.trunk;
    struct doctor_kandy *self = self_of(doctor);
    struct fault fault = { 0 };
    struct kandy_net_config net = { .loop = doctor->config.loop,
                                    .dns = doctor->config.dns,
                                    .host = trunk->host,
                                    .port = trunk->port == CONFIG_AUTO ? 0 : (uint16_t)trunk->port,
                                    .ca_file = trunk->tls_ca_file,
                                    .verify = trunk->tls_verify };
    if (!trunk->username[0] || secret_empty(&trunk->password)) {
        doctor_fail(doctor, "set KANDY_USERNAME and KANDY_PASSWORD", "not configured");
        return;
    }
    if (kandy_net_create(&self->net, &net, &fault)) {
        doctor_fail(doctor, "KANDY_CA_FILE must be a PEM file with certificates", "%s: %s",
                    fault.where, fault.text);
        return;
    }
    doctor->query =
        dns_resolve_host(doctor->config.dns, slice_of(trunk->host), DNS_ANY, on_resolved, doctor);
}

/* ---- the account ---- */

static void subscribe(void *owner);

/* The seed's forms in its order (section 1.5): user@domain, user, user@etisalat.ae, account/user.
 */
static void print_form(const struct doctor_kandy *self, unsigned form, struct buf *out)
{
    const struct config_trunk *trunk = self->doctor->config.trunk;
    struct slice domain = slice_of(trunk->username);
    struct slice user = slice_cut(&domain, '@');
    struct slice account;
    if (slice_index(user, '/') < user.len) {
        account = slice_cut(&user, '/');
    } else {
        struct slice rest = domain.len ? domain : slice_of(trunk->domain);
        account = slice_cut(&rest, '.');
    }
    domain = domain.len ? domain : slice_of(trunk->domain[0] ? trunk->domain : "etisalat.ae");
    if (form == 0)
        buf_printf(out, "%.*s@%.*s", SLICE_ARG(user), SLICE_ARG(domain));
    else if (form == 3)
        buf_printf(out, "%.*s/%.*s", SLICE_ARG(account.len ? account : SLICE("accountid")),
                   SLICE_ARG(user));
    else
        buf_printf(out, "%.*s%s", SLICE_ARG(user), form == 2 ? "@etisalat.ae" : "");
}

/* The next form that differs from those before it, into `user`: each costs one of the tries after
 * which accounts lock. */
static bool next_form(struct doctor_kandy *self)
{
    while (++self->form < FORMS) {
        struct buf user;
        bool is_new = true;
        buf_init(&user, self->user, sizeof self->user);
        print_form(self, self->form, &user);
        (void)buf_cstr(&user);
        for (unsigned i = 0; i < self->form && is_new; i++) {
            char mem[sizeof self->user];
            struct buf before = BUF_ON(mem);
            print_form(self, i, &before);
            is_new = strcmp(buf_cstr(&before), self->user) != 0;
        }
        if (is_new)
            return true;
    }
    return false;
}

static const char *path_of(const struct doctor_kandy *self)
{
    return self->dialect == &kandy_seed ? "/v2.0/subscription"
           : self->asks_token           ? "/v2.0/auth/mk_token"
                                        : "/rest/version/1/user/…/subscription";
}

static const char *advice_of(enum kandy_fault fault)
{
    static const char *const texts[] = {
        [KANDY_AUTH] = "user name and password are those of https://ct-portal.etisalat.ae/ or "
                       "https://ct-admin.etisalat.ae/; --try-forms tries the usual forms of the "
                       "user name, once each, for accounts lock",
        [KANDY_LOCKED] = "the provider must unlock the account: see the message below",
        [KANDY_FORBIDDEN] = "the provider must enable the service for this account",
        [KANDY_NOT_HERE] = "this host has no such API: compare KANDY_HOST and KANDY_DIALECT (seed, "
                           "link, uc) with what the provider says",
        [KANDY_LOGINS] = "other devices of this account must log out, or force_logout: true",
        [KANDY_NETWORK] = "the host cannot be reached or its certificate is not trusted: "
                          "KANDY_HOST, KANDY_CA_FILE, outgoing TCP 443",
        [KANDY_OVERLOAD] = "the cloud is overloaded: try later",
        [KANDY_SERVER] = NULL,
    };
    return (size_t)fault < COUNT_OF(texts) ? texts[fault] : NULL;
}

static void subscribed(struct doctor_kandy *self)
{
    struct doctor *doctor = self->doctor;
    bool changed = strcmp(self->user, doctor->config.trunk->username) != 0;
    char advice[400];
    snprintf(advice, sizeof advice, "set the user name to %s", self->user);
    doctor_pass(doctor, changed ? advice : NULL,
                "POST %s on %s as %s: subscribed, dialect %s, for %d s%s%s", path_of(self),
                doctor->config.trunk->host, self->user, self->dialect->name,
                self->granted.expires_s, self->granted.lists_services ? ", services " : "",
                self->granted.services);
}

static void refused(struct doctor_kandy *self, const struct kandy_verdict *verdict)
{
    struct doctor *doctor = self->doctor;
    bool here =
        kandy_verdict_is_elsewhere(verdict) && self->is_auto && self->dialect == &kandy_seed;
    snprintf(self->last_error, sizeof self->last_error, "%s", verdict->text);
    if (here) {
        self->dialect = &kandy_link;
        subscribe(self);
        return;
    }
    char user[sizeof self->user];
    memcpy(user, self->user, sizeof user);
    bool next = verdict->fault == KANDY_AUTH && doctor->config.try_forms && next_form(self);
    doctor_note(doctor, false, next ? NULL : advice_of(verdict->fault), "%s %s on %s as %s: %s%s%s",
                self->asks_token ? "GET" : "POST", path_of(self), doctor->config.trunk->host, user,
                verdict->text, verdict->words ? ", " : "", verdict->words ? verdict->words : "");
    if (!next) {
        doctor_go(doctor, STEP_ICE);
        return;
    }
    loop_timer_start(doctor->config.loop, &doctor->timer, TRY_MS, subscribe, self);
}

static void on_reply(void *owner, const struct kandy_reply *reply)
{
    struct doctor_kandy *self = owner;
    struct kandy_verdict verdict;
    self->exchange = NULL;
    if (reply->http)
        kandy_verdict_read(&verdict, reply->http, reply->body, reply->retry_after, 0);
    else
        kandy_verdict_network(&verdict, reply->text);
    enum err err = OK;
    if (verdict.fault == KANDY_FINE)
        err = self->asks_token ? kandy_granted_parse_token(&self->granted, reply->body)
                               : kandy_granted_parse(&self->granted, reply->body);
    if (err) {
        verdict.fault = KANDY_SERVER;
        verdict.words = "the answer is not what the protocol says";
    }
    if (verdict.fault != KANDY_FINE) {
        refused(self, &verdict);
    } else if (self->asks_token) {
        self->has_token = true;
        subscribe(self);
    } else {
        subscribed(self);
    }
}

static void ask(struct doctor_kandy *self, enum kandy_op_kind kind, kandy_reply_fn fn)
{
    struct kandy_op op = { .kind = kind };
    struct kandy_grant grant = { &self->granted.token, &self->granted.refresh_token,
                                 self->granted.subscription };
    struct kandy_request request;
    struct kandy_io *io = kandy_net_io(self->net);
    if (self->dialect->print(&self->who, &grant, &op, &request))
        self->exchange = io->ops->send(io, &self->who, &request, fn, self);
    kandy_request_clear(&request);
}

static void subscribe(void *owner)
{
    struct doctor_kandy *self = owner;
    self->asks_token = self->dialect->has_token && !self->has_token;
    ask(self, self->asks_token ? KANDY_OP_TOKEN : KANDY_OP_SUBSCRIBE, on_reply);
}

static void step_subscribe(struct doctor *doctor)
{
    struct doctor_kandy *self = self_of(doctor);
    if (doctor->config.try_forms) {
        struct buf user;
        buf_init(&user, self->user, sizeof self->user);
        print_form(self, 0, &user);
        (void)buf_cstr(&user);
    }
    subscribe(self);
}

/* ---- the socket ---- */

static void socket_done(void *owner)
{
    struct doctor_kandy *self = owner;
    struct kandy_io *io = kandy_net_io(self->net);
    io->ops->close(self->socket);
    self->socket = NULL;
    doctor_pass(self->doctor, NULL, "open%s",
                self->ice_servers ? ", and it lists STUN and TURN servers" : "");
}

static void on_socket_open(void *owner, struct kandy_socket *socket)
{
    struct doctor_kandy *self = owner;
    struct kandy_io *io = kandy_net_io(self->net);
    char id[40];
    snprintf(id, sizeof id, "req_%" PRId64, loop_wall_ms(self->doctor->config.loop));
    struct kandy_op op = { .kind = KANDY_OP_ICE_SERVERS, .id = id };
    struct kandy_grant grant = { &self->granted.token, NULL, self->granted.subscription };
    struct kandy_request request;
    bool asks = self->dialect->print(&self->who, &grant, &op, &request);
    if (asks)
        asks = !io->ops->say(socket, slice_of(request.body));
    kandy_request_clear(&request);
    loop_timer_start(self->doctor->config.loop, &self->doctor->timer, asks ? LIST_MS : 0,
                     socket_done, self);
}

static void on_socket_text(void *owner, struct kandy_socket *socket, struct slice text)
{
    struct doctor_kandy *self = owner;
    struct kandy_event event;
    (void)socket;
    if (kandy_event_parse(&event, text))
        return;
    if (event.kind == KANDY_ICE_SERVERS && json_is_array(event.list) && !self->ice_servers) {
        self->ice_servers = json_deep_copy(event.list);
        loop_timer_start(self->doctor->config.loop, &self->doctor->timer, 0, socket_done, self);
    }
    kandy_event_clear(&event);
}

static void on_socket_close(void *owner, struct kandy_socket *socket,
                            const struct kandy_socket_end *end)
{
    struct doctor_kandy *self = owner;
    kandy_net_io(self->net)->ops->close(socket);
    self->socket = NULL;
    snprintf(self->last_error, sizeof self->last_error, "WebSocket: %s", end->text);
    doctor_note(self->doctor, false, "a firewall or proxy here may not let WebSockets pass", "%s",
                end->text);
    doctor_go(self->doctor, STEP_ICE);
}

static void step_websocket(struct doctor *doctor)
{
    static const struct kandy_socket_events events = { on_socket_open, on_socket_text,
                                                       on_socket_close };
    struct doctor_kandy *self = self_of(doctor);
    struct kandy_io *io = kandy_net_io(self->net);
    struct kandy_grant grant = { &self->granted.token, NULL, self->granted.subscription };
    char target[KANDY_PATH_MAX];
    if (doctor->config.is_connected && self->dialect == &kandy_seed) {
        /* a second one could close the first */
        doctor_skip(doctor, NULL,
                    "wss://%s/?subscriptionId=… of dialect %s: the daemon's own is open",
                    doctor->config.trunk->host, self->dialect->name);
        return;
    }
    self->dialect->print_socket(&grant, self->granted.channel, target);
    self->socket = io->ops->open(io, target, &events, self);
    mem_wipe(target, sizeof target);
}

/* ---- the letter ---- */

static void finish(struct doctor_kandy *self)
{
    struct doctor *doctor = self->doctor;
    const struct config_trunk *trunk = doctor->config.trunk;
    struct buf out = BUF_ON(doctor->support);
    buf_printf(&out,
               "Message to the provider's support (" SUPPORT_ADDRESS "):\n\n"
               "Subject: API access for the CloudTalk account %s\n\n"
               "Account: %s\nHost: %s\nService: Kandy WebRTC API, subscription and calls\n"
               "Purpose: SIP trunk of our PBX (3CX) through a WebRTC gateway (tandem)\n"
               "Dialect: %s, POST %s\nLast error: %s\n\n"
               "Please confirm that this account is an API user, which form its user name has for\n"
               "the API, and the URL of the subscription endpoint. We use the credentials of\n"
               "https://ct-portal.etisalat.ae/ or https://ct-admin.etisalat.ae/.",
               trunk->username, trunk->username, trunk->host, self->dialect->name, path_of(self),
               self->last_error);
    (void)buf_cstr(&out);
    doctor_pass(doctor, NULL, "a message to %s is below", SUPPORT_ADDRESS);
}

static void on_unsubscribed(void *owner, const struct kandy_reply *reply)
{
    struct doctor_kandy *self = owner;
    (void)reply; /* section 4.2: the result is ignored */
    self->exchange = NULL;
    finish(self);
}

static void step_support(struct doctor *doctor)
{
    struct doctor_kandy *self = self_of(doctor);
    doctor_ice_clear(self);
    self->asks_token = false;
    if (self->net && self->granted.subscription[0])
        ask(self, KANDY_OP_UNSUBSCRIBE, on_unsubscribed);
    if (!self->exchange)
        finish(self);
}

const struct doctor_step doctor_kandy_steps[] = {
    { "resolve", step_resolve }, { "subscribe", step_subscribe }, { "websocket", step_websocket },
    { "media", doctor_ice },     { "support", step_support },
};
_Static_assert(COUNT_OF(doctor_kandy_steps) == STEP_ICE + 2, "media is step number STEP_ICE");
const size_t n_doctor_kandy_steps = COUNT_OF(doctor_kandy_steps);
