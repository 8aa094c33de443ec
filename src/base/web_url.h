#pragma once
/* References to web addresses, and forms in them (application/x-www-form-urlencoded). Any thread.
 */

#include "buf.h"
#include "err.h"
#include "slice.h"

/** What `reference` means in a document from `base` (RFC 3986 §5.2), into `out`. Credentials of
 * the base stay. ERR_INVALID: it is relative and there is no base. ERR_LIMIT: no room. */
MUST_CHECK enum err web_url_resolve(struct slice base, struct slice reference, struct buf *out);
/** A value as part of a form (HTML's URL standard §5.2): a space is '+'. */
void web_form_put(struct buf *out, struct slice value);
