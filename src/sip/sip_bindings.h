#pragma once
/* The registrar's memory: address of record -> bindings, each ended by a timer. It knows no
 * REGISTER. Control thread. */

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "base/slice.h"
#include "sip_registrar.h"

struct loop;
struct sip_bindings;

typedef void (*sip_bindings_fn)(void *owner, enum sip_binding_change change,
                                const struct sip_binding *binding);

struct sip_bindings *sip_bindings_create(struct loop *loop, sip_bindings_fn fn, void *owner);
void sip_bindings_destroy(struct sip_bindings *bindings);

/** Put a copy in the place of the one with the same contact (or instance and reg-id); with `quiet`
 * without an event. Over `max` contacts of that AOR the one refreshed longest ago goes. ERR_LIMIT:
 * SIP_REGISTRAR_AORS_MAX. */
MUST_CHECK enum err sip_bindings_put(struct sip_bindings *bindings,
                                     const struct sip_binding *binding, size_t max, bool quiet);
/** The binding that `contact` (with instance and reg-id, if any) would replace, or NULL. */
const struct sip_binding *sip_bindings_find(const struct sip_bindings *bindings, struct slice aor,
                                            struct slice contact, struct slice instance,
                                            uint32_t reg_id);
/** The binding with that number (never given twice), or NULL. */
const struct sip_binding *sip_bindings_numbered(const struct sip_bindings *bindings,
                                                uint64_t number);
void sip_bindings_remove(struct sip_bindings *bindings, const struct sip_binding *binding);
/** `wanted` was just put: others of its AOR that are the same web phone by an older connection go.
 */
void sip_bindings_retire(struct sip_bindings *bindings, const struct sip_binding *wanted);
/** All of an AOR, best q first, then newest; returns how many there are. */
size_t sip_bindings_list(const struct sip_bindings *bindings, struct slice aor,
                         const struct sip_binding **out, size_t max);
const struct sip_binding *sip_bindings_next(const struct sip_bindings *bindings, size_t *cursor);
size_t sip_bindings_count(const struct sip_bindings *bindings);
/** "user@host" with the host in lower case; false when it does not fit. */
bool sip_bindings_aor(struct slice aor, char *out, size_t cap);
