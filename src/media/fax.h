#pragma once
/* A fax machine at one stream (ITU-T T.30 over G.711, by spandsp): pages out of a TIFF file to the
 * far end, or from it into one. Its signals are made and read in step with the stream's audio, 20 ms
 * at a time, which takes about a hundredth of a processor. Control thread. */

#include <stdbool.h>

#include "base/err.h"

struct fax;
struct media;
struct media_stream;

enum { FAX_MAX = 16 /* at the same time */, FAX_IDENTITY_MAX = 20, FAX_TEXT_MAX = 100 };

struct fax_config { /* copied */
    struct media *media;
    struct media_stream *stream;
    bool is_sender;
    const char *path;     /* of the TIFF, read or written */
    const char *identity; /* ours: digits and + */
    const char *header;   /* on top of each page that is sent; may be NULL */
};
struct fax_result {
    bool success;
    int code;         /* spandsp's, 0 is fine */
    const char *text; /* what that means */
    unsigned pages;
    const char *remote_identity; /* "" unknown */
};
struct fax_events {
    void (*on_page)(void *owner, unsigned number); /* one more is through */
    /** Once, in a turn of its own; the owner may destroy the fax. */
    void (*on_done)(void *owner, const struct fax_result *result);
};

/** ERR_LIMIT: FAX_MAX of `running` are under way, a counter that the owner of all keeps. */
MUST_CHECK enum err fax_create(struct fax **out, const struct fax_config *config, unsigned *running,
                               const struct fax_events *events, void *owner);
/** A fax under way ends unfinished. NULL is fine. */
void fax_destroy(struct fax *fax);
