#pragma once
/* Why a call or a leg ended, in the words of every face: a SIP status, a short token for programs,
 * a sentence for people. Values; any thread. */

#include <stddef.h>

#include "base/slice.h"

enum cause_by { CAUSE_BY_LOCAL, CAUSE_BY_REMOTE, CAUSE_BY_SYSTEM };

struct cause {
    int code;         /* SIP status; 200 is a normal end after answer */
    char token[32];   /* "busy", "no_route", "media_timeout" */
    char text[240];   /* what a person reads; may be empty */
    enum cause_by by; /* seen from the leg that ended: our side, its far end, or tandem itself */
};

/** The row for a SIP status: its token and, when `text` is NULL, its usual sentence. */
struct cause cause_of_status(int code, enum cause_by by, const char *text);
/** A cause by its token ("media_timeout"): code and sentence come from the table. */
struct cause cause_of_token(const char *token, enum cause_by by, const char *text);
/** "local", "remote", "system". */
const char *cause_by_name(enum cause_by by);
/** The Q.850 cause value for a Reason header (RFC 3326, Q.850 table of RFC 3398 §7.2.4.1). */
int cause_q850(const struct cause *cause);
