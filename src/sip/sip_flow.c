#include "sip_flow.h"

/* RFC 3261 §19.1.2 and §26.2.2 for the ports; RFC 7118 §5 leaves those of WebSockets to HTTP. */
static const struct {
    const char *name;
    uint16_t port;
    bool reliable;
} kinds[SIP_KIND_COUNT] = {
    [SIP_UDP] = { "UDP", 5060, false }, [SIP_TCP] = { "TCP", 5060, true },
    [SIP_TLS] = { "TLS", 5061, true },  [SIP_WS] = { "WS", 80, true },
    [SIP_WSS] = { "WSS", 443, true },
};

const char *sip_kind_name(enum sip_kind kind)
{
    return kinds[kind].name;
}

enum err sip_kind_parse(struct slice text, enum sip_kind *out)
{
    for (int i = 0; i < SIP_KIND_COUNT; i++)
        if (slice_iis(text, kinds[i].name)) {
            *out = (enum sip_kind)i;
            return OK;
        }
    return ERR_INVALID;
}

uint16_t sip_kind_port(enum sip_kind kind)
{
    return kinds[kind].port;
}

bool sip_kind_is_reliable(enum sip_kind kind)
{
    return kinds[kind].reliable;
}
