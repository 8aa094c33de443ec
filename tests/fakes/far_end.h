#pragma once
/* For flows: a far end of the gateway, a phone or a carrier, on a SIP stack and a socket for RTP of
 * its own. What happens to it is written into one log that tests compare. */

#include "base/list.h"
#include "base/secret.h"
#include "fakes/rig.h"
#include "sip/sip_flow.h"

struct sip_agent;
struct sip_auth;
struct sip_session;

struct far_end {
    struct rig *rig;
    struct sip_agent *agent;
    struct addr addr; /* of its SIP */
    int rtp_fd;
    struct addr rtp;

    /* what it does when it is called */
    int rings;           /* 180 or 183 first; 0: neither */
    bool early;          /* with SDP */
    int answers;         /* 200, or a refusal; 0: later, or never */
    bool is_nowhere;     /* its c= line says 0.0.0.0: hold as it was before RFC 3264 */
    const char *says;    /* where its description says it is; NULL: where it is */
    bool late;           /* its own INVITEs carry no SDP, the ACK does */
    const char *formats; /* of its m= line: "0 8 101" */
    const char *contact; /* Contact of its 3xx: "<sip:1@127.0.0.1:5062>;q=0.5, …"; NULL: none */
    int t38;             /* how it answers an offer of T.38: 200, a refusal; 0: with audio */
    int transfers;       /* how a REFER to it ends: 200, or what refuses it */
    unsigned hops;       /* Max-Forwards of its INVITEs; 0: 70 */
    const char *diverted, *history; /* of its INVITEs; NULL: nobody sent them on */
    bool is_private;                /* its INVITEs carry Privacy: id */
    const char *offers;             /* a whole description for far_dial() instead; NULL: none */
    const char *realm;              /* it demands digest for this realm; NULL: nobody is asked */
    struct secret password;
    struct sip_auth *auth;

    /* what happened: "180 183+sdp 200+sdp bye cancelled failed:486:Busy Here ack " */
    char log[1000];
    char invite[4096]; /* the newest INVITE to it, as it came */
    char sdp[4096];    /* the newest description from the gateway */
    struct list calls; /* far_call.in_far, newest last */
    unsigned received, up, over;
    unsigned packets; /* of RTP, counted by far_poll_rtp() */
};

/** Answers 200 with PCMU and PCMA after a 180, unless told otherwise. */
void far_create(struct far_end *far, struct rig *rig);
void far_destroy(struct far_end *far);
/** It asks whoever calls for this password from now on. */
void far_demand(struct far_end *far, const char *realm, const char *password);

/** Call the gateway and dial `user` there. With `password`, as that account. */
void far_dial(struct far_end *far, const char *user, const char *account, const char *password);
/** Register at the gateway as that account. */
void far_register(struct far_end *far, const char *account, const char *password);

/* The newest call, either way. */
void far_answer(struct far_end *far);
void far_hang_up(struct far_end *far); /* CANCEL, BYE or 480, whichever is right */
void far_reinvite(struct far_end *far, const char *direction);
void far_reinvite_t38(struct far_end *far);
void far_reinvite_late(struct far_end *far); /* without an offer: the answer is in the ACK */
void far_info(struct far_end *far, const char *digit);
/** REFER in the newest call to "sip:USER@gateway". */
void far_refer(struct far_end *far, const char *user);
/** REFER in the oldest call, to the far end of the newest one of `with` (Replaces). */
void far_refer_replaces(struct far_end *far, struct far_end *with);
/** Call as far_dial(), in the place of the newest call of `old` (Replaces). */
void far_replace(struct far_end *far, struct far_end *old, const char *user, const char *account,
                 const char *password);
/** Compare what happened and forget it. */
void far_expect(struct far_end *far, const char *log);
bool far_did(const struct far_end *far, const char *part);

/* far_rtp.c */
void far_open_rtp(struct far_end *far); /* for far_create() */
/** One packet of its first format to where the gateway's newest description says. */
void far_send_rtp(struct far_end *far);
void far_poll_rtp(struct far_end *far);
