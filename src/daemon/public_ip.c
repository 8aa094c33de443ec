/* Our public address: as configured, or by STUN when it is "auto"; and what has to know it. */
#include <string.h>

#include "base/log.h"
#include "base/loop.h"
#include "config/config.h"
#include "daemon/daemon_priv.h"
#include "rtc/public_address.h"
#include "sip/sip_agent.h"

enum { READY_WAIT_MS = 5000, TURN_MS = 50 };

static void use(struct daemon *daemon, const struct addr *address)
{
    daemon->env.public_ip = *address;
    if (daemon->env.agent)
        sip_agent_set_public_ip(daemon->env.agent, address);
    if (daemon->api)
        daemon_tell_domain(daemon);
}

static void on_found(void *owner, const struct addr *address, const char *server)
{
    struct daemon *daemon = owner;
    char text[ADDR_TEXT];
    log_info(NULL, "public_ip found by STUN address=%s server=%s", addr_print_ip(address, text),
             server);
    daemon->public_ip_told = true;
    use(daemon, address);
}

static void on_lost(void *owner, const char *text)
{
    struct daemon *daemon = owner;
    bool known = addr_is_set(&daemon->env.public_ip);
    log_warn(NULL, "public_ip: STUN gave no answer (%s): %s", text,
             known ? "the last one is kept" : "local addresses are shown until one comes");
    daemon->public_ip_told = true;
}

static const struct public_address_events events = { on_found, on_lost };

static void ask(struct daemon *daemon)
{
    struct public_address_config config = { .loop = daemon->env.loop,
                                            .dns = daemon->env.dns,
                                            .servers = daemon->config->stun_servers.items,
                                            .n_servers = daemon->config->stun_servers.n };
    struct fault fault = { 0 };
    char text[FAULT_TEXT_MAX + FAULT_WHERE_MAX];
    if (!config.n_servers)
        log_warn(NULL, "public_ip is auto, but stun.servers names nobody to ask");
    else if (public_address_create(&daemon->public_address, &config, &events, daemon, &fault)) {
        fault_print(&fault, text, sizeof text);
        log_error(NULL, "public_ip: STUN cannot be asked: %s", text);
    }
}

void daemon_apply_public_ip(struct daemon *daemon)
{
    struct addr address = { 0 };
    const char *text = daemon->config->public_ip;
    bool is_auto = slice_iis(slice_of(text), "auto");
    public_address_destroy(daemon->public_address);
    daemon->public_address = NULL;
    if (is_auto) { /* until there is an answer, what was known stays */
        ask(daemon);
        return;
    }
    if (text[0] && addr_parse_ip(slice_of(text), 0, &address))
        log_warn(NULL, "public_ip '%s' is no address: local addresses are used", text);
    use(daemon, &address);
}

void daemon_await_public_ip(struct daemon *daemon)
{
    int64_t end_ms = loop_now_ms(daemon->env.loop) + READY_WAIT_MS;
    while (daemon->public_address && !daemon->public_ip_told &&
           loop_now_ms(daemon->env.loop) < end_ms)
        loop_turn(daemon->env.loop, TURN_MS);
    if (daemon->public_address && !daemon->public_ip_told)
        log_warn(NULL,
                 "public_ip: no STUN server answered within %d s: local addresses are shown "
                 "until one does",
                 READY_WAIT_MS / 1000);
}
