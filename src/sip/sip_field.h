#pragma once
/* Writing the headers and names that callers give. Control thread; owns nothing. */

#include "sip_build.h"
#include "sip_request.h"

/** Each field as a header of its own. A name that is no token, a value with CR, LF or NUL, and the
 * headers that are the stack's own business (Via, Call-ID, CSeq, Content-Length …) are left out. */
void sip_fields_write(struct sip_build *b, const struct sip_field *fields, size_t n);

/** A heap copy of fields, texts included, in one block: mem_free() it. NULL when `n` is 0. */
struct sip_field *sip_fields_copy(const struct sip_field *fields, size_t n);

/** `"name" <uri>;tag=tag` for From and To, on the heap; control characters in the name are left
 * out. NULL when `uri` is no URI or all of it is too long. */
char *sip_party_print(struct slice name, struct slice uri, struct slice tag);
