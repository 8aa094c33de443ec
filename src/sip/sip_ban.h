#pragma once
/* Addresses that guessed passwords: counted, banned for a while, listed and lifted by an operator.
 * IPv6 counts by /64, which is one customer. Bounded memory. Control thread. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "net/addr.h"

struct loop;
struct sip_ban;

enum {
    SIP_BAN_FAILURES = 10,
    SIP_BAN_WINDOW_MS = 60000,
    SIP_BAN_MS = 300000,
    SIP_BAN_TABLE = 4096, /* addresses remembered; the one heard from longest ago makes room */
};

struct sip_ban_config { /* 0: the constants above */
    unsigned failures;  /* wrong passwords within the window, one after the other */
    int64_t window_ms;
    int64_t ban_ms;
};

struct sip_ban_entry {
    struct addr addr; /* port 0; of IPv6 the network */
    unsigned failures;
    int64_t banned_for_ms; /* that are left; 0: not banned */
};

struct sip_ban *sip_ban_create(struct loop *loop, const struct sip_ban_config *config);
void sip_ban_destroy(struct sip_ban *ban);

/** A wrong password came from there; true when that banned it just now. */
bool sip_ban_fail(struct sip_ban *ban, const struct addr *addr);
/** The right one came: it starts anew (an office shares one address). */
void sip_ban_forgive(struct sip_ban *ban, const struct addr *addr);
/** Milliseconds that it stays banned; 0: it is not. */
int64_t sip_ban_left_ms(const struct sip_ban *ban, const struct addr *addr);

/** Banned ones first, then those that failed; returns how many are remembered. */
size_t sip_ban_list(const struct sip_ban *ban, struct sip_ban_entry *out, size_t max);
/** False: it was not banned. */
bool sip_ban_lift(struct sip_ban *ban, const struct addr *addr);
