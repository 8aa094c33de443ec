#pragma once
/* Whom a connect rings: its four spellings as one list of groups, each rung at once, one group
 * after the other. Any thread. */

#include <jansson.h>

/** [[{to, and what is common to all …} …] …], the caller's. */
json_t *connect_groups(const json_t *value);
