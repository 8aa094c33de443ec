#include "routes.h"

#include "admin.h"
#include "api/mfa.h"
#include "api/prov.h"
#include "api/signalwire/sw_fabric.h"
#include "api/signalwire/sw_laml.h"
#include "api/signalwire/sw_recordings.h"
#include "base/num.h"

#define ADMIN "/admin/api/"

/* Sorted by path. */
static const struct api_route admin_routes[] = {
    { HTTP_GET, ADMIN "bans", admin_ban_list },
    { HTTP_DELETE, ADMIN "bans/:address", admin_ban_lift },
    { HTTP_GET, ADMIN "calls", admin_call_list },
    { HTTP_GET, ADMIN "calls/:id", admin_call_show },
    { HTTP_DELETE, ADMIN "calls/:id", admin_call_end },
    { HTTP_DELETE, ADMIN "calls/:id/recording", admin_call_record_stop },
    { HTTP_POST, ADMIN "calls/:id/recording", admin_call_record },
    { HTTP_GET, ADMIN "devices", admin_device_list },
    { HTTP_POST, ADMIN "devices", admin_device_add },
    { HTTP_DELETE, ADMIN "devices/:id", admin_device_remove },
    { HTTP_GET, ADMIN "devices/:id", admin_device_show },
    { HTTP_PATCH, ADMIN "devices/:id", admin_device_change },
    { HTTP_POST, ADMIN "devices/:id/rotate", admin_device_rotate },
    { HTTP_POST, ADMIN "doctor", admin_doctor },
    { HTTP_GET, ADMIN "keys", admin_key_list },
    { HTTP_POST, ADMIN "keys/rotate", admin_key_rotate },
    { HTTP_GET, ADMIN "log", admin_log_read },
    { HTTP_GET, ADMIN "numbers", admin_number_list },
    { HTTP_POST, ADMIN "numbers", admin_number_set },
    { HTTP_DELETE, ADMIN "numbers/:number", admin_number_remove },
    { HTTP_GET, ADMIN "pats", admin_pat_list },
    { HTTP_POST, ADMIN "pats", admin_pat_add },
    { HTTP_DELETE, ADMIN "pats/:id", admin_token_remove },
    { HTTP_GET, ADMIN "pats/:id", admin_token_show },
    { HTTP_POST, ADMIN "pats/:id/rotate", admin_token_rotate },
    { HTTP_GET, ADMIN "projects", admin_project_list },
    { HTTP_POST, ADMIN "projects", admin_project_add },
    { HTTP_DELETE, ADMIN "projects/:id", admin_project_remove },
    { HTTP_GET, ADMIN "recordings", admin_recording_list },
    { HTTP_DELETE, ADMIN "recordings/:id", admin_recording_remove },
    { HTTP_GET, ADMIN "recordings/:id", admin_recording_show },
    { HTTP_GET, ADMIN "registrations", admin_registration_list },
    { HTTP_POST, ADMIN "reload", admin_reload },
    { HTTP_GET, ADMIN "route", admin_route },
    { HTTP_GET, ADMIN "tokens", admin_token_list },
    { HTTP_POST, ADMIN "tokens", admin_token_add },
    { HTTP_DELETE, ADMIN "tokens/:id", admin_token_remove },
    { HTTP_GET, ADMIN "tokens/:id", admin_token_show },
    { HTTP_POST, ADMIN "tokens/:id/rotate", admin_token_rotate },
    { HTTP_GET, ADMIN "trace", admin_trace_read },
    { HTTP_GET, ADMIN "trunks", admin_trunk_list },
    { HTTP_GET, ADMIN "users", admin_user_list },
    { HTTP_POST, ADMIN "users", admin_user_add },
    { HTTP_DELETE, ADMIN "users/:id", admin_user_remove },
    { HTTP_GET, ADMIN "users/:id", admin_user_show },
    { HTTP_PATCH, ADMIN "users/:id", admin_user_change },
};

static const struct api_family families[] = {
    { .path = "/Login",
      .is_bodyless = true,
      .guard = prov_guard_login,
      .preflight = prov_preflight,
      .error = prov_error,
      .dress = prov_dress,
      .routes = prov_login_routes,
      .n_routes = PROV_LOGIN_ROUTES },
    { .path = "/Users/*",
      .guard = prov_guard,
      .preflight = prov_preflight,
      .error = prov_error,
      .dress = prov_dress_users,
      .routes = prov_routes,
      .n_routes = PROV_ROUTES },
    { .path = ADMIN "*",
      .guard = api_guard_admin,
      .error = api_admin_error,
      .dress = api_dress_admin,
      .routes = admin_routes,
      .n_routes = COUNT_OF(admin_routes) },
    { .path = "/api/send-mfa",
      .guard = mfa_app_guard,
      .error = mfa_app_error,
      .dress = mfa_app_dress,
      .routes = mfa_app_routes,
      .n_routes = COUNT_OF(mfa_app_routes) },
    { .path = "/api/verify-mfa",
      .guard = mfa_app_guard,
      .error = mfa_app_error,
      .dress = mfa_app_dress,
      .routes = mfa_app_routes,
      .n_routes = COUNT_OF(mfa_app_routes) },
    { .path = "/api/openapi.json",
      .guard = rest_admit,
      .error = sw_error,
      .dress = sw_dress,
      .serve = sw_serve_openapi },
    { .path = "/api/fabric/embeds/tokens",
      .guard = sw_fabric_guard_open,
      .error = sw_error,
      .dress = sw_dress,
      .serve = sw_fabric_serve },
    { .path = "/api/fabric/*",
      .guard = sw_fabric_guard,
      .error = sw_error,
      .dress = sw_dress,
      .serve = sw_fabric_serve },
    { .path = "/api/laml/*",
      .guard = sw_laml_guard,
      .error = sw_laml_error,
      .dress = sw_dress,
      .serve = sw_laml_serve },
    { .path = "/2010-04-01/*",
      .guard = sw_laml_guard,
      .error = sw_laml_error,
      .dress = sw_dress,
      .serve = sw_laml_serve },
    { .path = "/laml-bins/*",
      .guard = rest_admit,
      .error = sw_error,
      .dress = sw_dress,
      .serve = sw_laml_bin_serve },
    { .path = "/recordings/*",
      .guard = sw_sound_guard,
      .error = sw_error,
      .dress = sw_dress,
      .serve = sw_sound_serve },
    { .path = "/api/*",
      .guard = sw_guard,
      .error = sw_error,
      .dress = sw_dress,
      .serve = sw_serve },
};

static bool fits(const char *pattern, struct slice path, struct http_path_match *match)
{
    if (http_path_matches(pattern, path, match))
        return true;
    bool slash = path.len > 1 && path.ptr[path.len - 1] == '/';
    return slash && http_path_matches(pattern, slice_sub(path, 0, path.len - 1), match);
}

const struct api_family *api_family_find(struct slice path)
{
    struct http_path_match match;
    for (size_t i = 0; i < COUNT_OF(families); i++)
        if (fits(families[i].path, path, &match))
            return &families[i];
    return NULL;
}

const struct api_route *api_route_find(const struct api_family *family, enum http_method method,
                                       struct slice path, struct http_path_match *match,
                                       bool *is_path)
{
    *is_path = false;
    for (size_t i = 0; i < family->n_routes; i++) {
        if (!fits(family->routes[i].path, path, match))
            continue;
        *is_path = true;
        if (family->routes[i].method == method)
            return &family->routes[i];
    }
    return NULL;
}
