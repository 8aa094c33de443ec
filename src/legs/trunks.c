#include "legs/trunks_priv.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/buf.h"
#include "base/loop.h"
#include "base/mem.h"
#include "base/num.h"
#include "config/config_diff.h"
#include "legs/leg_media.h"
#include "legs/leg_sip.h"
#include "media/codecs.h"
#include "sip/sip_agent.h"
#include "sip/sip_tls.h"
#include "sip/sip_uri.h"

enum {
    TRUNK_RESOLVE_MS = 60000, /* the names of carriers move slowly */
    TRUNK_RETRY_MS = 10000,
    TRUNK_PROBE_MS = 60000,
    TRUNK_FIRST_PROBE_MS = 500,
    TRUNK_LEAVE_MS = 5000, /* what unregistering may take */
};

static uint16_t port_of(const struct config_trunk *config)
{
    return config->port == CONFIG_AUTO ? sip_kind_port(trunk_kind(config)) : (uint16_t)config->port;
}

static struct leg_codecs codecs_of(const struct leg_env *env, const struct config_trunk *config)
{
    size_t n;
    const struct codec *const *all = codecs_all(&n);
    struct leg_codecs out = { 0 };
    for (size_t i = 0; i < config->codecs.n; i++)
        for (size_t k = 0; k < n && out.n < LEG_CODECS_MAX; k++)
            if (slice_iis(slice_of(config->codecs.items[i]), all[k]->name))
                out.list[out.n++] = all[k];
    return out.n ? out : env->sip_codecs;
}

/* RFC 5922 §7.2: the certificate must be for what was configured, whatever DNS made of it; of an
 * address and a domain that is the domain. */
static void expect_certificate(struct trunk *trunk)
{
    const struct config_trunk *config = trunk->config;
    struct fault fault = { 0 };
    struct addr numeric;
    bool is_ip = addr_parse_ip(slice_of(config->host), 0, &numeric) == OK;
    struct sip_tls_peer peer = { .name = slice_of(is_ip ? config->domain : config->host),
                                 .ca_file = config->tls_ca_file,
                                 .insecure = !config->tls_verify };
    if (trunk_kind(config) != SIP_TLS)
        return;
    if (peer.insecure)
        log_warn(&trunk->log, "TLS certificates are not verified: anybody in between can listen");
    if (sip_tls_expect(trunk->trunks->env->agent, &peer, &trunk->tls, &fault) == OK)
        return;
    /* without it the system's CAs decide, which is never less strict */
    fault_print(&fault, trunk->last_error, sizeof trunk->last_error);
    log_error(&trunk->log, "%s", trunk->last_error);
}

static struct trunk *make(struct trunks *trunks, const struct config_trunk *config)
{
    struct trunk *trunk = mem_new(struct trunk);
    trunk->trunks = trunks;
    trunk->config = config_trunk_copy(config);
    trunk->rtt_ms = -1;
    trunk->codecs = codecs_of(trunks->env, trunk->config);
    log_tag_set(&trunk->log, "trunk=%s", trunk->config->name);
    expect_certificate(trunk);
    return trunk;
}

/* Its standing business ends; what its calls need stays. */
static void quiet(struct trunk *trunk)
{
    struct loop *loop = trunk->trunks->env->loop;
    sip_resolve_destroy(trunk->query);
    trunk->query = NULL;
    loop_timer_stop(loop, &trunk->resolve_timer);
    loop_timer_stop(loop, &trunk->probe_timer);
    if (trunk->probe)
        sip_request_destroy(trunk->probe);
    trunk->probe = NULL;
}

static void destroy(struct trunk *trunk)
{
    quiet(trunk);
    if (trunk->registration)
        sip_register_destroy(trunk->registration);
    config_trunk_destroy(trunk->config);
    mem_free(trunk);
}

struct trunks *trunks_create(const struct leg_env *env)
{
    struct trunks *trunks = mem_new(struct trunks);
    trunks->env = env;
    trunks->n = env->config->n_trunks;
    trunks->list = mem_array(trunks->n, sizeof *trunks->list);
    for (size_t i = 0; i < trunks->n; i++)
        trunks->list[i] = make(trunks, &env->config->trunks[i]);
    return trunks;
}

void trunks_destroy(struct trunks *trunks)
{
    if (!trunks)
        return;
    for (size_t i = 0; i < trunks->n; i++)
        destroy(trunks->list[i]);
    for (size_t i = 0; i < trunks->n_retired; i++)
        destroy(trunks->retired[i]);
    mem_free(trunks->list);
    mem_free(trunks->retired);
    mem_free(trunks);
}

static struct sip_hop hop_of(const struct trunk *trunk)
{
    return trunk->hops[0];
}

static void set_health(struct trunk *trunk, enum trunk_health health, const char *text)
{
    if (trunk->health != health) {
        if (health == TRUNK_ALIVE)
            log_info(&trunk->log, "alive rtt_ms=%" PRId64, trunk->rtt_ms);
        else
            log_warn(&trunk->log, "unreachable reason=\"%s\"", text);
    }
    trunk->health = health;
    if (health == TRUNK_DEAD)
        snprintf(trunk->last_error, sizeof trunk->last_error, "%s", text);
}

static void probe(void *owner);

static void on_probed(void *owner, const struct sip_outcome *outcome)
{
    struct trunk *trunk = owner;
    trunk->probe = NULL;
    trunk->rtt_ms = outcome->err ? -1 : outcome->rtt_ms;
    /* any answer at all is a sign of life: many carriers answer OPTIONS with 403 or 405 */
    set_health(trunk, outcome->err ? TRUNK_DEAD : TRUNK_ALIVE, outcome->text);
    loop_timer_start(trunk->trunks->env->loop, &trunk->probe_timer,
                     outcome->err ? TRUNK_RETRY_MS : TRUNK_PROBE_MS, probe, trunk);
}

static void probe(void *owner)
{
    struct trunk *trunk = owner;
    char mem[512], from[512];
    struct buf uri = BUF_ON(mem), from_uri = BUF_ON(from);
    trunk_print_uri(&uri, "", trunk->config->host);
    trunk_print_uri(&from_uri, trunk->config->username[0] ? trunk->config->username : "tandem",
                    trunk->config->domain);
    struct sip_request_config config = {
        .method = SLICE("OPTIONS"),
        .request_uri = buf_slice(&uri),
        .hop = hop_of(trunk),
        .from_uri = buf_slice(&from_uri),
        .contact_user = slice_of(trunk->config->username),
    };
    if (sip_request_create(&trunk->probe, trunk->trunks->env->agent, &config, on_probed, trunk)) {
        trunk->probe = NULL;
        loop_timer_start(trunk->trunks->env->loop, &trunk->probe_timer, TRUNK_RETRY_MS, probe,
                         trunk);
    }
}

static void on_registration(void *owner, struct sip_register *reg, enum sip_register_state state,
                            int status, const char *text)
{
    struct trunk *trunk = owner;
    log_info(&trunk->log, "registration state=%s status=%d text=\"%s\" user=%s domain=%s",
             sip_register_state_name(state), status, text, trunk->config->username,
             trunk->config->domain);
    if (state != SIP_REGISTER_FAILED)
        return;
    snprintf(trunk->last_error, sizeof trunk->last_error, "registration: %d %s", status, text);
    /* nobody said that this provider wants registrations: a clear no is the answer */
    bool refused = status >= 400 && status < 500 && status != 408 && status != 480;
    if (trunk->config->register_mode == CONFIG_SWITCH_AUTO && refused) {
        log_info(&trunk->log, "registration given up: the provider refuses it, calls go without");
        sip_register_stop(reg);
    }
}

static const struct sip_register_events registration_events = { .on_state = on_registration };

static void start_registration(struct trunk *trunk)
{
    const struct config_trunk *config = trunk->config;
    bool wanted = config->register_mode == CONFIG_SWITCH_YES ||
                  (config->register_mode == CONFIG_SWITCH_AUTO && config->username[0] &&
                   !secret_empty(&config->password));
    if (!wanted || trunk->registration)
        return;
    char mem[512], user_mem[512];
    struct buf domain = BUF_ON(mem), aor = BUF_ON(user_mem);
    trunk_print_uri(&domain, "", config->domain);
    trunk_print_uri(&aor, config->username, config->domain);
    struct sip_register_config reg = {
        .registrar_uri = buf_slice(&domain),
        .aor = buf_slice(&aor),
        .contact_user = slice_of(config->username),
        .hop = hop_of(trunk),
        .auth = trunk_account(trunk),
        .expires_s = (uint32_t)config->register_expires_s,
    };
    trunk->registration =
        sip_register_create(trunk->trunks->env->agent, &reg, &registration_events, trunk);
    sip_register_start(trunk->registration);
}

static void resolve(void *owner);

static void on_resolved(void *owner, const struct sip_hops *hops)
{
    struct trunk *trunk = owner;
    struct loop *loop = trunk->trunks->env->loop;
    trunk->query = NULL;
    if (hops->err) {
        set_health(trunk, TRUNK_DEAD, hops->text);
        loop_timer_start(loop, &trunk->resolve_timer, TRUNK_RETRY_MS, resolve, trunk);
        return;
    }
    bool first = trunk->n_hops == 0;
    bool moved = !first && !addr_eq(&trunk->hops[0].addr, &hops->list[0].addr);
    memcpy(trunk->hops, hops->list, sizeof trunk->hops);
    trunk->n_hops = hops->n;
    char text[ADDR_TEXT];
    if (first || moved)
        log_info(&trunk->log, "resolved host=%s to=%s transport=%s addresses=%zu",
                 trunk->config->host, addr_print(&trunk->hops[0].addr, text),
                 sip_kind_name(trunk->hops[0].kind), trunk->n_hops);
    loop_timer_start(loop, &trunk->resolve_timer, TRUNK_RESOLVE_MS, resolve, trunk);
    if (first) {
        start_registration(trunk);
        loop_timer_start(loop, &trunk->probe_timer, TRUNK_FIRST_PROBE_MS, probe, trunk);
    } else if (moved && trunk->registration) {
        struct sip_hop hop = hop_of(trunk);
        sip_register_set_hop(trunk->registration, &hop);
    }
}

static void resolve(void *owner)
{
    struct trunk *trunk = owner;
    struct sip_resolve_config where = trunk_where(trunk->config);
    where.tls = trunk->tls;
    trunk->query = sip_resolve_create(trunk->trunks->env->dns, &where, on_resolved, trunk);
}

static void start(struct trunk *trunk)
{
    log_info(&trunk->log, "start host=%s port=%u transport=%s domain=%s user=%s",
             trunk->config->host, port_of(trunk->config), sip_kind_name(trunk_kind(trunk->config)),
             trunk->config->domain, trunk->config->username);
    resolve(trunk);
}

void trunks_start(struct trunks *trunks)
{
    for (size_t i = 0; i < trunks->n; i++)
        start(trunks->list[i]);
}

void trunks_stop(struct trunks *trunks)
{
    for (size_t i = 0; i < trunks->n; i++)
        if (trunks->list[i]->registration)
            sip_register_stop(trunks->list[i]->registration);
}

/* Unregistering wants an answer, perhaps a challenge's; a few seconds are enough. */
static void forget(void *owner)
{
    struct trunk *trunk = owner;
    struct trunks *trunks = trunk->trunks;
    if (trunk->calls)
        return; /* the last one's end comes back here */
    size_t i = 0;
    while (trunks->retired[i] != trunk)
        i++;
    trunks->retired[i] = trunks->retired[--trunks->n_retired];
    log_info(&trunk->log, "gone");
    destroy(trunk);
}

/* Its successor binds the same contact again: then saying goodbye would unbind that one. */
static bool is_succeeded(const struct trunk *trunk)
{
    const struct config_trunk *a = trunk->config;
    const struct config_trunk *b = config_trunk_find(trunk->trunks->env->config, slice_of(a->name));
    return b && b->register_mode != CONFIG_SWITCH_NO && strcmp(a->username, b->username) == 0 &&
           strcmp(a->domain, b->domain) == 0 && strcmp(a->host, b->host) == 0;
}

static void retire(struct trunk *trunk)
{
    struct trunks *trunks = trunk->trunks;
    log_info(&trunk->log, "retired calls=%u", trunk->calls);
    quiet(trunk);
    trunk->retired = true;
    if (trunk->registration && is_succeeded(trunk)) {
        sip_register_destroy(trunk->registration);
        trunk->registration = NULL;
    } else if (trunk->registration) {
        sip_register_stop(trunk->registration);
    }
    trunks->retired =
        mem_resize(trunks->retired, (trunks->n_retired + 1) * sizeof *trunks->retired);
    trunks->retired[trunks->n_retired++] = trunk;
    loop_timer_start(trunks->env->loop, &trunk->resolve_timer, TRUNK_LEAVE_MS, forget, trunk);
}

/* The trunk that stays as it is, or NULL. */
static struct trunk *take_same(struct trunks *trunks, const struct config_trunk *config)
{
    for (size_t i = 0; i < trunks->n; i++)
        if (trunks->list[i] && config_trunk_same(trunks->list[i]->config, config)) {
            struct trunk *trunk = trunks->list[i];
            trunks->list[i] = NULL;
            return trunk;
        }
    return NULL;
}

void trunks_reload(struct trunks *trunks)
{
    const struct config *config = trunks->env->config;
    struct trunk **list = mem_array(config->n_trunks, sizeof(struct trunk *));
    bool *is_new = mem_array(config->n_trunks, sizeof *is_new);
    for (size_t i = 0; i < config->n_trunks; i++) {
        list[i] = take_same(trunks, &config->trunks[i]);
        is_new[i] = !list[i];
        if (is_new[i])
            list[i] = make(trunks, &config->trunks[i]);
        else
            list[i]->codecs = codecs_of(trunks->env, list[i]->config);
    }
    for (size_t i = 0; i < trunks->n; i++)
        if (trunks->list[i])
            retire(trunks->list[i]);
    mem_free(trunks->list);
    trunks->list = list;
    trunks->n = config->n_trunks;
    for (size_t i = 0; i < trunks->n; i++)
        if (is_new[i])
            start(list[i]);
    mem_free(is_new);
}

void trunk_on_call_over(void *owner)
{
    struct trunk *trunk = owner;
    trunk->calls--;
    if (trunk->retired && !trunk->calls && !timer_is_running(&trunk->resolve_timer))
        loop_timer_start(trunk->trunks->env->loop, &trunk->resolve_timer, 0, forget, trunk);
}

void trunks_dial(void *owner, struct call *call, const struct route_target *target,
                 struct cause *why)
{
    struct trunks *trunks = owner;
    for (size_t i = 0; i < trunks->n; i++) {
        struct trunk *trunk = trunks->list[i];
        if (!slice_is(slice_of(target->name), trunk->config->name))
            continue;
        if (trunk->config->max_calls && trunk->calls >= (unsigned)trunk->config->max_calls) {
            *why = cause_of_token("overload", CAUSE_BY_SYSTEM, "The trunk carries all its calls.");
            return;
        }
        if (!target->number[0] && !trunk->config->called[0]) {
            *why = cause_of_status(484, CAUSE_BY_SYSTEM, "There is no number to dial.");
            return;
        }
        trunk_dial(trunk, call, target);
        return;
    }
    *why =
        cause_of_token("no_route", CAUSE_BY_SYSTEM, "The route names a trunk that is not there.");
}

/* A carrier calls from the address that we call; on a private network or one machine the port must
 * be the same too, for phones live there as well. */
static bool sends_from(const struct trunk *trunk, const struct addr *remote)
{
    const struct config_list *sources = &trunk->config->sources;
    for (size_t i = 0; i < sources->n; i++) {
        struct addr_block block;
        if (!addr_block_parse(slice_of(sources->items[i]), &block) && addr_in_block(remote, &block))
            return true;
    }
    if (sources->n)
        return false;
    for (size_t i = 0; i < trunk->n_hops; i++) {
        const struct addr *addr = &trunk->hops[i].addr;
        if (addr_eq(addr, remote) || (addr_same_ip(addr, remote) && !addr_is_private(remote)))
            return true;
    }
    return false;
}

const char *trunks_match(const struct trunks *trunks, const struct sip_flow *flow)
{
    for (size_t i = 0; i < trunks->n; i++)
        if (sends_from(trunks->list[i], &flow->remote))
            return trunks->list[i]->config->name;
    return NULL;
}
