#pragma once
/* Method, path, who may, and the handler: one row for every endpoint. Constant. */

#include "api/rest.h"

enum api_role {
    API_ADMIN, /* holds the admin token */
};

struct api_route {
    enum http_method method;
    const char *path; /* as http_path_matches() */
    enum api_role role;
    rest_fn handle;
};

extern const struct api_route api_routes[];
extern const size_t n_api_routes;
/** NULL: none. `*is_path`: the path is there, with other methods. */
const struct api_route *api_route_find(enum http_method method, struct slice path,
                                       struct http_path_match *match, bool *is_path);
