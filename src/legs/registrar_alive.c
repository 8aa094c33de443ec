/* Phones by UDP behind a NAT: an OPTIONS now and then keeps the way to them open and shows whether
 * they are there (RFC 5626 §3.5 gives keep-alives to the phone; most desk phones send none). */
#include "base/loop.h"
#include "base/map.h"
#include "base/mem.h"
#include "config/config.h"
#include "legs/registrar_priv.h"
#include "sip/sip_request.h"
#include "sip/sip_uri.h"

enum { TICK_MS = 1000, FAILURES_MAX = 3, URI_TEXT = 300 };

struct ping {
    struct sip_request *request; /* on its way; NULL: none */
    unsigned failures;           /* in a row */
    int64_t rtt_ms;              /* of the last answer; -1: none yet */
    int64_t seen;                /* the tick at which its binding was there */
};

struct registrar_alive {
    struct registrar *registrar;
    struct map *pings; /* struct ping by the binding's number */
    struct timer timer;
    int64_t tick;
};

static struct slice key_of(const struct sip_binding *binding)
{
    return slice_make(&binding->number, sizeof binding->number);
}

/* The address in the Contact is not the one that it is heard from. */
static bool is_behind_nat(const struct sip_binding *binding)
{
    struct sip_uri uri;
    struct addr shown;
    if (binding->flow.kind != SIP_UDP || binding->n_paths || sip_uri_parse(binding->contact, &uri))
        return false;
    return sip_host_addr(uri.host, uri.port ? uri.port : sip_kind_port(SIP_UDP), &shown) != OK ||
           !addr_eq(&shown, &binding->flow.remote);
}

static void on_outcome(void *owner, const struct sip_outcome *outcome)
{
    struct ping *ping = owner;
    ping->request = NULL;
    if (outcome->err) {
        ping->failures++;
        return;
    }
    ping->failures = 0; /* whatever it answers, it is there */
    ping->rtt_ms = outcome->rtt_ms;
}

static void send_ping(struct registrar_alive *alive, struct ping *ping,
                      const struct sip_binding *binding)
{
    const struct leg_env *env = alive->registrar->env;
    char mem[URI_TEXT];
    struct buf from = BUF_ON(mem);
    buf_text(&from, "sip:tandem@");
    sip_host_print(slice_of(env->config->sip_realm), &from);
    struct sip_request_config config = {
        .method = SLICE("OPTIONS"),
        .request_uri = binding->contact,
        .hop = { .kind = SIP_UDP, .addr = binding->flow.remote, .flow = binding->flow },
        .from_uri = buf_slice(&from),
        .contact_user = SLICE("tandem"),
    };
    if (sip_request_create(&ping->request, env->agent, &config, on_outcome, ping))
        ping->request = NULL;
}

static void ping_destroy(struct ping *ping)
{
    if (ping->request)
        sip_request_destroy(ping->request);
    mem_free(ping);
}

/* Those whose bindings are gone. */
static void sweep(struct registrar_alive *alive)
{
    size_t cursor = 0;
    struct slice key;
    void *value;
    while (map_next(alive->pings, &cursor, &key, &value)) {
        struct ping *ping = value;
        if (ping->seen == alive->tick)
            continue;
        uint64_t number;
        memcpy(&number, key.ptr, sizeof number); /* the key goes with its entry */
        map_remove(alive->pings, slice_make(&number, sizeof number));
        ping_destroy(ping);
        cursor = 0;
    }
}

/* Each has its second within the period, so that they do not all go out at once. */
static void on_tick(void *owner)
{
    struct registrar_alive *alive = owner;
    const struct registrar *registrar = alive->registrar;
    int64_t period_s = registrar->env->config->sip_keepalive_s;
    const struct sip_binding *binding;
    size_t cursor = 0;
    alive->tick++;
    while (period_s && (binding = sip_registrar_next(registrar->rules, &cursor))) {
        if (!is_behind_nat(binding))
            continue;
        struct ping *ping = map_find(alive->pings, key_of(binding));
        if (!ping) {
            ping = mem_new(struct ping);
            ping->rtt_ms = -1;
            map_put(alive->pings, key_of(binding), ping);
        }
        ping->seen = alive->tick;
        if (!ping->request &&
            (int64_t)(binding->number % (uint64_t)period_s) == alive->tick % period_s)
            send_ping(alive, ping, binding);
    }
    sweep(alive);
    loop_timer_start(registrar->env->loop, &alive->timer, TICK_MS, on_tick, alive);
}

struct registrar_alive *registrar_alive_create(struct registrar *registrar)
{
    struct registrar_alive *alive = mem_new(struct registrar_alive);
    alive->registrar = registrar;
    alive->pings = map_create();
    loop_timer_start(registrar->env->loop, &alive->timer, TICK_MS, on_tick, alive);
    return alive;
}

void registrar_alive_destroy(struct registrar_alive *alive)
{
    size_t cursor = 0;
    void *ping;
    loop_timer_stop(alive->registrar->env->loop, &alive->timer);
    while (map_next(alive->pings, &cursor, NULL, &ping))
        ping_destroy(ping);
    map_destroy(alive->pings);
    mem_free(alive);
}

bool registrar_alive_is_lost(const struct registrar_alive *alive, const struct sip_binding *binding,
                             int64_t *rtt_ms)
{
    const struct ping *ping = map_find(alive->pings, key_of(binding));
    *rtt_ms = ping ? ping->rtt_ms : -1;
    return ping && ping->failures >= FAILURES_MAX;
}
