#include "sip_dialog.h"

#include "base/mem.h"
#include "sip_msg.h"

static char *with_tag(struct slice value, struct slice tag)
{
    struct buf out;
    char *text = mem_alloc(value.len + tag.len + 8);
    buf_init(&out, text, value.len + tag.len + 8);
    buf_printf(&out, "%.*s;tag=%.*s", SLICE_ARG(value), SLICE_ARG(tag));
    text[out.len] = '\0';
    return text;
}

static void replace(char **text, struct slice by)
{
    mem_free(*text);
    *text = slice_dup(by);
}

static bool is_same_host(const struct sip_uri *uri, const struct addr *addr)
{
    struct addr host;
    return addr_parse_ip(uri->host, 0, &host) == OK && addr_same_ip(&host, addr);
}

/* A Contact that names an address nobody but its owner can use: a private one while the message
 * came from the public net; or the sender's own idea of itself (one Via, so no proxy between),
 * which differs from where it was heard. */
static bool contact_is_behind_nat(const struct sip_uri *contact, const struct sip_msg *msg,
                                  const struct sip_flow *flow)
{
    struct addr host;
    if (addr_parse_ip(contact->host, 0, &host) || addr_same_ip(&host, &flow->remote))
        return false;
    if (addr_is_any(&host) || (addr_is_private(&host) && !addr_is_private(&flow->remote)))
        return true;
    return sip_msg_is_request(msg) && sip_msg_count(msg, SIP_H_VIA) == 1 &&
           slice_ieq(sip_msg_via(msg)->host, contact->host);
}

void sip_dialog_refresh(struct sip_dialog *d, const struct sip_msg *msg,
                        const struct sip_flow *flow)
{
    struct sip_name_addr contact;
    d->flow = *flow;
    if (sip_name_addr_parse(sip_msg_value(msg, SIP_H_CONTACT), &contact) || contact.is_star)
        return;
    if (contact.uri.scheme != SIP_URI_SIP && contact.uri.scheme != SIP_URI_SIPS)
        return;
    replace(&d->target, contact.uri.text);
    d->is_nat = contact_is_behind_nat(&contact.uri, msg, flow);
}

static enum err copy_routes(struct sip_dialog *d, const struct sip_msg *msg, bool reversed)
{
    size_t n = sip_msg_count(msg, SIP_H_RECORD_ROUTE);
    if (n > SIP_ROUTES_MAX)
        return ERR_LIMIT;
    for (size_t i = 0; i < n; i++) {
        size_t from = reversed ? n - 1 - i : i;
        d->routes[i] = slice_dup(sip_msg_header_nth(msg, SIP_H_RECORD_ROUTE, from)->value);
    }
    d->n_routes = n;
    return OK;
}

enum err sip_dialog_init_uac(struct sip_dialog *d, const struct sip_msg *request,
                             const struct sip_msg *response, const struct sip_flow *flow)
{
    *d = (struct sip_dialog){ .flow = *flow, .local_cseq = sip_msg_cseq(request)->number };
    d->call_id = slice_dup(sip_msg_call_id(request));
    d->local_tag = slice_dup(sip_msg_from_tag(request));
    d->remote_tag = slice_dup(sip_msg_to_tag(response));
    d->local = slice_dup(sip_msg_value(request, SIP_H_FROM));
    d->remote = slice_dup(sip_msg_value(response, SIP_H_TO));
    d->target = slice_dup(sip_msg_uri(request)->text); /* until a Contact says better */
    enum err err = copy_routes(d, response, true);
    if (err) {
        sip_dialog_clear(d);
        return err;
    }
    sip_dialog_refresh(d, response, flow);
    return OK;
}

enum err sip_dialog_init_uas(struct sip_dialog *d, const struct sip_msg *request,
                             struct slice local_tag, const struct sip_flow *flow)
{
    *d = (struct sip_dialog){ .flow = *flow,
                              .remote_cseq = sip_msg_cseq(request)->number,
                              .has_remote_cseq = true };
    d->call_id = slice_dup(sip_msg_call_id(request));
    d->local_tag = slice_dup(local_tag);
    d->remote_tag = slice_dup(sip_msg_from_tag(request));
    d->local = with_tag(sip_msg_value(request, SIP_H_TO), local_tag);
    d->remote = slice_dup(sip_msg_value(request, SIP_H_FROM));
    d->target = slice_dup(sip_msg_from(request)->uri.text);
    enum err err = copy_routes(d, request, false);
    if (err) {
        sip_dialog_clear(d);
        return err;
    }
    sip_dialog_refresh(d, request, flow);
    return OK;
}

void sip_dialog_clear(struct sip_dialog *d)
{
    mem_free(d->call_id);
    mem_free(d->local_tag);
    mem_free(d->remote_tag);
    mem_free(d->local);
    mem_free(d->remote);
    mem_free(d->target);
    for (size_t i = 0; i < d->n_routes; i++)
        mem_free(d->routes[i]);
    *d = (struct sip_dialog){ 0 };
}

bool sip_dialog_has(const struct sip_dialog *d, const struct sip_msg *request)
{
    return slice_is(sip_msg_to_tag(request), d->local_tag) &&
           slice_is(sip_msg_from_tag(request), d->remote_tag) &&
           slice_is(sip_msg_call_id(request), d->call_id);
}

enum err sip_dialog_take_request(struct sip_dialog *d, const struct sip_msg *request,
                                 const struct sip_flow *flow)
{
    uint32_t number = sip_msg_cseq(request)->number;
    if (d->has_remote_cseq && number <= d->remote_cseq)
        return ERR_MISUSE;
    d->remote_cseq = number;
    d->has_remote_cseq = true;
    d->flow = *flow;
    return OK;
}

static bool route_uri(const struct sip_dialog *d, size_t i, struct sip_uri *out)
{
    struct sip_name_addr route;
    if (i >= d->n_routes || sip_name_addr_parse(slice_of(d->routes[i]), &route))
        return false;
    *out = route.uri;
    return true;
}

/* The first hop is a strict router (RFC 2543): it wants to see itself as the Request-URI. */
static bool is_strict(const struct sip_dialog *d, struct sip_uri *first)
{
    return route_uri(d, 0, first) && !sip_uri_param(first, "lr", NULL);
}

struct slice sip_dialog_uri(const struct sip_dialog *d)
{
    struct sip_uri first;
    return is_strict(d, &first) ? first.text : slice_of(d->target);
}

static struct sip_hop hop_back(const struct sip_dialog *d)
{
    return (struct sip_hop){ .kind = d->flow.kind, .addr = d->flow.remote, .flow = d->flow };
}

struct sip_hop sip_dialog_hop(const struct sip_dialog *d)
{
    struct sip_uri uri;
    struct slice transport;
    struct sip_hop hop = { .kind = d->flow.kind };
    if (hop.kind == SIP_WS || hop.kind == SIP_WSS)
        return hop_back(d); /* nobody can be dialled over a WebSocket: RFC 7118 §5 */
    if (!route_uri(d, 0, &uri) && (d->is_nat || sip_uri_parse(slice_of(d->target), &uri)))
        return hop_back(d);
    if (uri.scheme == SIP_URI_SIPS)
        hop.kind = SIP_TLS;
    else if (sip_uri_param(&uri, "transport", &transport) &&
             sip_kind_parse(transport, &hop.kind) != OK)
        return hop_back(d);
    /* a stream that is open already is the way (RFC 5923); a name was resolved by who sent it */
    bool is_here = is_same_host(&uri, &d->flow.remote);
    uint16_t port = uri.port ? uri.port : sip_kind_port(hop.kind);
    bool is_numeric = !addr_parse_ip(uri.host, port, &hop.addr);
    if (hop.kind == d->flow.kind && sip_kind_is_reliable(hop.kind) &&
        (is_here || d->n_routes == 0)) {
        hop.flow = d->flow;
        hop.addr = is_numeric && d->flow.accepted ? hop.addr : d->flow.remote;
        return hop;
    }
    if (!is_numeric)
        return hop_back(d);
    /* the same socket as before, so that the far end keeps seeing one address of ours */
    if (hop.kind == d->flow.kind && addr_is_v6(&hop.addr) == addr_is_v6(&d->flow.remote)) {
        hop.flow = d->flow;
        hop.flow.remote = hop.addr;
        hop.flow.conn = 0; /* a stream's: of that address */
        hop.flow.generation = 0;
        hop.flow.accepted = false;
    }
    return hop;
}

void sip_dialog_write(const struct sip_dialog *d, struct sip_build *b, uint32_t cseq,
                      struct slice method)
{
    struct sip_uri first;
    bool strict = is_strict(d, &first);
    for (size_t i = strict ? 1 : 0; i < d->n_routes; i++)
        sip_build_text(b, SIP_H_ROUTE, d->routes[i]);
    if (strict)
        sip_build_printf(b, SIP_H_ROUTE, "<%s>", d->target);
    sip_build_text(b, SIP_H_FROM, d->local);
    sip_build_text(b, SIP_H_TO, d->remote);
    sip_build_text(b, SIP_H_CALL_ID, d->call_id);
    sip_build_cseq(b, cseq, method);
}
