/* What happened to phones, for the logs of provisioning: when they registered and from where, and
 * how far away web phones are, asked with OPTIONS whenever they register. */
#include "base/buf.h"
#include "base/list.h"
#include "base/log.h"
#include "base/loop.h"
#include "base/map.h"
#include "base/mem.h"
#include "config/config.h"
#include "legs/registrar_priv.h"
#include "sip/sip_request.h"
#include "sip/sip_uri.h"
#include "store/store_accounts.h"

enum {
    PINGS_MAX = 1000, /* under way; a crowd that comes back at once need not be measured */
    PING_AFTER_MS = 300,
};

struct registrar_log {
    const struct leg_env *env;
    struct list pings;
    size_t n_pings;
    struct map *latencies; /* address of record -> struct latency */
};

struct latency {
    int64_t ms;
};

struct ping {
    struct list link;
    struct registrar_log *log;
    struct timer timer;
    struct sip_request *request; /* NULL before it is sent */
    char *aor, *contact;
    struct sip_flow flow;
};

struct registrar_log *registrar_log_create(const struct leg_env *env)
{
    struct registrar_log *log = mem_new(struct registrar_log);
    log->env = env;
    log->latencies = map_create();
    list_init(&log->pings);
    return log;
}

static void free_ping(struct ping *ping)
{
    list_remove(&ping->link);
    ping->log->n_pings--;
    loop_timer_stop(ping->log->env->loop, &ping->timer);
    mem_free(ping->aor);
    mem_free(ping->contact);
    mem_free(ping);
}

void registrar_log_destroy(struct registrar_log *log)
{
    size_t cursor = 0;
    void *value;
    if (!log)
        return;
    LIST_EACH(link, &log->pings)
    {
        struct ping *ping = LIST_ITEM(link, struct ping, link);
        if (ping->request)
            sip_request_destroy(ping->request);
        free_ping(ping);
    }
    while (map_next(log->latencies, &cursor, NULL, &value))
        mem_free(value);
    map_destroy(log->latencies);
    mem_free(log);
}

static void add_event(struct registrar_log *log, struct slice aor,
                      const struct store_device_event *event)
{
    char *user = slice_dup(slice_cut(&aor, '@'));
    store_device_event_add(log->env->store, user, event, STORE_NOBODY);
    mem_free(user);
}

static void on_pong(void *owner, const struct sip_outcome *outcome)
{
    struct ping *ping = owner;
    struct registrar_log *log = ping->log;
    /* any answer came from there */
    if (outcome->msg) {
        struct store_device_event event = { .kind = "latency",
                                            .at_ms = loop_wall_ms(log->env->loop),
                                            .value = outcome->rtt_ms };
        struct latency *latency = mem_new(struct latency);
        latency->ms = outcome->rtt_ms;
        mem_free(map_put(log->latencies, slice_of(ping->aor), latency));
        add_event(log, slice_of(ping->aor), &event);
    }
    free_ping(ping);
}

static void send_ping(void *arg)
{
    struct ping *ping = arg;
    const struct leg_env *env = ping->log->env;
    char mem[300];
    struct buf from = BUF_ON(mem);
    buf_text(&from, "sip:tandem@");
    sip_host_print(slice_of(env->config->sip_realm), &from);
    struct sip_request_config config = {
        .method = SLICE("OPTIONS"),
        .request_uri = slice_of(ping->contact),
        .from_uri = buf_slice(&from),
        .hop = { .kind = ping->flow.kind, .addr = ping->flow.remote, .flow = ping->flow },
    };
    if (sip_request_create(&ping->request, env->agent, &config, on_pong, ping))
        free_ping(ping); /* its Contact is no address, or too much is under way */
}

/* A moment later: the phone hears first that it is registered. */
static void ping_phone(struct registrar_log *log, const struct sip_binding *binding)
{
    if (log->n_pings == PINGS_MAX)
        return;
    struct ping *ping = mem_new(struct ping);
    ping->log = log;
    ping->aor = slice_dup(binding->aor);
    ping->contact = slice_dup(binding->contact);
    ping->flow = binding->flow;
    list_append(&log->pings, &ping->link);
    log->n_pings++;
    loop_timer_start(log->env->loop, &ping->timer, PING_AFTER_MS, send_ping, ping);
}

static bool is_web(const struct sip_binding *binding)
{
    return (binding->flow.kind == SIP_WS || binding->flow.kind == SIP_WSS) && !binding->n_paths;
}

static void note(struct registrar_log *log, enum sip_binding_change change,
                 const struct sip_binding *binding)
{
    static const char *const words[] = { "registered", "refreshed", "unregistered", "expired" };
    char from[ADDR_TEXT];
    int64_t now_ms = loop_wall_ms(log->env->loop);
    json_t *row = json_pack(
        "{s:s, s:s, s:s, s:s%, s:s%, s:I}", "Event", words[change], "Transport",
        sip_kind_name(binding->flow.kind), "Address", addr_print(&binding->flow.remote, from),
        "Contact", binding->contact.ptr, binding->contact.len, "UserAgent",
        binding->user_agent.ptr ? binding->user_agent.ptr : "", binding->user_agent.len, "ExpiresS",
        (json_int_t)((binding->expires_wall_ms - now_ms) / 1000));
    char *text = row ? json_dumps(row, JSON_COMPACT) : NULL; /* NULL: not UTF-8 */
    struct store_device_event event = { .kind = "register", .at_ms = now_ms, .text = text };
    add_event(log, binding->aor, &event);
    json_decref(row);
    free(text);
}

void registrar_log_change(struct registrar_log *log, enum sip_binding_change change,
                          const struct sip_binding *binding)
{
    bool is_here = change == SIP_BINDING_ADDED || change == SIP_BINDING_REFRESHED;
    if (change != SIP_BINDING_REFRESHED)
        note(log, change, binding);
    if (is_here && is_web(binding))
        ping_phone(log, binding);
    else if (!is_here)
        mem_free(map_remove(log->latencies, binding->aor));
}

json_t *registrar_log_latency(const struct registrar_log *log, struct slice aor)
{
    const struct latency *latency = map_find(log->latencies, aor);
    return latency ? json_integer(latency->ms) : json_null();
}
