#pragma once
/* Fax machines at streams (ITU-T T.30 over G.711, by spandsp): pages out of a TIFF file to the far
 * end, or from it into one. One thread runs all of them, in step with their streams' audio through
 * pipes: modems and files cost neither control nor the media threads anything. Control thread. */

#include <stdbool.h>

#include "base/err.h"

struct fax;
struct fax_office;
struct media;
struct media_stream;

enum {
    FAX_MAX = 32,          /* machines at the same time */
    FAX_PAGES_MAX = 500,   /* received by one */
    FAX_IDENTITY_MAX = 20, /* digits, spaces and + (T.30 §5.3.6.2.4) */
    FAX_HEADER_MAX = 50,   /* characters on top of a page that is sent */
};

struct fax_config { /* copied */
    struct media_stream *stream;
    bool is_sender;
    const char *path;     /* of the TIFF, read or written */
    const char *identity; /* ours; NULL: none */
    const char *header;   /* on top of each page that is sent; NULL: none */
};
struct fax_result {
    bool success;
    int code;         /* spandsp's, 0 is fine */
    const char *text; /* what that means */
    unsigned pages;
    char remote_identity[FAX_IDENTITY_MAX + 1]; /* "" unknown */
    unsigned rate_bps;                          /* that pages went at last; 0: none did */
};
struct fax_events {
    void (*on_page)(void *owner, unsigned number); /* one more is through, from 1 */
    /** Once: it is over and the file complete; the owner may destroy the fax. */
    void (*on_done)(void *owner, const struct fax_result *result);
};

/** The thread begins with the first fax. */
struct fax_office *fax_office_create(struct media *media);
/** Every fax must be destroyed first. Joins the thread. NULL is fine. */
void fax_office_destroy(struct fax_office *office);

/** ERR_LIMIT: FAX_MAX are under way. */
MUST_CHECK enum err fax_create(struct fax **out, struct fax_office *office,
                               const struct fax_config *config, const struct fax_events *events,
                               void *owner);
/** End it now; on_done follows. One that only waits for the far end's last word is a success. So it
 * goes by itself when the stream ends. */
void fax_stop(struct fax *fax);
/** No event comes any more; what is under way ends unfinished. NULL is fine. */
void fax_destroy(struct fax *fax);
