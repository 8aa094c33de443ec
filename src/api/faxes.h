#pragma once
/* Faxes of programs: what becomes of each is a row (store_faxes.h) and, of those that were sent by
 * the compatibility API, a StatusCallback. A reader of the scripts' events. Control thread. */

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/rand.h"
#include "base/slice.h"
#include "store/store_faxes.h"

struct faxes;
struct loop;
struct script_event;
struct seal;
struct store;

struct faxes_config {
    struct loop *loop;
    struct store *store;
    const struct seal *seal;
    void *owner;
    /** Post the event's form to its URL, as other StatusCallbacks are. */
    void (*post)(void *owner, const struct script_event *event);
    /** Whose call that is, borrowed until return; false: it lives no more. May be NULL. */
    bool (*parties)(void *owner, const char *call_id, const char **from, const char **to);
};
/** What a program that ended left open has failed. */
struct faxes *faxes_create(const struct faxes_config *config);
/** Those under way are told no more. NULL is fine. */
void faxes_destroy(struct faxes *faxes);

/** One to be sent. Copied. */
struct fax_order {
    const char *project_id, *from, *to, *quality;
    const char *document;                   /* where it comes from */
    bool forgets;                           /* `document` is not kept once it is over */
    const char *status_url, *status_method; /* "" none; "" POST */
    const char *status_events;              /* "initiated ringing answered completed" */
};
/** The next call placed is its: begin, place the call, then tell its id (NULL: there is none, and
 * no fax). Events of the call may come in between. */
void faxes_begin(struct faxes *faxes, const struct fax_order *order);
/** `fn` sees the row before it is in the store. */
void faxes_placed(struct faxes *faxes, const char *call_id,
                  void (*fn)(void *owner, const struct store_fax *row), void *owner);

void faxes_on_event(struct faxes *faxes, const struct script_event *event);

/** Where a sent one came from, as it was given, without user and password; "" when that is not
 * known. The caller's, free(). */
char *faxes_document(const struct seal *seal, const struct store_fax *row);
/** "outbound", "inbound" */
bool fax_is_inbound(const struct store_fax *row);
/** Neither delivered nor failed yet. */
bool fax_is_open(const struct store_fax *row);
