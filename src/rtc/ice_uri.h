#pragma once
/* Where a STUN or TURN server is: `stun:` and `turn:` URIs (RFC 7064, 7065) as a web API hands them
 * out. Names stay names: whoever uses one resolves it (net/dns.h). Any thread. */

#include "base/buf.h"
#include "base/err.h"

enum ice_uri_kind { ICE_URI_STUN, ICE_URI_TURN };
enum ice_uri_transport { ICE_URI_UDP, ICE_URI_TCP, ICE_URI_TLS };
enum { ICE_HOST_MAX = 253 };

struct ice_uri {
    enum ice_uri_kind kind;
    enum ice_uri_transport transport; /* to the server; from it to peers it is always UDP */
    char host[ICE_HOST_MAX + 1];      /* without brackets */
    uint16_t port;                    /* the scheme's own when the URI names none */
};

/** `?transport=` counts for TURN; on `stun:` it is ignored, as web APIs put it there too.
 * ERR_UNSUPPORTED: `stuns:` and TURN over DTLS.  ERR_PARSE: anything else that is wrong. */
MUST_CHECK enum err ice_uri_parse(struct slice text, struct ice_uri *out);
void ice_uri_print(struct buf *buf, const struct ice_uri *uri);
