#pragma once
/* Which codecs a leg offers and answers with: by the policy of its trunk or user, and without
 * transcoding where the media threads have no room for it. Control thread. */

#include "base/err.h"
#include "call/leg.h"
#include "config/config.h"
#include "media/rtp_transport.h"

struct leg_env;

/* First what the call's other leg has, the widest band, or what the list begins with. */
enum leg_prefer { LEG_PREFER_PASSTHROUGH, LEG_PREFER_QUALITY, LEG_PREFER_LIST };
struct leg_policy {
    struct leg_codecs list; /* no others; n 0: any */
    enum leg_prefer prefer;
};
/* Blocks of a carrier's media servers, which its description need not name. */
struct leg_nets {
    struct addr_block list[RTP_NETS_MAX];
    size_t n;
};
struct leg_choice { /* all borrowed */
    const struct leg_env *env;
    const struct leg *leg; /* in its call */
    const struct leg_policy *policy;
    const struct leg_codecs *theirs; /* the call's other leg's; n 0: it has no media of its own */
    const struct leg_codecs *mine;   /* what may be offered; what the far end offered */
};

/** ERR_LIMIT: it would have to be transcoded, and there is no room for that. */
MUST_CHECK enum err leg_policy_offer(const struct leg_choice *choice, struct leg_codecs *out);
struct leg_codecs leg_policy_answer(const struct leg_choice *choice);
/** Those of `mine` that a later offer may be answered with: without room nothing that would have to
 * be transcoded, unless the call is already. */
struct leg_codecs leg_policy_reanswer(const struct leg_choice *choice);
/** leg->chosen is another; the codec before it, NULL for none, was `before`. */
void leg_policy_changed(const struct leg_choice *choice, const struct codec *before);
/** The cause of ERR_LIMIT, in words. */
extern const char leg_policy_no_room[];

/** As the configuration, or else the store, has it for a user; "": nobody. */
struct leg_policy leg_policy_of_user(const struct leg_env *env, const char *user);
/** As a row has it; auto is the global one. */
enum leg_prefer leg_prefer_of(const struct config *config, enum config_prefer prefer);
/** Rows of the codec table; names that are not there are left out. */
struct leg_codecs leg_codecs_named(const struct config_list *names);
/** As many as there is room for; the configuration has checked their form. */
void leg_nets_fill(struct leg_nets *nets, const struct config_list *texts);
