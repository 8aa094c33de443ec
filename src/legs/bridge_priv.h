#pragma once
/* What bridge_face.c, bridge_session.c and leg_bridge.c share. */

#include "base/rand.h"
#include "legs/bridge_face.h"
#include "legs/bridge_msg.h"
#include "legs/leg_media.h"

struct bridge_session;

/* What an upgrade request said, kept until its socket opens: the session is made only then. */
struct bridge_door {
    struct bridge_face *face;
    bool may_use_trunks, needs_auth;
};

struct bridge_face {
    const struct leg_env *env;
    struct bridge_door doors[3]; /* open to trunks or not; closed until a token */
    struct list sessions;
    size_t n;
};

struct bridge_session {
    struct bridge_face *face;
    struct list in_face;
    struct ws *ws; /* NULL once closed */
    char id[UUID_TEXT];
    struct log_tag log;
    struct addr peer;
    bool may_use_trunks;
    bool needs_auth; /* nothing but `auth` is taken until a token proved to be right */
    char user[64];   /* proved by a token; "" none */
    bool registered;
    struct list legs; /* leg_bridge.in_session */
    bool asking;      /* a token is being looked up */
    bool wants_register;
};

struct leg_bridge {
    struct leg leg;                 /* first */
    struct bridge_session *session; /* NULL once the socket is gone */
    const struct leg_env *env;
    struct list in_session;
    char call_id[BRIDGE_CALL_ID_MAX + 1];
    bool client_call_id; /* the page chose it */
    char *offer;         /* the page's, when it calls */
    char *sdp;           /* ours, once made */
    struct leg_media media;
    bool mute_send, mute_receive; /* as the page asked */
    bool told_end;                /* the page knows already, or said so itself */
};

/* bridge_session.c */
extern const struct ws_events bridge_session_events;
/** Takes `message`. */
void bridge_session_send(struct bridge_session *session, json_t *message);
/** The leg that a message means: by callId, else the only or newest one; NULL: none. */
struct leg_bridge *bridge_session_leg(struct bridge_session *session, struct slice call_id);

/* leg_bridge.c */
/** The page calls: leaves an error with the page when it cannot be. */
void leg_bridge_call(struct bridge_session *session, const struct bridge_msg *offer);
/** A call for a page that is registered. */
struct leg *leg_bridge_ring_page(struct bridge_session *session, struct call *call);
void leg_bridge_on_answer(struct leg_bridge *self, const struct bridge_msg *msg);
void leg_bridge_on_reject(struct leg_bridge *self, const struct bridge_msg *msg);
/** The page hung up, or its socket went away. */
void leg_bridge_on_hangup(struct leg_bridge *self, const char *text);
void leg_bridge_on_candidate(struct leg_bridge *self, const struct bridge_msg *msg);
void leg_bridge_on_dtmf(struct leg_bridge *self, const struct bridge_msg *msg);
void leg_bridge_on_mute(struct leg_bridge *self, const struct bridge_msg *msg, bool on);
void leg_bridge_on_hold(struct leg_bridge *self, bool on);
void leg_bridge_on_stats(struct leg_bridge *self);
/* leg_bridge_services.c */
void leg_bridge_on_transfer(struct leg_bridge *self, const struct bridge_msg *msg);
void leg_bridge_on_record(struct leg_bridge *self, const struct bridge_msg *msg);
/** leg_ops.report: how the transfer goes that the page asked for. */
void leg_bridge_report(struct leg *leg, int status, const char *text);
/** Tell the page about this call; takes `message`. */
void leg_bridge_tell(struct leg_bridge *self, json_t *message);
