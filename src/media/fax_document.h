#pragma once
/* Documents that are to be faxed: what of them a fax machine can send. Blocks for as long as a file
 * takes to read: for a worker. Any thread. */

#include "base/err.h"
#include "base/slice.h"

enum {
    FAX_DOCUMENT_MAX = 32 << 20,   /* bytes */
    FAX_DOCUMENT_ROWS_MAX = 20000, /* of a page: two metres of it */
};

/** Put a TIFF into a private file at `path` once it is known that every page can be sent: black and
 * white, as wide as a fax has it, at most FAX_PAGES_MAX. ERR_UNSUPPORTED: it cannot; `fault` says
 * which page and why, and which formats there are.  ERR_IO: the file. */
MUST_CHECK enum err fax_document_take(struct slice bytes, const char *path, struct fault *fault);
