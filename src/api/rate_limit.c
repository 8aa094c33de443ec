#include "api/rate_limit.h"

#include "base/list.h"
#include "base/map.h"
#include "base/mem.h"
#include "base/num.h"

enum { MINUTE_MS = 60000 };

struct bucket {
    struct list link; /* the one used longest ago comes first */
    char *key;
    int64_t level; /* in 1/60000ths of one, so that a millisecond brings `per_minute` */
    int64_t at_ms;
};

struct rate_limit {
    int64_t full, per_ms;
    struct map *buckets;
    struct list order;
};

struct rate_limit *rate_limit_create(unsigned burst, unsigned per_minute)
{
    struct rate_limit *limit = mem_new(struct rate_limit);
    limit->full = (int64_t)burst * MINUTE_MS;
    limit->per_ms = per_minute;
    limit->buckets = map_create();
    list_init(&limit->order);
    return limit;
}

static void forget(struct rate_limit *limit, struct bucket *bucket)
{
    map_remove(limit->buckets, slice_of(bucket->key));
    list_remove(&bucket->link);
    mem_free(bucket->key);
    mem_free(bucket);
}

void rate_limit_destroy(struct rate_limit *limit)
{
    if (!limit)
        return;
    LIST_EACH(link, &limit->order)
    forget(limit, LIST_ITEM(link, struct bucket, link));
    map_destroy(limit->buckets);
    mem_free(limit);
}

static int64_t level_at(const struct rate_limit *limit, const struct bucket *bucket, int64_t now_ms)
{
    if (!bucket)
        return limit->full;
    int64_t passed_ms = num_max(now_ms - bucket->at_ms, 0);
    /* a day fills every bucket, and keeps the product small */
    passed_ms = num_min(passed_ms, 24 * 60 * (int64_t)MINUTE_MS);
    return num_min(bucket->level + passed_ms * limit->per_ms, limit->full);
}

static struct bucket *find_or_make(struct rate_limit *limit, struct slice key, int64_t now_ms)
{
    struct bucket *bucket = map_find(limit->buckets, key);
    if (!bucket) {
        if (map_count(limit->buckets) >= RATE_LIMIT_KEYS_MAX)
            forget(limit, LIST_ITEM(limit->order.next, struct bucket, link));
        bucket = mem_new(struct bucket);
        bucket->key = slice_dup(key);
        bucket->level = limit->full;
        bucket->at_ms = now_ms;
        list_init(&bucket->link);
        map_put(limit->buckets, key, bucket);
    }
    list_remove(&bucket->link);
    list_append(&limit->order, &bucket->link);
    return bucket;
}

bool rate_limit_take(struct rate_limit *limit, struct slice key, int64_t now_ms)
{
    struct bucket *bucket = find_or_make(limit, key, now_ms);
    bucket->level = level_at(limit, bucket, now_ms);
    bucket->at_ms = now_ms;
    if (bucket->level < MINUTE_MS)
        return false;
    bucket->level -= MINUTE_MS;
    return true;
}

bool rate_limit_has(const struct rate_limit *limit, struct slice key, int64_t now_ms)
{
    return level_at(limit, map_find(limit->buckets, key), now_ms) >= MINUTE_MS;
}

unsigned rate_limit_burst(const struct rate_limit *limit)
{
    return (unsigned)(limit->full / MINUTE_MS); /* it came as unsigned */
}

unsigned rate_limit_left(const struct rate_limit *limit, struct slice key, int64_t now_ms)
{
    /* at most the burst */
    return (unsigned)(level_at(limit, map_find(limit->buckets, key), now_ms) / MINUTE_MS);
}

unsigned rate_limit_wait_s(const struct rate_limit *limit, struct slice key, int64_t now_ms)
{
    int64_t missing = MINUTE_MS - level_at(limit, map_find(limit->buckets, key), now_ms);
    int64_t wait_ms = limit->per_ms ? missing / limit->per_ms : MINUTE_MS;
    /* at most a minute for one a minute */
    return (unsigned)num_max(1, (num_max(wait_ms, 0) + 999) / 1000);
}
