#pragma once
/* Names for one phone of a user, usable from anywhere (RFC 5627): public ones say the instance,
 * temporary ones say nothing to a stranger. A temporary one holds the binding's number, hidden
 * under a keyed hash, so that it needs no memory. Any thread; owns nothing. */

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/slice.h"

struct sip_uri;

enum { SIP_GRUU_KEY = 16 };

/** "sip:alice@example.com;gr=urn:uuid:…". `aor` is "alice@example.com", decoded. */
void sip_gruu_print_public(struct slice aor, struct slice instance, struct buf *out);
/** "sip:<token>@example.com;gr", another one each time; all of a binding stay good as long as its
 * number and Call-ID do (§5.2). */
void sip_gruu_print_temporary(const uint8_t key[SIP_GRUU_KEY], struct slice aor, uint64_t number,
                              struct slice call_id, struct buf *out);
/** The number that a temporary one was made with; it must then be checked by sip_gruu_is_of(). */
bool sip_gruu_number(const uint8_t key[SIP_GRUU_KEY], const struct sip_uri *uri, uint64_t *number);
bool sip_gruu_is_of(const uint8_t key[SIP_GRUU_KEY], const struct sip_uri *uri, uint64_t number,
                    struct slice call_id);
