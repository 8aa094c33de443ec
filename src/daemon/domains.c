/* SIP domains of programs: a call to sip:anybody@IDENTIFIER.our-domain is answered by the program
 * that made the domain, whoever calls, or only for the addresses that it named. And endpoints whose
 * calls a program handles. */
#include <stdio.h>
#include <string.h>

#include "api/device.h"
#include "daemon/daemon_priv.h"
#include "daemon/number_handlers.h"
#include "legs/sip_face.h"
#include "net/addr.h"
#include "sip/sip_uri.h"
#include "store/store_programs.h"

enum { KEY_MAX = 128 };

static const char *text_of(const json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));
    return text ? text : "";
}

bool daemon_account_key(struct slice sip_user, char *out, size_t cap)
{
    return (size_t)snprintf(out, cap, "from:%.*s", SLICE_ARG(sip_user)) < cap;
}

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
    const char *url = text_of(body, "call_relay_script_url"), *word = text_of(body, "call_handler");
    bool is_script = url[0] && (!word[0] || strcmp(word, "relay_script") == 0);
    const char *project = json_string_value(json_object_get(resource, "project"));
    char *text = json_dumps(body, JSON_COMPACT);
    const struct store_number row = { .project_id = project, .body = text };
    json_t *handler = number_call_handler(&row, daemon->resources);
    if (!handler)
        handler = json_pack("{s:s, s:o}", "project", project, "target",
                            is_script ? json_sprintf("swml:%s", url) : json_string(""));
    if (json_is_true(json_object_get(body, "ip_auth_enabled")))
        json_object_set(handler, "ip_auth", json_object_get(body, "ip_auth"));
    json_object_set(handler, "encryption", json_object_get(body, "encryption"));
    if (strcmp(word, "block-pstn") == 0)
        json_object_set_new(handler, "no_trunks", json_true());
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
    const char *encryption = text_of(handler, "encryption");
    out->is_open = !only || is_among(only, from);
    out->srtp = strcmp(encryption, "required") == 0    ? LEG_SIP_SRTP_REQUIRED
                : strcmp(encryption, "forbidden") == 0 ? LEG_SIP_SRTP_FORBIDDEN
                                                       : LEG_SIP_SRTP_OFF;
    return true;
}

void daemon_find_account(void *owner, struct slice sip_user, struct slice dialled,
                         struct sip_face_account *out)
{
    const struct daemon *daemon = owner;
    const struct route_query query = { .face = SLICE("sip"), .dialled = dialled };
    struct route_plan usual;
    struct cause cause;
    char key[KEY_MAX];
    if (!daemon_account_key(sip_user, key, sizeof key) ||
        !json_object_get(daemon->call_handlers, key))
        return;
    if (!router_find(daemon->router, &query, &usual, &cause) && usual.is_emergency)
        return; /* no program stands before those */
    out->no_trunks =
        json_is_true(json_object_get(json_object_get(daemon->call_handlers, key), "no_trunks"));
    if (!router_find_number(daemon->router, slice_of(key), &out->plan))
        out->plan.n = 0;
}
