#pragma once
/* ICE candidates as text and back (RFC 8839 §5.1, TCP by RFC 6544): what a=candidate lines and
 * trickled messages carry. Names such as "….local" stay text. Any thread; owns nothing. */

#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/slice.h"

enum sdp_candidate_type {
    SDP_CANDIDATE_HOST,
    SDP_CANDIDATE_SRFLX,
    SDP_CANDIDATE_PRFLX,
    SDP_CANDIDATE_RELAY
};
struct sdp_candidate {       /* RFC 8839 §5.1, RFC 6544 */
    struct slice foundation; /* 1 to 32 characters */
    uint8_t component;       /* 1 RTP, 2 RTCP */
    struct slice transport;  /* "udp", "tcp", any case */
    uint32_t priority;       /* 1 to 2^31 - 1 by the RFC; any 32 bits are taken */
    struct slice address;    /* IPv4, IPv6 or a name such as "….local" */
    uint16_t port;
    enum sdp_candidate_type type;
    struct slice related_address; /* raddr; empty: none */
    uint16_t related_port;
    struct slice tcp_type; /* "active", "passive", "so" or empty */
    struct slice ufrag;    /* extension of trickled candidates, or empty */
};
/** "candidate:…" with or without that prefix and "a=" in front of it. Unknown extensions are
 * skipped. ERR_UNSUPPORTED: an unknown type. */
MUST_CHECK enum err sdp_candidate_parse(struct slice value, struct sdp_candidate *out);
/** "candidate:1 1 udp …", without "a=" and line end. */
void sdp_candidate_print(const struct sdp_candidate *candidate, struct buf *out);
/** RFC 8445 §5.1.2.1; a higher `local_preference` goes first. */
uint32_t sdp_candidate_priority(enum sdp_candidate_type type, uint16_t local_preference,
                                uint8_t component);
