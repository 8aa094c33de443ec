#pragma once
/* What a far end hears while it waits, in a queue or for a conference: a document of its own that
 * is run again and again, or an audio file. Control thread. */

#include <stdbool.h>

struct script;
struct wait_script;

/** `is_document`: the URL is asked with POST, and a document must come; else with GET, and what is
 * none is played. Failures are logged; it is silent then. */
struct wait_script *wait_script_start(struct script *parent, const char *url, bool is_document);
/** The same, heard once and by whoever does not wait: an announcement. `method` is GET or POST. */
struct wait_script *wait_script_announce(struct script *parent, const char *url,
                                         const char *method);
/** NULL is fine. */
void wait_script_stop(struct wait_script *wait);
