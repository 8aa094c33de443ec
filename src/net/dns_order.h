#pragma once
/* The order in which records are to be tried. Any thread. */

#include <stddef.h>

#include "net/dns.h"

/** Sort records of one type, or addresses of both families: IPv4 first; SRV by priority and then
 * drawn by weight (RFC 2782); NAPTR by order, then preference (RFC 3403 §4.1). Equals keep their
 * order. */
void dns_order(struct dns_record *records, size_t n);
