#include "legs/kandy/kandy_ice.h"

#include "base/loop.h"
#include "base/mem.h"
#include "base/secret.h"
#include "legs/kandy/kandy_event.h"
#include "legs/kandy/kandy_reply.h"
#include "net/dns.h"

enum { RESOLVE_AGAIN_MS = 300000, RESOLVE_RETRY_MS = 10000 };

struct server {
    struct kandy_ice *ice;
    struct ice_uri uri;
    char *username;
    struct secret password;
    struct addr addr;
    struct dns_query *query;
};

struct kandy_ice {
    struct loop *loop;
    struct dns *dns;
    const struct log_tag *log;
    struct server list[RTC_ICE_SERVERS_MAX];
    size_t n;
    struct timer again;
};

struct kandy_ice *kandy_ice_create(struct loop *loop, struct dns *dns, const struct log_tag *log)
{
    struct kandy_ice *ice = mem_new(struct kandy_ice);
    ice->loop = loop;
    ice->dns = dns;
    ice->log = log;
    return ice;
}

static void clear(struct kandy_ice *ice)
{
    loop_timer_stop(ice->loop, &ice->again);
    for (size_t i = 0; i < ice->n; i++) {
        struct server *server = &ice->list[i];
        if (server->query)
            dns_cancel(server->query);
        mem_free(server->username);
        secret_clear(&server->password);
    }
    ice->n = 0;
}

void kandy_ice_destroy(struct kandy_ice *ice)
{
    if (!ice)
        return;
    clear(ice);
    mem_free(ice);
}

static void resolve_all(void *owner);

static void on_resolved(void *owner, const struct dns_answer *answer)
{
    struct server *server = owner;
    struct kandy_ice *ice = server->ice;
    server->query = NULL;
    if (!answer->err && answer->n_records) {
        server->addr = answer->records[0].addr;
        addr_set_port(&server->addr, server->uri.port);
        return;
    }
    if (!addr_is_set(&server->addr))
        log_warn(ice->log, "ice server %s: %s", server->uri.host,
                 answer->err ? answer->text : "no address");
    loop_timer_start(ice->loop, &ice->again, RESOLVE_RETRY_MS, resolve_all, ice);
}

static void resolve_all(void *owner)
{
    struct kandy_ice *ice = owner;
    loop_timer_start(ice->loop, &ice->again, RESOLVE_AGAIN_MS, resolve_all, ice);
    for (size_t i = 0; i < ice->n; i++) {
        struct server *server = &ice->list[i];
        if (!server->query)
            server->query = dns_resolve_host(ice->dns, slice_of(server->uri.host), DNS_IPV4,
                                             on_resolved, server);
    }
}

static void add(struct kandy_ice *ice, struct slice text, struct slice username,
                struct slice password)
{
    struct ice_uri uri;
    enum err err = ice_uri_parse(text, &uri);
    bool lacks = !err && uri.kind == ICE_URI_TURN && !username.len;
    if (err || lacks) {
        log_warn(ice->log, "ice server %.*s is left out: %s", SLICE_ARG(slice_sub(text, 0, 120)),
                 lacks ? "the cloud gave no credentials for TURN" : err_name(err));
        return;
    }
    if (ice->n == RTC_ICE_SERVERS_MAX)
        return;
    struct server *server = &ice->list[ice->n++];
    *server = (struct server){ .ice = ice, .uri = uri, .username = slice_dup(username) };
    secret_set(&server->password, password);
    (void)!addr_parse_ip(slice_of(uri.host), uri.port, &server->addr);
}

/* urls is a text or a list of them. */
static void add_listed(struct kandy_ice *ice, const json_t *item)
{
    const json_t *urls = json_object_get(item, "urls");
    struct slice username = kandy_text(json_object_get(item, "username"));
    struct slice password = kandy_text(json_object_get(item, "credential"));
    size_t i;
    json_t *url;
    if (!urls)
        urls = json_object_get(item, "url");
    if (json_is_string(urls))
        add(ice, kandy_text(urls), username, password);
    json_array_foreach(urls, i, url) add(ice, kandy_text(url), username, password);
}

void kandy_ice_set(struct kandy_ice *ice, const struct config_list *configured,
                   const json_t *listed, const struct kandy_granted *granted)
{
    size_t i;
    json_t *item;
    clear(ice);
    json_array_foreach(listed, i, item) add_listed(ice, item);
    for (i = 0; i < configured->n && json_array_size(listed) == 0; i++)
        add(ice, slice_of(configured->items[i]),
            slice_of(granted->has_turn ? granted->turn_user : ""),
            secret_reveal(&granted->turn_password));
    resolve_all(ice);
}

size_t kandy_ice_fill(const struct kandy_ice *ice, struct rtc_ice_server *out)
{
    size_t n = 0;
    for (size_t i = 0; i < ice->n; i++) {
        const struct server *server = &ice->list[i];
        if (addr_is_set(&server->addr))
            out[n++] = (struct rtc_ice_server){ .uri = server->uri,
                                                .addr = server->addr,
                                                .username = server->username,
                                                .password = server->password.ptr };
    }
    return n;
}

bool kandy_ice_has_turn(const struct kandy_ice *ice)
{
    for (size_t i = 0; i < ice->n; i++)
        if (ice->list[i].uri.kind == ICE_URI_TURN && addr_is_set(&ice->list[i].addr))
            return true;
    return false;
}
