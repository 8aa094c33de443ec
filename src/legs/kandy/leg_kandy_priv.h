#pragma once
/* What leg_kandy.c (dialling, being dialled, ending) and leg_kandy_events.c (what happens during a
 * call) share. */

#include "base/timer.h"
#include "legs/kandy/leg_kandy.h"

/* What the description that is being gathered for will be. */
enum wish { WISH_NONE, WISH_DIAL, WISH_ANSWER };

struct leg_kandy {
    struct leg leg; /* first */
    struct leg_kandy_config config;
    struct kandy_call *call;
    struct leg_media media;
    char *number, *from_name;
    char *offer; /* incoming: theirs; NULL: slow start */
    struct leg_codecs wanted;
    enum wish wish;
    bool offering;     /* our new offer is not answered */
    bool offered_hold; /* and what it said */
    bool late;         /* our answer was an offer: theirs comes */
    bool transferring;
    bool is_told; /* that it is established */
    struct timer gather, reoffer;
    int64_t began_ms;
};

static inline struct leg_kandy *leg_kandy_of(struct leg *leg)
{
    return (struct leg_kandy *)leg; /* its first member */
}

/* leg_kandy.c */
bool leg_kandy_is(const struct leg *leg);
void leg_kandy_fail(struct leg_kandy *self, const char *token, const char *text);
/** `is_known`: by the far side too. */
void leg_kandy_ended(struct leg_kandy *self, const struct cause *cause, bool is_known);
/** Their answer to our offer; false when it is of no use, and the leg has failed. */
bool leg_kandy_take_answer(struct leg_kandy *self, struct slice sdp);

/* leg_kandy_events.c */
extern const struct kandy_call_events leg_kandy_call_events;
void leg_kandy_hold(struct leg *leg, bool on);
MUST_CHECK enum err leg_kandy_refer(struct leg *leg, const struct transfer_request *request,
                                    struct leg *replaces);
