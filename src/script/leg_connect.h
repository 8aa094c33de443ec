#pragma once
/* One far end that a script rings on behalf of its caller: a call of its own, whose caller is this
 * leg, on the media thread of the first. Control thread. */

#include <jansson.h>

#include "call/leg.h"

struct connect_leg;
struct line;
struct script;

struct connect_leg_events { /* any may end the connect */
    void (*on_ringing)(void *owner, struct connect_leg *leg);
    void (*on_early)(void *owner, struct connect_leg *leg);
    void (*on_answered)(void *owner, struct connect_leg *leg);
    void (*on_ended)(void *owner, struct connect_leg *leg, const struct cause *cause);
};

/** `params`: of one destination, {to, from, from_name, headers, username, password, timeout …},
 * borrowed. NULL: nobody can be rung there, and `fault` says why. */
struct connect_leg *connect_leg_create(struct script *script, const json_t *params,
                                       const struct connect_leg_events *events, void *owner,
                                       struct fault *fault);
/** Ends its call, if there is one, for this reason; no event comes any more. */
void connect_leg_end(struct connect_leg *leg, const struct cause *cause);
/** The far end's leg, once it answered or sounds early. */
struct leg *connect_leg_far(const struct connect_leg *leg);
struct call *connect_leg_call(const struct connect_leg *leg);
/** Run steps on the far end before it is joined; `fn` says whether they went through to their end.
 */
void connect_leg_confirm(struct connect_leg *leg, const json_t *steps,
                         void (*fn)(void *owner, struct connect_leg *leg, bool is_confirmed));
/** What the far end does is passed on to this one: keys and hold. NULL: to nobody. */
void connect_leg_join(struct connect_leg *leg, struct line *with);
