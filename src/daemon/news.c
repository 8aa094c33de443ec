/* What trunks tell beside calls: voice mail lights the lamps of those whom the trunk's calls would
 * ring, text messages go to the first of them. */
#include "config/config.h"
#include "daemon/daemon_priv.h"
#include "legs/presence.h"
#include "legs/registrar.h"
#include "legs/sip_texts.h"
#include "legs/trunks.h"

/* The plan of a call from there to `did`. */
static bool find_users(const struct daemon *daemon, const struct config_trunk *trunk,
                       struct route_plan *plan)
{
    struct cause cause;
    struct route_query query = { .face = SLICE("kandy"),
                                 .trunk = slice_of(trunk->name),
                                 .dialled = slice_of(trunk->default_did) };
    return router_find(daemon->router, &query, plan, &cause) == OK;
}

static const char *user_of(const struct daemon *daemon, const struct route_target *target)
{
    if (!slice_is(slice_of(target->kind), "user"))
        return "";
    return slice_is(slice_of(target->name), REGISTRAR_ANYBODY)
               ? registrar_anybody(daemon->registrar)
               : target->name;
}

static void on_mail(void *owner, const struct config_trunk *trunk, unsigned fresh, unsigned old)
{
    struct daemon *daemon = owner;
    struct route_plan plan;
    bool found = find_users(daemon, trunk, &plan);
    log_debug(NULL, "trunk=%s voice mail new=%u old=%u", trunk->name, fresh, old);
    for (size_t i = 0; found && i < plan.n; i++) {
        const char *user = user_of(daemon, &plan.targets[i]);
        if (user[0])
            presence_set_messages(daemon->presence, slice_of(user), fresh, old);
    }
}

static void on_text(void *owner, const struct config_trunk *trunk, struct slice from,
                    struct slice body)
{
    struct daemon *daemon = owner;
    struct route_plan plan;
    if (!find_users(daemon, trunk, &plan))
        return;
    const char *user = user_of(daemon, &plan.targets[0]);
    struct sip_text text = { .from = from,
                             .trunk = slice_of(trunk->name),
                             .to = slice_of(trunk->default_did[0] ? trunk->default_did : user),
                             .user = slice_of(user),
                             .type = SLICE("text/plain;charset=UTF-8"),
                             .body = body };
    if (user[0])
        sip_texts_send(daemon->texts, &text, NULL, NULL);
    else
        log_info(NULL, "trunk=%s text message for nobody: no phone is registered", trunk->name);
}

const struct trunks_news daemon_trunk_news = { on_text, on_mail };
