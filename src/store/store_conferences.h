#pragma once
/* Rows of conferences that are over; those that go on are the scripts' business. The rules of
 * store_rows.h hold. Control thread. */

#include "store/store.h"

struct store_conference {
    const char *id, *project_id, *name;
    int64_t created_ms, ended_ms;
};
/** Adds or replaces. */
void store_conference_set(struct store *, const struct store_conference *row, struct store_reply);
void store_conference_find(struct store *, const char *id, struct store_reply);
/** Created before that time. */
void store_conference_purge(struct store *, int64_t before_ms, struct store_reply);
/** Of a project within bounds (0: none), newest first. */
void store_conference_list(struct store *, const char *project_id, int64_t from_ms,
                           int64_t before_ms, struct store_reply);

extern const struct store_table store_conference_table;
