#pragma once
/* One configuration beside another: what a reload changes, and what it cannot. Any thread. */

#include "config/config.h"

bool config_trunk_same(const struct config_trunk *a, const struct config_trunk *b);
/** On the heap; for whoever outlives the configuration. */
struct config_trunk *config_trunk_copy(const struct config_trunk *trunk);
void config_trunk_destroy(struct config_trunk *trunk); /* wipes the password; NULL is fine */

/** Names of the top options that differ are appended: those that take effect to `changed`, the rest
 * to `restart`, and these get their old values back in `fresh`, so that it says what is true.
 * Trunks, routes and users that differ are named in `changed`. */
void config_compare(struct config *fresh, const struct config *old, struct config_list *changed,
                    struct config_list *restart);
void config_list_clear(struct config_list *list);
