#pragma once
/* A password, token or key: wiped on clear, compared in constant time, never printed. Any thread.
 */

#include <stdbool.h>
#include <stddef.h>

#include "slice.h"

struct secret {
    char *ptr; /* heap, terminated */
    size_t len;
};

/** Copies `value`; the caller wipes its own copy. */
void secret_set(struct secret *secret, struct slice value);
void secret_clear(struct secret *secret);
/** Borrowed until the next set or clear. Hand it to a hash or a TLS call, never to a format. */
struct slice secret_reveal(const struct secret *secret);
bool secret_is(const struct secret *secret, struct slice guess);
static inline bool secret_empty(const struct secret *secret)
{
    return secret->len == 0;
}
