#pragma once
/* For flows: a far end without a SIP stack, for what a sane one does not do. It keeps the newest
 * request of each method and sends what it is told. */

#include "fakes/rig.h"
#include "sip/sip_names.h"

struct sip_msg;

struct scripted_peer {
    struct rig *rig;
    int fd;
    struct addr addr;
    struct sip_msg *got[SIP_METHOD_COUNT]; /* the newest, owned */
    unsigned n[SIP_METHOD_COUNT];
};

void peer_create(struct scripted_peer *peer, struct rig *rig);
void peer_destroy(struct scripted_peer *peer);
/** Take in what came; for RIG_UNTIL: returns how many requests of that method there were. */
unsigned peer_poll(struct scripted_peer *peer, enum sip_method method);
/** Answer the newest request of that method. `sdp`: NULL or a whole description. */
void peer_reply(struct scripted_peer *peer, enum sip_method method, int status, const char *tag,
                const char *sdp);
