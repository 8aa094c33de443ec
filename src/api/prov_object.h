#pragma once
/* The provisioning object (Settings_json): everything a SIP client needs, under the names of both
 * generations of clients, and the settings of device, user and domain over the defaults. Values in,
 * JSON out. Any thread. */

#include <jansson.h>

#include "api/rest.h"
#include "store/store_accounts.h"

struct prov_source {
    const struct store_device *device;
    const struct store_cascade *cascade;
    const char *domain; /* of the address of record */
    struct slice host;  /* of the WebSocket */
    unsigned port;
    const char *path;
    struct slice password; /* empty: not to be told */
    const char *jwt;       /* NULL: not to be told */
    bool is_expanded;      /* settings as {value, default, type, level, help} */
};

/** The caller's. */
json_t *prov_object(const struct prov_source *source);

/** What of `object` the bundles of the older library's first versions read at the device itself:
 * the account, its password where that was told, into `device`. */
void prov_object_lift(const json_t *object, json_t *device);

/** Merge `changes` into the JSON text of `settings` ("" for none): null deletes. The new text, the
 * caller's (mem_free()), or NULL with `fault` set: a name or value that is not allowed, too much.
 */
char *prov_settings_merge(const char *settings, const json_t *changes, struct fault *fault);
/** The JSON text as an object; an empty one for "". The caller's. */
json_t *prov_settings_parse(const char *settings);
