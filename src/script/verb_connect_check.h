#pragma once
/* What the table of connect's parameters cannot say: one way to give destinations, each with a
 * `to`, and which methods may ask for a confirmation. */

#include <jansson.h>

#include "base/err.h"

struct swml_place;

MUST_CHECK enum err verb_connect_check(const json_t *value, struct swml_place *place);
