/* Where a far end is, of packets that come without ICE. */
#include <string.h>

#include "legs/leg_media.h"

enum err leg_media_find_remote(const struct leg_media *media, struct slice address, uint16_t port,
                               struct rtp_remote *out, struct fault *fault)
{
    if (addr_parse_ip(address, port, &out->rtp))
        return fault_set(fault, ERR_UNSUPPORTED, "c=", 0, "'%.*s' is not a numeric address",
                         SLICE_ARG(address));
    /* SDP that names another address than its sender's: he is behind NAT, or has several and took
     * the wrong one (linphone beside a default route). The one that he named has precedence. */
    if (!addr_same_ip(&out->rtp, &media->signalling))
        out->source = media->signalling;
    memcpy(out->nets, media->nets.list, sizeof out->nets);
    out->n_nets = media->nets.n;
    if (addr_is_any(&out->rtp)) /* RFC 3264 §8.4, old hold: nowhere to send */
        addr_set_port(&out->rtp, 0);
    return OK;
}
