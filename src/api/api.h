#pragma once
/* The HTTP API: who may ask, for what, and what is answered. Here is the admin API that the command
 * line speaks (cli/admin_api.h describes it); it changes rows in the store and shows what lives in
 * the daemon through `admin_live_ops`. Control thread. */

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"
#include "net/http_server.h"

struct addr;
struct api;
struct calls;
struct faxes;
struct scripts;
struct loop;
struct messages;
struct route_query;
struct seal;
struct store;
struct trace_query;

/** What only the daemon knows. Every function may be NULL: nothing of the kind. */
struct admin_live_ops {
    json_t *(*calls)(void *owner);                 /* array, as calls_json(); the caller owns it */
    json_t *(*call)(void *owner, struct slice id); /* as call_json(full), or NULL: not alive */
    bool (*hang_up)(void *owner, struct slice id); /* false: no such call */
    /** Record a call, `mode` "mixed" or "stereo", or (NULL) stop that. `*out`: {"recordings": […]}
     * as in call_json(). ERR_NOT_FOUND, and what recording_start() says. */
    enum err (*record)(void *owner, struct slice id, const char *mode, json_t **out,
                       struct fault *fault);
    json_t *(*recordings)(void *owner); /* files: [{id, file, bytes, written_ms}] */
    bool (*remove_recording)(void *owner, struct slice id);         /* false: there is none */
    json_t *(*registrations)(void *owner);                          /* array */
    json_t *(*bans)(void *owner);                                   /* array */
    bool (*lift_ban)(void *owner, const struct addr *addr);         /* false: it was not banned */
    json_t *(*trunks)(void *owner);                                 /* array */
    json_t *(*route)(void *owner, const struct route_query *query); /* as GET route */
    /** {"next": number, "lines": [{seq, level, text}]}, the newest `max` behind `after` */
    json_t *(*log)(void *owner, uint64_t after, size_t max);
    json_t *(*trace)(void *owner, const struct trace_query *query); /* as trace_read() */
    /** Examine a trunk ("": the only or default one): a number to ask with, 0: no such trunk. */
    uint32_t (*doctor_start)(void *owner, const char *trunk, const char *dry_invite,
                             bool try_forms);
    /** The report, the caller's, once; NULL: not yet, and `*is_known` says whether it will come. */
    json_t *(*doctor_report)(void *owner, uint32_t id, bool *is_known);
    enum err (*reload)(void *owner, json_t **out, struct fault *fault);
    /** A fresh key in front of api_config.seal; ERR_UNSUPPORTED: they come from the configuration
     */
    enum err (*renew_key)(void *owner, struct fault *fault);
    enum err (*keep_first_key)(void *owner, struct fault *fault); /* nothing needs the others */
    /** Rows changed: "users", "devices", "numbers", "projects" or "tokens". */
    void (*on_change)(void *owner, const char *what);
};

/** What web phones are told. Borrowed until the next one. */
struct api_provisioning {
    const char *const *origins; /* that may ask from a browser; "*": any */
    size_t n_origins;
    const char *host; /* "": the name under which they asked */
    uint16_t port;    /* of WSS as seen from outside */
    const char *path; /* "/ws" */
    int64_t session_ms, jwt_ms;
};

struct api_config {
    struct loop *loop;
    struct store *store;
    const struct admin_live_ops *live;
    void *owner;
    struct slice admin_token; /* copied; never empty */
    const char *sip_realm;    /* for which devices get their credentials; copied */
    const char *sip_domain;   /* told to devices; "": the realm; copied */
    struct calls *calls;      /* borrowed, as what follows; NULL: programs place no calls */
    struct scripts *scripts;
    struct messages *messages; /* borrowed */
    struct faxes *faxes;       /* borrowed; NULL: none are sent */
    const char *message_from;  /* whom codes come from unless told; borrowed */
    bool mfa_app;              /* /api/send-mfa and /api/verify-mfa are there */
    const char *record_dir;    /* where recordings of scripts lie; NULL: none; borrowed */
    struct seal *seal;         /* borrowed; secrets that are handed out again */
    unsigned requests_per_10s; /* that change something, of one project; 0: 13800 */
    bool admin_remote;         /* false: admin answers loopback only, and no forwarded request */
};

struct api *api_create(const struct api_config *config);
/** Requests still open are answered 503. Before the store is closed. */
void api_destroy(struct api *api);
/** Take the request and answer it, now or later; false when its path is not ours. */
bool api_handle(struct api *api, struct http_request *request);
/** May it read figures? From this machine and not forwarded, or with the admin token. */
bool api_may_measure(const struct api *api, const struct http_request *request);
/** Before anybody asks for it, and again when the configuration changes. */
void api_set_provisioning(struct api *api, const struct api_provisioning *provisioning);
/** Devices made from now on are told this domain. */
void api_set_sip_domain(struct api *api, const char *sip_domain);
