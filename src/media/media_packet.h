#pragma once
/* One datagram on its way through a media thread: bytes with room before and behind for what
 * protection adds. Packets come from the thread's pool and never leave the thread. */

#include <stdbool.h>
#include <stdint.h>

#include "net/addr.h"

enum {
    MEDIA_PACKET_HEAD = 64,  /* room before the datagram, for header extensions and TURN framing */
    MEDIA_PACKET_MAX = 1600, /* the largest datagram that is received or sent */
    MEDIA_PACKET_TAIL = 64,  /* room behind it, for authentication tags */
};

struct media_packet {
    uint8_t *data; /* the datagram: points into `room` */
    uint32_t len;
    bool is_rtcp;              /* RTCP rather than RTP, once demultiplexed (RFC 5761 §4) */
    int64_t arrived_us;        /* monotonic; 0 for packets made here */
    struct addr from;          /* received: the sender. To be sent: the destination */
    struct addr local;         /* ours: where it came to; to be sent: unset if the kernel chooses */
    struct media_packet *next; /* the pool's or a queue's */
    uint8_t room[MEDIA_PACKET_HEAD + MEDIA_PACKET_MAX + MEDIA_PACKET_TAIL];
};
