#pragma once
/* Checks that methods with steps inside need too. */

#include "script/swml.h"

struct swml_place;

MUST_CHECK enum err swml_check_steps(const json_t *steps, enum swml_flavour flavour,
                                     struct swml_place *place);
