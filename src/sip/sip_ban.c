#include "sip_ban.h"

#include "base/list.h"
#include "base/loop.h"
#include "base/map.h"
#include "base/mem.h"
#include "sip_network.h"

struct source {
    struct list link; /* heard from longest ago first */
    struct addr addr;
    unsigned failures;
    int64_t first_ms; /* of the failures that count */
    int64_t until_ms; /* 0: not banned */
};

struct sip_ban {
    struct loop *loop;
    struct sip_ban_config config;
    struct map *by_key;
    struct list sources;
};

struct sip_ban *sip_ban_create(struct loop *loop, const struct sip_ban_config *config)
{
    struct sip_ban *ban = mem_new(struct sip_ban);
    ban->loop = loop;
    ban->config = *config;
    if (!config->failures)
        ban->config.failures = SIP_BAN_FAILURES;
    if (!config->window_ms)
        ban->config.window_ms = SIP_BAN_WINDOW_MS;
    if (!config->ban_ms)
        ban->config.ban_ms = SIP_BAN_MS;
    ban->by_key = map_create();
    list_init(&ban->sources);
    return ban;
}

static struct source *find(const struct sip_ban *ban, const struct addr *addr)
{
    struct addr network = sip_network_of(addr);
    return map_find(ban->by_key, sip_network_key(&network));
}

static void drop(struct sip_ban *ban, struct source *source)
{
    map_remove(ban->by_key, sip_network_key(&source->addr));
    list_remove(&source->link);
    mem_free(source);
}

void sip_ban_destroy(struct sip_ban *ban)
{
    if (!ban)
        return;
    LIST_EACH(link, &ban->sources)
    drop(ban, LIST_ITEM(link, struct source, link));
    map_destroy(ban->by_key);
    mem_free(ban);
}

static bool is_banned(const struct sip_ban *ban, const struct source *source)
{
    return source->until_ms > loop_now_ms(ban->loop);
}

static bool is_old(const struct sip_ban *ban, const struct source *source)
{
    return !is_banned(ban, source) &&
           loop_now_ms(ban->loop) - source->first_ms > ban->config.window_ms;
}

/* Room for one more: what is too old to matter, else who is not banned, else the oldest ban. */
static void make_room(struct sip_ban *ban)
{
    struct source *victim = NULL;
    LIST_EACH(link, &ban->sources)
    {
        struct source *source = LIST_ITEM(link, struct source, link);
        if (!victim || (is_banned(ban, victim) && !is_banned(ban, source)))
            victim = source;
        if (!is_banned(ban, victim))
            break;
    }
    drop(ban, victim);
}

static struct source *find_or_add(struct sip_ban *ban, const struct addr *addr)
{
    struct source *source = find(ban, addr);
    if (source)
        return source;
    if (map_count(ban->by_key) == SIP_BAN_TABLE)
        make_room(ban);
    source = mem_new(struct source);
    source->addr = sip_network_of(addr);
    source->first_ms = loop_now_ms(ban->loop);
    list_init(&source->link);
    map_put(ban->by_key, sip_network_key(&source->addr), source);
    return source;
}

bool sip_ban_fail(struct sip_ban *ban, const struct addr *addr)
{
    struct source *source = find_or_add(ban, addr);
    list_remove(&source->link);
    list_append(&ban->sources, &source->link);
    if (is_banned(ban, source))
        return false;
    if (is_old(ban, source) || source->until_ms) { /* its window or its ban is over */
        source->failures = 0;
        source->until_ms = 0;
        source->first_ms = loop_now_ms(ban->loop);
    }
    if (++source->failures < ban->config.failures)
        return false;
    source->until_ms = loop_now_ms(ban->loop) + ban->config.ban_ms;
    return true;
}

void sip_ban_forgive(struct sip_ban *ban, const struct addr *addr)
{
    struct source *source = find(ban, addr);
    if (source && !is_banned(ban, source))
        drop(ban, source);
}

int64_t sip_ban_left_ms(const struct sip_ban *ban, const struct addr *addr)
{
    const struct source *source = find(ban, addr);
    return source && is_banned(ban, source) ? source->until_ms - loop_now_ms(ban->loop) : 0;
}

static size_t list_some(const struct sip_ban *ban, bool banned, struct sip_ban_entry *out,
                        size_t max, size_t n)
{
    LIST_EACH(link, &ban->sources)
    {
        const struct source *source = LIST_ITEM(link, struct source, link);
        if (is_banned(ban, source) != banned || is_old(ban, source))
            continue;
        if (n < max)
            out[n] = (struct sip_ban_entry){ .addr = source->addr,
                                             .failures = source->failures,
                                             .banned_for_ms = sip_ban_left_ms(ban, &source->addr) };
        n++;
    }
    return n;
}

size_t sip_ban_list(const struct sip_ban *ban, struct sip_ban_entry *out, size_t max)
{
    return list_some(ban, false, out, max, list_some(ban, true, out, max, 0));
}

bool sip_ban_lift(struct sip_ban *ban, const struct addr *addr)
{
    struct source *source = find(ban, addr);
    bool was = source && is_banned(ban, source);
    if (was)
        drop(ban, source);
    return was;
}
