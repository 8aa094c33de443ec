#pragma once
/* The answer section of a DNS message (RFC 1035 §4): bytes to records. Any thread. */

#include <stddef.h>

#include "base/err.h"
#include "base/slice.h"
#include "net/dns.h"

/** The records of `type` among the answers, in the message's order, into `out`; `*n` is the room
 * and then how many (more are left out). Aliases are not followed: the resolver that answers does.
 * ERR_PARSE: malformed. */
MUST_CHECK enum err dns_message_parse(struct slice message, enum dns_type type,
                                      struct dns_record *out, size_t *n);
/** A type's number on the wire. */
unsigned dns_message_type(enum dns_type type);
