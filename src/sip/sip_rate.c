#include "sip_rate.h"

#include "base/list.h"
#include "base/log.h"
#include "base/loop.h"
#include "base/map.h"
#include "base/mem.h"
#include "base/num.h"
#include "sip_flow.h"
#include "sip_network.h"

enum { TOKEN = 1000 }; /* thousandths: a millisecond at one a second fills one of them */

struct source {
    struct list link; /* heard from longest ago first */
    struct addr addr;
    bool is_known;
    int64_t filled_ms, checked_ms;
    int64_t tokens, answers; /* requests that pass, 503s that are sent */
    int64_t over_ms;         /* last refused, if any was */
    int64_t lifted_ms;       /* not limited until then */
    int64_t proved_ms;       /* known until then */
    uint64_t refused;
};

struct sip_rate {
    struct loop *loop;
    struct sip_rate_config config;
    struct map *by_key;
    struct list sources;
};

struct sip_rate *sip_rate_create(struct loop *loop, const struct sip_rate_config *config)
{
    struct sip_rate *rate = mem_new(struct sip_rate);
    rate->loop = loop;
    rate->config = *config;
    rate->by_key = map_create();
    list_init(&rate->sources);
    return rate;
}

static void drop(struct sip_rate *rate, struct source *source)
{
    map_remove(rate->by_key, sip_network_key(&source->addr));
    list_remove(&source->link);
    mem_free(source);
}

void sip_rate_destroy(struct sip_rate *rate)
{
    if (!rate)
        return;
    LIST_EACH(link, &rate->sources)
    drop(rate, LIST_ITEM(link, struct source, link));
    map_destroy(rate->by_key);
    mem_free(rate);
}

static int64_t a_second_of(const struct sip_rate *rate, const struct source *source)
{
    return (int64_t)rate->config.per_second * (source->is_known ? SIP_RATE_KNOWN : 1);
}

static struct source *find(const struct sip_rate *rate, const struct addr *addr)
{
    struct addr network = sip_network_of(addr);
    return map_find(rate->by_key, sip_network_key(&network));
}

static struct source *find_or_add(struct sip_rate *rate, const struct addr *addr)
{
    struct source *source = find(rate, addr);
    if (source) {
        list_remove(&source->link);
        list_append(&rate->sources, &source->link);
        return source;
    }
    if (map_count(rate->by_key) == SIP_RATE_TABLE)
        drop(rate, LIST_ITEM(rate->sources.next, struct source, link));
    source = mem_new(struct source);
    source->addr = sip_network_of(addr);
    source->filled_ms = loop_now_ms(rate->loop);
    source->checked_ms = source->filled_ms - SIP_RATE_RECHECK_MS;
    source->tokens = a_second_of(rate, source) * SIP_RATE_BURST_S * TOKEN;
    source->answers = a_second_of(rate, source) * TOKEN;
    list_append(&rate->sources, &source->link);
    map_put(rate->by_key, sip_network_key(&source->addr), source);
    return source;
}

static void fill(struct sip_rate *rate, struct source *source)
{
    int64_t now_ms = loop_now_ms(rate->loop);
    int64_t each = a_second_of(rate, source); /* tokens a second are thousandths a millisecond */
    int64_t passed_ms = num_min(now_ms - source->filled_ms, SIP_RATE_BURST_S * 1000);
    source->filled_ms = now_ms;
    source->tokens = num_min(source->tokens + passed_ms * each, each * SIP_RATE_BURST_S * TOKEN);
    source->answers = num_min(source->answers + passed_ms * each, each * TOKEN);
}

/* True when there is more for it now. */
static bool set_known(struct sip_rate *rate, struct source *source, bool is_known)
{
    bool was = source->is_known;
    source->is_known = is_known;
    if (!was && is_known)
        source->tokens = a_second_of(rate, source) * SIP_RATE_BURST_S * TOKEN;
    return !was && is_known;
}

/* It became one of ours, or is not any more. */
static bool learns(struct sip_rate *rate, struct source *source, const struct sip_flow *flow)
{
    int64_t now_ms = loop_now_ms(rate->loop);
    if (now_ms - source->checked_ms < SIP_RATE_RECHECK_MS)
        return false;
    source->checked_ms = now_ms;
    bool is_known = source->proved_ms > now_ms ||
                    (rate->config.is_known && rate->config.is_known(rate->config.owner, flow));
    return set_known(rate, source, is_known);
}

void sip_rate_prove(struct sip_rate *rate, const struct addr *addr)
{
    struct source *source = find_or_add(rate, addr);
    source->proved_ms = loop_now_ms(rate->loop) + SIP_RATE_PROVED_MS;
    (void)set_known(rate, source, true);
}

static void note_over(struct sip_rate *rate, struct source *source)
{
    char from[ADDR_TEXT];
    int64_t now_ms = loop_now_ms(rate->loop);
    if (!source->refused || now_ms - source->over_ms > SIP_RATE_SHOWN_MS) {
        source->refused = 0;
        log_warn(NULL, "sip source limited from=%s over=%u/s", addr_print_ip(&source->addr, from),
                 (unsigned)a_second_of(rate, source));
    }
    source->over_ms = now_ms;
    source->refused++;
}

enum sip_rate_verdict sip_rate_take(struct sip_rate *rate, const struct sip_flow *flow)
{
    struct source *source = find_or_add(rate, &flow->remote);
    fill(rate, source);
    if (source->lifted_ms > loop_now_ms(rate->loop))
        return SIP_RATE_PASS;
    if (source->tokens >= TOKEN || learns(rate, source, flow)) {
        source->tokens -= TOKEN;
        return SIP_RATE_PASS;
    }
    note_over(rate, source);
    if (source->answers < TOKEN)
        return SIP_RATE_DROP;
    source->answers -= TOKEN;
    return SIP_RATE_WAIT;
}

static int64_t shown_for_ms(const struct sip_rate *rate, const struct source *source)
{
    int64_t left_ms = source->over_ms + SIP_RATE_SHOWN_MS - loop_now_ms(rate->loop);
    return source->refused ? num_max(left_ms, 0) : 0;
}

size_t sip_rate_list(const struct sip_rate *rate, struct sip_rate_entry *out, size_t max)
{
    size_t n = 0;
    for (const struct list *link = rate->sources.prev; link != &rate->sources; link = link->prev) {
        const struct source *source =
            LIST_ITEM((struct list *)(uintptr_t)link, struct source, link);
        int64_t left_ms = shown_for_ms(rate, source);
        if (!left_ms)
            continue;
        if (n < max)
            out[n] = (struct sip_rate_entry){ source->addr, source->refused, left_ms };
        n++;
    }
    return n;
}

bool sip_rate_lift(struct sip_rate *rate, const struct addr *addr)
{
    struct source *source = find(rate, addr);
    if (!source || !shown_for_ms(rate, source))
        return false;
    source->refused = 0;
    source->lifted_ms = loop_now_ms(rate->loop) + SIP_RATE_LIFTED_MS;
    return true;
}
