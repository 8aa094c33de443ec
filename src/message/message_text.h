#pragma once
/* What a text costs as SMS: GSM 7-bit with its extension table (3GPP TS 23.038) where every
 * character is in there, UCS-2 otherwise; and the parts of a long one (TS 23.040 §9.2.3.24.1).
 * Any thread. */

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/err.h"

enum {
    MESSAGE_GSM_ONE = 160,  /* septets that fit into one */
    MESSAGE_GSM_PART = 153, /* beside the header of a part */
    MESSAGE_UCS2_ONE = 70,  /* 16-bit units */
    MESSAGE_UCS2_PART = 67,
};

struct message_size {
    bool is_gsm;
    size_t units;    /* septets or 16-bit units */
    size_t segments; /* 1 for an empty text */
};

/** ERR_PARSE: no UTF-8. */
MUST_CHECK enum err message_text_measure(struct slice utf8, struct message_size *out);
/** The front of `*rest` that fits into a part (or, `is_one`, into a message of its own), as bytes:
 * a septet each, or UTF-16 in network order. `*rest` moves on; no character is cut in two. `*rest`
 * has been measured. */
void message_text_part(struct slice *rest, bool is_gsm, bool is_one, struct buf *out);
enum message_alphabet { MESSAGE_GSM /* one septet a byte */, MESSAGE_LATIN1, MESSAGE_UCS2 };
/** The text of such bytes (TS 23.038, ISO 8859-1, UTF-16 in network order) as UTF-8; what means
 * nothing becomes U+FFFD. */
void message_text_read(struct slice bytes, enum message_alphabet alphabet, struct buf *out);
