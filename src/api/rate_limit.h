#pragma once
/* So many times a minute for each key (an address, a token): token buckets that are told the time.
 * Bounded: when there are too many keys, the one used longest ago is forgotten.
 * Not threaded. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/slice.h"

struct rate_limit;

enum { RATE_LIMIT_KEYS_MAX = 20000 };

/** A full bucket holds `burst`, and `per_minute` come back. */
struct rate_limit *rate_limit_create(unsigned burst, unsigned per_minute);
void rate_limit_destroy(struct rate_limit *limit);
/** Take one; false when there is none left. */
bool rate_limit_take(struct rate_limit *limit, struct slice key, int64_t now_ms);
/** Is there one, without taking it? */
bool rate_limit_has(const struct rate_limit *limit, struct slice key, int64_t now_ms);
/** How many a full bucket holds, and how many are left in that one. */
unsigned rate_limit_burst(const struct rate_limit *limit);
unsigned rate_limit_left(const struct rate_limit *limit, struct slice key, int64_t now_ms);
/** Seconds until there is one again, at least 1: for Retry-After. */
unsigned rate_limit_wait_s(const struct rate_limit *limit, struct slice key, int64_t now_ms);
