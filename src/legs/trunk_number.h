#pragma once
/* The number that a trunk dials, as its carrier wants it: from what people type to E.164 or a form
 * of the carrier's own. Pure; any thread. */

#include "base/buf.h"

struct config_trunk;

/** The user part that is called: separators go; a country turns national numbers and 00… into +…;
 * then `plus`, `strip` and `prefix`. Names, and numbers that the trunk lists as emergencies, stay
 * as they are. Escaped for a SIP URI. */
void trunk_number_print(const struct config_trunk *trunk, const char *dialled, struct buf *out);
/** "sip:+1555@carrier.example", with sips: where the trunk wants it. `dialled` "": what the trunk
 * is for. */
void trunk_number_print_uri(const struct config_trunk *trunk, const char *dialled, struct buf *out);
/** "sip:" or "sips:". */
const char *trunk_number_scheme(const struct config_trunk *trunk);
