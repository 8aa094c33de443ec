#pragma once
/* What a telephone number in E.164 says of itself: its country (ITU-T E.164 Annex, ISO 3166) and
 * whether a number of its length can be. North American numbers are looked at more closely: their
 * area and exchange codes have rules. Nothing is asked anywhere. Any thread. */

#include "base/slice.h"

struct number_plan {
    char country[3];     /* "US"; "" for what spans countries (+800, +883 …) */
    char code[4];        /* "1" */
    struct slice digits; /* the national number, in what was given */
    bool is_possible;    /* the length can be */
    bool is_valid;       /* and nothing else speaks against it */
    const char *type;    /* "Toll Free" …, for people */
    char national[24];   /* "(555) 123-4567" */
    char elsewhere[24];  /* "+1 555-123-4567" */
};

/** False: no country has such a code, or it is no "+" and digits. `out->digits` borrows `number`.
 */
bool number_plan_read(struct slice number, struct number_plan *out);
