#pragma once
/* Our registration at somebody else's registrar (RFC 3261 §10.2): one REGISTER at a time, refreshed
 * before it expires, with back-off and jitter when it fails. Whether to register at all is the
 * caller's policy. Control thread. */

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/slice.h"
#include "sip_flow.h"
#include "sip_request.h"

struct sip_agent;
struct sip_register;

enum sip_register_state {
    SIP_REGISTER_OFF,     /* not started, or unregistered */
    SIP_REGISTER_TRYING,  /* the first REGISTER, or one after a failure, is out */
    SIP_REGISTER_ON,      /* bound; refreshes keep this state */
    SIP_REGISTER_FAILED,  /* waits for the next attempt */
    SIP_REGISTER_LEAVING, /* the REGISTER with expires 0 is out */
    SIP_REGISTER_STATES
};

enum {
    SIP_REGISTER_EXPIRES_S = 300,
    SIP_REGISTER_BACKOFF_MIN_MS = 2000, /* doubles, ± 25 %, up to */
    SIP_REGISTER_BACKOFF_MAX_MS = 300000,
};

/** Everything is copied. */
struct sip_register_config {
    struct slice registrar_uri; /* the request URI: "sip:example.com" */
    struct slice aor;           /* From and To: "sip:user@example.com" */
    struct slice contact_user;
    struct slice contact_line; /* a word that comes back in requests to the Contact; may be empty */
    struct sip_hop hop;
    const struct slice *routes;
    size_t n_routes;
    struct sip_account auth;
    uint32_t expires_s;   /* asked for; 0: SIP_REGISTER_EXPIRES_S */
    bool contact_as_seen; /* behind NAT: the Contact is what Via's received and rport say we are */
};

struct sip_register_events {
    /** How a REGISTER ended: ON, FAILED or OFF. Also for each refresh that changes nothing but the
     * expiry. `status` is the last answer (0: none yet), `text` its phrase or why there was none;
     * borrowed. */
    void (*on_state)(void *owner, struct sip_register *reg, enum sip_register_state state,
                     int status, const char *text);
};

/** Created OFF. */
struct sip_register *sip_register_create(struct sip_agent *agent,
                                         const struct sip_register_config *config,
                                         const struct sip_register_events *events, void *owner);
/** Says nothing to the registrar: sip_register_stop() first for that. */
void sip_register_destroy(struct sip_register *reg);
void sip_register_start(struct sip_register *reg);
/** Unregister, then OFF (also when nobody answers). */
void sip_register_stop(struct sip_register *reg);
/** A new next hop (DNS failover): used by the next REGISTER, which is sent at once. */
void sip_register_set_hop(struct sip_register *reg, const struct sip_hop *hop);

enum sip_register_state sip_register_state(const struct sip_register *reg);
const char *sip_register_state_name(enum sip_register_state state);
int sip_register_status(const struct sip_register *reg); /* of the last answer; 0: none */
/** Milliseconds until the binding ends; 0 unless ON. */
int64_t sip_register_expires_in_ms(const struct sip_register *reg);
/** The Contact URI that is bound, as sent; empty before. */
struct slice sip_register_contact(const struct sip_register *reg);
