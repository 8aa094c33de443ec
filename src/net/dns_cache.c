#include "net/dns_cache.h"

#include <ctype.h>
#include <string.h>

#include "base/list.h"
#include "base/map.h"
#include "base/mem.h"

struct entry {
    struct list link;
    char key[DNS_NAME + 1];
    size_t key_len;
    int64_t put_at_ms, until_ms;
    enum err err;
    struct dns_record *records;
    size_t n;
};

struct dns_cache {
    struct map *by_key;
    struct list entries; /* the most recently used first */
    size_t max;
};

/* The type as a letter, then the name in lower case without its final dot. */
static bool make_key(enum dns_type type, struct slice name, char key[DNS_NAME + 1], size_t *len)
{
    if (name.len && name.ptr[name.len - 1] == '.')
        name.len--;
    if (name.len >= DNS_NAME)
        return false;
    key[0] = (char)('a' + (int)type); /* a letter */
    for (size_t i = 0; i < name.len; i++)
        key[i + 1] = (char)tolower((unsigned char)name.ptr[i]);
    *len = name.len + 1;
    return true;
}

struct dns_cache *dns_cache_create(size_t max)
{
    struct dns_cache *cache = mem_new(struct dns_cache);
    cache->by_key = map_create();
    cache->max = max;
    list_init(&cache->entries);
    return cache;
}

static void drop(struct dns_cache *cache, struct entry *entry)
{
    map_remove(cache->by_key, slice_make(entry->key, entry->key_len));
    list_remove(&entry->link);
    mem_free(entry->records);
    mem_free(entry);
}

void dns_cache_clear(struct dns_cache *cache)
{
    LIST_EACH(link, &cache->entries)
    drop(cache, LIST_ITEM(link, struct entry, link));
}

void dns_cache_destroy(struct dns_cache *cache)
{
    if (!cache)
        return;
    dns_cache_clear(cache);
    map_destroy(cache->by_key);
    mem_free(cache);
}

size_t dns_cache_count(const struct dns_cache *cache)
{
    return map_count(cache->by_key);
}

static uint32_t shortest_ttl(const struct dns_record *records, size_t n)
{
    uint32_t ttl_s = n ? DNS_TTL_MAX_S : DNS_TTL_MISSING_S;
    for (size_t i = 0; i < n; i++)
        if (records[i].ttl_s < ttl_s)
            ttl_s = records[i].ttl_s;
    return ttl_s;
}

void dns_cache_put(struct dns_cache *cache, enum dns_type type, struct slice name, enum err err,
                   const struct dns_record *records, size_t n, int64_t now_ms)
{
    char key[DNS_NAME + 1];
    size_t len;
    uint32_t ttl_s = shortest_ttl(records, n);
    if (!ttl_s || !make_key(type, name, key, &len))
        return;
    struct entry *old = map_find(cache->by_key, slice_make(key, len));
    if (old)
        drop(cache, old);
    else if (dns_cache_count(cache) >= cache->max)
        drop(cache, LIST_ITEM(cache->entries.prev, struct entry, link));
    struct entry *entry = mem_new(struct entry);
    memcpy(entry->key, key, len);
    entry->key_len = len;
    entry->put_at_ms = now_ms;
    entry->until_ms = now_ms + (int64_t)ttl_s * 1000;
    entry->err = err;
    entry->n = n;
    entry->records = n ? mem_copy(records, n * sizeof *records) : NULL;
    list_prepend(&cache->entries, &entry->link);
    map_put(cache->by_key, slice_make(key, len), entry);
}

enum err dns_cache_find(struct dns_cache *cache, enum dns_type type, struct slice name,
                        struct dns_record *out, size_t *n, int64_t now_ms)
{
    char key[DNS_NAME + 1];
    size_t len;
    if (!make_key(type, name, key, &len))
        return ERR_AGAIN;
    struct entry *entry = map_find(cache->by_key, slice_make(key, len));
    if (!entry)
        return ERR_AGAIN;
    if (now_ms >= entry->until_ms) {
        drop(cache, entry);
        return ERR_AGAIN;
    }
    list_remove(&entry->link);
    list_prepend(&cache->entries, &entry->link);
    *n = entry->n < *n ? entry->n : *n;
    uint32_t age_s = (uint32_t)((now_ms - entry->put_at_ms) / 1000); /* under DNS_TTL_MAX_S */
    for (size_t i = 0; i < *n; i++) {
        out[i] = entry->records[i];
        out[i].ttl_s -= age_s; /* no record's TTL is shorter than the entry's */
    }
    return entry->err;
}
