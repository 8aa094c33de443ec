#pragma once
/* Recordings that are over put into words, one after the other: told as "calling.transcription" to
 * the source of events and by a form to whoever asked. Control thread. */

#include <jansson.h>

struct scripts;

enum { TRANSCRIBING_MAX = 100 }; /* at once; more are failed */

struct transcribing_of { /* copied */
    const char *call_id, *project_id, *recording_id, *recording_url;
    const char *format; /* the ending of its file */
    double duration_s;
    const char *url;    /* told; "": nobody is */
    const json_t *form; /* what LaML's forms have of the call; may be NULL */
};
void transcribing_start(struct scripts *scripts, const struct transcribing_of *of);
/** What waits is told no more: the scripts go. */
void transcribing_drop(struct scripts *scripts);
