/* SIP trunks at rest: the host's addresses, the registration, signs of life. */
#include "legs/trunk_sip.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/buf.h"
#include "base/hash.h"
#include "base/loop.h"
#include "base/mem.h"
#include "base/num.h"
#include "legs/leg_env.h"
#include "sip/sip_agent.h"
#include "sip/sip_tls.h"
#include "sip/sip_uri.h"

enum {
    TRUNK_RESOLVE_MS = 60000, /* the names of carriers move slowly */
    TRUNK_RETRY_MS = 10000,
    TRUNK_PROBE_MS = 60000,
    TRUNK_FIRST_PROBE_MS = 500,
};

static uint16_t port_of(const struct config_trunk *config)
{
    return config->port == CONFIG_AUTO ? sip_kind_port(trunk_sip_transport(config))
                                       : (uint16_t)config->port;
}

/* RFC 5922 §7.2: the certificate must be for what was configured, whatever DNS made of it; of an
 * address and a domain that is the domain. */
static void expect_certificate(struct trunk_sip *self)
{
    const struct config_trunk *config = self->trunk.config;
    struct fault fault = { 0 };
    struct addr numeric;
    bool is_ip = addr_parse_ip(slice_of(config->host), 0, &numeric) == OK;
    struct sip_tls_peer peer = { .name = slice_of(is_ip ? config->domain : config->host),
                                 .ca_file = config->tls_ca_file,
                                 .insecure = !config->tls_verify };
    if (trunk_sip_transport(config) != SIP_TLS)
        return;
    if (peer.insecure)
        log_warn(&self->trunk.log,
                 "TLS certificates are not verified: anybody in between can listen");
    if (sip_tls_expect(self->trunk.trunks->env->agent, &peer, &self->tls, &fault) == OK)
        return;
    /* without it the system's CAs decide, which is never less strict */
    fault_print(&fault, self->trunk.last_error, sizeof self->trunk.last_error);
    log_error(&self->trunk.log, "%s", self->trunk.last_error);
}

static void init(struct trunk *trunk)
{
    struct trunk_sip *self = trunk_sip_of(trunk);
    uint8_t mac[HASH_MAX];
    hash_hmac(HASH_SHA256, slice_make(trunk->trunks->line_key, sizeof trunk->trunks->line_key),
              slice_of(trunk->config->name), mac);
    hex_print(mac, sizeof self->line / 2, self->line);
    expect_certificate(self);
}

/* Its standing business ends; what its calls need stays. */
static void quiet(struct trunk_sip *self)
{
    struct loop *loop = self->trunk.trunks->env->loop;
    sip_resolve_destroy(self->query);
    self->query = NULL;
    loop_timer_stop(loop, &self->resolve_timer);
    loop_timer_stop(loop, &self->probe_timer);
    if (self->probe)
        sip_request_destroy(self->probe);
    self->probe = NULL;
}

static void clear(struct trunk *trunk)
{
    struct trunk_sip *self = trunk_sip_of(trunk);
    quiet(self);
    if (self->registration)
        sip_register_destroy(self->registration);
}

static struct sip_hop hop_of(const struct trunk_sip *self)
{
    return self->hops[0];
}

static void probe(void *owner);

static void on_probed(void *owner, const struct sip_outcome *outcome)
{
    struct trunk_sip *self = owner;
    self->probe = NULL;
    self->trunk.rtt_ms = outcome->err ? -1 : outcome->rtt_ms;
    /* any answer at all is a sign of life: many carriers answer OPTIONS with 403 or 405 */
    trunk_set_health(&self->trunk, outcome->err ? TRUNK_DEAD : TRUNK_ALIVE, outcome->text);
    loop_timer_start(self->trunk.trunks->env->loop, &self->probe_timer,
                     outcome->err ? TRUNK_RETRY_MS : TRUNK_PROBE_MS, probe, self);
}

static void probe(void *owner)
{
    struct trunk_sip *self = owner;
    char mem[512], from[512];
    struct buf uri = BUF_ON(mem), from_uri = BUF_ON(from);
    const struct config_trunk *trunk = self->trunk.config;
    trunk_sip_print_uri(trunk, "", trunk->host, &uri);
    trunk_sip_print_uri(trunk, trunk->username[0] ? trunk->username : "tandem", trunk->domain,
                        &from_uri);
    struct sip_request_config config = {
        .method = SLICE("OPTIONS"),
        .request_uri = buf_slice(&uri),
        .hop = hop_of(self),
        .from_uri = buf_slice(&from_uri),
        .contact_user = slice_of(self->trunk.config->username),
    };
    if (sip_request_create(&self->probe, self->trunk.trunks->env->agent, &config, on_probed,
                           self)) {
        self->probe = NULL;
        loop_timer_start(self->trunk.trunks->env->loop, &self->probe_timer, TRUNK_RETRY_MS, probe,
                         self);
    }
}

static void on_registration(void *owner, struct sip_register *reg, enum sip_register_state state,
                            int status, const char *text)
{
    struct trunk_sip *self = owner;
    log_info(&self->trunk.log, "registration state=%s status=%d text=\"%s\" user=%s domain=%s",
             sip_register_state_name(state), status, text, self->trunk.config->username,
             self->trunk.config->domain);
    if (state != SIP_REGISTER_FAILED)
        return;
    snprintf(self->trunk.last_error, sizeof self->trunk.last_error, "registration: %d %s", status,
             text);
    /* nobody said that this provider wants registrations: a clear no is the answer */
    bool refused = status >= 400 && status < 500 && status != 408 && status != 480;
    if (self->trunk.config->register_mode == CONFIG_SWITCH_AUTO && refused) {
        log_info(&self->trunk.log,
                 "registration given up: the provider refuses it, calls go without");
        sip_register_stop(reg);
    }
}

static const struct sip_register_events registration_events = { .on_state = on_registration };

static void start_registration(struct trunk_sip *self)
{
    const struct config_trunk *config = self->trunk.config;
    bool wanted = config->register_mode == CONFIG_SWITCH_YES ||
                  (config->register_mode == CONFIG_SWITCH_AUTO && config->username[0] &&
                   !secret_empty(&config->password));
    if (!wanted || self->registration)
        return;
    char mem[512], user_mem[512];
    struct buf domain = BUF_ON(mem), aor = BUF_ON(user_mem);
    trunk_sip_print_uri(config, "", config->domain, &domain);
    trunk_sip_print_uri(config, config->username, config->domain, &aor);
    struct sip_register_config reg = {
        .registrar_uri = buf_slice(&domain),
        .aor = buf_slice(&aor),
        .contact_user = slice_of(config->username),
        .contact_line = slice_of(self->line),
        .hop = hop_of(self),
        .auth = trunk_sip_account(self),
        .expires_s = (uint32_t)config->register_expires_s,
    };
    self->registration =
        sip_register_create(self->trunk.trunks->env->agent, &reg, &registration_events, self);
    sip_register_start(self->registration);
}

static void resolve(void *owner);

static void on_resolved(void *owner, const struct sip_hops *hops)
{
    struct trunk_sip *self = owner;
    struct loop *loop = self->trunk.trunks->env->loop;
    self->query = NULL;
    if (hops->err) {
        trunk_set_health(&self->trunk, TRUNK_DEAD, hops->text);
        loop_timer_start(loop, &self->resolve_timer, TRUNK_RETRY_MS, resolve, self);
        return;
    }
    bool first = self->n_hops == 0;
    bool moved = !first && !addr_eq(&self->hops[0].addr, &hops->list[0].addr);
    memcpy(self->hops, hops->list, sizeof self->hops);
    self->n_hops = hops->n;
    char text[ADDR_TEXT];
    if (first || moved)
        log_info(&self->trunk.log, "resolved host=%s to=%s transport=%s addresses=%zu",
                 self->trunk.config->host, addr_print(&self->hops[0].addr, text),
                 sip_kind_name(self->hops[0].kind), self->n_hops);
    loop_timer_start(loop, &self->resolve_timer, TRUNK_RESOLVE_MS, resolve, self);
    if (first) {
        start_registration(self);
        loop_timer_start(loop, &self->probe_timer, TRUNK_FIRST_PROBE_MS, probe, self);
    } else if (moved && self->registration) {
        struct sip_hop hop = hop_of(self);
        sip_register_set_hop(self->registration, &hop);
    }
}

static void resolve(void *owner)
{
    struct trunk_sip *self = owner;
    struct sip_resolve_config where = trunk_sip_where(self->trunk.config);
    where.tls = self->tls;
    self->query = sip_resolve_create(self->trunk.trunks->env->dns, &where, on_resolved, self);
}

static void start(struct trunk *trunk)
{
    struct trunk_sip *self = trunk_sip_of(trunk);
    log_info(&self->trunk.log, "start host=%s port=%u transport=%s domain=%s user=%s",
             self->trunk.config->host, port_of(self->trunk.config),
             sip_kind_name(trunk_sip_transport(self->trunk.config)), self->trunk.config->domain,
             self->trunk.config->username);
    resolve(self);
}

static void stop(struct trunk *trunk)
{
    struct trunk_sip *self = trunk_sip_of(trunk);
    if (self->registration)
        sip_register_stop(self->registration);
}

/* Its successor binds the same contact again: then saying goodbye would unbind that one. */
static bool is_succeeded(const struct trunk *trunk)
{
    const struct config_trunk *a = trunk->config;
    const struct config_trunk *b = trunk_successor(trunk);
    return b && b->register_mode != CONFIG_SWITCH_NO && strcmp(a->username, b->username) == 0 &&
           strcmp(a->domain, b->domain) == 0 && strcmp(a->host, b->host) == 0;
}

static void retire(struct trunk *trunk)
{
    struct trunk_sip *self = trunk_sip_of(trunk);
    quiet(self);
    if (self->registration && is_succeeded(trunk)) {
        sip_register_destroy(self->registration);
        self->registration = NULL;
    }
    stop(trunk);
}

/* A carrier calls from the address that we call; on a private network or one machine the port must
 * be the same too, for phones live there as well. */
static bool sends_from(const struct trunk *trunk, const struct addr *remote)
{
    const struct trunk_sip *self = (const struct trunk_sip *)trunk;
    const struct config_list *sources = &trunk->config->sources;
    for (size_t i = 0; i < sources->n; i++) {
        struct addr_block block;
        if (!addr_block_parse(slice_of(sources->items[i]), &block) && addr_in_block(remote, &block))
            return true;
    }
    if (sources->n)
        return false;
    for (size_t i = 0; i < self->n_hops; i++) {
        const struct addr *addr = &self->hops[i].addr;
        if (addr_eq(addr, remote) || (addr_same_ip(addr, remote) && !addr_is_private(remote)))
            return true;
    }
    return false;
}

static bool is_called(const struct trunk *trunk, const struct addr *remote,
                      const struct sip_uri *uri)
{
    const struct trunk_sip *self = (const struct trunk_sip *)trunk;
    struct slice line;
    if (!self->registration || !sip_uri_param(uri, "line", &line) ||
        !hash_same(line, slice_of(self->line)))
        return false;
    for (size_t i = 0; i < self->n_hops; i++)
        if (addr_same_ip(&self->hops[i].addr, remote))
            return true;
    return false;
}

static void view(const struct trunk *trunk, json_t *row)
{
    const struct trunk_sip *self = (const struct trunk_sip *)trunk;
    char addr[ADDR_TEXT] = "";
    if (self->n_hops)
        addr_print(&self->hops[0].addr, addr);
    json_object_set_new(row, "state", json_string(trunk_health_name(trunk->health)));
    json_object_set_new(row, "address", json_string(addr));
    json_object_set_new(row, "transport",
                        json_string(sip_kind_name(trunk_sip_transport(trunk->config))));
    json_object_set_new(row, "registration",
                        json_string(self->registration ? sip_register_state_name(
                                                             sip_register_state(self->registration))
                                                       : "none"));
}

static void add_registration(const struct trunk *trunk, json_t *rows)
{
    const struct sip_register *reg = ((const struct trunk_sip *)trunk)->registration;
    if (!reg)
        return;
    struct slice contact = sip_register_contact(reg);
    json_array_append_new(
        rows, json_pack("{s:s, s:s, s:s, s:s%, s:s, s:I, s:s, s:i}", "kind", "trunk", "user",
                        trunk->config->username, "trunk", trunk->config->name, "contact",
                        contact.ptr ? contact.ptr : "", contact.len, "transport",
                        sip_kind_name(trunk_sip_transport(trunk->config)), "expires_s",
                        (json_int_t)(sip_register_expires_in_ms(reg) / 1000), "state",
                        sip_register_state_name(sip_register_state(reg)), "last_status",
                        sip_register_status(reg)));
}

const struct trunk_kind trunk_sip = {
    .type = CONFIG_TRUNK_SIP,
    .size = sizeof(struct trunk_sip),
    .init = init,
    .start = start,
    .stop = stop,
    .retire = retire,
    .clear = clear,
    .dial = trunk_sip_dial,
    .send_text = trunk_sip_send_text,
    .policy = trunk_sip_policy,
    .print_called = trunk_sip_print_called,
    .sends_from = sends_from,
    .is_called = is_called,
    .view = view,
    .add_registration = add_registration,
};
