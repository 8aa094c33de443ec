#pragma once
/* Who is calling, as networks that trust each other say it: P-Asserted-Identity and Privacy (RFC
 * 3325, RFC 3323). Whether a peer may be believed is the caller's question. Any thread. */

#include <stdbool.h>

#include "base/buf.h"
#include "base/slice.h"

struct sip_msg;

struct sip_identity {
    struct slice uri, name; /* empty uri: none is given; of one that was read, escapes are kept */
    bool is_preferred;      /* P-Preferred-Identity: what a client asks its provider to assert */
    bool is_private;        /* Privacy: id, and an anonymous From (RFC 3323 §4.1) */
};

#define SIP_ANONYMOUS_NAME "Anonymous"
#define SIP_ANONYMOUS_URI "sip:anonymous@anonymous.invalid"

/** What `msg` says: the first P-Asserted-Identity, else P-Preferred-Identity, and whether its
 * Privacy holds "id", "user" or "header". Slices of the message; the uri is empty when neither is
 * there. */
void sip_identity_read(const struct sip_msg *msg, struct sip_identity *out);
/** The From of `msg` says nobody: anonymous@, or the host anonymous.invalid. */
bool sip_identity_is_anonymous(const struct sip_msg *msg);
