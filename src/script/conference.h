#pragma once
/* Conferences by name, within a project: far ends of scripts hear each other. Made when the first
 * one comes, gone with the last. Control thread. */

#include <jansson.h>
#include <stdbool.h>

#include "base/err.h"

struct conference_member;
struct conference_record_config;
struct line;
struct scripts;

struct conference_join {
    const char *name, *project_id;
    struct line *line; /* of the far end, which must be answered */
    bool muted, beeps_on_enter, beeps_on_exit, starts, ends_on_exit;
    unsigned max_members;
    const char *coach;                      /* call id of the member that alone hears it; "" none */
    const char *callback, *callback_events; /* URL, and words: "start end join leave mute hold" */
    const char *callback_method;            /* "POST" */
    bool is_form;                           /* as LaML's callbacks, not as JSON */
    const struct conference_record_config *record; /* from its start; NULL: not. The first counts */
    void (*on_started)(void *owner); /* it begins for who waited; the owner is that of `fn` */
    /** Let this member hear what that URL says; conference_order.announce_url. */
    void (*on_announce)(void *owner, const char *url, const char *method);
};
/** `fn` comes once, later, when the conference is over for this member without its own doing.
 * ERR_LIMIT: it is full, or there is no room to decode one more call (the timeline tells).
 * ERR_UNSUPPORTED: there is no media. */
MUST_CHECK enum err conference_enter(struct conference_member **out, struct scripts *scripts,
                                     const struct conference_join *join, void (*fn)(void *owner),
                                     void *owner);
/** The member goes; no callback comes. NULL is fine. */
void conference_leave(struct conference_member *member);
/** False: somebody who starts it is waited for. */
bool conference_is_started(const struct conference_member *member);

/** [{"id", "name", "started", "created_ms", "members": [{"call_id", "coach", "muted", "held",
 * "starts", "ends_on_exit", "joined_ms"}]}] of a project; the caller's. */
json_t *conferences_json(const struct scripts *scripts, const char *project_id);
struct conference_order {
    const char *conference_id;
    const char *call_id;      /* of the member; NULL: all of them */
    const bool *muted, *held; /* NULL: as it is */
    bool leaves;              /* its script goes on behind the conference */
    const char *announce_url; /* of a document or sound that is heard; NULL: none */
    const char *announce_method;
};
enum conference_record_order {
    CONFERENCE_RECORD_PAUSE,
    CONFERENCE_RECORD_SILENCE,
    CONFERENCE_RECORD_RESUME,
    CONFERENCE_RECORD_STOP
};
/** The recording that a conference makes now: leave out what is said, or have silence in its place;
 * go on; end it. ERR_NOT_FOUND: it makes none of that id.  ERR_MISUSE: it has not begun. */
MUST_CHECK enum err conference_order_record(struct scripts *scripts, const char *project_id,
                                            const char *conference_id, const char *recording_id,
                                            enum conference_record_order order);
/** ERR_NOT_FOUND: no such conference of the project, or nobody of that call in it. */
MUST_CHECK enum err conference_order(struct scripts *scripts, const char *project_id,
                                     const struct conference_order *order);
