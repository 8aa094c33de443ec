#pragma once
/* Rows of transcriptions: what was said in recordings. A recording that goes leaves them behind.
 * The rules of store_rows.h hold. Control thread. */

#include "store/store.h"

struct store_transcription {
    const char *id, *project_id, *recording_id;
    const char *status, *words; /* "completed", "failed" */
    int64_t duration_ms;        /* of the sound */
    int64_t created_ms, updated_ms;
};
void store_transcription_add(struct store *, const struct store_transcription *row,
                             struct store_reply);
void store_transcription_find(struct store *, const char *id, struct store_reply);
void store_transcription_remove(struct store *, const char *id, struct store_reply);

/** Which ones to list: newest first. */
struct store_transcription_filter {
    const char *project_id, *recording_id; /* "" or NULL: any recording */
    int64_t from_ms, before_ms;            /* created; 0: no bound */
    int64_t offset, limit;
};
void store_transcription_list(struct store *, const struct store_transcription_filter *filter,
                              struct store_reply);

extern const struct store_table store_transcription_table;
