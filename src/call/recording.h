#pragma once
/* Recording a call: what both parties say, into DIR/ID.wav (calls_config.record_dir), mixed or one
 * party on each side. When the leg whose stream is recorded leaves the call, another file goes on
 * with the next. Control thread. */

#include <jansson.h>
#include <stdbool.h>

#include "base/err.h"

struct call;
struct leg;
struct media_recorded;
struct recording;

/** ERR_MISUSE: the call is not up. ERR_EXISTS: it is recorded already. ERR_UNSUPPORTED: there is no
 * directory, or no media to record. */
MUST_CHECK enum err recording_start(struct call *call, bool stereo, struct fault *fault);
/** False: it is not recorded. The file is complete a moment later. */
bool recording_stop(struct call *call);
/** The id of the file that is being written; NULL: none. */
const char *recording_id(const struct call *call);

/* For call.c and leg.c. */
/** [{"id","file","leg","started_ms","duration_ms","state"}]; the caller owns it. */
json_t *recordings_json(const struct call *call);
/** The leg leaves the call. */
void recording_leave(struct call *call, const struct leg *leg);
/** Other legs talk now. */
void recording_go_on(struct call *call);
void recording_done(struct call *call, const struct media_recorded *recorded);
void recordings_clear(struct call *call);
