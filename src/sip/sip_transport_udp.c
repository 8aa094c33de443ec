#include "sip_transport_udp.h"

#include <errno.h>

#include "base/mem.h"
#include "net/udp.h"
#include "sip_transport.h"

struct listener {
    struct sip_transport *transport;
    struct udp *udp;
    uint32_t number;
};

static struct sip_flow flow_of(const struct listener *l, const struct addr *remote,
                               const struct addr *local)
{
    return (struct sip_flow){
        .listener = l->number, .kind = SIP_UDP, .local = *local, .remote = *remote
    };
}

static void on_packet(void *owner, const struct addr *from, const struct addr *to,
                      struct slice bytes)
{
    const struct listener *l = owner;
    struct sip_flow flow = flow_of(l, from, to);
    sip_transport_feed(l->transport, &flow, bytes);
}

static void on_error(void *owner, const struct addr *to, int error)
{
    const struct listener *l = owner;
    struct sip_flow flow = flow_of(l, to, udp_local(l->udp));
    sip_transport_lost(l->transport, &flow, error);
}

static const struct udp_events events = { .on_packet = on_packet, .on_error = on_error };

static enum err send_bytes(void *self, const struct sip_flow *flow, struct slice bytes)
{
    const struct listener *l = self;
    if (bytes.len > UDP_MAX_DATAGRAM) {
        errno = EMSGSIZE;
        return ERR_IO;
    }
    return udp_send(l->udp, &flow->remote, &flow->local, bytes);
}

static void destroy(void *self)
{
    struct listener *l = self;
    udp_destroy(l->udp);
    mem_free(l);
}

static const struct sip_listener_ops ops = {
    .kind = SIP_UDP,
    .send = send_bytes,
    .destroy = destroy,
};

enum err sip_transport_udp_listen(struct sip_transport *transport, struct loop *loop,
                                  const struct addr *bind, struct fault *fault)
{
    struct listener *l = mem_new(struct listener);
    l->transport = transport;
    enum err err = udp_create(&l->udp, loop, bind, &events, l, fault);
    if (err) {
        mem_free(l);
        return err;
    }
    l->number = sip_transport_add(transport, &ops, l, udp_local(l->udp));
    if (l->number == 0) {
        destroy(l);
        return fault_set(fault, ERR_LIMIT, NULL, 0, "more than %d SIP listeners",
                         SIP_AGENT_LISTENERS_MAX);
    }
    return OK;
}
