#include "media/media_peers.h"

#include "base/mem.h"
#include "base/rand.h"

enum { KEY_WORDS = 6, FIRST_CAP = 64 };

struct entry {
    uint32_t key[KEY_WORDS]; /* 16 bytes of address, port and family, scope */
    void *owner;             /* NULL: free */
    int64_t claimed_ms;
};

struct media_peers {
    uint64_t seed[KEY_WORDS + 1];
    size_t cap, count; /* cap: a power of two, at most three quarters used */
    struct entry *entries;
};

static void pack(const struct addr *addr, uint32_t key[KEY_WORDS])
{
    memset(key, 0, KEY_WORDS * sizeof *key);
    if (addr_is_v6(addr)) {
        memcpy(key, &addr->in6.sin6_addr, 16);
        key[4] = addr->in6.sin6_port | 0x10000u;
        key[5] = addr->in6.sin6_scope_id;
    } else {
        memcpy(key, &addr->in4.sin_addr, 4);
        key[4] = addr->in4.sin_port;
    }
}

/* Multilinear hashing: strongly universal under a random seed, so that nobody who chooses addresses
 * and ports chooses collisions. The low bits are the weak ones. */
static size_t place_of(const struct media_peers *peers, const uint32_t key[KEY_WORDS])
{
    uint64_t sum = peers->seed[KEY_WORDS];
    for (size_t i = 0; i < KEY_WORDS; i++)
        sum += peers->seed[i] * key[i];
    return (size_t)(sum >> 32) & (peers->cap - 1);
}

struct media_peers *media_peers_create(void)
{
    struct media_peers *peers = mem_new(struct media_peers);
    rand_bytes(peers->seed, sizeof peers->seed);
    peers->cap = FIRST_CAP;
    peers->entries = mem_array(peers->cap, sizeof *peers->entries);
    return peers;
}

void media_peers_destroy(struct media_peers *peers)
{
    if (!peers)
        return;
    mem_free(peers->entries);
    mem_free(peers);
}

/* The entry of `key`, or the free one where it would stand: one is always free. */
static struct entry *probe(const struct media_peers *peers, const uint32_t key[KEY_WORDS])
{
    size_t at = place_of(peers, key);
    while (peers->entries[at].owner &&
           memcmp(peers->entries[at].key, key, sizeof peers->entries[at].key) != 0)
        at = (at + 1) & (peers->cap - 1);
    return &peers->entries[at];
}

static struct entry *probe_addr(const struct media_peers *peers, const struct addr *addr)
{
    uint32_t key[KEY_WORDS];
    pack(addr, key);
    return probe(peers, key);
}

void *media_peers_find(const struct media_peers *peers, const struct addr *addr)
{
    return probe_addr(peers, addr)->owner;
}

static bool is_held(const struct entry *entry, const void *by, int64_t now_ms)
{
    return entry->owner && entry->owner != by && now_ms - entry->claimed_ms < MEDIA_PEERS_HOLD_MS;
}

bool media_peers_may_claim(const struct media_peers *peers, const struct addr *addr,
                           const void *owner, int64_t now_ms)
{
    return !is_held(probe_addr(peers, addr), owner, now_ms);
}

static void grow(struct media_peers *peers)
{
    struct entry *old = peers->entries;
    size_t old_cap = peers->cap;
    peers->cap *= 2;
    peers->entries = mem_array(peers->cap, sizeof *peers->entries);
    for (size_t i = 0; i < old_cap; i++) {
        if (old[i].owner)
            *probe(peers, old[i].key) = old[i];
    }
    mem_free(old);
}

bool media_peers_claim(struct media_peers *peers, const struct addr *addr, void *owner,
                       int64_t now_ms)
{
    struct entry *entry = probe_addr(peers, addr);
    if (is_held(entry, owner, now_ms))
        return false;
    if (!entry->owner) {
        if (peers->count + 1 > peers->cap / 4 * 3) {
            grow(peers);
            entry = probe_addr(peers, addr);
        }
        pack(addr, entry->key);
        peers->count++;
    }
    entry->owner = owner;
    entry->claimed_ms = now_ms;
    return true;
}

/* Close the gap: every entry behind it, up to a free one, moves up unless it would then stand
 * before its own place (Knuth, algorithm 6.4R). */
static void close_gap(struct media_peers *peers, size_t gap)
{
    size_t mask = peers->cap - 1;
    for (size_t at = (gap + 1) & mask; peers->entries[at].owner; at = (at + 1) & mask) {
        size_t home = place_of(peers, peers->entries[at].key);
        if (((at - home) & mask) < ((at - gap) & mask))
            continue;
        peers->entries[gap] = peers->entries[at];
        gap = at;
    }
    peers->entries[gap] = (struct entry){ 0 };
}

void media_peers_release(struct media_peers *peers, const struct addr *addr, const void *owner)
{
    struct entry *entry = probe_addr(peers, addr);
    if (!entry->owner || entry->owner != owner)
        return;
    peers->count--;
    close_gap(peers, (size_t)(entry - peers->entries));
}

size_t media_peers_count(const struct media_peers *peers)
{
    return peers->count;
}

size_t media_peers_gather(void **owners, struct media_packet *const *packets, size_t at, size_t n,
                          struct media_packet **group)
{
    const void *owner = owners[at];
    size_t n_group = 0;
    for (size_t i = at; i < n; i++) {
        if (owners[i] != owner)
            continue;
        group[n_group++] = packets[i];
        owners[i] = NULL;
    }
    return n_group;
}
