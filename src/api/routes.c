#include "routes.h"

#include "admin.h"
#include "base/num.h"

#define ADMIN "/admin/api/"

/* Sorted by path. */
const struct api_route api_routes[] = {
    { HTTP_GET, ADMIN "calls", API_ADMIN, admin_call_list },
    { HTTP_GET, ADMIN "calls/:id", API_ADMIN, admin_call_show },
    { HTTP_DELETE, ADMIN "calls/:id", API_ADMIN, admin_call_end },
    { HTTP_GET, ADMIN "devices", API_ADMIN, admin_device_list },
    { HTTP_POST, ADMIN "devices", API_ADMIN, admin_device_add },
    { HTTP_DELETE, ADMIN "devices/:id", API_ADMIN, admin_device_remove },
    { HTTP_POST, ADMIN "doctor", API_ADMIN, admin_doctor },
    { HTTP_GET, ADMIN "log", API_ADMIN, admin_log_read },
    { HTTP_GET, ADMIN "numbers", API_ADMIN, admin_number_list },
    { HTTP_POST, ADMIN "numbers", API_ADMIN, admin_number_set },
    { HTTP_DELETE, ADMIN "numbers/:number", API_ADMIN, admin_number_remove },
    { HTTP_GET, ADMIN "pats", API_ADMIN, admin_pat_list },
    { HTTP_POST, ADMIN "pats", API_ADMIN, admin_pat_add },
    { HTTP_DELETE, ADMIN "pats/:id", API_ADMIN, admin_token_remove },
    { HTTP_GET, ADMIN "projects", API_ADMIN, admin_project_list },
    { HTTP_POST, ADMIN "projects", API_ADMIN, admin_project_add },
    { HTTP_DELETE, ADMIN "projects/:id", API_ADMIN, admin_project_remove },
    { HTTP_GET, ADMIN "registrations", API_ADMIN, admin_registration_list },
    { HTTP_POST, ADMIN "reload", API_ADMIN, admin_reload },
    { HTTP_GET, ADMIN "route", API_ADMIN, admin_route },
    { HTTP_GET, ADMIN "tokens", API_ADMIN, admin_token_list },
    { HTTP_POST, ADMIN "tokens", API_ADMIN, admin_token_add },
    { HTTP_DELETE, ADMIN "tokens/:id", API_ADMIN, admin_token_remove },
    { HTTP_GET, ADMIN "trace", API_ADMIN, admin_trace_read },
    { HTTP_GET, ADMIN "trunks", API_ADMIN, admin_trunk_list },
    { HTTP_GET, ADMIN "users", API_ADMIN, admin_user_list },
    { HTTP_POST, ADMIN "users", API_ADMIN, admin_user_add },
    { HTTP_DELETE, ADMIN "users/:id", API_ADMIN, admin_user_remove },
};
const size_t n_api_routes = COUNT_OF(api_routes);

const struct api_route *api_route_find(enum http_method method, struct slice path,
                                       struct http_path_match *match, bool *is_path)
{
    *is_path = false;
    for (size_t i = 0; i < n_api_routes; i++) {
        if (!http_path_matches(api_routes[i].path, path, match))
            continue;
        *is_path = true;
        if (api_routes[i].method == method)
            return &api_routes[i];
    }
    return NULL;
}
