#include "api/project_key.h"

#include <stdio.h>

#include "base/seal.h"

enum { CONTEXT_MAX = 120 };

char *project_key_make(const struct api *api, const char *project_id, char out[TOKEN_TEXT])
{
    char context[CONTEXT_MAX];
    token_make("PSK_", out);
    snprintf(context, sizeof context, STORE_PROJECT_SEAL, project_id);
    return seal_text(api->config.seal, slice_of(out), slice_of(context));
}

enum err project_key_open(const struct seal *seal, const struct store_project *row,
                          struct secret *out)
{
    char context[CONTEXT_MAX];
    struct slice kept = slice_of(row->signing_key);
    if (!slice_starts(kept, SLICE("s1:"))) {
        secret_set(out, kept);
        return OK;
    }
    snprintf(context, sizeof context, STORE_PROJECT_SEAL, row->id);
    return seal_open(seal, kept, slice_of(context), out);
}
