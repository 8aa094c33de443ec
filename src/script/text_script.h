#pragma once
/* What a text message that came in sets off: a document of SWML's messaging flavour, or of LaML
 * (Message, Redirect), run to its end. No call is involved. 100 steps and 10 requests of 5 seconds
 * at most. Control thread. */

#include <jansson.h>

#include "base/slice.h"

struct scripts;

/** Copied. */
struct text_script_start {
    const char *project_id;
    const char *url;             /* asked for the document; NULL: `text` is it */
    const char *method;          /* NULL: POST */
    const char *fallback;        /* asked when `url` fails; may be NULL */
    const char *fallback_method; /* NULL: POST */
    struct slice text;
    bool is_laml;          /* asked with LaML's form, else with {message, params} */
    const json_t *message; /* {"message_id", "from", "to", "body", "media" …} of the SWML page */
};
/** Texts it sends go to scripts_config.send_sms, with "direction": "outbound-reply". */
void text_script_run(struct scripts *scripts, const struct text_script_start *start);
/** All of them, at the end of the program. */
void text_scripts_clear(struct scripts *scripts);
