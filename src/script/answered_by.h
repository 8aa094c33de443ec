#pragma once
/* Who answered a call that LaML placed (its MachineDetection): told to the first document's server,
 * which waits for it, or to a callback meanwhile. Control thread. */

#include <stdbool.h>

struct answered_by;
struct line;
struct script_amd;

/** A copy of what was asked for. */
struct answered_by *answered_by_create(const struct script_amd *amd);
void answered_by_destroy(struct answered_by *answered); /* NULL is fine */
/** Listen to the line, whose forms have AnsweredBy once it is known. `fn` comes when the document
 * may run: once it is known, or, in an asynchronous detection, at once. */
void answered_by_start(struct answered_by *answered, struct line *line, void (*fn)(void *owner),
                       void *owner);
/** "human", "machine_start", "machine_end_beep", "machine_end_silence", "machine_end_other",
 * "unknown"; "" until it is known, and of NULL. */
const char *answered_by_word(const struct answered_by *answered);
