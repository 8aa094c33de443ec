#pragma once
/* The recording of a conference: what all say, from its beginning to its end, in one WAV file.
 * Control thread. */

#include <stdbool.h>

#include "base/err.h"
#include "media/media_room.h"

struct conference_record;
struct scripts;

struct conference_record_config {
    const char *callback, *events; /* URL, and words: "in-progress completed"; "" none */
    const char *method;
    bool is_form; /* as LaML's callbacks, not as JSON */
    bool trims;   /* the silence before and behind what is said */
};
enum conference_record_state {
    CONFERENCE_RECORD_WAITS, /* for the conference to begin */
    CONFERENCE_RECORD_RUNS,
    CONFERENCE_RECORD_PAUSED,
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
const char *conference_record_id(const struct conference_record *record);
enum conference_record_state conference_record_state(const struct conference_record *record);
/** Until MEDIA_RECORD_ON what is said is left out of it, or is silence. ERR_MISUSE: it has not
 * begun. */
MUST_CHECK enum err conference_record_pause(struct conference_record *record,
                                            struct media_room *room, enum media_record_pause pause);
/** The file is completed and told; then it goes by itself. NULL is fine. */
void conference_record_end_take(struct conference_record *take, struct media_room *room);
/** What is being completed is told no more: the scripts go. */
void conference_records_drop(struct scripts *scripts);
