#pragma once
/* The forms that customers' servers get from LaML: fields of a call with the names and values of
 * the compatibility API, their encoding and their signature. Control thread. */

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"
#include "base/web_signature.h"

struct call;
struct cause;
struct leg;
struct script;

struct laml_party {
    const struct call *call;
    const struct leg *far; /* NULL: the call is over */
    const char *project_id;
    const char *answered_by; /* "" or NULL: nobody knows */
    bool is_outbound;
};
/** {"CallSid": text …}, the caller's. */
json_t *laml_form_of(const struct laml_party *party);
json_t *laml_form(const struct script *script);
/** Of a far end that a Dial has brought in: its call has the script's as its parent. */
json_t *laml_form_of_called(const struct script *script, const struct call *call,
                            const struct leg *far);
/** How far a call is that we placed; zero at first. */
struct laml_progress {
    int64_t answered_ms; /* 0: it was not */
    unsigned sequence;   /* of its states, told or not */
};
struct laml_state {
    const char *state;  /* "created", "ringing", "answered", "ended" */
    const char *reason; /* of the end: a cause's token */
    const char *events; /* asked for, "initiated ringing answered completed" */
    int64_t now_ms, wall_ms;
};
/** What a StatusCallback gets of a state; NULL: it did not ask for it. */
json_t *laml_form_of_state(const struct laml_party *party, const struct laml_state *state,
                           struct laml_progress *progress);
/** What a Conference's statusCallback gets of calling.conference's params: whose event it is, the
 * how manieth and when. */
json_t *laml_form_of_conference(const char *project_id, const char *call_id, const json_t *params,
                                unsigned sequence, int64_t wall_ms);
/** StreamSid, StreamName, StreamEvent and, of an error, StreamError. */
struct laml_stream {
    const char *id, *name; /* the name may be NULL */
    const char *event;     /* "stream-started", "stream-stopped", "stream-error" */
    const char *error;     /* NULL: none */
    int64_t wall_ms;
};
/** What a Stream's statusCallback gets. */
json_t *laml_form_of_stream(const struct laml_party *party, const struct laml_stream *stream);
/** RecordingUrl (without its ending, as customers add .wav or .mp3 themselves), RecordingSid (its
 * last part) and RecordingDuration; nothing without a URL. */
void laml_form_put_recording(json_t *form, const char *url, double duration_s);
/** "in-progress", "paused", "completed", "absent" for a state of calling.call.record. */
const char *laml_recording_status(const char *state);
/** What a RecordingStatusCallback gets besides of calling.call.record's params; false: `events`
 * ("in-progress completed absent") do not ask for it. */
bool laml_form_put_record(json_t *form, const json_t *params, const char *control_id,
                          const char *events);
/** "busy", "no-answer" … of a call that was not answered. */
const char *laml_status_of(const char *token);
/** MessageSid and its like of a text that came in: {"message_id", "from", "to", "body", "media",
 * "segments"}. */
json_t *laml_form_of_text(const json_t *message, const char *project_id);
/** application/x-www-form-urlencoded; the caller's, mem_free(). */
char *laml_form_print(const json_t *form);
/** Scheme B over the URL and the fields; `form` NULL: over the URL alone. */
bool laml_form_sign(struct slice key, struct slice url, const json_t *form,
                    char out[WEB_SIGNATURE_MAX]);
