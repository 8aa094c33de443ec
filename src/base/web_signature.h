#pragma once
/* Signatures of requests that we send to customers' servers, as SignalWire's SDKs verify them: an
 * HMAC with the project's signing key. Any thread. */

#include <stddef.h>

#include "slice.h"

enum { WEB_SIGNATURE_MAX = 65 };

/** Scheme A, X-SignalWire-Signature of JSON bodies: hex HMAC-SHA1 over the URL and the body's
 * bytes. `url` without credentials for calls. */
void web_signature_json(struct slice key, struct slice url, struct slice body,
                        char out[WEB_SIGNATURE_MAX]);
/** Scheme A256, X-SignalWire-SHA256-Signature: the same with SHA-256. */
void web_signature_json256(struct slice key, struct slice url, struct slice body,
                           char out[WEB_SIGNATURE_MAX]);

struct web_signature_field {
    struct slice name, value; /* decoded */
};
enum { WEB_SIGNATURE_FIELDS_MAX = 200 };
/** Scheme B, form posts of LaML: base64 HMAC-SHA1 over the URL and each name and value, in the
 * order of the names; those of one name in the order given. False: too many fields or too long. */
bool web_signature_form(struct slice key, struct slice url,
                        const struct web_signature_field *fields, size_t n,
                        char out[WEB_SIGNATURE_MAX]);
