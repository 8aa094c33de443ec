#pragma once
/* Which stream a remote address belongs to: looked up for every packet, so it is one open-addressed
 * table that allocates only when an address is added. Not threaded; owners are borrowed. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "net/addr.h"

struct media_peers;

/** How long an address stays with the owner that last claimed it: browsers check every 2.5 s. */
enum { MEDIA_PEERS_HOLD_MS = 5000 };

struct media_peers *media_peers_create(void);
void media_peers_destroy(struct media_peers *peers);

/** The owner of `addr`, or NULL. */
void *media_peers_find(const struct media_peers *peers, const struct addr *addr);
/** `owner` has proved that the peer behind `addr` is its own. False, and nothing changes, while
 * another owner holds it: a peer must not take another's packets by forging a source address. */
bool media_peers_claim(struct media_peers *peers, const struct addr *addr, void *owner,
                       int64_t now_ms);
bool media_peers_may_claim(const struct media_peers *peers, const struct addr *addr,
                           const void *owner, int64_t now_ms);
/** Forget `addr` if it is still `owner`'s. */
void media_peers_release(struct media_peers *peers, const struct addr *addr, const void *owner);
struct media_packet;
/** Of a batch whose packets' owners are `owners`: those from `at` on that belong to the owner of
 * `at`, in order, into `group`; returns how many. Their owners become NULL: each owner is met once.
 */
size_t media_peers_gather(void **owners, struct media_packet *const *packets, size_t at, size_t n,
                          struct media_packet **group);
size_t media_peers_count(const struct media_peers *peers);
