#pragma once
/* Recordings that a process before this one did not live to complete: their files are put right,
 * and their rows say "completed" with what is stored, or "absent" where nothing is. Once, at the
 * start. Control thread. */

#include <stdint.h>

struct loop;
struct recording_mender;
struct store;

/** Of everything begun before `before_ms`, wall time. The directory is copied. */
struct recording_mender *recording_mender_create(struct loop *loop, struct store *store,
                                                 const char *dir, int64_t before_ms);
/** What it is doing is done, but the rows stay as they are. NULL is fine. */
void recording_mender_destroy(struct recording_mender *mender);
