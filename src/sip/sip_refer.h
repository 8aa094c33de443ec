#pragma once
/* Call transfer inside a session: REFER with its implicit subscription, both roles (RFC 3515, RFC
 * 4488, Referred-By of RFC 3892, Replaces of RFC 3891 in the Refer-To). Control thread. */

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/slice.h"
#include "sip_hdr.h"
#include "sip_request.h"

struct sip_session;

enum {
    SIP_REFERS_MAX = 4, /* under way in one session, of each role */
    SIP_REFER_TIMEOUT_MS = 180000,
};

/** A REFER that came; lives during on_refer. */
struct sip_referral {
    uint32_t id;         /* names it in the functions below */
    struct slice target; /* Refer-To's URI without its headers and method: whom to call */
    struct slice method; /* "INVITE" unless the URI says otherwise */
    bool has_replaces;   /* attended: the call to make takes the place of another */
    struct sip_replaces replaces;
    struct slice replaces_value; /* the same, to pass on in a Replaces header; unescaped */
    struct slice referred_by;    /* the value to pass on in Referred-By; empty: none */
    bool is_quiet;               /* Refer-Sub: false: nobody wants to hear how it goes */
    const struct sip_msg *msg;
};

/** 202, and the first NOTIFY (100 Trying). ERR_NOT_FOUND: no such REFER waits. */
MUST_CHECK enum err sip_refer_accept(struct sip_session *session, uint32_t id);
/** 300 to 699. */
MUST_CHECK enum err sip_refer_reject(struct sip_session *session, uint32_t id,
                                     const struct sip_reply *reply);
/** Tell how the new call goes: a status of its own; 200 and above ends the subscription. */
MUST_CHECK enum err sip_refer_notify(struct sip_session *session, uint32_t id, int status,
                                     struct slice reason);

struct sip_refer_config {
    struct slice target; /* URI to call; empty with `replaces`: that call's far end */
    const struct sip_session *replaces; /* attended: the call with the target, to be taken over */
    struct slice referred_by;           /* a Referred-By value; empty: our own URI in this call */
    bool is_quiet;                      /* Refer-Sub: false: ask for no reports (RFC 4488) */
};

/** How our REFER goes; lives during on_referred. */
struct sip_refer_progress {
    int status;          /* of the new call: 100, 180, 200 …; or what refused the REFER */
    struct slice reason; /* the phrase */
    bool is_over;        /* nothing more follows */
    bool is_refused;     /* the REFER itself was not accepted */
};

/** Ask the far end to call somebody; on_referred follows, never from inside. ERR_LIMIT:
 * SIP_REFERS_MAX; ERR_INVALID: the target is no URI. */
MUST_CHECK enum err sip_refer_send(struct sip_session *session,
                                   const struct sip_refer_config *config);
