#pragma once
/* The trunks: standing arrangements with carriers and PBXs. Each resolves its host, registers if
 * that is wanted, asks for signs of life with OPTIONS and places calls. One trunk's trouble delays
 * no other. Control thread. */

#include <jansson.h>

#include "call/call.h"
#include "legs/leg_env.h"
#include "sip/sip_request.h"

struct leg_sip_policy;
struct sip_flow;
struct sip_uri;
struct config_trunk;
struct trunks;

/** What a trunk's far end has to say beside calls. */
struct trunks_news {
    /** A text message for us. */
    void (*on_text)(void *owner, const struct config_trunk *trunk, struct slice from,
                    struct slice body);
    /** Voice mail of the account. */
    void (*on_mail)(void *owner, const struct config_trunk *trunk, unsigned fresh, unsigned old);
};

struct trunks *trunks_create(const struct leg_env *env);
/** Before the start; `news` and `owner` outlive the trunks. NULL: nobody listens. */
void trunks_set_news(struct trunks *trunks, const struct trunks_news *news, void *owner);
/** Resolve, register, probe: once the listeners are up. */
void trunks_start(struct trunks *trunks);
/** Unregister; the answers are not waited for. */
void trunks_stop(struct trunks *trunks);
/** The environment's configuration is another one: start what is new, let go of what is not there
 * any more. A trunk that did not change goes on as it was; one that did is made anew. Calls go on
 * in any case. */
void trunks_reload(struct trunks *trunks);
void trunks_destroy(struct trunks *trunks);

/** leg_kind.dial for targets of kind "trunk"; `owner` is the trunks. */
void trunks_dial(void *owner, struct call *call, const struct route_target *target,
                 struct cause *why);
struct trunk_text { /* a text message that goes out */
    struct slice number, from, from_name;
    struct sip_body body;
};
/** Send it by that trunk: `fn` hears how it ended, and `*out` is sip_request_destroy()'s until
 * then; NULL when it does not go by SIP: then trunks_forget_text(). ERR_NOT_FOUND: no such trunk,
 * or none that takes texts, or it is not connected. ERR_UNSUPPORTED: not that type of text. */
MUST_CHECK enum err trunks_send_text(const struct trunks *trunks, const char *name,
                                     const struct trunk_text *text, sip_outcome_fn fn, void *owner,
                                     struct sip_request **out);
/** That owner's fn is not called any more. */
void trunks_forget_text(const struct trunks *trunks, const void *owner);
/** Which trunk sends from there; NULL: none. The name lives as long as the trunks. */
const char *trunks_match(const struct trunks *trunks, const struct sip_flow *flow);
/** The same for a call to `uri`, which may be what we registered: then the port from which it comes
 * says nothing, as with TCP. */
const char *trunks_match_call(const struct trunks *trunks, const struct sip_flow *flow,
                              const struct sip_uri *uri);
/** Into `row` what a call to that target would be: `uri` that is called, `state` of the trunk. */
void trunks_preview(const struct trunks *trunks, const struct route_target *target, json_t *row);
/** What was agreed on for calls in from that trunk; untouched when there is none. */
void trunks_policy(const struct trunks *trunks, const char *name, struct leg_sip_policy *out);
/** The table that `tandem trunks` shows; the caller owns it. */
json_t *trunks_json(const struct trunks *trunks);
/** Our registrations at trunks, as rows of `tandem registrations`, appended to `rows`. */
void trunks_add_registrations(const struct trunks *trunks, json_t *rows);
