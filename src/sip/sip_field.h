#pragma once
/* Writing the headers that callers add. Control thread; owns nothing. */

#include "sip_build.h"
#include "sip_request.h"

/** Each field as a header of its own. A name that is no token, a value with CR, LF or NUL, and the
 * headers that are the stack's own business (Via, Call-ID, CSeq, Content-Length …) are left out. */
void sip_fields_write(struct sip_build *b, const struct sip_field *fields, size_t n);

/** A heap copy of fields, texts included, in one block: mem_free() it. NULL when `n` is 0. */
struct sip_field *sip_fields_copy(const struct sip_field *fields, size_t n);
