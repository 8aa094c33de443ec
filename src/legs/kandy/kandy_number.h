#pragma once
/* Numbers between a PBX and a carrier's cloud: what people dial as the cloud wants it, and a caller
 * as the PBX wants him. Any thread; owns nothing. */

#include <stdbool.h>

#include "base/buf.h"
#include "base/slice.h"

enum kandy_rules { KANDY_RULES_NONE, KANDY_RULES_UAE };

/** Separators go (space - . ( )); everything else stays. */
void kandy_number_clean(struct slice dialled, struct buf *out);
/** Exactly one of these numbers, separators aside: before any rule, so that none can spoil it. */
bool kandy_number_is_in(struct slice dialled, char *const *list, size_t n);
/**
 * The number for the cloud: national and international forms become digits with the country code.
 * Feature codes (with * or #), short numbers and text stay as they are. `tollfree_as_dialled`:
 * 800 numbers stay without 971. KANDY_RULES_NONE only cleans, and drops a leading plus.
 */
void kandy_number_dial(enum kandy_rules rules, struct slice dialled, bool tollfree_as_dialled,
                       struct buf *out);
/** Who calls, in the form +971XXXXXXXXX, from a number or an address such as "97150…@domain". What
 * is no number stays, without its domain. */
void kandy_number_caller(enum kandy_rules rules, struct slice from, struct buf *out);
/** The user of "Name<sip:user@domain>", "sip:user@domain", "user@domain" or "user". */
struct slice kandy_number_user(struct slice address);
/** Digits, with or without a leading plus? */
bool kandy_number_is(struct slice text);
