#pragma once
/* What call.c, call_leg.c, call_view.c and cdr.c share: the insides of a call. */

#include "base/loop.h"
#include "base/secret.h"
#include "call/call.h"
#include "call/timeline.h"

struct call_stats;
struct transfer;

enum { CALL_TEXT_MAX = 160, CALL_ID_MAX = 40 };

struct calls {
    struct calls_config config;
    struct list live;
    struct map *by_id;
    struct call_stats *stats;
    uint64_t total;
    bool closing;
    struct cause closing_cause;
};

struct call {
    struct calls *calls;
    struct list in_calls;
    char id[CALL_ID_MAX], project_id[CALL_ID_MAX];
    struct log_tag log;
    enum call_state state;
    unsigned thread;
    char face[16], from[CALL_TEXT_MAX], from_name[CALL_TEXT_MAX], to[CALL_TEXT_MAX];
    char user[64], trunk[64], correlation[CALL_TEXT_MAX];
    json_t *headers;
    char sip_user[64];
    struct secret sip_password;
    char *referred_by, *replaces, *diverted, *history; /* NULL: none */
    struct call_diversion diversions[CALL_DIVERSIONS_MAX];
    unsigned hops, forwards;
    bool retuned; /* a leg was asked for another codec since these two talk */
    bool is_private;
    struct transfer *transfer; /* under way; NULL: none */
    const char *answered_by;   /* NULL: nobody has listened for that */
    struct list recordings;    /* call/recording.h: files, the newest last */
    uint32_t n_recordings;
    bool is_recorded, record_stereo; /* as asked for */
    json_t *related;                 /* ids of calls that this one became, or came from */

    struct list legs;   /* those that live */
    struct leg *caller; /* NULL once it is over */
    struct leg *peer;   /* the far end that answered; NULL before and after */
    struct leg *early;  /* the far end whose early media is heard */
    uint32_t next_leg;
    struct route_plan plan;
    size_t next_target;                 /* the first target of the next step */
    const struct route_target *dialled; /* whose legs are being added */
    const struct route_target *reached; /* that answered, else the last one tried; may be NULL */
    bool dialing;                       /* targets are being dialled: judge the step afterwards */
    struct timer ring_timer;
    char busy[ROUTE_TEXT_MAX]; /* the number that a trunk found busy; "" none */
    struct cause best;         /* of the far ends that failed so far */
    bool has_best;

    struct timeline *timeline;
    json_t *done_legs; /* views of the legs that are over */
    const char *codec_a, *codec_b;
    int64_t created_wall_ms, up_wall_ms, done_wall_ms;
    int64_t created_ms;
    struct cause cause; /* once something ended it */
    bool has_cause;
};

void call_event(struct call *call, uint32_t leg, const char *kind, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));
void call_eventv(struct call *call, uint32_t leg, const char *kind, const char *fmt, va_list args)
    __attribute__((format(printf, 4, 0)));

/* leg events, after the leg's own state moved */
void call_leg_ringing(struct call *call, struct leg *leg, int code);
void call_leg_progress(struct call *call, struct leg *leg, int code);
void call_leg_answered(struct call *call, struct leg *leg);
/** That leg's far end has our answer. */
void call_leg_confirmed(struct call *call, struct leg *leg);
void call_leg_ended(struct call *call, struct leg *leg);
void call_leg_dtmf(struct call *call, struct leg *leg, char digit, unsigned ms, bool relayed);

/* call.c */
/** Whose legs it is: a new id in this call. */
void call_adopt(struct call *call, struct leg *leg);
/** `leg`, of no call or of another one, is from now on the one that talks to `stays`; who did
 * before ends for this reason (NULL: nobody does, it is the same). Media is connected anew. */
void call_join_leg(struct call *call, struct leg *stays, struct leg *leg, const struct cause *why);
/** Their records name each other. */
void call_relate(struct call *a, struct call *b);
/** Our side ends a leg. */
void call_end_leg(struct call *call, struct leg *leg, const struct cause *cause);
/* call_join.c */
/** Connect the media of the caller and that leg, once. */
void call_join(struct call *call, struct leg *leg);
void call_note_codecs(struct call *call);
/* call_dial.c */
bool call_has_callees(const struct call *call);
/** One far end less: what the caller hears when it was the last. */
void call_note_failure(struct call *call, const struct cause *cause);
/** A number that is busy by one trunk is busy by every other. */
void call_note_busy(struct call *call, const struct leg *leg, const struct cause *cause);
/** Ring the next far ends of the plan; with none left the call is over. */
void call_next_step(struct call *call);

void call_leg_hold(struct call *call, struct leg *leg);
void call_leg_codecs(struct call *call);

/** "in", "out" or "internal", seen from the trunks. */
const char *call_direction(const struct call *call);
/** The trunk it came in by; else the one that answered, or was tried last; "" when there is none.
 */
const char *call_used_trunk(const struct call *call);
json_t *call_leg_json(const struct leg *leg);
/** Write the record and the timeline of a call that is over. */
void cdr_write(const struct call *call);
