#pragma once
/* The SIP face: who may call in, and what an INVITE becomes. A trunk is known by its address, a
 * phone by its password; everybody else is challenged and never reaches a trunk. Control thread. */

#include "legs/leg_env.h"

struct registrar;
struct sip_agent_events;
struct sip_face;
struct trunks;

/** Before the agent, whose owner it is: `sip_face_events` with the face as owner. */
struct sip_face *sip_face_create(const struct leg_env *env);
void sip_face_wire(struct sip_face *face, struct trunks *trunks, struct registrar *registrar);
void sip_face_destroy(struct sip_face *face);
extern const struct sip_agent_events sip_face_events;
