/* The full agent: gathers host, server-reflexive and relayed candidates, and carries what the agent
 * and the transport send over its own UDP socket or through a relay. */
#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/num.h"
#include "base/rand.h"
#include "media/media_thread.h"
#include "media/rtp.h"
#include "media/transport.h"
#include "rtc/ice_agent.h"
#include "rtc/ice_gather.h"
#include "rtc/rtc_ice.h"
#include "rtc/rtc_relay.h"

enum { HOSTS_MAX = 8, LOCAL_PREF_MAX = 65535 };

struct full {
    struct rtc_ice base;
    const struct rtc_ice_events *events;
    void *owner;
    struct media_thread *thread; /* NULL: not started */
    struct media_stream_core *stream;
    enum rtc_ice_policy policy;
    int fd; /* the socket's once it is open; -1: none could be had */
    int error;
    struct media_socket *socket;
    struct ice_agent *agent;
    struct ice_gather *gather;
    size_t n_hosts, n_relays;
    struct addr hosts[HOSTS_MAX];
    struct rtc_relay *relays[RTC_ICE_SERVERS_MAX];
    unsigned n_waiting; /* relays that are neither there nor failed */
    int64_t started_ms;
    bool gathered;
};

static struct full *self(struct rtc_ice *ice)
{
    return (struct full *)(void *)ice; /* base comes first */
}

static int64_t now_ms(const struct full *full)
{
    return media_thread_now_us(full->thread) / 1000;
}

/* Candidates */

static uint16_t host_pref(const struct full *full, const struct addr *base)
{
    size_t i = 0;
    while (i < full->n_hosts && !addr_eq(&full->hosts[i], base))
        i++;
    return (uint16_t)(LOCAL_PREF_MAX - i); /* at most HOSTS_MAX less */
}

/* A relay by UDP before one by TCP before one by TLS: each is slower under loss. */
static uint16_t relay_pref(const struct rtc_relay *relay)
{
    static const uint16_t prefs[] = {
        [ICE_URI_UDP] = 60000, [ICE_URI_TCP] = 40000, [ICE_URI_TLS] = 20000
    };
    return prefs[rtc_relay_transport(relay)];
}

static uint32_t announce(const struct full *full, enum rtc_candidate_type type,
                         const struct addr *addr, const struct addr *base,
                         const struct addr *related, uint16_t pref)
{
    struct rtc_event event = { .kind = RTC_EVENT_CANDIDATE, .type = type, .addr = *addr };
    event.priority = rtc_candidate_priority(type, pref, 1);
    rtc_candidate_foundation(type, base, event.foundation);
    if (related)
        event.related = *related;
    media_stream_core_tell(full->stream, &event, sizeof event);
    return event.priority;
}

static void on_mapped(void *owner, const struct addr *base, const struct addr *mapped)
{
    const struct full *full = owner;
    if (!addr_eq(base, mapped))
        announce(full, RTC_CANDIDATE_SRFLX, mapped, base, base, host_pref(full, base));
}

static void on_allocated(void *owner, struct rtc_relay *relay)
{
    struct full *full = owner;
    const struct addr *addr = rtc_relay_addr(relay);
    full->n_waiting--;
    uint32_t priority =
        announce(full, RTC_CANDIDATE_RELAY, addr, addr, rtc_relay_mapped(relay), relay_pref(relay));
    ice_agent_add_local(full->agent, RTC_CANDIDATE_RELAY, addr, priority);
}

static void on_relay_failed(void *owner, struct rtc_relay *relay, enum err err, const char *text)
{
    struct full *full = owner;
    (void)err; /* one server less: only the agent knows whether that matters */
    media_stream_core_step(full->stream, "turn", text);
    if (addr_is_set(rtc_relay_addr(relay)))
        ice_agent_remove_local(full->agent, rtc_relay_addr(relay), now_ms(full));
    else
        full->n_waiting--;
}

static void tick_gathering(struct full *full, int64_t at_ms)
{
    if (!ice_agent_selected(full->agent))
        ice_gather_tick(full->gather, at_ms);
    bool done = !full->n_waiting && ice_gather_is_done(full->gather);
    if (full->gathered || (!done && at_ms - full->started_ms < RTC_GATHER_MS))
        return;
    full->gathered = true;
    const struct rtc_event event = { .kind = RTC_EVENT_GATHERED };
    media_stream_core_tell(full->stream, &event, sizeof event);
}

/* From the network */

static void take_stun(struct full *full, const struct ice_path *path, struct slice bytes)
{
    int64_t at_ms = now_ms(full);
    if (ice_gather_feed(full->gather, bytes, at_ms) == OK)
        return;
    if (ice_agent_feed(full->agent, path, bytes, at_ms) == ERR_AUTH)
        full->events->on_forged(full->owner);
}

/* Media of a known pair; everything else is dealt with here, or dropped. */
static bool is_media(struct full *full, struct media_packet *packet)
{
    const struct ice_path path = { packet->local, packet->from };
    struct slice bytes = slice_make(packet->data, packet->len);
    enum rtp_demux_kind kind = rtp_demux(bytes);
    if (kind == RTP_DEMUX_STUN) {
        take_stun(full, &path, bytes);
        return false;
    }
    if (!ice_agent_knows(full->agent, &path))
        return false; /* a stranger, or ahead of its check */
    if (kind == RTP_DEMUX_DTLS)
        full->events->on_dtls(full->owner, bytes);
    packet->is_rtcp = kind == RTP_DEMUX_RTCP;
    return kind == RTP_DEMUX_RTP || kind == RTP_DEMUX_RTCP;
}

static void on_packets(void *owner, struct media_packet *const *packets, size_t n)
{
    struct full *full = owner;
    struct media_packet *good[MEDIA_BATCH];
    size_t n_good = 0;
    for (size_t i = 0; i < n && i < MEDIA_BATCH; i++) {
        if (is_media(full, packets[i]))
            good[n_good++] = packets[i];
    }
    if (n_good)
        full->events->on_media(full->owner, good, n_good);
}

/* Relayed candidates alone: nothing is said to who comes another way. */
static void on_direct(void *owner, struct media_packet *const *packets, size_t n)
{
    const struct full *full = owner;
    if (full->policy != RTC_ICE_RELAY)
        on_packets(owner, packets, n);
}

/* To the network */

static struct rtc_relay *find_relay(const struct full *full, const struct addr *local)
{
    for (size_t i = 0; i < full->n_relays; i++) {
        const struct addr *addr = rtc_relay_addr(full->relays[i]);
        if (addr_is_set(addr) && addr_eq(addr, local))
            return full->relays[i];
    }
    return NULL;
}

static void send_on(struct full *full, const struct ice_path *path, struct slice bytes)
{
    struct rtc_relay *relay = find_relay(full, &path->local);
    if (relay)
        rtc_relay_send_bytes(relay, &path->remote, bytes, now_ms(full));
    else if (full->socket)
        media_socket_send_bytes(full->socket, &path->remote, &path->local, bytes.ptr, bytes.len);
}

static void send_bytes(struct rtc_ice *ice, const struct ice_path *path, struct slice bytes)
{
    send_on(self(ice), path, bytes);
}

static void send_media(struct rtc_ice *ice, const struct ice_path *path,
                       struct media_packet *const *packets, size_t n)
{
    const struct full *full = self(ice);
    struct rtc_relay *relay = full->n_relays ? find_relay(full, &path->local) : NULL;
    if (relay) {
        rtc_relay_send(relay, &path->remote, packets, n);
        return;
    }
    for (size_t i = 0; i < n; i++) {
        packets[i]->from = path->remote;
        packets[i]->local = path->local;
    }
    if (full->socket)
        media_socket_send(full->socket, packets, n);
}

/* The agent's events */

static void on_send(void *owner, const struct ice_path *path, struct slice bytes)
{
    send_on(owner, path, bytes);
}

static void on_pair(void *owner, const struct addr *remote)
{
    (void)owner; /* the agent itself is asked who is known */
    (void)remote;
}

static void on_selected(void *owner, const struct ice_path *path)
{
    struct full *full = owner;
    struct rtc_relay *relay = find_relay(full, &path->local);
    if (relay)
        rtc_relay_bind(relay, &path->remote, now_ms(full));
    full->events->on_selected(full->owner, path);
}

static void on_failed(void *owner, enum err err, const char *text)
{
    const struct full *full = owner;
    full->events->on_failed(full->owner, err, text);
}

/* Operations */

static void start_hosts(struct full *full)
{
    if (full->fd < 0) {
        char text[100];
        snprintf(text, sizeof text, "no UDP socket for WebRTC: %s", strerror(full->error));
        full->events->on_failed(full->owner, ERR_IO, text);
        return;
    }
    full->socket = media_socket_open(full->thread, full->fd, on_direct, full);
    for (size_t i = 0; i < full->n_hosts && full->policy == RTC_ICE_ALL; i++) {
        const struct addr *host = &full->hosts[i];
        uint32_t priority =
            announce(full, RTC_CANDIDATE_HOST, host, host, NULL, host_pref(full, host));
        ice_agent_add_local(full->agent, RTC_CANDIDATE_HOST, host, priority);
    }
}

static void start(struct rtc_ice *ice, struct media_thread *thread,
                  struct media_stream_core *stream)
{
    struct full *full = self(ice);
    full->thread = thread;
    full->stream = stream;
    full->started_ms = now_ms(full);
    start_hosts(full);
    full->n_waiting = (unsigned)full->n_relays;
    for (size_t i = 0; i < full->n_relays; i++)
        rtc_relay_start(full->relays[i], thread);
}

static void set_remote(struct rtc_ice *ice, const struct rtc_remote *remote, int64_t at_ms)
{
    ice_agent_set_remote(self(ice)->agent, slice_of(remote->ufrag), slice_of(remote->pwd),
                         remote->ice_lite, at_ms);
}

static void add_candidate(struct rtc_ice *ice, const struct rtc_candidate *candidate)
{
    ice_agent_add_remote(self(ice)->agent, candidate);
}

static void restart(struct rtc_ice *ice, const struct rtc_local *local)
{
    ice_agent_restart(self(ice)->agent, slice_of(local->ufrag), slice_of(local->pwd));
}

static void tick(struct rtc_ice *ice, int64_t at_ms)
{
    struct full *full = self(ice);
    for (size_t i = 0; i < full->n_relays; i++)
        rtc_relay_tick(full->relays[i], at_ms);
    tick_gathering(full, at_ms);
    ice_agent_tick(full->agent, at_ms);
}

static const struct ice_path *selected(const struct rtc_ice *ice)
{
    return ice_agent_selected(((const struct full *)(const void *)ice)->agent);
}

static void destroy(struct rtc_ice *ice)
{
    struct full *full = self(ice);
    for (size_t i = 0; i < full->n_relays; i++)
        rtc_relay_destroy(full->relays[i]);
    if (full->socket)
        media_socket_close(full->socket);
    else if (full->fd >= 0)
        close(full->fd);
    ice_agent_destroy(full->agent);
    ice_gather_destroy(full->gather);
    mem_free(full);
}

/* Creation, on control */

static int bind_socket(const struct addr *want, struct addr *bound)
{
    socklen_t len = sizeof *bound;
    int fd = socket(want->sa.sa_family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd >= 0 && (bind(fd, &want->sa, addr_len(want)) || getsockname(fd, &bound->sa, &len))) {
        int error = errno;
        close(fd);
        errno = error;
        return -1;
    }
    return fd;
}

static void find_hosts(struct full *full, const struct addr *bound)
{
    struct addr all[4 * HOSTS_MAX];
    if (!addr_is_any(bound)) {
        full->hosts[full->n_hosts++] = *bound;
        return;
    }
    size_t n = addr_local_list(all, COUNT_OF(all));
    for (size_t i = 0; i < n && full->n_hosts < HOSTS_MAX; i++) {
        if (addr_is_v6(&all[i]) != addr_is_v6(bound) || addr_is_loopback(&all[i]))
            continue;
        full->hosts[full->n_hosts] = all[i];
        addr_set_port(&full->hosts[full->n_hosts++], addr_port(bound));
    }
}

static void add_relay(struct full *full, const struct rtc_ice_server *server, const char *ca_file)
{
    static const struct rtc_relay_events events = { on_allocated, on_packets, on_relay_failed };
    struct fault fault;
    char text[FAULT_TEXT_MAX + FAULT_WHERE_MAX];
    if (!rtc_relay_create(&full->relays[full->n_relays], server, ca_file, &events, full, &fault)) {
        full->n_relays++;
        return;
    }
    fault_print(&fault, text, sizeof text);
    log_error(NULL, "turn server not tried: %s", text);
}

/* A TURN server over UDP tells reflexive addresses too. */
static void add_server(struct full *full, const struct rtc_ice_server *config, const char *ca_file)
{
    struct rtc_ice_server server = *config;
    if (!addr_is_set(&server.addr) &&
        addr_parse_ip(slice_of(server.uri.host), server.uri.port, &server.addr)) {
        log_warn(NULL, "ice server=%s has no address: it was not resolved", server.uri.host);
        return;
    }
    for (size_t i = 0; i < full->n_hosts && full->policy == RTC_ICE_ALL; i++) {
        if (server.uri.transport == ICE_URI_UDP)
            ice_gather_add(full->gather, &full->hosts[i], &server.addr);
    }
    if (server.uri.kind == ICE_URI_TURN)
        add_relay(full, &server, ca_file);
}

static void create_engines(struct full *full, const struct rtc_ice_config *config,
                           const struct rtc_local *local)
{
    static const struct ice_events agent_events = { on_send, on_pair, on_pair, on_selected,
                                                    on_failed };
    static const struct ice_gather_events gather_events = { on_send, on_mapped };
    uint8_t tag[ICE_TAG_LEN];
    rand_bytes(tag, sizeof tag);
    const struct ice_agent_config agent_config = {
        .role = config->controlling ? ICE_CONTROLLING : ICE_CONTROLLED,
        .ufrag = slice_of(local->ufrag),
        .pwd = slice_of(local->pwd),
        .tag = tag,
    };
    full->agent = ice_agent_create(&agent_config, &agent_events, full);
    full->gather = ice_gather_create(tag, &gather_events, full);
}

struct rtc_ice *rtc_ice_full_create(const struct rtc_ice_config *config,
                                    const struct rtc_local *local,
                                    const struct rtc_ice_events *events, void *owner)
{
    static const struct rtc_ice_ops ops = { start,    set_remote, add_candidate, restart, tick,
                                            selected, send_bytes, send_media,    NULL,    destroy };
    BUG_IF(config->n_servers > RTC_ICE_SERVERS_MAX);
    struct addr want = addr_is_set(&config->bind) ? config->bind : addr_any4(0), bound = want;
    struct full *full = mem_new(struct full);
    full->base.ops = &ops;
    full->events = events;
    full->owner = owner;
    full->policy = config->policy;
    full->fd = bind_socket(&want, &bound);
    full->error = errno;
    if (full->fd >= 0)
        find_hosts(full, &bound);
    create_engines(full, config, local);
    for (size_t i = 0; i < config->n_servers; i++)
        add_server(full, &config->servers[i], config->ca_file);
    return &full->base;
}
