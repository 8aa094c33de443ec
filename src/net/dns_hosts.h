#pragma once
/* The hosts file: names given by hand (hosts(5)). Any thread. */

#include <stddef.h>

#include "base/slice.h"
#include "net/addr.h"

enum { DNS_HOSTS_MAX_BYTES = 1 << 20 };

/** The addresses that `text`, a hosts file, gives `name` (any case, a final dot ignored), port 0,
 * in the file's order; returns how many, at most `max`. "localhost" is always known (RFC 6761
 * §6.3). */
size_t dns_hosts_find(struct slice text, struct slice name, struct addr *out, size_t max);
