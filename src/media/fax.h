#pragma once
/* Fax machines at streams (ITU-T T.30 over G.711, by spandsp): pages out of a TIFF file to the far
 * end, or from it into one. Where signalling agrees on it they go on by T.38 over UDPTL. One thread
 * runs all of them, in step with their streams' audio through pipes: modems and files cost neither
 * control nor the media threads anything. Control thread. */

#include <stdbool.h>

#include "base/err.h"
#include "media/rtp_transport.h"

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
    bool is_t38;                                /* it went by T.38, not as audio */
    unsigned rate_bps;                          /* that pages went at last; 0: none did */
};
/* The far end's side of T.38, as signalled. */
struct fax_remote {
    struct rtp_remote rtp; /* where it is and who may send, RTCP and keys left out */
    bool repeats;          /* it wants older packets with each one (T38FaxUdpEC) */
    bool is_local_tcf;     /* T38FaxRateManagement */
    unsigned max_datagram; /* T38FaxMaxDatagram, bytes */
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

/** Bind a port of the RTP range for T.38, to be offered or answered with; the same one each time.
 * ERR_MISUSE: pages went as audio already, so it stays that. Others as rtp_transport_create(). */
MUST_CHECK enum err fax_open_t38(struct fax *fax, struct addr *local, struct fault *fault);
/** It was agreed on: go on by T.38 at that port, T.30 from its beginning. Again: the far end is
 * elsewhere now. */
void fax_go_t38(struct fax *fax, const struct fax_remote *remote);
/** It was not: audio goes on, the port is free again. */
void fax_close_t38(struct fax *fax);
