#include "rtc/ice_uri.h"

#include <ctype.h>

#include "base/num.h"

enum { PORT = 3478, PORT_TLS = 5349 };

static const struct {
    const char *scheme;
    enum ice_uri_kind kind;
    enum ice_uri_transport transport;
    uint16_t port;
} schemes[] = {
    { "stun", ICE_URI_STUN, ICE_URI_UDP, PORT },
    { "turn", ICE_URI_TURN, ICE_URI_UDP, PORT },
    { "turns", ICE_URI_TURN, ICE_URI_TLS, PORT_TLS },
};

static enum err parse_scheme(struct slice scheme, struct ice_uri *out)
{
    for (size_t i = 0; i < COUNT_OF(schemes); i++) {
        if (!slice_iis(scheme, schemes[i].scheme))
            continue;
        out->kind = schemes[i].kind;
        out->transport = schemes[i].transport;
        out->port = schemes[i].port;
        return OK;
    }
    return slice_iis(scheme, "stuns") ? ERR_UNSUPPORTED : ERR_PARSE;
}

/* Letters, digits and what addresses and names are made of: nothing that could be a URI's rest. */
static bool is_host(struct slice host)
{
    for (size_t i = 0; i < host.len; i++) {
        unsigned char c = (unsigned char)host.ptr[i];
        if (!isalnum(c) && c != '.' && c != '-' && c != '_' && c != ':')
            return false;
    }
    return host.len > 0;
}

static enum err parse_place(struct slice place, struct ice_uri *out)
{
    struct slice host;
    bool bracketed = slice_starts(place, SLICE("["));
    if (bracketed) {
        place = slice_from(place, 1);
        if (slice_index(place, ']') == place.len)
            return ERR_PARSE;
        host = slice_cut(&place, ']');
        if (place.len && place.ptr[0] != ':')
            return ERR_PARSE;
    } else {
        size_t colon = slice_index(place, ':');
        host = slice_sub(place, 0, colon);
        place = slice_from(place, colon);
    }
    uint32_t port = out->port;
    if (place.len && (slice_to_u32(slice_from(place, 1), UINT16_MAX, &port) || port == 0))
        return ERR_PARSE;
    out->port = (uint16_t)port; /* at most UINT16_MAX */
    if (!is_host(host) || (slice_index(host, ':') < host.len) != bracketed)
        return ERR_PARSE;
    return slice_copy(host, out->host, sizeof out->host) ? OK : ERR_LIMIT;
}

static enum err parse_query(struct slice query, struct ice_uri *out)
{
    struct slice name = slice_cut(&query, '=');
    if (!slice_iis(name, "transport"))
        return ERR_PARSE;
    if (out->kind == ICE_URI_STUN)
        return OK;
    bool tls = out->transport == ICE_URI_TLS;
    if (slice_iis(query, "udp"))
        return tls ? ERR_UNSUPPORTED : OK;
    if (!slice_iis(query, "tcp"))
        return ERR_PARSE;
    if (!tls)
        out->transport = ICE_URI_TCP;
    return OK;
}

enum err ice_uri_parse(struct slice text, struct ice_uri *out)
{
    struct ice_uri uri = { 0 };
    struct slice query = text;
    struct slice place = slice_cut(&query, '?');
    bool has_query = place.len < text.len;
    struct slice scheme = slice_cut(&place, ':');
    enum err err = parse_scheme(scheme, &uri);
    if (!err)
        err = parse_place(place, &uri);
    if (!err && has_query)
        err = parse_query(query, &uri);
    if (!err)
        *out = uri;
    return err;
}

void ice_uri_print(struct buf *buf, const struct ice_uri *uri)
{
    bool bracketed = strchr(uri->host, ':') != NULL;
    const char *scheme = uri->kind == ICE_URI_STUN       ? "stun"
                         : uri->transport == ICE_URI_TLS ? "turns"
                                                         : "turn";
    buf_printf(buf, bracketed ? "%s:[%s]:%u" : "%s:%s:%u", scheme, uri->host, uri->port);
    if (uri->kind == ICE_URI_TURN)
        buf_text(buf, uri->transport == ICE_URI_UDP ? "?transport=udp" : "?transport=tcp");
}
