#pragma once
/* The SIP face: who may call in, and what an INVITE becomes. A trunk is known by its address, a
 * phone by its password; everybody else is challenged and never reaches a trunk. Control thread. */

#include "call/route.h"
#include "legs/leg_env.h"
#include "legs/leg_sip.h"

struct addr;
struct registrar;
struct sip_agent_events;
struct sip_face;
struct sip_uri;
struct trunks;

/** Before the agent, whose owner it is: `sip_face_events` with the face as owner. */
struct sip_face *sip_face_create(const struct leg_env *env);
void sip_face_wire(struct sip_face *face, struct trunks *trunks, struct registrar *registrar);
/** A SIP domain that is somebody's here: who answers its calls, and who may call. */
struct sip_face_domain {
    struct route_plan plan;
    bool is_open; /* to that caller, without a password */
    enum leg_sip_srtp srtp;
};
typedef bool (*sip_face_domain_fn)(void *owner, const struct sip_uri *uri, const struct addr *from,
                                   struct sip_face_domain *out);
/** Is the Request-URI in such a domain? */
void sip_face_set_domains(struct sip_face *face, sip_face_domain_fn fn, void *owner);
/** What was said of the calls that an account makes. */
struct sip_face_account {
    struct route_plan plan; /* who handles them; without a target: routes decide */
    bool no_trunks;         /* none that may cost */
};
typedef void (*sip_face_account_fn)(void *owner, struct slice sip_user, struct slice dialled,
                                    struct sip_face_account *out);
/** Asked for each call of an account; `out` comes with zeros. */
void sip_face_set_accounts(struct sip_face *face, sip_face_account_fn fn, void *owner);
void sip_face_destroy(struct sip_face *face);
extern const struct sip_agent_events sip_face_events;
