#pragma once
/* The key with which a project's webhooks are signed: told once, sealed in the store. */

#include "api/rest.h"
#include "base/secret.h"
#include "store/token.h"

/** A new key as text for its owner (to be wiped), and sealed for the store; the caller frees the
 * latter. */
char *project_key_make(const struct api *api, const char *project_id, char out[TOKEN_TEXT]);
/** The key of that row; one from before they were sealed is what stands there. */
MUST_CHECK enum err project_key_open(const struct seal *seal, const struct store_project *row,
                                     struct secret *out);
