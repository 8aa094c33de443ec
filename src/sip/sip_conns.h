#pragma once
/* The connections of one listener by the number and generation that flows name them with: a number
 * is used again, its generation is not, so a flow that outlived its connection finds nobody.
 * Control thread; the connections are borrowed. */

#include <stddef.h>
#include <stdint.h>

#include "sip_flow.h"

struct sip_conns { /* zero-initialised is fine */
    struct {
        void *conn; /* NULL: free */
        uint32_t generation;
    } * slots;
    size_t n, cap, live;
};

void sip_conns_clear(struct sip_conns *conns);
/** Sets conn and generation of `flow`. */
void sip_conns_add(struct sip_conns *conns, void *conn, struct sip_flow *flow);
void *sip_conns_find(const struct sip_conns *conns, const struct sip_flow *flow); /* or NULL */
void sip_conns_remove(struct sip_conns *conns, const struct sip_flow *flow); /* twice is fine */
