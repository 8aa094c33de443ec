/* HTTP and WebSocket requests to the daemon itself: the page, health, which face an upgrade is for.
 */
#include <string.h>

#include "api/api.h"
#include "base/embed.h"
#include "base/num.h"
#include "config/config.h"
#include "daemon/daemon_priv.h"
#include "legs/bridge_face.h"
#include "legs/leg_echo.h"
#include "net/http_server.h"
#include "net/ws_server.h"
#include "sip/sip_agent.h"
#include "sip/sip_ws.h"

/* web/page/, built in */
extern const struct embed web_page[];
extern const size_t n_web_page;

static const char *type_of(struct slice name)
{
    static const struct {
        const char *suffix, *type;
    } types[] = {
        { ".html", "text/html; charset=utf-8" },
        { ".css", "text/css; charset=utf-8" },
        { ".js", "text/javascript; charset=utf-8" },
        { ".svg", "image/svg+xml" },
        { ".png", "image/png" },
        { ".json", "application/json" },
    };
    for (size_t i = 0; i < COUNT_OF(types); i++)
        if (slice_ends(name, slice_of(types[i].suffix)))
            return types[i].type;
    return "application/octet-stream";
}

static bool serve_page(struct http_request *request)
{
    struct slice name = slice_from(http_request_path(request), 1);
    if (slice_empty(name))
        name = SLICE("index.html");
    enum http_method method = http_request_method(request);
    for (size_t i = 0; i < n_web_page; i++) {
        if (!slice_is(name, web_page[i].name) || (method != HTTP_GET && method != HTTP_HEAD))
            continue;
        (void)!http_reply_header(request, "Cache-Control", SLICE("no-cache"));
        (void)!http_reply_header(request, "X-Content-Type-Options", SLICE("nosniff"));
        http_reply(request, 200, type_of(name), slice_make(web_page[i].data, web_page[i].len));
        return true;
    }
    return false;
}

/* The reference's three keys first; readiness beside them. */
static void serve_health(struct daemon *daemon, struct http_request *request)
{
    struct addr addr;
    bool sip = sip_agent_listeners(daemon->env.agent, SIP_UDP, &addr, 1) > 0;
    json_t *body = json_pack("{s:s, s:s, s:I, s:b, s:I, s:I, s:s}", "status", "ok", "drachtio",
                             sip ? "connected" : "disconnected", "activeSessions",
                             (json_int_t)bridge_face_sockets(daemon->bridge), "ready",
                             !daemon->stopping && sip, "activeCalls",
                             (json_int_t)calls_count(daemon->env.calls), "totalCalls",
                             (json_int_t)calls_total(daemon->env.calls), "version", TANDEM_VERSION);
    http_reply_json(request, daemon->stopping ? 503 : 200, body);
    json_decref(body);
}

static void serve_bridge_config(struct daemon *daemon, struct http_request *request)
{
    const struct config *config = daemon->config;
    json_t *destinations = json_array();
    for (size_t i = 0; i < config->n_routes; i++)
        if (config->routes[i].destination[0])
            json_array_append_new(destinations, json_string(config->routes[i].destination));
    for (size_t i = 0; builtins_name(i); i++)
        json_array_append_new(destinations, json_string(builtins_name(i)));
    struct slice fallback = slice_of(config_default(config));
    if (slice_starts(fallback, SLICE("builtin:")))
        fallback = slice_from(fallback, 8);
    else if (slice_starts(fallback, SLICE("trunk:")))
        fallback = SLICE_NONE; /* nothing typed dials what the trunk is for */
    json_t *body = json_pack("{s:s%, s:i, s:[], s:s, s:o}", "default_destination",
                             fallback.ptr ? fallback.ptr : "", fallback.len, "https_port",
                             (int)daemon_https_port(daemon), "ice_servers", "version",
                             TANDEM_VERSION, "destinations", destinations);
    (void)!http_reply_header(request, "Cache-Control", SLICE("no-store"));
    http_reply_json(request, 200, body);
    json_decref(body);
}

static void on_request(void *owner, struct http_request *request)
{
    struct daemon *daemon = owner;
    struct slice path = http_request_path(request);
    if (slice_is(path, "/health"))
        serve_health(daemon, request);
    else if (slice_is(path, "/bridge/config"))
        serve_bridge_config(daemon, request);
    else if (slice_is(path, "/metrics"))
        daemon_serve_metrics(daemon, request);
    else if (!api_handle(daemon->api, request) && !serve_page(request))
        http_reply(request, 404, "text/plain; charset=utf-8", SLICE("Not found\n"));
}

const struct http_server_events daemon_http_events = { .on_request = on_request };

static void on_ws_request(void *owner, const struct ws_request *request, struct ws_answer *answer)
{
    struct daemon *daemon = owner;
    const struct daemon_listener *listener = http_listener_tag(ws_request_listener(request));
    bool bridge = slice_is(ws_request_path(request), "/bridge") || listener->root_is_bridge;
    if (daemon->stopping)
        answer->status = 503;
    else if (ws_request_offers(request, "sip")) /* on any path: RFC 7118 §4.1 */
        sip_ws_accept(daemon->env.agent, request, answer);
    else if (bridge)
        bridge_face_accept(daemon->bridge, request, answer);
    else
        answer->status = 404;
}

const struct ws_server_events daemon_ws_events = { .on_ws_request = on_ws_request };
