/* Where the daemon listens, and how others learn of it. */
#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

#include "base/file.h"
#include "base/num.h"
#include "config/config.h"
#include "daemon/daemon_priv.h"
#include "net/http_server.h"
#include "net/tls.h"
#include "net/ws_server.h"
#include "script/script.h"
#include "sip/sip_agent.h"
#include "sip/sip_tcp.h"
#include "sip/sip_tls.h"

static enum err addr_of(const struct config_bind *bind, struct addr *out, struct fault *fault)
{
    enum err err = addr_parse_ip(slice_of(bind->host), bind->port, out);
    return err ? fault_set(fault, err, "listen", 0, "'%s' is not a numeric address", bind->host)
               : OK;
}

static enum err listen_kind(struct daemon *daemon, enum sip_kind kind,
                            const struct config_binds *binds, struct fault *fault)
{
    for (size_t i = 0; i < binds->n; i++) {
        struct addr addr;
        enum err err = addr_of(&binds->items[i], &addr, fault);
        if (!err)
            err = sip_agent_listen(daemon->env.agent, kind, &addr, fault);
        if (err)
            return err;
    }
    return OK;
}

/* Nobody asked for it by name: what is in the way costs this listener and a warning, not the
 * start. */
static void listen_beside_udp(struct daemon *daemon, enum sip_kind kind)
{
    const struct config_binds *udp = &daemon->config->sip_udp;
    struct addr real[SIP_AGENT_LISTENERS_MAX];
    size_t n = sip_agent_listeners(daemon->env.agent, SIP_UDP, real, COUNT_OF(real));
    for (size_t i = 0; i < n && i < udp->n; i++) {
        struct fault fault = { 0 };
        uint16_t port = addr_port(&real[i]);
        if (kind == SIP_TLS) /* any port stays any */
            port = udp->items[i].port ? (uint16_t)(port + 1) : 0;
        addr_set_port(&real[i], port);
        if (sip_agent_listen(daemon->env.agent, kind, &real[i], &fault))
            log_warn(NULL, "no SIP over %s beside UDP: %s", sip_kind_name(kind), fault.text);
    }
}

static enum err use_certificate(struct daemon *daemon, struct fault *fault)
{
    const struct config *config = daemon->config;
    struct tls_server_config tls = { .cert_pem = daemon->tls_cert_pem,
                                     .key_pem = daemon->tls_key_pem };
    if (config->tls_cert[0])
        tls = (struct tls_server_config){ .cert_file = config->tls_cert,
                                          .key_file = config->tls_key };
    return sip_tls_use_certificate(daemon->env.agent, &tls, fault);
}

static bool has_family(const struct daemon *daemon, enum sip_kind kind, bool v6)
{
    struct addr list[SIP_AGENT_LISTENERS_MAX];
    size_t n = sip_agent_listeners(daemon->env.agent, kind, list, COUNT_OF(list));
    for (size_t i = 0; i < n; i++)
        if (addr_is_v6(&list[i]) == v6)
            return true;
    return false;
}

/* Trunks by TCP and TLS can be called without a listener of that kind. */
static void add_way_out(struct daemon *daemon, enum sip_kind kind)
{
    static const char *const anywhere[] = { "0.0.0.0", "::" };
    for (size_t i = 0; i < COUNT_OF(anywhere); i++) {
        struct addr addr;
        if (!addr_parse_ip(slice_of(anywhere[i]), 0, &addr) &&
            !has_family(daemon, kind, addr_is_v6(&addr)) &&
            sip_tcp_dial_only(daemon->env.agent, kind, &addr))
            log_warn(NULL, "no room for SIP over %s out of here", sip_kind_name(kind));
    }
}

enum err daemon_listen_sip(struct daemon *daemon, struct fault *fault)
{
    const struct config *config = daemon->config;
    enum err err = listen_kind(daemon, SIP_UDP, &config->sip_udp, fault);
    if (!err)
        err = listen_kind(daemon, SIP_TCP, &config->sip_tcp, fault);
    if (!err && (config->sip_tls.n || config->sip_tls.is_auto))
        err = use_certificate(daemon, fault);
    if (!err)
        err = listen_kind(daemon, SIP_TLS, &config->sip_tls, fault);
    if (err)
        return err;
    if (config->sip_tcp.is_auto)
        listen_beside_udp(daemon, SIP_TCP);
    if (config->sip_tls.is_auto)
        listen_beside_udp(daemon, SIP_TLS);
    add_way_out(daemon, SIP_TCP);
    add_way_out(daemon, SIP_TLS);
    return OK;
}

static enum err listen_http(struct daemon *daemon, const struct config_bind *bind, bool tls,
                            struct fault *fault)
{
    struct daemon_listener *listener = &daemon->listeners[daemon->n_listeners];
    if (daemon->n_listeners == DAEMON_LISTENERS_MAX)
        return fault_set(fault, ERR_LIMIT, "listen", 0, "more than %d listeners",
                         DAEMON_LISTENERS_MAX);
    struct http_listener_config config = { .name = tls ? "https" : "http",
                                           .tls = tls,
                                           .tag = listener };
    enum err err = addr_of(bind, &config.bind, fault);
    if (err)
        return err;
    if (tls && daemon->config->tls_cert[0]) {
        config.cert_file = daemon->config->tls_cert;
        config.key_file = daemon->config->tls_key;
    } else if (tls) {
        config.cert_pem = daemon->tls_cert_pem;
        config.key_pem = daemon->tls_key_pem;
    }
    *listener = (struct daemon_listener){ .tls = tls,
                                          .root_is_bridge = bind->root == CONFIG_ROOT_BRIDGE,
                                          .needs_auth = bind->needs_auth };
    err = http_server_listen(daemon->http, &config, &listener->http, fault);
    if (!err)
        daemon->n_listeners++;
    return err;
}

enum err daemon_listen_http(struct daemon *daemon, struct fault *fault)
{
    const struct config *config = daemon->config;
    enum err err = OK;
    daemon->http = http_server_create(daemon->env.loop, NULL, &daemon_http_events, daemon);
    ws_server_attach(daemon->http, &daemon_ws_events, daemon);
    for (size_t i = 0; i < config->http.n && !err; i++)
        err = listen_http(daemon, &config->http.items[i], false, fault);
    for (size_t i = 0; i < config->https.n && !err; i++)
        err = listen_http(daemon, &config->https.items[i], true, fault);
    return err;
}

uint16_t daemon_https_port(const struct daemon *daemon)
{
    for (size_t i = 0; i < daemon->n_listeners; i++)
        if (daemon->listeners[i].tls)
            return addr_port(http_listener_addr(daemon->listeners[i].http));
    return 0;
}

static json_t *http_json(const struct daemon *daemon, bool tls)
{
    json_t *list = json_array();
    char text[ADDR_TEXT];
    for (size_t i = 0; i < daemon->n_listeners; i++)
        if (daemon->listeners[i].tls == tls)
            json_array_append_new(
                list, json_string(addr_print(http_listener_addr(daemon->listeners[i].http), text)));
    return list;
}

static json_t *sip_json(const struct daemon *daemon, enum sip_kind kind)
{
    struct addr addrs[SIP_AGENT_LISTENERS_MAX];
    char text[ADDR_TEXT];
    json_t *list = json_array();
    size_t n = sip_agent_listeners(daemon->env.agent, kind, addrs, COUNT_OF(addrs));
    for (size_t i = 0; i < n; i++)
        json_array_append_new(list, json_string(addr_print(&addrs[i], text)));
    return list;
}

/* Where the other commands reach us: through loopback even when every address is bound. */
static void admin_url(const struct daemon *daemon, char out[ADDR_TEXT + 16])
{
    char text[ADDR_TEXT];
    out[0] = '\0';
    for (size_t i = 0; i < daemon->n_listeners && !out[0]; i++) {
        struct addr addr = *http_listener_addr(daemon->listeners[i].http);
        if (addr_is_any(&addr) && !addr_is_v6(&addr))
            addr = addr_loopback4(addr_port(&addr));
        snprintf(out, ADDR_TEXT + 16, "%s://%s", daemon->listeners[i].tls ? "https" : "http",
                 addr_print(&addr, text));
    }
}

static enum err write_ready(const struct daemon *daemon, json_t *ready, struct fault *fault)
{
    char path[1100];
    char *text = json_dumps(ready, JSON_COMPACT);
    snprintf(path, sizeof path, "%s/ready.json", daemon->config->state_dir);
    enum err err = file_write_private(path, slice_of(text), fault);
    if (!err && daemon->config->ready_file[0])
        err = file_write_private(daemon->config->ready_file, slice_of(text), fault);
    free(text);
    return err;
}

static void greet_sip(const struct daemon *daemon)
{
    static const struct {
        enum sip_kind kind;
        const char *name;
    } rows[] = { { SIP_UDP, "udp" }, { SIP_TCP, "tcp" }, { SIP_TLS, "tls" } };
    for (size_t k = 0; k < COUNT_OF(rows); k++) {
        json_t *list = sip_json(daemon, rows[k].kind);
        size_t i;
        json_t *value;
        json_array_foreach(list, i, value)
            printf("  SIP         %s:%s\n", rows[k].name, json_string_value(value));
        json_decref(list);
    }
}

static void greet(const struct daemon *daemon, const char *url, uint16_t https)
{
    log_info(NULL, "Server listening on port %u",
             daemon->n_listeners > 1 ? addr_port(http_listener_addr(daemon->listeners[1].http))
                                     : 0);
    printf("\ntandem %s is up.\n\n", TANDEM_VERSION);
    printf("  web phone   %s\n", url);
    if (https)
        printf("              https://localhost:%u (self-made certificate)\n", https);
    greet_sip(daemon);
    printf("  state       %s\n\n", daemon->config->state_dir);
    fflush(stdout);
}

enum err daemon_announce(struct daemon *daemon, struct fault *fault)
{
    char url[ADDR_TEXT + 16];
    admin_url(daemon, url);
    scripts_set_public_url(daemon->scripts, url);
    json_t *ready =
        json_pack("{s:i, s:o, s:o, s:{s:o, s:o, s:o}, s:s, s:s}", "pid", (int)getpid(), "http",
                  http_json(daemon, false), "https", http_json(daemon, true), "sip", "udp",
                  sip_json(daemon, SIP_UDP), "tcp", sip_json(daemon, SIP_TCP), "tls",
                  sip_json(daemon, SIP_TLS), "admin_url", url, "version", TANDEM_VERSION);
    enum err err = write_ready(daemon, ready, fault);
    json_decref(ready);
    if (!err)
        greet(daemon, url, daemon_https_port(daemon));
    return err;
}
