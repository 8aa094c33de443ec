#pragma once
/* Cutting a message's head into lines: what the parser and the framing of streams share. The
 * message itself is sip_msg.h. Any thread; owns nothing. */

#include "base/slice.h"

/** Bytes of the CRLFs that may stand before a message (RFC 3261 §7.5). */
size_t sip_head_blank(struct slice wire);
/** Length of start line and headers with the empty line behind them; 0 when there is none. */
size_t sip_head_len(struct slice wire);
/** The next line of a head with the folded lines that belong to it (§7.3.1), without its last CRLF.
 * False at the empty line or the end. A bare LF ends a line, too. */
bool sip_head_line(struct slice *rest, struct slice *line);
