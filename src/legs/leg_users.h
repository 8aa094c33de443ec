#pragma once
/* The users of the store as calls need them: who exists, and which codecs each one's phones and
 * pages get. Those of tandem.yaml are in the configuration. Control thread. */

#include <stdbool.h>

#include "base/slice.h"
#include "call/leg.h"
#include "config/config.h"

struct leg_users;
struct store;

struct leg_user {
    struct leg_codecs codecs; /* no others; n 0: any */
    enum config_prefer prefer;
};

/** Empty until the first leg_users_reload(). */
struct leg_users *leg_users_create(struct store *store);
/** Before the store; NULL is fine. */
void leg_users_destroy(struct leg_users *users);
/** Rows changed. */
void leg_users_reload(struct leg_users *users);
/** NULL: there is none of that name. Until the next turn of the loop. */
const struct leg_user *leg_users_find(const struct leg_users *users, struct slice name);

/** A row's texts: "passthrough", "quality", "list"; codecs that we know, with commas. "auto", and
 * "" in old rows: as for everybody. */
bool leg_user_is_prefer(struct slice text);
bool leg_user_are_codecs(struct slice text);
#define LEG_USER_PREFER "passthrough, quality, list or auto"
#define LEG_USER_CODECS "a list of PCMU, PCMA, G722 and opus, or auto"
