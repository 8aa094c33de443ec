#pragma once
/* Documents that are to be faxed: what of them a fax machine can send. Blocks for as long as a file
 * takes to read or, for up to a minute, a PDF to draw: for a worker. Any thread. */

#include <stdatomic.h>
#include <stdbool.h>

#include "base/err.h"
#include "base/slice.h"

enum {
    FAX_DOCUMENT_MAX = 32 << 20,   /* bytes */
    FAX_DOCUMENT_PDF_IN = 1024,    /* bytes in which a PDF begins */
    FAX_DOCUMENT_ROWS_MAX = 20000, /* of a page: two metres of it */
};

/** Is that a PDF? Its header may have something in front of it (ISO 32000-1 annex H.3.4.1). */
bool fax_document_is_pdf(struct slice bytes);
/** Put a TIFF, or what a PDF shows, into a private file at `path` once it is known that every page
 * can be sent: black and white, as wide as a fax has it, at most FAX_PAGES_MAX. `stop` ends it;
 * NULL: nothing does. ERR_UNSUPPORTED: it cannot; `fault` says which page and why, and which
 * formats there are.  ERR_CLOSED: stopped.  ERR_IO: the file. There is no file unless OK. */
MUST_CHECK enum err fax_document_take(struct slice bytes, const char *path, const atomic_bool *stop,
                                      struct fault *fault);
