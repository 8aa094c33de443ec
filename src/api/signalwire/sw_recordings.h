#pragma once
/* Recordings that programs made: rows in the store, files in api_config.record_dir under the row's
 * id. Their sound, and the pages of faxes, which lie there too, are open to whoever knows the id,
 * 122 random bits, unless their project protects them: then it needs the project's token. Control
 * thread. */

#include "api/signalwire/sw.h"
#include "base/rand.h"
#include "store/store_recordings.h"

/** The id in ".../recordings/ID.wav", "" when there is none. */
void sw_recording_id(const char *url, char out[UUID_TEXT]);
/** The row if it is the asker's; NULL: answered. */
const struct store_recording *sw_found_recording(struct rest *rest,
                                                 const struct store_answer *answer);
/** The rows of that page, of the asker's project. */
struct store_recording_filter sw_recording_filter(const struct rest *rest,
                                                  const struct sw_page *page);
/** Remove row and file, and answer. */
void sw_recording_drop(struct rest *rest, const struct store_recording *row);
/** Answer with the sound of "ID", "ID.wav" or "ID.mp3", or the pages of "ID.pdf" or "ID.tif". */
void sw_recording_send(struct rest *rest, const char *name);

/* the family /recordings/NAME, which files' addresses name */
void sw_sound_guard(struct rest *rest);
void sw_sound_serve(struct rest *rest);

/* /api/relay/rest/recordings */
void sw_recording_list(struct rest *rest);
void sw_recording_show(struct rest *rest);
void sw_recording_remove(struct rest *rest);
