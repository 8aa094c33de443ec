#pragma once
/* Provisioning: a web phone shows a personal access token, gets a session, and with it its devices
 * and the account of one of them; and what a user may change there. Two families of paths: /Login
 * and everything behind /Users. Paths, names and answers are those that clients of this API know;
 * docs/provisioning.md describes them. Control thread. */

#include "api/rest.h"
#include "api/routes.h"
#include "store/store_accounts.h"

enum {
    PROV_ID = 80,
    PROV_SCOPES = 200,
    PROV_TEXT_MAX = 1024, /* bytes of one setting */
    PROV_SETTINGS_MAX = 32 << 10,
    PROV_LIST_MAX = 1000, /* rows of a log, and unless told 100 */
    PROV_LOGIN_ROUTES = 2,
    PROV_ROUTES = 30,
};

typedef void (*prov_device_fn)(struct rest *rest, const struct store_device *device);
/** Who asks, and whose things are asked for: rest->state behind /Users. */
struct prov {
    prov_device_fn on_device; /* of prov_with_device() */
    char user_id[PROV_ID], project_id[PROV_ID], token_id[PROV_ID];
    char user_name[REST_TEXT_MAX], scopes[PROV_SCOPES];
    char target_id[PROV_ID]; /* the same user, or one of the project */
};
static inline struct prov *prov_of(const struct rest *rest)
{
    return rest->state;
}

/* prov.c: the families */
extern const struct api_route prov_login_routes[PROV_LOGIN_ROUTES], prov_routes[PROV_ROUTES];
void prov_guard_login(struct rest *rest);
void prov_guard(struct rest *rest);
void prov_preflight(struct rest *rest);
json_t *prov_error(const struct rest *rest, const struct rest_error *error);
void prov_dress(struct rest *rest, int status);
void prov_dress_users(struct rest *rest, int status);
/** False (and answered 403) when the token behind the session was not given `scope`. */
bool prov_may(struct rest *rest, const char *scope);
/** Rows asked for with ?limit=, at most PROV_LIST_MAX; false: answered. */
bool prov_limit(struct rest *rest, int64_t *out);
/** ?date=2026-01-31 (UTC) as a span of milliseconds, else everything; false: answered. */
bool prov_day(struct rest *rest, int64_t *from_ms, int64_t *to_ms);
/** The access log: who used which token for what. */
void prov_note(struct rest *rest, const char *token_id, const char *action, int status);
/** Who asks, as text: the peer, or whom a proxy on this machine names. */
const char *prov_address(const struct rest *rest, char out[REST_TEXT_MAX]);

/* prov_login.c */
void prov_login(struct rest *rest);
void prov_logout(struct rest *rest);
/* prov_devices.c; the id is checked to be one of the target's */
void prov_device_list(struct rest *rest);
void prov_device_show(struct rest *rest);
void prov_device_add(struct rest *rest);
void prov_device_change(struct rest *rest);
void prov_device_remove(struct rest *rest);
void prov_device_rotate(struct rest *rest);
/** Find the device of the path and go on with `fn`; 404 and 403 are answered. */
void prov_with_device(struct rest *rest, prov_device_fn fn);
/* prov_logs.c */
void prov_register_log(struct rest *rest);
void prov_latency_log(struct rest *rest);
void prov_trace_log(struct rest *rest);
void prov_console_log(struct rest *rest);
void prov_console_add(struct rest *rest);
void prov_access_log(struct rest *rest);
/* prov_connections.c */
void prov_connection_list(struct rest *rest);
void prov_connection_add(struct rest *rest);
void prov_connection_show(struct rest *rest);
void prov_connection_change(struct rest *rest);
void prov_connection_remove(struct rest *rest);
/* prov_users.c */
void prov_user_show(struct rest *rest);
void prov_user_change(struct rest *rest);
void prov_user_remove(struct rest *rest);
void prov_user_list(struct rest *rest);
void prov_settings_show(struct rest *rest);
void prov_settings_change(struct rest *rest);
void prov_domain_settings_show(struct rest *rest);
void prov_domain_settings_change(struct rest *rest);
void prov_pat_list(struct rest *rest);
void prov_pat_add(struct rest *rest);
void prov_pat_remove(struct rest *rest);
