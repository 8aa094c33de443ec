/* The files built into the program: the page of one call, the dashboard, the browser phone, and the
 * JavaScript library of provisioning. */
#include <stdio.h>
#include <string.h>

#include "base/embed.h"
#include "base/num.h"
#include "daemon/daemon_priv.h"
#include "net/http_request.h"

extern const struct embed web_page[], web_admin[], web_phone[], web_provisioning[];
extern const size_t n_web_page, n_web_admin, n_web_phone, n_web_provisioning;

static const char *type_of(struct slice name)
{
    static const struct {
        const char *suffix, *type;
    } types[] = {
        { ".css", "text/css; charset=utf-8" },
        { ".html", "text/html; charset=utf-8" },
        { ".ico", "image/x-icon" },
        { ".js", "text/javascript; charset=utf-8" },
        { ".json", "application/json" },
        { ".map", "application/json" },
        { ".mjs", "text/javascript; charset=utf-8" },
        { ".mp3", "audio/mpeg" },
        { ".ogg", "audio/ogg" },
        { ".png", "image/png" },
        { ".svg", "image/svg+xml" },
        { ".ts", "text/plain; charset=utf-8" },
        { ".txt", "text/plain; charset=utf-8" },
        { ".wasm", "application/wasm" },
        { ".wav", "audio/wav" },
        { ".webmanifest", "application/manifest+json" },
        { ".woff2", "font/woff2" },
    };
    for (size_t i = 0; i < COUNT_OF(types); i++)
        if (slice_ends(name, slice_of(types[i].suffix)))
            return types[i].type;
    return "application/octet-stream";
}

/* The name says what is in it: a change has another name. */
static bool has_hash(struct slice name)
{
    return slice_starts(name, SLICE("assets/"));
}

/* Siperb-Provisioning-0.1.0.min.js */
static bool has_version(struct slice name)
{
    size_t at = slice_find(name, SLICE("-Provisioning-")) + sizeof "-Provisioning-" - 1;
    return at < name.len && name.ptr[at] >= '0' && name.ptr[at] <= '9';
}

/* What strangers call themselves is shown to an administrator: nothing but our own files may run,
 * and no other site may frame the page. */
#define ADMIN_POLICY                                                                        \
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src " \
    "'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

#define NOT_BUILT                                                                           \
    "<!doctype html><meta charset=utf-8><title>Browser phone</title>"                       \
    "<body style=\"font:16px/1.5 system-ui;max-width:36em;margin:3em auto;padding:0 1em\">" \
    "<h1>The browser phone is not in this build</h1>"                                       \
    "<p>It is made with npm: install Node and npm, run <code>tools/build-web</code>, then " \
    "<code>make</code>, and start tandem again. The <a href=\"/\">page for one call</a> "   \
    "works without it.</p>\n"

struct site {
    const char *path; /* without the first slash; "": everything else */
    const struct embed *files;
    const size_t *n;
    bool (*is_constant)(struct slice name); /* may be kept for a year; NULL: none may */
    const char *policy;                     /* Content-Security-Policy, or NULL */
    bool is_for_others;                     /* pages of other origins may load it */
    bool needs_slash; /* a service worker looks after what is below its path only */
    const char *if_empty;
};

static const struct site sites[] = {
    { .path = "admin", .files = web_admin, .n = &n_web_admin, .policy = ADMIN_POLICY },
    { .path = "lib/Siperb-Provisioning",
      .files = web_provisioning,
      .n = &n_web_provisioning,
      .is_constant = has_version,
      .is_for_others = true },
    { .path = "phone",
      .files = web_phone,
      .n = &n_web_phone,
      .is_constant = has_hash,
      .is_for_others = true,
      .needs_slash = true,
      .if_empty = NOT_BUILT },
    { .path = "", .files = web_page, .n = &n_web_page },
};

static bool is_below(struct slice path, struct slice prefix)
{
    return slice_starts(path, prefix) && (path.len == prefix.len || path.ptr[prefix.len] == '/');
}

/* `*name` is the file below the site's path; empty for the path itself. */
static const struct site *find_site(struct slice path, struct slice *name)
{
    size_t i = 0;
    while (i < COUNT_OF(sites) - 1 && !is_below(path, slice_of(sites[i].path)))
        i++;
    size_t len = strlen(sites[i].path);
    *name = slice_from(path, len ? len + 1 : 0);
    return &sites[i];
}

static const struct embed *find_file(const struct site *site, struct slice name)
{
    for (size_t i = 0; i < *site->n; i++)
        if (slice_is(slice_empty(name) ? SLICE("index.html") : name, site->files[i].name))
            return &site->files[i];
    return NULL;
}

static void put_headers(struct http_request *request, const struct site *site, struct slice name)
{
    bool is_constant = site->is_constant && site->is_constant(name);
    (void)!http_reply_header(request, "Cache-Control",
                             is_constant ? SLICE("public, max-age=31536000, immutable")
                                         : SLICE("no-cache"));
    (void)!http_reply_header(request, "X-Content-Type-Options", SLICE("nosniff"));
    if (site->is_for_others) {
        (void)!http_reply_header(request, "Access-Control-Allow-Origin", SLICE("*"));
        (void)!http_reply_header(request, "Cross-Origin-Resource-Policy", SLICE("cross-origin"));
    }
    if (site->policy) {
        (void)!http_reply_header(request, "Content-Security-Policy", slice_of(site->policy));
        (void)!http_reply_header(request, "Referrer-Policy", SLICE("no-referrer"));
    }
}

bool daemon_serve_page(struct http_request *request)
{
    struct slice path = slice_from(http_request_path(request), 1);
    struct slice name;
    const struct site *site = find_site(path, &name);
    enum http_method method = http_request_method(request);
    const struct embed *file = find_file(site, name);
    if (method != HTTP_GET && method != HTTP_HEAD)
        return false;
    if (!file && !*site->n && site->if_empty) {
        http_reply(request, 404, "text/html; charset=utf-8", slice_of(site->if_empty));
        return true;
    }
    if (!file)
        return false;
    if (site->needs_slash && slice_is(path, site->path)) {
        char to[64];
        snprintf(to, sizeof to, "/%s/", site->path);
        (void)!http_reply_header(request, "Location", slice_of(to));
        http_reply(request, 308, NULL, SLICE_NONE);
        return true;
    }
    put_headers(request, site, slice_of(file->name));
    http_reply(request, 200, type_of(slice_of(file->name)), slice_make(file->data, file->len));
    return true;
}
