/* What others ask of the registrar, and do to it: look-ups, GRUUs, listings, connections that end.
 */
#include "base/loop.h"
#include "sip_registrar_priv.h"
#include "sip_uri.h"

size_t sip_registrar_lookup(const struct sip_registrar *r, struct slice aor,
                            const struct sip_binding **out, size_t max)
{
    size_t n = sip_bindings_list(r->bindings, aor, out, max);
    return n < max ? n : max;
}

static bool is_of_instance(const struct sip_binding *b, struct slice gr)
{
    char text[512];
    struct buf plain = BUF_ON(text);
    sip_unescape(gr, &plain);
    return b->instance.len && slice_ieq(b->instance, buf_slice(&plain));
}

static size_t find_public(const struct sip_registrar *r, const struct sip_uri *uri, struct slice gr,
                          const struct sip_binding **out, size_t max)
{
    const struct sip_binding *list[SIP_CONTACTS_MAX];
    char text[SIP_AOR_MAX];
    struct buf aor = BUF_ON(text);
    size_t n = 0;
    sip_unescape(uri->user, &aor);
    buf_printf(&aor, "@%.*s", SLICE_ARG(uri->host));
    size_t all =
        aor.overflow ? 0 : sip_registrar_lookup(r, buf_slice(&aor), list, SIP_CONTACTS_MAX);
    for (size_t i = 0; i < all && n < max; i++)
        if (is_of_instance(list[i], gr))
            out[n++] = list[i];
    return n;
}

size_t sip_registrar_find_gruu(const struct sip_registrar *r, const struct sip_uri *uri,
                               const struct sip_binding **out, size_t max)
{
    struct slice gr;
    uint64_t number = 0;
    if (!max || uri->scheme == SIP_URI_OTHER || !sip_uri_param(uri, "gr", &gr))
        return 0;
    if (gr.len)
        return find_public(r, uri, gr, out, max);
    if (!sip_gruu_number(r->gruu_key, uri, &number))
        return 0;
    const struct sip_binding *b = sip_bindings_numbered(r->bindings, number);
    if (!b || !sip_gruu_is_of(r->gruu_key, uri, number, b->call_id))
        return 0;
    out[0] = b;
    return 1;
}

const struct sip_binding *sip_registrar_next(const struct sip_registrar *r, size_t *cursor)
{
    return sip_bindings_next(r->bindings, cursor);
}

size_t sip_registrar_count(const struct sip_registrar *r)
{
    return sip_bindings_count(r->bindings);
}

enum err sip_registrar_load(struct sip_registrar *r, const struct sip_binding *binding)
{
    if (binding->expires_wall_ms <= loop_wall_ms(r->loop))
        return ERR_TIMEOUT;
    return sip_bindings_put(r->bindings, binding, r->config.max_contacts, true);
}

void sip_registrar_remove(struct sip_registrar *r, struct slice aor, struct slice contact)
{
    const struct sip_binding *list[SIP_CONTACTS_MAX];
    size_t n = sip_bindings_list(r->bindings, aor, list, SIP_CONTACTS_MAX);
    for (size_t i = 0; i < n && i < SIP_CONTACTS_MAX; i++)
        if (slice_empty(contact) || slice_eq(list[i]->contact, contact))
            sip_bindings_remove(r->bindings, list[i]);
}

static const struct sip_binding *find_by_flow(const struct sip_registrar *r,
                                              const struct sip_flow *flow)
{
    size_t cursor = 0;
    const struct sip_binding *b;
    while ((b = sip_bindings_next(r->bindings, &cursor)) != NULL)
        if (b->flow.listener == flow->listener && b->flow.conn == flow->conn &&
            b->flow.generation == flow->generation)
            return b;
    return NULL;
}

void sip_registrar_flow_closed(struct sip_registrar *r, const struct sip_flow *flow)
{
    const struct sip_binding *b;
    if (flow->kind != SIP_WS && flow->kind != SIP_WSS)
        return;
    while ((b = find_by_flow(r, flow)) != NULL)
        sip_bindings_remove(r->bindings, b);
}
