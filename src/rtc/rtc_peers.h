#pragma once
/* Which stream a remote address belongs to: looked up for every packet, so it is one open-addressed
 * table that allocates only when an address is added. Not threaded; owners are borrowed. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "net/addr.h"

struct rtc_peers;

/** How long an address stays with the owner that last claimed it: browsers check every 2.5 s. */
enum { RTC_PEERS_HOLD_MS = 5000 };

struct rtc_peers *rtc_peers_create(void);
void rtc_peers_destroy(struct rtc_peers *peers);

/** The owner of `addr`, or NULL. */
void *rtc_peers_find(const struct rtc_peers *peers, const struct addr *addr);
/** `owner` has proved that the peer behind `addr` is its own. False, and nothing changes, while
 * another owner holds it: a peer must not take another's packets by forging a source address. */
bool rtc_peers_claim(struct rtc_peers *peers, const struct addr *addr, void *owner, int64_t now_ms);
bool rtc_peers_may_claim(const struct rtc_peers *peers, const struct addr *addr, const void *owner,
                         int64_t now_ms);
/** Forget `addr` if it is still `owner`'s. */
void rtc_peers_release(struct rtc_peers *peers, const struct addr *addr, const void *owner);
size_t rtc_peers_count(const struct rtc_peers *peers);
