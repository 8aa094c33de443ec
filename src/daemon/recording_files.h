#pragma once
/* The folder of recordings: what lies in it, removed when it is told or old. A file is ID.wav,
 * ID.mp3 or a fax, ID.tif and ID.pdf; what a script still writes (ID.part.wav) is none yet. They
 * block, for as long as a folder takes to read; any thread. */

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/slice.h"

/** [{"id", "file", "bytes", "written_ms"}], the newest first; the caller's. Empty when there is no
 * folder. */
json_t *recording_files_list(const char *dir);
/** False: there is none of that id. */
bool recording_files_remove(const char *dir, struct slice id);
/** Complete what somebody was writing when his process died: ID.part.wav becomes ID.wav, or what
 * its row in `rows` wants ([{"id", "format", "track", "channels"}]), and a WAV file that was never
 * closed is put right. Files written since `before_ms` are somebody's who lives. A row whose file
 * is there gets "duration_ms" and "bytes". What was left of a fax to be sent goes. How many files
 * were put right. */
size_t recording_files_mend(const char *dir, int64_t before_ms, json_t *rows);
/** Those last written before that time (ms since 1970); how many went. */
size_t recording_files_purge(const char *dir, int64_t before_ms);
