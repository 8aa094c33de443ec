#include "sip_resolve.h"

#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/num.h"
#include "net/dns.h"

enum { TARGETS_MAX = 8 };

/* A host and port that still needs its addresses. */
struct target {
    char host[DNS_NAME];
    uint16_t port;
};

struct sip_resolve {
    struct dns *dns;
    struct dns_query *query;
    sip_resolve_fn fn;
    void *owner;
    char host[DNS_NAME];
    uint16_t port;
    enum sip_kind kind;
    uint32_t tls;
    struct target targets[TARGETS_MAX];
    size_t n_targets, next_target;
    struct sip_hops hops;
    char text[200];
};

static void finish(struct sip_resolve *resolve, enum err err, const char *text)
{
    if (resolve->hops.n) { /* some of it worked: that will do */
        err = OK;
        text = "";
    }
    snprintf(resolve->text, sizeof resolve->text, "%s", text ? text : "");
    resolve->hops.err = err;
    resolve->hops.text = resolve->text;
    resolve->fn(resolve->owner, &resolve->hops);
    mem_free(resolve);
}

static void next_target(struct sip_resolve *resolve);

static void on_addresses(void *owner, const struct dns_answer *answer)
{
    struct sip_resolve *resolve = owner;
    const struct target *target = &resolve->targets[resolve->next_target++];
    resolve->query = NULL;
    for (size_t i = 0; i < answer->n_records && resolve->hops.n < SIP_HOPS_MAX; i++) {
        struct sip_hop *hop = &resolve->hops.list[resolve->hops.n++];
        *hop = (struct sip_hop){ .kind = resolve->kind,
                                 .addr = answer->records[i].addr,
                                 .tls = resolve->tls };
        addr_set_port(&hop->addr, target->port);
    }
    if (resolve->next_target < resolve->n_targets)
        next_target(resolve);
    else
        finish(resolve, answer->err ? answer->err : ERR_NOT_FOUND, answer->text);
}

static void next_target(struct sip_resolve *resolve)
{
    struct slice host = slice_of(resolve->targets[resolve->next_target].host);
    resolve->query = dns_resolve_host(resolve->dns, host, DNS_ANY, on_addresses, resolve);
}

static void add_target(struct sip_resolve *resolve, const char *host, uint16_t port)
{
    if (resolve->n_targets == TARGETS_MAX)
        return;
    struct target *target = &resolve->targets[resolve->n_targets++];
    snprintf(target->host, sizeof target->host, "%s", host);
    target->port = port;
}

static void on_srv(void *owner, const struct dns_answer *answer)
{
    struct sip_resolve *resolve = owner;
    resolve->query = NULL;
    for (size_t i = 0; i < answer->n_records; i++) {
        const struct dns_record *record = &answer->records[i];
        if (record->type == DNS_SRV && strcmp(record->srv.target, ".") != 0 &&
            record->srv.target[0])
            add_target(resolve, record->srv.target, record->srv.port);
    }
    if (!resolve->n_targets) /* RFC 3263 §4.2: without SRV, the name itself */
        add_target(resolve, resolve->host, sip_kind_port(resolve->kind));
    next_target(resolve);
}

static void find_srv(struct sip_resolve *resolve, const char *name)
{
    char made[DNS_NAME + 16];
    static const char *const prefixes[SIP_KIND_COUNT] = {
        [SIP_UDP] = "_sip._udp.", [SIP_TCP] = "_sip._tcp.", [SIP_TLS] = "_sips._tcp."
    };
    const char *prefix = prefixes[resolve->kind];
    if (!name && !prefix) { /* WebSockets have none */
        add_target(resolve, resolve->host, sip_kind_port(resolve->kind));
        next_target(resolve);
        return;
    }
    snprintf(made, sizeof made, "%s%s", name ? "" : prefix, name ? name : resolve->host);
    resolve->query = dns_find_records(resolve->dns, DNS_SRV, slice_of(made), on_srv, resolve);
}

static bool service_kind(const char *service, enum sip_kind *kind)
{
    static const struct {
        const char *service;
        enum sip_kind kind;
    } rows[] = { { "SIP+D2U", SIP_UDP }, { "SIP+D2T", SIP_TCP }, { "SIPS+D2T", SIP_TLS } };
    for (size_t i = 0; i < COUNT_OF(rows); i++)
        if (slice_iis(slice_of(service), rows[i].service)) {
            *kind = rows[i].kind;
            return true;
        }
    return false;
}

static void on_naptr(void *owner, const struct dns_answer *answer)
{
    struct sip_resolve *resolve = owner;
    resolve->query = NULL;
    for (size_t i = 0; i < answer->n_records; i++) {
        const struct dns_record *record = &answer->records[i];
        if (record->type == DNS_NAPTR && slice_iis(slice_of(record->naptr.flags), "s") &&
            service_kind(record->naptr.service, &resolve->kind)) {
            find_srv(resolve, record->naptr.replacement);
            return;
        }
    }
    find_srv(resolve, NULL);
}

struct sip_resolve *sip_resolve_create(struct dns *dns, const struct sip_resolve_config *config,
                                       sip_resolve_fn fn, void *owner)
{
    struct sip_resolve *resolve = mem_new(struct sip_resolve);
    struct addr numeric;
    *resolve = (struct sip_resolve){ .dns = dns, .fn = fn, .owner = owner, .port = config->port };
    resolve->kind = config->any_kind ? SIP_UDP : config->kind;
    resolve->tls = config->tls;
    bool fits = slice_copy(config->host, resolve->host, sizeof resolve->host);
    bool is_numeric = !addr_parse_ip(config->host, 0, &numeric);
    if (!fits || is_numeric || config->port) {
        add_target(resolve, resolve->host,
                   config->port ? config->port : sip_kind_port(resolve->kind));
        next_target(resolve);
    } else if (config->any_kind) {
        resolve->query = dns_find_records(dns, DNS_NAPTR, config->host, on_naptr, resolve);
    } else {
        find_srv(resolve, NULL);
    }
    return resolve;
}

void sip_resolve_destroy(struct sip_resolve *resolve)
{
    if (!resolve)
        return;
    if (resolve->query)
        dns_cancel(resolve->query);
    mem_free(resolve);
}
