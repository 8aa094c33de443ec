#pragma once
/* Families of paths, each with who may ask and its table: method, path and the handler, one row for
 * every endpoint. Constant. */

#include "api/rest.h"

struct api_route {
    enum http_method method;
    const char *path; /* as http_path_matches(); a slash behind it does not matter */
    rest_fn handle;
};

/** Paths that speak one language: the same way to log in, to say no, the same headers. */
struct api_family {
    const char *path;  /* pattern of all its paths */
    bool is_bodyless;  /* bodies are not looked at; otherwise they are JSON objects or empty */
    rest_fn guard;     /* ends in rest_admit() or an answer, now or later */
    rest_fn preflight; /* answers OPTIONS without the guard; NULL: a method like others */
    /** The body of a failure, the caller's. */
    json_t *(*error)(const struct rest *rest, const struct rest_error *error);
    /** Headers of every answer, with rest_set_header(); may be NULL. */
    void (*dress)(struct rest *rest, int status);
    rest_fn serve; /* finds the route by a table of its own; NULL: by this one */
    const struct api_route *routes;
    size_t n_routes;
};

/** NULL: none. The first that matches, in the order of routes.c. */
const struct api_family *api_family_find(struct slice path);
/** NULL: none. `*is_path`: the path is there, with other methods. */
const struct api_route *api_route_find(const struct api_family *family, enum http_method method,
                                       struct slice path, struct http_path_match *match,
                                       bool *is_path);

/* api.c: the admin API's own */
void api_guard_admin(struct rest *rest);
json_t *api_admin_error(const struct rest *rest, const struct rest_error *error);
void api_dress_admin(struct rest *rest, int status);
