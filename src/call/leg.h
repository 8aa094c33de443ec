#pragma once
/* A leg is our side of one far end: a SIP dialog, a page on the bridge socket, an echo. Each kind
 * implements `leg_ops` and embeds `struct leg`; it reports what happens through the leg_on_
 * functions, which move the call. Nothing outside a kind's own file knows its kind. Control thread.
 */

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/list.h"
#include "base/log.h"
#include "base/slice.h"
#include "call/causes.h"

struct call;
struct codec;
struct fax;
struct leg;
struct media_heard;
struct media_recorded;
struct media_stats;
struct media_stream;
struct route_target;
struct sdp_video;
struct transfer_request;

enum leg_state {
    LEG_NEW,     /* made, nothing sent or heard */
    LEG_TRYING,  /* outgoing: the far end knows; incoming: we know */
    LEG_RINGING, /* the far end (or, incoming, the call) is being alerted */
    LEG_EARLY,   /* media before the answer */
    LEG_UP,      /* answered */
    LEG_DONE,    /* over; only its record is left */
};
const char *leg_state_name(enum leg_state state);

enum { LEG_CODECS_MAX = 8, LEG_PARTY_MAX = 160 };

/** Codecs in order of preference; borrowed rows of the codec table. */
struct leg_codecs {
    const struct codec *list[LEG_CODECS_MAX];
    size_t n;
};

/** A text inside a call (a SIP MESSAGE in its dialog). Borrowed. */
struct leg_text {
    uint32_t id; /* of whoever passes it on, to tell its outcome by */
    struct slice type, body;
};

struct leg_ops {
    const char *kind; /* "sip", "bridge", "echo": for people and records */
    bool is_endless;  /* it never hangs up by itself: two such alone would talk for ever */
    /** Outgoing leg: go. `peer` is the caller's leg, whose `offered` codecs are to be preferred. */
    void (*dial)(struct leg *leg, const struct leg *peer);
    /** Incoming leg: the called side rings (180…) or, with_media, has early media to be heard. */
    void (*ring)(struct leg *leg, int code, const struct leg_codecs *media);
    /** Incoming leg: the called side answered; answer with one of these codecs where possible. */
    void (*answer)(struct leg *leg, const struct leg_codecs *prefer);
    /** End it in whatever way its state needs (reject, cancel, bye). leg_on_ended() is not
     * expected. */
    void (*end)(struct leg *leg, const struct cause *cause);
    bool confirms; /* its far end acknowledges our answer: leg_on_confirmed() follows it */
    /** The other far end has our answer. NULL: nothing to do. */
    void (*confirmed)(struct leg *leg);
    /** Media of the two may flow. NULL: link the two streams. */
    void (*join)(struct leg *leg, struct leg *peer);
    /** A key that the peer's far end pressed; `relayed` when the linked media carries it already.
     * NULL: sent as media unless relayed. */
    void (*dtmf)(struct leg *leg, char digit, unsigned duration_ms, bool relayed);
    /** The other far end wrote a text: OK when leg_on_text_done() will tell what became of it.
     * NULL: it takes none. */
    enum err (*text)(struct leg *leg, const struct leg_text *text);
    /** What became of a text of its own: a final SIP status. NULL: it wants to know nothing. */
    void (*text_done)(struct leg *leg, uint32_t id, int status);
    /** The other far end put the call on hold, or took it back: pass it on. NULL: nothing to tell.
     */
    void (*hold)(struct leg *leg, bool on);
    /** Its media transport says something of its own kind: media_events.on_transport. NULL: nothing
     * to be told. */
    void (*transport)(struct leg *leg, const void *event);
    /** How the transfer goes that its far end asked for: a SIP status, final from 200 on. NULL: it
     * is not told. */
    void (*report)(struct leg *leg, int status, const char *text);
    /** Let its far end make the transfer itself: call `request->to` or, with `replaces`, take the
     * call of that leg over. OK: leg_on_referred() follows. NULL or an error: we join the ends. */
    enum err (*refer)(struct leg *leg, const struct transfer_request *request,
                      struct leg *replaces);
    /** leg->fax has begun, and wants to go on by T.38 if its far end has that; or it is over. NULL:
     * it is audio. */
    void (*fax)(struct leg *leg, bool wants_t38);
    /** Its media is to go on on that thread, unlinked, before it comes into a call there. An error:
     * it stays where it is. NULL: it cannot. */
    enum err (*rehome)(struct leg *leg, unsigned thread);
    /** It came into another call. NULL: nothing of it knows. */
    void (*moved)(struct leg *leg);
    /** Agree anew on one of these codecs, which the linked far end has. NULL: transcoding does. */
    void (*retune)(struct leg *leg, const struct leg_codecs *prefer);
    /** The other far end has other video now, none, or wants some (its leg->video): offer what
     * fits. leg_on_video() follows. NULL: it has none. */
    void (*video)(struct leg *leg);
    /** It is over and nothing refers to it any more: free it. Called at the end of a turn. */
    void (*destroy)(struct leg *leg);
};

/** One listener beside the call: what a script or a command of the API does to this far end comes
 * back here. Any may be NULL. Set and clear `leg->watch`; it is cleared before the leg dies. */
struct leg_watch {
    void (*on_key)(void *owner, struct leg *leg, char digit, unsigned duration_ms);
    void (*on_play_done)(void *owner, struct leg *leg, uint32_t play_id);
    void (*on_recorded)(void *owner, struct leg *leg, const struct media_recorded *recorded);
    void (*on_heard)(void *owner, struct leg *leg, const struct media_heard *heard);
    /** How the transfer goes that its far end makes itself: as leg_on_referred(). */
    void (*on_referred)(void *owner, struct leg *leg, int status, bool is_over);
    void (*on_over)(void *owner, struct leg *leg); /* the last one */
};

struct leg {
    const struct leg_ops *ops;
    struct call *call;
    const struct leg_watch *watch; /* NULL: nobody */
    void *watch_owner;
    struct list in_call;
    const struct route_target *target; /* of the call's plan; NULL: the caller's leg */
    uint32_t id;                       /* 1 is the caller's */
    enum leg_state state;
    bool incoming; /* the far end called us */
    struct log_tag log;
    char party[LEG_PARTY_MAX]; /* who: number, user or URI */
    char via[64]; /* trunk or user name that it came from or goes through; "" if none */
    /* for what it asks for during the call: in whose name, with whose rights */
    char user[64];  /* that was proved, or called; "" none */
    char trunk[64]; /* that it came through or goes through; "" none */
    bool may_use_trunks;
    struct leg_codecs offered; /* what the far end can do, from its offer or answer */
    struct leg_codecs chosen;  /* what was agreed, once it was */
    struct sdp_video *video;   /* the same of its video, to be passed as it is; NULL: none. Owned by
                                * the kind */
    bool refused_video;        /* its far end was offered some, and took none */
    struct fax *fax;           /* that runs at its stream; NULL: none. Not owned */
    struct media_stream *stream;        /* NULL for a leg without media of its own */
    int64_t ringing_ms, up_ms, done_ms; /* loop time; 0: did not happen */
    struct cause cause;                 /* once done */
    bool holds;                         /* its far end has us on hold */
    bool hides_keys;                    /* what is typed now is a secret: no record has it */
    bool held;                          /* it was told that the other far end holds */
    bool joined;                        /* its media is connected to the other leg's */
};

/** Prepare the common part; the kind fills party, via, offered. */
void leg_init(struct leg *leg, const struct leg_ops *ops, bool incoming);
bool leg_is_over(const struct leg *leg);
/** A key for its far end, in whichever way that is told. `relayed`: the media path carries it
 * already, so only a kind that wants to know of it is told. */
void leg_send_key(struct leg *leg, char digit, unsigned duration_ms, bool relayed);

/* What a kind reports. Each may end in the leg's ops being called, so call it last. */
void leg_on_trying(struct leg *leg);
void leg_on_ringing(struct leg *leg, int code);
/** Early media is negotiated: `chosen` is set and the stream described. */
void leg_on_progress(struct leg *leg, int code);
/** Answered, `chosen` is set and the stream described. */
void leg_on_answered(struct leg *leg);
/** Its far end has our answer (ACK); may come more than once. */
void leg_on_confirmed(struct leg *leg);
/** The far end, or its connection, ended the leg. */
void leg_on_ended(struct leg *leg, const struct cause *cause);
/** A key arrived; the call passes it to the other leg. `relayed`: the media path carried it
 * already. */
void leg_on_dtmf(struct leg *leg, char digit, unsigned duration_ms, bool relayed);
/** Its far end wrote a text; OK: ops->text_done() follows, unless the other leg ends before.
 * ERR_UNSUPPORTED: the other far end takes none; ERR_MISUSE: nobody is there yet. */
MUST_CHECK enum err leg_on_text(struct leg *leg, const struct leg_text *text);
/** What became of a text that came by ops->text. */
void leg_on_text_done(struct leg *leg, uint32_t id, int status);
/** The far end put us on hold, or took us back; the call tells the other leg. */
void leg_on_hold(struct leg *leg, bool on);
/** The codecs that were agreed are known now, or are others than before. */
void leg_on_codecs(struct leg *leg);
/** leg->video is another, or its far end did not take what the other one has. */
void leg_on_video(struct leg *leg);
/** How the transfer goes that its far end makes itself (ops->refer); `is_over`: nothing follows. */
void leg_on_referred(struct leg *leg, int status, const char *text, bool is_over);
/** A line for the timeline: kind is one word ("sip", "ice", "dtls", "codec"). */
void leg_on_event(struct leg *leg, const char *kind, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
/** Our own side finds it cannot go on (media failed, a limit): ends the leg and reports it. */
void leg_fail(struct leg *leg, const struct cause *cause);
/** The media engine's events for `leg->stream`: pass as media_events with the leg as owner. */
struct media_events;
extern const struct media_events leg_media_events;
