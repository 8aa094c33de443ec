/* SIP domains of programs: a call to sip:anybody@IDENTIFIER.our-domain is answered by the program
 * that made the domain, whoever calls, or only for the addresses that it named. */
#include <stdio.h>

#include "api/device.h"
#include "daemon/daemon_priv.h"
#include "daemon/number_handlers.h"
#include "legs/sip_face.h"
#include "net/addr.h"
#include "sip/sip_uri.h"
#include "store/store_programs.h"

enum { KEY_MAX = 128 };

bool daemon_domain_key(const json_t *resource, char *out, size_t cap)
{
    const json_t *body = json_object_get(resource, "body");
    const char *user = json_string_value(json_object_get(body, "user"));
    const char *identifier = json_string_value(json_object_get(body, "identifier"));
    return identifier &&
           (size_t)snprintf(out, cap, "sip:%s@%s", user ? user : "*", identifier) < cap;
}

json_t *daemon_domain_handler(const struct daemon *daemon, const json_t *resource)
{
    const json_t *body = json_object_get(resource, "body");
    const char *url = json_string_value(json_object_get(body, "call_relay_script_url"));
    const char *project = json_string_value(json_object_get(resource, "project"));
    char *text = json_dumps(body, JSON_COMPACT);
    const struct store_number row = { .project_id = project, .body = text };
    json_t *handler = number_call_handler(&row, daemon->resources);
    if (!handler)
        handler = json_pack("{s:s, s:o}", "project", project, "target",
                            url ? json_sprintf("swml:%s", url) : json_string(""));
    if (json_is_true(json_object_get(body, "ip_auth_enabled")))
        json_object_set(handler, "ip_auth", json_object_get(body, "ip_auth"));
    json_object_set(handler, "encryption", json_object_get(body, "encryption"));
    free(text);
    return handler;
}

static bool is_among(const json_t *blocks, const struct addr *addr)
{
    struct addr_block block;
    for (size_t i = 0; i < json_array_size(blocks); i++)
        if (!addr_block_parse(slice_of(json_string_value(json_array_get(blocks, i))), &block) &&
            addr_in_block(addr, &block))
            return true;
    return false;
}

bool daemon_find_domain(void *owner, const struct sip_uri *uri, const struct addr *from,
                        struct sip_face_domain *out)
{
    const struct daemon *daemon = owner;
    struct slice domain = uri->host;
    struct slice identifier = slice_cut(&domain, '.');
    const struct slice users[] = { uri->user, SLICE("*") };
    char key[KEY_MAX];
    bool is_found = false;
    if (!daemon->api || !slice_iis(domain, device_domain(daemon->api)))
        return false;
    for (size_t i = 0; i < 2 && !is_found; i++)
        is_found = (size_t)snprintf(key, sizeof key, "sip:%.*s@%.*s", SLICE_ARG(users[i]),
                                    SLICE_ARG(identifier)) < sizeof key &&
                   router_find_number(daemon->router, slice_of(key), &out->plan);
    if (!is_found)
        return false;
    const json_t *handler = json_object_get(daemon->call_handlers, key);
    const json_t *only = json_object_get(handler, "ip_auth");
    const char *encryption = json_string_value(json_object_get(handler, "encryption"));
    out->is_open = !only || is_among(only, from);
    out->needs_srtp = encryption && strcmp(encryption, "required") == 0;
    return true;
}
