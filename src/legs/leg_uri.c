#include "legs/leg_uri.h"

#include "base/buf.h"
#include "config/config.h"
#include "legs/leg_media.h"
#include "legs/leg_sip.h"
#include "sip/sip_uri.h"

enum { HEADERS_MAX = 32 };
enum { LOWEST_PORT = 1024 }; /* below live services that a SIP request could be mistaken by */

bool uri_addr_allowed(const struct leg_env *env, const struct addr *addr)
{
    /* what routers keep to themselves, beside what addr_is_private() knows */
    static const char *const odd[] = { "0.0.0.0/8", "192.0.0.0/24", "192.88.99.0/24", "224.0.0.0/3",
                                       "::/128",    "ff00::/8",     "64:ff9b::/96" };
    const struct config_list *nets = &env->config->uri_nets;
    struct addr_block block;
    for (size_t i = 0; i < nets->n; i++)
        if (!addr_block_parse(slice_of(nets->items[i]), &block) && addr_in_block(addr, &block))
            return true;
    if (addr_is_private(addr) || addr_is_loopback(addr) || addr_is_any(addr) ||
        addr_in_blocks(addr, env->local_nets, env->n_local_nets) ||
        (addr_is_set(&env->public_ip) && addr_same_ip(addr, &env->public_ip)))
        return false;
    for (size_t i = 0; i < sizeof odd / sizeof odd[0]; i++)
        if (!addr_block_parse(slice_of(odd[i]), &block) && addr_in_block(addr, &block))
            return false;
    return true;
}

/* The transport that it asks for; false when we do not call by that one. */
static bool read_transport(const struct sip_uri *uri, struct sip_resolve_config *where)
{
    static const struct {
        const char *name;
        enum sip_kind kind;
    } rows[] = { { "udp", SIP_UDP }, { "tcp", SIP_TCP }, { "tls", SIP_TLS } };
    struct slice name;
    where->any_kind = !sip_uri_param(uri, "transport", &name);
    if (uri->scheme == SIP_URI_SIPS) { /* RFC 3261 §26.2.2: TLS all the way */
        where->any_kind = false;
        where->kind = SIP_TLS;
        return true;
    }
    for (size_t i = 0; i < sizeof rows / sizeof rows[0] && !where->any_kind; i++)
        if (slice_iis(name, rows[i].name)) {
            where->kind = rows[i].kind;
            return true;
        }
    return where->any_kind;
}

bool uri_where(const struct sip_uri *uri, struct sip_resolve_config *where)
{
    *where = (struct sip_resolve_config){ .host = uri->host, .port = uri->port };
    return uri->host.len && read_transport(uri, where);
}

static const char *refusal(const struct sip_uri *uri, bool is_typed)
{
    if (uri->scheme != SIP_URI_SIP && uri->scheme != SIP_URI_SIPS)
        return "Only sip: and sips: addresses can be called.";
    if (!uri->host.len)
        return "The address names no host.";
    if (is_typed && (uri->headers.len || uri->password.len || sip_uri_param(uri, "maddr", NULL)))
        return "An address to call has no password, no headers and no maddr.";
    if (is_typed && uri->port && uri->port < LOWEST_PORT)
        return "Addresses to call are at port 1024 or above.";
    return NULL;
}

/* "sip:desk@example.org": a script or program says who calls, all of it. */
static bool is_whole(const char *caller, struct sip_uri *uri)
{
    return sip_uri_parse(slice_of(caller), uri) == OK && uri->user.len && uri->host.len &&
           (uri->scheme == SIP_URI_SIP || uri->scheme == SIP_URI_SIPS);
}

void uri_print_user(const char *caller, struct buf *out)
{
    struct sip_uri uri;
    if (is_whole(caller, &uri))
        buf_put(out, uri.user);
    else
        sip_escape_user(slice_of(caller), out);
}

void uri_print_caller(const char *caller, const char *host, struct buf *out)
{
    struct sip_uri uri;
    if (is_whole(caller, &uri)) {
        uri.headers = uri.params = uri.password = SLICE_NONE;
        sip_uri_print(&uri, out);
        return;
    }
    buf_text(out, "sip:");
    sip_escape_user(slice_of(caller), out);
    buf_char(out, '@');
    sip_host_print(slice_of(host), out);
}

static void print_from(const struct leg_env *env, const struct call *call, struct buf *out)
{
    char text[ADDR_TEXT];
    const char *host = env->config->sip_domain;
    if (!host[0])
        host = addr_is_set(&env->public_ip) ? addr_print_ip(&env->public_ip, text)
                                            : "anonymous.invalid"; /* RFC 3323 §4.1.1.3 */
    uri_print_caller(call_from(call)[0] ? call_from(call) : "anonymous", host, out);
}

void uris_dial(void *owner, struct call *call, const struct route_target *target, struct cause *why)
{
    static const enum leg_sip_srtp srtp[] = { [ROUTE_SRTP_OFF] = LEG_SIP_SRTP_OFF,
                                              [ROUTE_SRTP_OPTIONAL] = LEG_SIP_SRTP_OPTIONAL,
                                              [ROUTE_SRTP_REQUIRED] = LEG_SIP_SRTP_REQUIRED };
    const struct leg_env *env = owner;
    struct sip_uri uri;
    struct sip_resolve_config where = { 0 };
    char uri_mem[ROUTE_NUMBER_MAX + 64], from_mem[400];
    struct buf text = BUF_ON(uri_mem), from = BUF_ON(from_mem);
    if (sip_uri_parse(slice_of(target->number), &uri)) {
        *why = cause_of_status(484, CAUSE_BY_SYSTEM, "That is no SIP address.");
        return;
    }
    const char *no = refusal(&uri, target->is_typed);
    if (!no && !uri_where(&uri, &where))
        no = "That address wants a transport by which we do not call.";
    if (no) {
        *why = cause_of_status(403, CAUSE_BY_SYSTEM, no);
        return;
    }
    uri.headers = SLICE_NONE;
    sip_uri_print(&uri, &text);
    print_from(env, call, &from);
    struct sip_field fields[HEADERS_MAX];
    struct leg_sip_target sip = {
        .request_uri = buf_slice(&text),
        .from_uri = buf_slice(&from),
        .from_name = slice_of(call_from_name(call)),
        .contact_user = SLICE("tandem"),
        .where = where,
        .is_typed = target->is_typed,
        .party = buf_slice(&text),
        .auth = { .user = slice_of(call_sip_user(call)), .password = call_sip_password(call) },
        .fields = fields,
        .n_fields = leg_sip_add_headers(call, fields, 0, HEADERS_MAX),
        .codecs = env->sip_codecs,
        .prefer = leg_prefer_of(env->config, CONFIG_PREFER_AUTO),
        .srtp = srtp[target->srtp],
        .dtmf = LEG_DTMF_AUTO,
    };
    call_add_leg(call, leg_sip_create_outgoing(env, &sip));
}
