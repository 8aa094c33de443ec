#pragma once
/* Rows of recordings that programs made. The files are none of the store's business. The rules of
 * store_rows.h hold. Control thread. */

#include "store/store.h"

struct store_recording {
    const char *id, *project_id;         /* the id is also the file's name */
    const char *call_id, *conference_id; /* "" for none */
    const char *format, *track;          /* "wav", "mp3"; "inbound", "outbound", "both" */
    const char *source, *status;         /* "RecordVerb" …; "in-progress", "completed" … */
    int64_t channels, bytes, duration_ms, created_ms, updated_ms;
    int64_t trims; /* 1: without the silence around what is heard */
};
/** Adds or replaces. */
void store_recording_set(struct store *, const struct store_recording *row, struct store_reply);
void store_recording_find(struct store *, const char *id, struct store_reply);
void store_recording_remove(struct store *, const char *id, struct store_reply);

/** Which ones to list: newest first. Texts "" or NULL: any. */
struct store_recording_filter {
    const char *project_id, *call_id, *conference_id;
    int64_t from_ms, before_ms; /* created; 0: no bound */
    bool is_unfinished;         /* those alone that are in progress or paused */
    int64_t offset, limit;
};
void store_recording_list(struct store *, const struct store_recording_filter *filter,
                          struct store_reply);

extern const struct store_table store_recording_table;
