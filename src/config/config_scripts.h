#pragma once
/* The section `scripts:` of tandem.yaml: call scripts with names, in files or in place, which
 * routes lead to. What a script may say is checked by whoever runs them. Any thread. */

#include "config/config_priv.h"

MUST_CHECK enum err config_apply_scripts(struct load *load, json_t *value, int line);
void config_clear_scripts(struct config *config);
bool config_scripts_same(const struct config *a, const struct config *b);
