#pragma once
/* The compatibility API (LaML, cXML): /api/laml/2010-04-01 and the same without its first two
 * segments, with and without ".json". Forms in, JSON out; every path has the project's id as
 * account. Its endpoints are rows of a table of their own, of the same kind as sw.h's. Control
 * thread. */

#include "api/signalwire/sw.h"
#include "store/store_recordings.h"
#include "store/store_rows.h"

struct buf;
struct script_dial;

/* sw_laml.c: what the family's rows in routes.c need */
void sw_laml_guard(struct rest *rest);
void sw_laml_serve(struct rest *rest);
json_t *sw_laml_error(const struct rest *rest, const struct rest_error *error);
/** The body, a form or a JSON object, with values of the types that `expected` (or NULL) says. */
bool sw_laml_read_body(struct rest *rest, const struct sw_body *expected);
/** "Mon, 23 Jul 2018 13:01:00 +0000" (RFC 2822 §3.3); null for 0. */
json_t *sw_laml_time(int64_t ms);
/** "/api/laml/2010-04-01/Accounts/SID/…" */
json_t *sw_laml_uri(const struct rest *rest, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
/** One error with a number of the interface: 404 and 20404. */
void sw_laml_refuse(struct rest *rest, int status, const char *code, const char *text);
/** ?StartTime, ?StartTime< and ?StartTime> of that name, into the page's bounds; false: answered.
 */
bool sw_laml_dates(struct rest *rest, const char *name, struct sw_page *page);
/** The same by two names; what `until` names is within. */
bool sw_laml_dates_between(struct rest *rest, const char *after, const char *until,
                           struct sw_page *page);
/** A parameter of the query, "" when it is not there. */
const char *sw_laml_param(const struct rest *rest, const char *name);

/* sw_page.c */
/** {uri, …, PLURAL: items}, the caller's; `take_items` are this page's and, perhaps, one more. */
json_t *sw_laml_page_json(const struct rest *rest, const struct sw_page *page, const char *plural,
                          json_t *take_items);
/** Answer with that. */
void sw_laml_page_reply(struct rest *rest, const struct sw_page *page, const char *plural,
                        json_t *take_items);

enum { SW_LAML_EVENTS_MAX = 120 };
/** The words of a field that is a list, or a list in one text as some write it: "initiated
 * ringing". None: `otherwise`. False: refused, for one is not among `known` (" a b "). */
bool sw_laml_events(struct rest *rest, const char *field, const char *known, const char *otherwise,
                    struct buf *out);

/* sw_laml_accounts.c */
void sw_laml_account_list(struct rest *rest);
void sw_laml_account_show(struct rest *rest);
/* sw_laml_calls.c */
void sw_laml_call_list(struct rest *rest);
void sw_laml_call_add(struct rest *rest);
void sw_laml_call_show(struct rest *rest);
void sw_laml_call_change(struct rest *rest);
void sw_laml_call_remove(struct rest *rest);
/** The command to the path's call (scripts_command()); false: answered, there is no such `what` or
 * it cannot be. `*out` is the caller's. */
bool sw_laml_command(struct rest *rest, const char *name, const json_t *params, const char *what,
                     json_t **out);
/** Who is called, in whose name, and who is told, as the body has it; its texts are the body's. */
struct script_dial sw_laml_dial(const struct rest *rest);
/** 422 for what scripts_dial_out() or scripts_redirect() said. */
void sw_laml_refuse_script(struct rest *rest, enum err err, const struct fault *fault);
/* sw_laml_participants.c */
void sw_laml_participant_add(struct rest *rest);
/* sw_laml_streams.c */
void sw_laml_stream_add(struct rest *rest);
void sw_laml_stream_change(struct rest *rest);
/* sw_laml_recordings.c */
void sw_laml_recording_add(struct rest *rest);
void sw_laml_recording_change(struct rest *rest);
void sw_laml_recording_list(struct rest *rest);
void sw_laml_recording_show(struct rest *rest);
void sw_laml_recording_remove(struct rest *rest);
/** The recordings of the path's conference, which is the asker's. */
void sw_laml_list_of_conference(struct rest *rest);
void sw_laml_conference_recording_show(struct rest *rest);
void sw_laml_conference_recording_change(struct rest *rest);
void sw_laml_conference_recording_remove(struct rest *rest);
/* sw_laml_transcriptions.c */
void sw_laml_transcription_list(struct rest *rest);
void sw_laml_transcription_show(struct rest *rest);
void sw_laml_transcription_remove(struct rest *rest);
/* sw_laml_messages.c */
void sw_laml_message_list(struct rest *rest);
void sw_laml_message_add(struct rest *rest);
void sw_laml_message_show(struct rest *rest);
void sw_laml_message_redact(struct rest *rest);
void sw_laml_message_remove(struct rest *rest);
void sw_laml_media_list(struct rest *rest);
/* sw_laml_faxes.c */
void sw_laml_fax_list(struct rest *rest);
void sw_laml_fax_add(struct rest *rest);
void sw_laml_fax_show(struct rest *rest);
void sw_laml_fax_change(struct rest *rest);
void sw_laml_fax_remove(struct rest *rest);
void sw_laml_fax_media_list(struct rest *rest);
void sw_laml_fax_media_show(struct rest *rest);
void sw_laml_fax_media_remove(struct rest *rest);
/* sw_laml_conferences.c */
void sw_laml_conference_list(struct rest *rest);
void sw_laml_conference_show(struct rest *rest);
void sw_laml_conference_recording_list(struct rest *rest);
void sw_laml_conference_change(struct rest *rest);
/** Who is in a conference, as a member of its view. */
json_t *sw_laml_participant_json(const struct rest *rest, const char *conference,
                                 const json_t *member);
/** The asker's that go on, the caller's to free. */
json_t *sw_laml_own_conferences(const struct rest *rest);
/** The path's one of that list, borrowed, or NULL. */
const json_t *sw_laml_find_conference(const struct rest *rest, const json_t *conferences);
void sw_laml_participant_list(struct rest *rest);
void sw_laml_participant_show(struct rest *rest);
void sw_laml_participant_change(struct rest *rest);
void sw_laml_participant_remove(struct rest *rest);
/* sw_laml_numbers.c */
/** A number as sw_numbers.c shows it, which it takes, under LaML's names. */
json_t *sw_laml_number_json(const struct rest *rest, const struct store_number *row,
                            json_t *take_number);
void sw_laml_number_add(struct rest *rest);
void sw_laml_number_change(struct rest *rest);
void sw_laml_available_countries(struct rest *rest);
void sw_laml_available_country(struct rest *rest);
void sw_laml_available_list(struct rest *rest);
/* sw_laml_resources.c */
void sw_laml_resource_list(struct rest *rest);
void sw_laml_resource_add(struct rest *rest);
void sw_laml_resource_show(struct rest *rest);
void sw_laml_resource_change(struct rest *rest);
void sw_laml_resource_remove(struct rest *rest);
/** The family /laml-bins/ID: a document that is kept here, to whoever asks. */
void sw_laml_bin_serve(struct rest *rest);
