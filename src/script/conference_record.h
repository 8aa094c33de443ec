#pragma once
/* The recording of a conference: what all say, from its beginning to its end, in one WAV file.
 * Control thread. */

#include <stdbool.h>

struct conference_record;
struct media_room;
struct scripts;

struct conference_record_config {
    const char *callback, *events; /* URL, and words: "in-progress completed"; "" none */
    const char *method;
    bool is_form; /* as LaML's callbacks, not as JSON */
};
struct conference_record_of { /* whose it is */
    const char *project_id, *conference_id, *name, *call_id;
};

/** Both are copied. It waits for conference_record_begin(). */
struct conference_record *conference_record_create(struct scripts *scripts,
                                                   const struct conference_record_config *config,
                                                   const struct conference_record_of *of);
/** More than once is fine. */
void conference_record_begin(struct conference_record *record, struct media_room *room);
/** The file is completed and told; then it goes by itself. NULL is fine. */
void conference_record_end_take(struct conference_record *take, struct media_room *room);
/** What is being completed is told no more: the scripts go. */
void conference_records_drop(struct scripts *scripts);
