#pragma once
/* How many requests a second one address may send outside calls: over that it is asked to wait (503
 * with Retry-After), and in a flood not answered at all. A token bucket each; IPv6 counts by /64.
 * Those that are known (our trunks, where phones are registered or a password was right) may send
 * more. Operators see who
 * is limited, and lift it. Bounded memory. Control thread. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "net/addr.h"

struct loop;
struct sip_flow;
struct sip_rate;

enum {
    SIP_RATE_BURST_S = 5,       /* so much of a second's worth at once */
    SIP_RATE_KNOWN = 10,        /* times as many from those who are known */
    SIP_RATE_RECHECK_MS = 1000, /* how often it is asked whether one is known */
    SIP_RATE_SHOWN_MS = 60000,  /* one that was limited stays on the list */
    SIP_RATE_LIFTED_MS = 3600000,
    SIP_RATE_PROVED_MS = 3600000,
    SIP_RATE_TABLE = 4096, /* addresses remembered; the one heard from longest ago makes room */
};

enum sip_rate_verdict { SIP_RATE_PASS, SIP_RATE_WAIT, SIP_RATE_DROP };

struct sip_rate_config {
    unsigned per_second;
    /** Is it one of ours that sends from there? Asked when it is over the limit. NULL: nobody is.
     */
    bool (*is_known)(void *owner, const struct sip_flow *flow);
    void *owner;
};

struct sip_rate_entry {
    struct addr addr; /* port 0; of IPv6 the network */
    uint64_t refused; /* requests since it was first over the limit */
    int64_t shown_for_ms;
};

struct sip_rate *sip_rate_create(struct loop *loop, const struct sip_rate_config *config);
void sip_rate_destroy(struct sip_rate *rate);

/** One more request by that way. */
enum sip_rate_verdict sip_rate_take(struct sip_rate *rate, const struct sip_flow *flow);
/** Somebody there proved who he is: known for SIP_RATE_PROVED_MS. */
void sip_rate_prove(struct sip_rate *rate, const struct addr *addr);
/** Who was limited lately, the last one first; returns how many. */
size_t sip_rate_list(const struct sip_rate *rate, struct sip_rate_entry *out, size_t max);
/** Not limited for SIP_RATE_LIFTED_MS; false: it was not on the list. */
bool sip_rate_lift(struct sip_rate *rate, const struct addr *addr);
