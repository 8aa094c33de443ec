#include "net/dns_order.h"

#include <string.h>

#include "base/rand.h"

static int by_priority(const void *a, const void *b)
{
    const struct dns_record *x = a, *y = b;
    return x->srv.priority - y->srv.priority;
}

static int by_order(const void *a, const void *b)
{
    const struct dns_record *x = a, *y = b;
    int order = x->naptr.order - y->naptr.order;
    return order ? order : x->naptr.preference - y->naptr.preference;
}

static int by_family(const void *a, const void *b)
{
    const struct dns_record *x = a, *y = b;
    return (int)x->type - (int)y->type;
}

/* RFC 2782: one of equal priority after the other, by chance in proportion to its weight. Those of
 * weight 0 count a little, so that they are not last for ever. */
static void draw_by_weight(struct dns_record *records, size_t n)
{
    for (size_t i = 0; i + 1 < n; i++) {
        uint32_t sum = 0, at = 0;
        size_t end = i, chosen = i;
        for (; end < n && records[end].srv.priority == records[i].srv.priority; end++)
            sum += records[end].srv.weight * 16u + 1; /* at most 64 × 2^20 */
        uint32_t drawn = rand_u32() % sum;
        for (size_t k = i; k < end; k++) {
            at += records[k].srv.weight * 16u + 1;
            if (drawn < at) {
                chosen = k;
                break;
            }
        }
        struct dns_record first = records[chosen];
        memmove(&records[i + 1], &records[i], (chosen - i) * sizeof first);
        records[i] = first;
    }
}

/* A stable sort: a name server's order means something among equals. */
static void sort_records(struct dns_record *records, size_t n,
                         int (*compare)(const void *, const void *))
{
    for (size_t i = 1; i < n; i++) {
        struct dns_record moving = records[i];
        size_t at = i;
        for (; at && compare(&records[at - 1], &moving) > 0; at--)
            records[at] = records[at - 1];
        records[at] = moving;
    }
}

void dns_order(struct dns_record *records, size_t n)
{
    static int (*const by[])(const void *, const void *) = {
        [DNS_A] = by_family,
        [DNS_AAAA] = by_family,
        [DNS_SRV] = by_priority,
        [DNS_NAPTR] = by_order,
    };
    if (!n)
        return;
    sort_records(records, n, by[records[0].type]);
    if (records[0].type == DNS_SRV)
        draw_by_weight(records, n);
}
