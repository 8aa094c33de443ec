/* Faxes and the daemon: events reach them, their programs are told by the scripts' callbacks. */
#include "api/faxes.h"
#include "call/call.h"
#include "daemon/daemon_priv.h"
#include "script/script.h"

static void post(void *owner, const struct script_event *event)
{
    scripts_post(((struct daemon *)owner)->scripts, event);
}

static bool parties(void *owner, const char *id, const char **from, const char **to)
{
    const struct daemon *daemon = owner;
    const struct call *call = calls_find(daemon->env.calls, slice_of(id));
    if (!call)
        return false;
    *from = call_from(call);
    *to = call_to(call);
    return true;
}

void daemon_open_faxes(struct daemon *daemon)
{
    const struct faxes_config config = { .loop = daemon->env.loop,
                                         .store = daemon->env.store,
                                         .seal = daemon->env.seal,
                                         .owner = daemon,
                                         .post = post,
                                         .parties = parties };
    daemon->faxes = faxes_create(&config);
}
