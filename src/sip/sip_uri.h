#pragma once
/* SIP, SIPS and tel URIs: RFC 3261 §19.1, RFC 3966, RFC 5954 (IPv6). A parsed URI is a value whose
 * slices point into the text it came from. Any thread; owns nothing. */

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/slice.h"
#include "net/addr.h"

enum sip_scheme { SIP_URI_SIP, SIP_URI_SIPS, SIP_URI_TEL, SIP_URI_OTHER };
enum { SIP_URI_MAX = 2048, SIP_NUMBER_MAX = 64 };

/** To build one by hand, fill scheme, user, host, port and params; print it. */
struct sip_uri {
    enum sip_scheme scheme;
    struct slice text;     /* all of it, as written; not used by print, except for SIP_URI_OTHER */
    struct slice user;     /* escaped as on the wire; of tel: the number with its separators */
    struct slice password; /* escaped */
    struct slice host;     /* IPv6 without brackets; empty for tel: */
    uint16_t port;         /* 0: not given */
    struct slice params;   /* "transport=tcp;lr", no leading ';' */
    struct slice headers;  /* "Replaces=…&Subject=…", no leading '?' */
};

/** ERR_PARSE: malformed. ERR_LIMIT: over SIP_URI_MAX. Any other absolute URI is SIP_URI_OTHER. */
MUST_CHECK enum err sip_uri_parse(struct slice text, struct sip_uri *out);
void sip_uri_print(const struct sip_uri *uri, struct buf *out);
/** A host as it stands in URIs and Via: brackets put around IPv6. */
void sip_host_print(struct slice host, struct buf *out);
/** "host", "host:port", "[v6]:port"; `host` comes without brackets, `port` is 0 when not given. */
MUST_CHECK enum err sip_host_parse(struct slice text, struct slice *host, uint16_t *port);

/** The address, when the host is one and not a name; ERR_PARSE for a name. Takes RFC 5118 §4.10's
 * three colons too, which addr_parse_ip() does not. */
MUST_CHECK enum err sip_host_addr(struct slice host, uint16_t port, struct addr *out);

/** RFC 3261 §19.1.4: case where it matters, escapes undone, transport user ttl method maddr must
 * match. */
bool sip_uri_eq(const struct sip_uri *a, const struct sip_uri *b);
/** Equal user, host, port and scheme; parameters do not matter: an address of record (§10.3). */
bool sip_uri_same_aor(const struct sip_uri *a, const struct sip_uri *b);

/** Whether the parameter is there, and its value ("" for a flag); `value` may be NULL. */
bool sip_uri_param(const struct sip_uri *uri, const char *name, struct slice *value);
/** The header of `?name=value`, still escaped. */
bool sip_uri_header(const struct sip_uri *uri, const char *name, struct slice *value);

/** %41 becomes A. A broken escape stays as it is. */
void sip_unescape(struct slice text, struct buf *out);
/** Escape what may not stand in the user part / in a parameter or header value. */
void sip_escape_user(struct slice text, struct buf *out);
void sip_escape_param(struct slice text, struct buf *out);

/**
 * The telephone number in a tel: URI or in the user part of a sip: URI: an optional '+', then
 * digits (also * # A-D), without visual separators; terminated. False when the user is no number.
 */
bool sip_uri_number(const struct sip_uri *uri, char out[SIP_NUMBER_MAX]);
