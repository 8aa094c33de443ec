#pragma once
/* Answers kept by name and type until their TTL ends; the least recently used one makes room. An
 * engine: it is told the time. Not threaded. */

#include "net/dns.h"

struct dns_cache;

/** At most `max` answers. */
struct dns_cache *dns_cache_create(size_t max);
void dns_cache_destroy(struct dns_cache *cache);
void dns_cache_clear(struct dns_cache *cache);

/** Keep what was learned: records, or with none of them `err`, which is why. The shortest TTL of
 * the records counts, DNS_TTL_MISSING_S where there are none; zero is not kept at all. */
void dns_cache_put(struct dns_cache *cache, enum dns_type type, struct slice name, enum err err,
                   const struct dns_record *records, size_t n, int64_t now_ms);
/** ERR_AGAIN when nothing is known; else what was put, with the records' TTLs counted down. `*n` is
 * the room in `out` and then how many. */
enum err dns_cache_find(struct dns_cache *cache, enum dns_type type, struct slice name,
                        struct dns_record *out, size_t *n, int64_t now_ms);
size_t dns_cache_count(const struct dns_cache *cache);
