#pragma once
/* The pages of a fax as PDF (ISO 32000-1): each an image in the fax's own coding, T.6 (§7.4.6), at
 * the size it had on paper. Blocks for as long as files take: for a worker. Any thread. */

#include "base/err.h"

/** Write the TIFF that a fax machine wrote into a private PDF file. ERR_UNSUPPORTED: a page is not
 * black and white, or there is none.  ERR_IO: a file. There is no PDF file unless OK. */
MUST_CHECK enum err fax_pdf_write(const char *tiff_path, const char *pdf_path, struct fault *fault);
