#pragma once
/* Rows of faxes, sent and received. The documents themselves are none of the store's business. The
 * rules of store_rows.h hold. Control thread. */

#include "store/store.h"

struct store_fax {
    const char *id, *project_id, *call_id;
    const char *direction;      /* "inbound", "outbound-api", "outbound-dial" */
    const char *from, *to;      /* numbers, sip: URIs, users */
    const char *status;         /* "queued" "processing" "sending" "delivered" "receiving"
                                   "received" "no-answer" "busy" "failed" "canceled" */
    const char *quality;        /* "standard" "fine" "superfine" */
    const char *remote_station; /* what the far machine calls itself; "" unknown */
    const char *document;       /* sealed for "faxes:ID": where what is sent comes from; "" none */
    const char *media;          /* the file of what was received, "ID.pdf"; "" none */
    const char *error_code, *error_message;
    int64_t pages, duration_ms, created_ms, updated_ms; /* pages -1: not known yet */
};
/** Adds or replaces. */
void store_fax_set(struct store *, const struct store_fax *row, struct store_reply);
void store_fax_find(struct store *, const char *id, struct store_reply);
/** The one whose document lies in the file of that id, be it PDF or TIFF. */
void store_fax_find_media(struct store *, const char *id, struct store_reply);
void store_fax_remove(struct store *, const char *id, struct store_reply);
/** Those under way at `now_ms`, when nothing runs: the program ended meanwhile. They failed. */
void store_fax_fail_open(struct store *, const char *error_code, const char *error_message,
                         int64_t now_ms, struct store_reply);
/** Created before that time. */
void store_fax_purge(struct store *, int64_t before_ms, struct store_reply);

/** Which ones to list: newest first. Texts "" or NULL: any. */
struct store_fax_filter {
    const char *project_id, *from, *to;
    int64_t from_ms, before_ms; /* created; 0: no bound */
    int64_t offset, limit;
};
void store_fax_list(struct store *, const struct store_fax_filter *filter, struct store_reply);

extern const struct store_table store_fax_table;
