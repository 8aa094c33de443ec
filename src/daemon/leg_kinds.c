/* The table of far ends: a new kind is a file in legs/ and a line here. */
#include "daemon/daemon_priv.h"
#include "legs/bridge_face.h"
#include "legs/leg_echo.h"
#include "legs/leg_uri.h"
#include "legs/registrar.h"
#include "legs/trunks.h"
#include "script/script.h"

#include "base/num.h"

void daemon_fill_kinds(struct daemon *daemon)
{
    const struct leg_kind kinds[] = {
        { "builtin", builtins_dial, daemon->builtins },
        { "laml", scripts_dial, daemon->scripts },
        { "phone", registrar_dial_phone, daemon->registrar },
        { "swml", scripts_dial, daemon->scripts },
        { "trunk", trunks_dial, daemon->trunks },
        { "user", registrar_dial, daemon->registrar },
        { "user", bridge_face_dial, daemon->bridge },
        { "uri", uris_dial, &daemon->env },
    };
    _Static_assert(COUNT_OF(kinds) <= DAEMON_KINDS_MAX, "room for every kind");
    for (size_t i = 0; i < COUNT_OF(kinds); i++)
        daemon->kinds[daemon->n_kinds++] = kinds[i];
}
