#pragma once
/* The UDP socket of a fax by T.38: what comes from the far end, and what goes to it. Who may send
 * is who may send RTP (media/rtp_learn.h); the first datagram that is UDPTL tells the far end's
 * real address, as behind NAT it is another one, and from then on nobody else is heard. The thread
 * of the fax machines. */

#include "media/rtp_learn.h"
#include "media/udptl.h"

struct fax_wire {
    int fd; /* -1: none. The caller's */
    struct rtp_learn learn;
};

void fax_wire_init(struct fax_wire *wire);
/** The next datagram of the far end; false: none waits. `mem` has UDPTL_DATAGRAM_MAX bytes. */
bool fax_wire_read(struct fax_wire *wire, char *mem, struct slice *out);
void fax_wire_send(const struct fax_wire *wire, struct slice datagram);
