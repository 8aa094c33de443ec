#include "map.h"

#include <string.h>

#include "mem.h"
#include "rand.h"

/* Open addressing with linear probing; a removed slot is filled by shifting back, so there are no
 * tombstones. Doubled at 3/4 full. */
struct slot {
    char *key; /* NULL: free */
    size_t key_len;
    uint64_t hash;
    void *value;
};

struct map {
    struct slot *slots;
    size_t cap; /* a power of two */
    size_t count;
    uint64_t seed[2];
};

enum { MAP_FIRST_CAP = 16 };

static uint64_t rotl(uint64_t x, int b)
{
    return x << b | x >> (64 - b);
}

static void sip_round(uint64_t v[4])
{
    v[0] += v[1], v[1] = rotl(v[1], 13) ^ v[0], v[0] = rotl(v[0], 32);
    v[2] += v[3], v[3] = rotl(v[3], 16) ^ v[2];
    v[0] += v[3], v[3] = rotl(v[3], 21) ^ v[0];
    v[2] += v[1], v[1] = rotl(v[1], 17) ^ v[2], v[2] = rotl(v[2], 32);
}

/* SipHash-1-3: keyed, so that peers cannot aim at one bucket. */
static uint64_t hash_key(const uint64_t seed[2], struct slice key)
{
    uint64_t v[4] = { seed[0] ^ 0x736f6d6570736575u, seed[1] ^ 0x646f72616e646f6du,
                      seed[0] ^ 0x6c7967656e657261u, seed[1] ^ 0x7465646279746573u };
    uint64_t last = (uint64_t)key.len << 56;
    size_t i = 0;
    for (; key.len - i >= 8; i += 8) {
        uint64_t word;
        memcpy(&word, key.ptr + i, 8);
        v[3] ^= word;
        sip_round(v);
        v[0] ^= word;
    }
    for (size_t shift = 0; i < key.len; i++, shift += 8)
        last |= (uint64_t)(uint8_t)key.ptr[i] << shift;
    v[3] ^= last;
    sip_round(v);
    v[0] ^= last;
    v[2] ^= 0xff;
    sip_round(v);
    sip_round(v);
    sip_round(v);
    return v[0] ^ v[1] ^ v[2] ^ v[3];
}

struct map *map_create(void)
{
    struct map *map = mem_new(struct map);
    map->cap = MAP_FIRST_CAP;
    map->slots = mem_array(map->cap, sizeof *map->slots);
    rand_bytes(map->seed, sizeof map->seed);
    return map;
}

void map_destroy(struct map *map)
{
    if (!map)
        return;
    for (size_t i = 0; i < map->cap; i++)
        mem_free(map->slots[i].key);
    mem_free(map->slots);
    mem_free(map);
}

static struct slot *find_slot(const struct map *map, struct slice key, uint64_t hash)
{
    size_t i = hash & (map->cap - 1);
    for (;; i = (i + 1) & (map->cap - 1)) {
        struct slot *slot = &map->slots[i];
        if (!slot->key)
            return slot;
        if (slot->hash == hash && slice_eq((struct slice){ slot->key, slot->key_len }, key))
            return slot;
    }
}

static void grow(struct map *map)
{
    struct slot *old = map->slots;
    size_t old_cap = map->cap;
    map->cap *= 2;
    map->slots = mem_array(map->cap, sizeof *map->slots);
    for (size_t i = 0; i < old_cap; i++)
        if (old[i].key)
            *find_slot(map, (struct slice){ old[i].key, old[i].key_len }, old[i].hash) = old[i];
    mem_free(old);
}

void *map_put(struct map *map, struct slice key, void *value)
{
    uint64_t hash = hash_key(map->seed, key);
    struct slot *slot = find_slot(map, key, hash);
    if (slot->key) {
        void *before = slot->value;
        slot->value = value;
        return before;
    }
    *slot = (struct slot){ mem_copy_text(key.ptr, key.len), key.len, hash, value };
    if (++map->count * 4 > map->cap * 3)
        grow(map);
    return NULL;
}

void *map_find(const struct map *map, struct slice key)
{
    struct slot *slot = find_slot(map, key, hash_key(map->seed, key));
    return slot->key ? slot->value : NULL;
}

void *map_remove(struct map *map, struct slice key)
{
    struct slot *slot = find_slot(map, key, hash_key(map->seed, key));
    if (!slot->key)
        return NULL;
    void *value = slot->value;
    mem_free(slot->key);
    slot->key = NULL;
    map->count--;
    size_t mask = map->cap - 1;
    size_t hole = (size_t)(slot - map->slots);
    for (size_t i = (hole + 1) & mask; map->slots[i].key; i = (i + 1) & mask) {
        size_t home = map->slots[i].hash & mask;
        /* move back unless its home lies cyclically behind the hole */
        if (((i - home) & mask) < ((i - hole) & mask))
            continue;
        map->slots[hole] = map->slots[i];
        map->slots[i].key = NULL;
        hole = i;
    }
    return value;
}

size_t map_count(const struct map *map)
{
    return map->count;
}

bool map_next(const struct map *map, size_t *cursor, struct slice *key, void **value)
{
    while (*cursor < map->cap) {
        const struct slot *slot = &map->slots[(*cursor)++];
        if (!slot->key)
            continue;
        if (key)
            *key = (struct slice){ slot->key, slot->key_len };
        if (value)
            *value = slot->value;
        return true;
    }
    return false;
}
