#pragma once
/* A leg whose far end is a Kandy cloud: signalling through an account (kandy_account.h), media as a
 * WebRTC client with the full ICE agent. Control thread. */

#include "call/call.h"
#include "legs/kandy/kandy_account.h"
#include "legs/kandy/kandy_ice.h"
#include "legs/leg_env.h"
#include "legs/leg_media.h"

struct leg_kandy_config { /* borrowed until return, but what is said otherwise */
    const struct leg_env *env;
    struct kandy_account *account;    /* outlives the leg */
    const struct kandy_ice *ice;      /* outlives the leg */
    const struct config_trunk *trunk; /* outlives the leg */
    struct leg_codecs codecs;
    struct addr bind; /* where media sockets bind; unset: every address but loopback */
    /** Told once when the leg is over. */
    void (*on_over)(void *owner);
    void *owner;
};

/** A call to that number, as the cloud wants it. */
struct leg *leg_kandy_create_outgoing(const struct leg_kandy_config *config, const char *number,
                                      const char *from_name);
/** An incoming one, inside on_incoming; call_create() takes it. ERR_UNSUPPORTED: its offer has no
 * codec of ours; it is rejected. */
MUST_CHECK enum err leg_kandy_create_incoming(struct leg **out,
                                              const struct leg_kandy_config *config,
                                              const struct kandy_event *event, struct fault *fault);
/** A call from that account that nobody answered, and that leads back to it: the cloud is told to
 * send it to `number`, and media need not pass here. False: it is not such a call, or the dialect
 * has no way. The call is then to be ended here. */
bool leg_kandy_forward(struct leg *leg, const struct kandy_account *account, const char *number);
