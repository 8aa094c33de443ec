#include "sip_sources.h"

#include "base/map.h"
#include "base/mem.h"
#include "sip_network.h"

struct sip_sources {
    struct map *by_ip; /* struct source */
    size_t max_each;
};

struct source {
    size_t n;
};

struct sip_sources *sip_sources_create(size_t max_each)
{
    struct sip_sources *sources = mem_new(struct sip_sources);
    sources->by_ip = map_create();
    sources->max_each = max_each;
    return sources;
}

void sip_sources_destroy(struct sip_sources *sources)
{
    size_t cursor = 0;
    struct slice key;
    void *value;
    if (!sources)
        return;
    while (map_next(sources->by_ip, &cursor, &key, &value))
        mem_free(value);
    map_destroy(sources->by_ip);
    mem_free(sources);
}

bool sip_sources_is_full(const struct sip_sources *sources, const struct addr *addr)
{
    const struct source *source = map_find(sources->by_ip, sip_network_key(addr));
    return source && source->n >= sources->max_each;
}

void sip_sources_enter(struct sip_sources *sources, const struct addr *addr)
{
    struct source *source = map_find(sources->by_ip, sip_network_key(addr));
    if (!source) {
        source = mem_new(struct source);
        map_put(sources->by_ip, sip_network_key(addr), source);
    }
    source->n++;
}

void sip_sources_leave(struct sip_sources *sources, const struct addr *addr)
{
    struct source *source = map_find(sources->by_ip, sip_network_key(addr));
    BUG_IF(!source);
    if (--source->n)
        return;
    map_remove(sources->by_ip, sip_network_key(addr));
    mem_free(source);
}
