#include "sip_conns.h"

#include "base/mem.h"

void sip_conns_clear(struct sip_conns *conns)
{
    mem_free(conns->slots);
    *conns = (struct sip_conns){ 0 };
}

static size_t free_slot(struct sip_conns *conns)
{
    if (conns->live < conns->n)
        for (size_t i = 0; i < conns->n; i++)
            if (!conns->slots[i].conn)
                return i;
    if (conns->n == conns->cap) {
        conns->cap = conns->cap ? 2 * conns->cap : 16;
        conns->slots = mem_resize(conns->slots, conns->cap * sizeof *conns->slots);
    }
    conns->slots[conns->n].generation = 0;
    return conns->n++;
}

void sip_conns_add(struct sip_conns *conns, void *conn, struct sip_flow *flow)
{
    size_t at = free_slot(conns);
    conns->slots[at].conn = conn;
    flow->conn = at + 1;
    flow->generation = ++conns->slots[at].generation;
    conns->live++;
}

void *sip_conns_find(const struct sip_conns *conns, const struct sip_flow *flow)
{
    if (flow->conn == 0 || flow->conn > conns->n ||
        conns->slots[flow->conn - 1].generation != flow->generation)
        return NULL;
    return conns->slots[flow->conn - 1].conn;
}

void sip_conns_remove(struct sip_conns *conns, const struct sip_flow *flow)
{
    if (!sip_conns_find(conns, flow))
        return;
    conns->slots[flow->conn - 1].conn = NULL;
    conns->live--;
}
