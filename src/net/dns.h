#pragma once
/* Names to records: c-ares on the loop, with a cache by TTL. Control thread only. What the records
 * mean to SIP (RFC 3263) is not known here. */

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/slice.h"
#include "net/addr.h"

struct loop;
struct dns;
struct dns_query;

enum {
    DNS_MAX_SERVERS = 8,
    DNS_MAX_RECORDS = 64, /* kept of one answer */
    DNS_CACHE_ENTRIES = 512,
    DNS_TTL_MAX_S = 3600,  /* kept no longer */
    DNS_TTL_MISSING_S = 5, /* how long "no such name" is believed */
    DNS_TIMEOUT_MS = 5000, /* for a whole query, unless configured */
    DNS_NAME = 256,
    DNS_TEXT = 256
};

enum dns_type { DNS_A, DNS_AAAA, DNS_SRV, DNS_NAPTR, DNS_TYPE_COUNT };

struct dns_record {
    enum dns_type type;
    uint32_t ttl_s;
    union {
        struct addr addr; /* DNS_A, DNS_AAAA: port 0 */
        struct {          /* RFC 2782 */
            uint16_t priority, weight, port;
            char target[DNS_NAME];
        } srv;
        struct { /* RFC 3403 §4 */
            uint16_t order, preference;
            char flags[8], service[64];
            char regexp[DNS_TEXT], replacement[DNS_NAME];
        } naptr;
    };
};

/** Borrowed by the callback. SRV are sorted by priority, then by weight at random as RFC 2782 asks;
 * NAPTR by order, then preference. With `err` set there are no records: ERR_NOT_FOUND (no such name
 * or no such record), ERR_TIMEOUT, ERR_REFUSED (the server failed), ERR_INVALID (the name). */
struct dns_answer {
    enum err err;
    const char *text; /* for people: "no such name: sip.example.com" */
    const struct dns_record *records;
    size_t n_records;
};
typedef void (*dns_fn)(void *owner, const struct dns_answer *answer);

struct dns_config { /* zero: the system's resolvers */
    struct addr servers[DNS_MAX_SERVERS];
    size_t n_servers;
    int timeout_ms;
    const char *hosts_file; /* NULL: /etc/hosts */
};

/** ERR_IO when the system's configuration cannot be read. */
MUST_CHECK enum err dns_create(struct dns **out, struct loop *loop,
                               const struct dns_config *config);
/** Cancels every query, without callbacks. NULL is fine. Turn the loop once before destroying it.
 */
void dns_destroy(struct dns *dns);

/** Records of one type. `fn` is called once, later, from the loop; the query ends with it. */
struct dns_query *dns_find_records(struct dns *dns, enum dns_type type, struct slice name,
                                   dns_fn fn, void *owner);

enum dns_family { DNS_ANY, DNS_IPV4, DNS_IPV6 };
/** Addresses of a host, IPv4 first: a numeric one at once, then the hosts file, then DNS. */
struct dns_query *dns_resolve_host(struct dns *dns, struct slice host, enum dns_family family,
                                   dns_fn fn, void *owner);
/** No callback comes any more. Not from inside the query's own callback. */
void dns_cancel(struct dns_query *query);
/** Forget what was learned: after a reload. */
void dns_flush(struct dns *dns);
