/* The calls of one daemon: made first, ended last. */
#include "base/err.h"
#include "base/map.h"
#include "base/mem.h"
#include "call/call_priv.h"
#include "call/call_stats.h"

enum { CALLS_MAX = 10000, RING_TIMEOUT_MS = 60000 };

struct calls *calls_create(const struct calls_config *config)
{
    struct calls *calls = mem_new(struct calls);
    calls->config = *config;
    if (!calls->config.ring_timeout_ms)
        calls->config.ring_timeout_ms = RING_TIMEOUT_MS;
    if (!calls->config.max_calls)
        calls->config.max_calls = CALLS_MAX;
    list_init(&calls->live);
    calls->by_id = map_create();
    calls->stats = call_stats_create();
    return calls;
}

void calls_destroy(struct calls *calls)
{
    if (!calls)
        return;
    BUG_IF(!list_empty(&calls->live));
    map_destroy(calls->by_id);
    call_stats_destroy(calls->stats);
    mem_free(calls);
}

void calls_end_all(struct calls *calls, const struct cause *cause)
{
    calls->closing = true;
    calls->closing_cause = *cause;
    LIST_EACH(link, &calls->live)
    call_end(LIST_ITEM(link, struct call, in_calls), cause);
}

void call_each_leg(const struct call *call, calls_leg_fn fn, void *owner)
{
    LIST_EACH(link, (struct list *)(uintptr_t)&call->legs)
    fn(owner, call, LIST_ITEM(link, struct leg, in_call));
}

void calls_each_leg(const struct calls *calls, calls_leg_fn fn, void *owner)
{
    LIST_EACH(link, (struct list *)(uintptr_t)&calls->live)
    call_each_leg(LIST_ITEM(link, struct call, in_calls), fn, owner);
}
