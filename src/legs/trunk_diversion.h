#pragma once
/* Who sent a call on, as a trunk is told: what the call came with, and what was forwarded here, as
 * Diversion (RFC 5806) and History-Info (RFC 7044). Control thread. */

#include "base/buf.h"

struct call;
struct config_trunk;
struct sip_field;

enum { TRUNK_DIVERSION_FIELDS = 2, TRUNK_DIVERSION_TEXT = 4096 };

/** Up to TRUNK_DIVERSION_FIELDS; none where the trunk's policy is against it, or nobody did. `uri`
 * is what is called; the values are built in `mem`. Returns how many. */
size_t trunk_diversion_fields(const struct config_trunk *trunk, const struct call *call,
                              struct slice uri, struct buf *mem, struct sip_field *out);
