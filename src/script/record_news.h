#pragma once
/* What is told of a call's recording: to whoever asked for its states, as JSON or as LaML's form,
 * and to the source of events. The last word waits until the file can be fetched, even when its
 * call is over by then: other callbacks of that call wait behind it. Control thread. */

#include <jansson.h>
#include <stdbool.h>

struct record_file;
struct scripts;

struct record_news { /* whose, and to whom; copied */
    const char *call_id, *project_id, *control_id;
    const char *status_url, *status_method; /* the URL may be NULL */
    const char *laml_events;                /* "": JSON of every state */
    bool transcribes;                       /* to be put into words (transcribing.h) */
    const char *transcribe_url;             /* "": nobody is told */
};

/** "calling.call.record" now. `take_form` is what LaML's forms have of the call, or NULL. What is
 * to be put into words is, when it is over. */
void record_news_tell(struct scripts *scripts, const struct record_news *news, json_t *take_params,
                      json_t *take_form);
/** The same once that file, which it takes, is made; with its length and size. */
void record_news_later(struct scripts *scripts, const struct record_news *news,
                       struct record_file *take_file, json_t *take_params, json_t *take_form);
/** What waits is told no more: the scripts go. */
void record_news_drop(struct scripts *scripts);
