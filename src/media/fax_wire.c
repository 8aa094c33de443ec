#include "fax_wire.h"

#include <sys/socket.h>

enum { TURN_MAX = 64 }; /* strangers at once: the machines of others wait */

void fax_wire_init(struct fax_wire *wire)
{
    *wire = (struct fax_wire){ .fd = -1 };
}

static bool is_taken(struct fax_wire *wire, const struct addr *from, struct slice datagram)
{
    struct udptl_packet packet;
    if (!wire->learn.locked && !rtp_learn_is_allowed(&wire->learn, from))
        return false;
    if (udptl_parse(&packet, datagram))
        return false;
    enum rtp_learn_verdict verdict = rtp_learn_feed_proven(&wire->learn, from);
    return verdict == RTP_LEARN_TAKE || verdict == RTP_LEARN_LOCKED;
}

bool fax_wire_read(struct fax_wire *wire, char *mem, struct slice *out)
{
    for (int i = 0; i < TURN_MAX && wire->fd >= 0; i++) {
        struct addr source = { 0 };
        socklen_t size = sizeof source;
        ssize_t n = recvfrom(wire->fd, mem, UDPTL_DATAGRAM_MAX, MSG_DONTWAIT, &source.sa, &size);
        if (n < 0)
            return false;
        const struct addr from = addr_from_sockaddr(&source.sa);
        *out = slice_make(mem, (size_t)n);
        if (is_taken(wire, &from, *out))
            return true;
    }
    return false;
}

void fax_wire_send(const struct fax_wire *wire, struct slice datagram)
{
    struct addr to = rtp_learn_target(&wire->learn);
    /* lost here is lost on the way: what comes next repeats it */
    if (wire->fd >= 0 && addr_is_set(&to))
        (void)!sendto(wire->fd, datagram.ptr, datagram.len, MSG_DONTWAIT, &to.sa, addr_len(&to));
}
