#pragma once
/* PDF documents drawn as pages of a fax, by a program of its own (pdftoppm of poppler): what comes
 * from anywhere is read behind bounds. Blocks until that is done: for a worker. Any thread. */

#include <stdatomic.h>

#include "base/err.h"
#include "base/slice.h"

/** Draw it into the TIFF file at `path`, which is there: black and white, 1728 dots wide, 204 by
 * 196 an inch; a page wider than the paper is scaled to it, a smaller one has its own size. `stop`
 * ends it; NULL: nothing does. ERR_UNSUPPORTED: it cannot be drawn, `fault` says why.  ERR_CLOSED:
 * stopped.  ERR_IO: a file. */
MUST_CHECK enum err fax_drawing_write(struct slice pdf, const char *path, const atomic_bool *stop,
                                      struct fault *fault);
/** What a process that died while it drew into `path` left beside it. */
void fax_drawing_drop(const char *path);
