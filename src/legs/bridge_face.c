#include "legs/bridge_face.h"

#include "base/mem.h"
#include "config/config.h"
#include "legs/bridge_priv.h"
#include "sip/sip_uri.h"
#include "store/store.h"

struct bridge_face *bridge_face_create(const struct leg_env *env)
{
    struct bridge_face *face = mem_new(struct bridge_face);
    face->env = env;
    face->doors[0] = (struct bridge_door){ face, false, false };
    face->doors[1] = (struct bridge_door){ face, true, false };
    face->doors[2] = (struct bridge_door){ face, false, true };
    list_init(&face->sessions);
    return face;
}

void bridge_face_destroy(struct bridge_face *face)
{
    if (!face)
        return;
    LIST_EACH(link, &face->sessions)
    {
        struct bridge_session *session = LIST_ITEM(link, struct bridge_session, in_face);
        if (session->ws)
            ws_abandon(session->ws, WS_CLOSE_GOING_AWAY);
        store_forget(face->env->store, session);
        list_remove(&session->in_face);
        mem_free(session);
    }
    mem_free(face);
}

size_t bridge_face_sockets(const struct bridge_face *face)
{
    return face->n;
}

/* "https://shop.example:8443" -> "shop.example" */
static struct slice origin_host(struct slice origin)
{
    struct slice rest = slice_from(origin, slice_find(origin, SLICE("://")));
    struct slice host;
    uint16_t port;
    if (rest.len <= 3 || sip_host_parse(slice_from(rest, 3), &host, &port))
        return SLICE_NONE;
    return host;
}

bool bridge_origin_allowed(struct slice origin, struct slice host, const char *const *listed,
                           size_t n_listed)
{
    struct slice own;
    uint16_t port;
    if (!origin.len) /* not a browser: those cannot leave it out */
        return true;
    for (size_t i = 0; i < n_listed; i++)
        if (slice_iis(origin, listed[i]) || slice_is(slice_of(listed[i]), "*"))
            return true;
    struct slice theirs = origin_host(origin);
    return theirs.len && !sip_host_parse(host, &own, &port) && slice_ieq(theirs, own);
}

static size_t sockets_of(const struct bridge_face *face, const struct addr *peer)
{
    size_t n = 0;
    LIST_EACH(link, (struct list *)(uintptr_t)&face->sessions)
    n += addr_same_ip(&LIST_ITEM(link, struct bridge_session, in_face)->peer, peer);
    return n;
}

/* A proxy on this machine makes every stranger look like loopback, but says so. */
static bool is_local(const struct ws_request *request)
{
    static const char *const forwarding[] = { "x-forwarded-for", "forwarded", "x-real-ip", "via" };
    for (size_t i = 0; i < sizeof forwarding / sizeof forwarding[0]; i++)
        if (ws_request_header(request, forwarding[i]).ptr)
            return false;
    return addr_is_loopback(ws_request_peer(request));
}

void bridge_face_accept(struct bridge_face *face, const struct ws_request *request, bool needs_auth,
                        struct ws_answer *answer)
{
    const struct config *config = face->env->config;
    const struct addr *peer = ws_request_peer(request);
    struct slice origin = ws_request_header(request, "origin");
    char from[ADDR_TEXT];
    if (!bridge_origin_allowed(origin, ws_request_header(request, "host"),
                               (const char *const *)config->bridge_origins.items,
                               config->bridge_origins.n)) {
        log_warn(NULL, "bridge socket refused: origin %.*s is not in bridge.origins from=%s",
                 SLICE_ARG(origin), addr_print(peer, from));
        answer->status = 403;
        return;
    }
    if (sockets_of(face, peer) >= (size_t)config->bridge_sockets_per_ip) {
        log_warn(NULL, "bridge socket refused: too many from=%s", addr_print_ip(peer, from));
        answer->status = 429;
        return;
    }
    answer->events = &bridge_session_events;
    answer->owner = &face->doors[needs_auth                                        ? 2
                                 : (config->bridge_anonymous || is_local(request)) ? 1
                                                                                   : 0];
}

void bridge_face_dial(void *owner, struct call *call, const struct route_target *target,
                      struct cause *why)
{
    struct bridge_face *face = owner;
    (void)why;
    LIST_EACH(link, &face->sessions)
    {
        struct bridge_session *session = LIST_ITEM(link, struct bridge_session, in_face);
        if (session->ws && session->registered && slice_is(slice_of(session->user), target->name))
            call_add_leg(call, leg_bridge_ring_page(session, call));
    }
}

void bridge_face_add_registrations(const struct bridge_face *face, json_t *rows)
{
    LIST_EACH(link, (struct list *)(uintptr_t)&face->sessions)
    {
        const struct bridge_session *session = LIST_ITEM(link, struct bridge_session, in_face);
        char from[ADDR_TEXT];
        if (session->registered)
            json_array_append_new(rows, json_pack("{s:s, s:s, s:s, s:s, s:s, s:n, s:s, s:i}",
                                                  "kind", "page", "user", session->user, "trunk",
                                                  "", "contact", addr_print(&session->peer, from),
                                                  "transport", "bridge", "expires_s", "state",
                                                  "registered", "last_status", 200));
    }
}
