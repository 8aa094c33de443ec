#pragma once
/* The trunk kind `kandy`: an account at a Kandy cloud as a trunk like any other. */

#include "legs/trunks_priv.h"

extern const struct trunk_kind trunk_kandy;
