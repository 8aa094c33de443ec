/* HTTP and WebSocket requests to the daemon itself: the page, health, which face an upgrade is for.
 */
#include "api/api.h"
#include "base/num.h"
#include "config/config.h"
#include "daemon/daemon_priv.h"
#include "legs/bridge_face.h"
#include "legs/leg_echo.h"
#include "net/http_server.h"
#include "net/ws_server.h"
#include "sip/sip_agent.h"
#include "sip/sip_ws.h"

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
    else if (daemon_serve_status(daemon, request) || daemon_serve_provider(daemon, request))
        return;
    else if (!api_handle(daemon->api, request) && !daemon_serve_page(request))
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
        bridge_face_accept(daemon->bridge, request, listener->needs_auth, answer);
    else
        answer->status = 404;
}

const struct ws_server_events daemon_ws_events = { .on_ws_request = on_ws_request };
