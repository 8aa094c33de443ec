#pragma once
/* Transfers: one far end of a call wants the other to talk to somebody else, or somebody takes a
 * call over (the services of RFC 5589, whichever face asks). The call goes on with its transferee
 * and another leg; the transferor is told how it goes by leg_ops.report() and let go when it went
 * well. A blind transfer is a call of its own, routed as the transferor and with its rights, whose
 * answered leg moves over; both records name each other. Control thread. */

#include "base/err.h"
#include "base/slice.h"
#include "call/causes.h"

struct call;
struct leg;
struct leg_codecs;

struct transfer_request {
    struct leg *by;           /* whose far end asks */
    struct slice to;          /* what the other far end is to dial */
    struct slice referred_by; /* the value of Referred-By (RFC 3892); may be empty */
    struct slice replaces;    /* of Replaces (RFC 3891), for a dialog elsewhere; may be empty */
};

/** Blind. Reports may come before this returns. ERR_MISUSE: the call is not up; ERR_AGAIN: another
 * transfer of it is under way; `why` says it and nothing happened. */
MUST_CHECK enum err transfer_blind(const struct transfer_request *request, struct cause *why);
/** Attended: the other ends of the calls of `by` and `with`, both of one far end, are joined. When
 * `with` is still ringing somebody, its call goes on ringing for the other end of `by`. Errors as
 * above. */
MUST_CHECK enum err transfer_attended(struct leg *by, struct leg *with, struct slice referred_by,
                                      struct cause *why);
/** `take`, an incoming leg without a call yet, takes the place of `old` (RFC 3891 §3): of one that
 * is up, or of one that we ring, which it then picks up. On an error it is still the caller's. */
MUST_CHECK enum err transfer_replace(struct leg *old, struct leg *take, struct cause *why);

/* For call.c. */
struct transfer;
/** The leg is over: true when its call goes on without it, because it is being transferred. */
bool transfer_outlives(struct call *call, struct leg *leg);
/** The call is over. */
void transfer_cancel(struct call *call, const struct cause *cause);
/** leg_on_referred() */
void transfer_referred(struct call *call, struct leg *leg, int status, const char *text,
                       bool is_over);
