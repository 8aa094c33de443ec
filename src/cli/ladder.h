#pragma once
/* A call's timeline as a ladder in plain text: a lane for each leg, time going down. */

#include "cli/cli.h"

enum { LADDER_LANES_MAX = 8 };

/** `call` as GET calls/ID answers it. */
void ladder_print(struct cli *cli, const json_t *call);
