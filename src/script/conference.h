#pragma once
/* Conferences by name, within a project: far ends of scripts hear each other. Made when the first
 * one comes, gone with the last. Control thread. */

#include <stdbool.h>

#include "base/err.h"

struct conference_member;
struct line;
struct scripts;

struct conference_join {
    const char *name, *project_id;
    struct line *line; /* of the far end, which must be answered */
    bool muted, beeps_on_enter, beeps_on_exit, starts, ends_on_exit;
    unsigned max_members;
    const char *coach;                      /* call id of the member that alone hears it; "" none */
    const char *callback, *callback_events; /* URL, and words: "start end join leave" */
};
/** `fn` comes once, later, when the conference is over for this member without its own doing.
 * ERR_LIMIT: it is full.  ERR_UNSUPPORTED: there is no media. */
MUST_CHECK enum err conference_enter(struct conference_member **out, struct scripts *scripts,
                                     const struct conference_join *join, void (*fn)(void *owner),
                                     void *owner);
/** The member goes; no callback comes. NULL is fine. */
void conference_leave(struct conference_member *member);
void conference_mute(struct conference_member *member, bool on);
