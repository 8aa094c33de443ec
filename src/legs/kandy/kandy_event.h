#pragma once
/* What the cloud says over its WebSocket, as one kind of value: the JSON of the seed's API
 * (call.make and its kin) and of Kandy Link (notificationMessage) both become a kandy_event. Any
 * thread. */

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/slice.h"

enum {
    KANDY_EVENT_MAX = 256 << 10, /* bytes of one message */
    KANDY_SDP_MAX = 64 << 10,    /* and of the description in it, once it is inflated */
};

enum kandy_event_kind {
    KANDY_IGNORED,  /* nothing for us: presence, progress hints, pings */
    KANDY_INCOMING, /* a call for us; without sdp we offer */
    KANDY_RINGING,
    KANDY_PROGRESS, /* early media */
    KANDY_ANSWER,   /* of the call, or of our latest offer in it */
    KANDY_UPDATE,   /* the far side offers anew; without sdp we do */
    KANDY_GLARE,    /* our new offer met theirs: again after retry_ms */
    KANDY_END,      /* over; `status` is SIP's */
    KANDY_CANCEL,   /* an incoming call is gone, or was taken elsewhere */
    KANDY_MOVED,    /* our transfer or join is done */
    KANDY_MOVE_FAILED,
    KANDY_GONE,       /* the subscription is lost: again after retry_ms */
    KANDY_OVERRIDDEN, /* somebody else took this account's channel */
    KANDY_ICE_SERVERS,
    KANDY_TEXT, /* an instant message */
    KANDY_MWI,
    KANDY_CHECK,   /* answer with connAck */
    KANDY_REFUSED, /* the answer to a request of ours is an error */
    KANDY_STANDS,  /* asked after a loss: the call is answered there; what came meanwhile is lost */
};

struct kandy_event {
    enum kandy_event_kind kind;
    struct slice id;      /* of the event, to know it again; may be empty */
    struct slice request; /* of ours that it answers; may be empty */
    struct slice session; /* the cloud's name of the call; may be empty */
    struct slice sdp;
    bool sdp_is_url;              /* then `sdp` is a path to GET it from */
    struct slice from, from_name; /* address and display name */
    struct slice to;              /* called address; empty: not said */
    int status;                   /* of END and REFUSED: SIP's; 0: not said */
    struct slice reason;
    int64_t retry_ms;  /* -1: not said */
    struct slice text; /* KANDY_TEXT */
    bool has_mail;     /* KANDY_MWI */
    unsigned new_mail, all_mail;
    const json_t *list;   /* KANDY_ICE_SERVERS */
    const json_t *custom; /* customParameters: [{name, value}]; NULL: none */
    json_t *root;         /* owned: what the slices point into */
    char *inflated;       /* owned: the description, when it came compressed */
};

/** ERR_PARSE: not an object of JSON, or an SDP that cannot be inflated. What is not known is
 * KANDY_IGNORED. */
MUST_CHECK enum err kandy_event_parse(struct kandy_event *out, struct slice text);
/** Twice is fine, as is a zeroed one. */
void kandy_event_clear(struct kandy_event *event);
/** The event and what it owns move to the heap; the caller clears and frees it. */
struct kandy_event *kandy_event_keep(struct kandy_event *event);
const char *kandy_event_name(enum kandy_event_kind kind);

/** The SDP of a GET that sdp_is_url asked for: eventDataResponse.sdp. Borrowed from `root`. */
struct slice kandy_event_data(const json_t *root);

/** A document whose integers have become texts: whether an id, a time or a code stands in quotes
 * differs from server to server, and kandy_int() reads both. NULL: it is no JSON. The caller owns
 * it. */
json_t *kandy_json_load(struct slice text);
/** A text at a path of keys ("notificationMessage", "eventType", NULL); also a number's. Empty when
 * there is none. */
struct slice kandy_text_at(const json_t *root, const char *const *path);
/** An integer, also one in quotes; `otherwise` when it is none. */
int64_t kandy_int(const json_t *value, int64_t otherwise);
/** A string's slice; empty for everything else. */
struct slice kandy_text(const json_t *value);
