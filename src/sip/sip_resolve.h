#pragma once
/* Where a SIP server is (RFC 3263 §4): from a host, a port and a transport, each of which may be
 * open, to addresses in the order in which to try them. NAPTR chooses the transport, SRV the port,
 * A and AAAA the address. The next one is tried when one fails; that is the caller's business.
 * Control thread. */

#include <stddef.h>

#include "base/err.h"
#include "base/slice.h"
#include "sip_flow.h"

struct dns;
struct sip_resolve;

enum { SIP_HOPS_MAX = 12 };

/** Borrowed by the callback. With `err` set there are no hops: ERR_NOT_FOUND, ERR_TIMEOUT … */
struct sip_hops {
    enum err err;
    const char *text; /* for people: "no such name: sip.example.com" */
    struct sip_hop list[SIP_HOPS_MAX];
    size_t n;
};
typedef void (*sip_resolve_fn)(void *owner, const struct sip_hops *hops);

struct sip_resolve_config {
    struct slice host;  /* a name, or a numeric address without brackets */
    uint16_t port;      /* 0: not given, so SRV and then the default */
    bool any_kind;      /* the transport is open: NAPTR, else UDP */
    enum sip_kind kind; /* the transport otherwise */
    uint32_t tls;       /* of every hop: whose certificate is expected (sip_tls.h) */
};
/** `fn` is called once, never from inside; then the question is gone. */
struct sip_resolve *sip_resolve_create(struct dns *dns, const struct sip_resolve_config *config,
                                       sip_resolve_fn fn, void *owner);
/** Before `fn` was called: forget it. NULL is fine. */
void sip_resolve_destroy(struct sip_resolve *resolve);
