#pragma once
/* The media half of a leg: one stream, plain RTP or WebRTC, its offers and answers. Signalling
 * kinds use it and never see which transport it is. Control thread. */

#include <stdbool.h>

#include "base/buf.h"
#include "base/err.h"
#include "call/leg.h"
#include "legs/leg_policy.h"
#include "media/rtp_transport.h"
#include "net/addr.h"
#include "rtc/rtc_transport.h"
#include "sdp/sdp_offer.h"

struct leg_env;

enum leg_media_kind {
    LEG_MEDIA_NONE,
    LEG_MEDIA_RTP,
    LEG_MEDIA_SDES,   /* plain RTP's ports, SRTP with keys in the SDP (RFC 4568) */
    LEG_MEDIA_WEBRTC, /* browsers call us: ICE-lite on the shared port */
    LEG_MEDIA_ICE,    /* WebRTC with the full agent: where we offer, or sit behind NAT */
};

enum { LEG_SDP_MAX = 16384, LEG_SDES_KEYS = 4 };

/* How keys go out. Auto: telephone events, else SIP INFO where signalling is SIP, else tones. */
enum leg_dtmf {
    LEG_DTMF_TONES_IF_NEEDED,
    LEG_DTMF_AUTO,
    LEG_DTMF_EVENTS,
    LEG_DTMF_INFO,
    LEG_DTMF_TONES
};

/* A key that we offer or answer with. A secret. */
struct leg_sdes_key {
    enum srtp_profile profile;
    struct srtp_master master;
    char text[SRTP_SDES_TEXT];
};

struct leg_ice;

struct leg_media {
    const struct leg_env *env;
    struct leg *leg;
    enum leg_media_kind kind;
    struct addr address;    /* shown in c= and o=, port unused */
    struct addr signalling; /* where the far end's signalling comes from */
    struct rtp_local rtp;
    struct rtc_local rtc;
    uint16_t rtc_port;
    struct leg_ice *ice;    /* LEG_MEDIA_ICE: what was gathered */
    struct leg_codecs caps; /* what our last offer or answer listed */
    struct sdp_session_state sdp;
    struct sdp_result result;
    bool described;
    struct leg_policy policy; /* set before it is opened, like the next four */
    enum leg_dtmf dtmf;       /* how keys go to this far end */
    struct leg_nets nets;     /* where its media may come from, too */
    unsigned ptime_ms;        /* asked for, and sent where it has no wish; 0: 20 */
    bool shares_port;         /* on the media thread's shared RTP port, while that works out */
    bool dtmf_by_info;        /* decided once described: signalling carries them */
    bool is_paused;           /* nothing is audio for now: a fax goes by T.38 */
    bool hold;                /* we offer sendonly: the other far end of the call holds this one */
    struct leg_sdes_key keys[LEG_SDES_KEYS];
    bool passes_video;                 /* set before it is opened: this far end may have some */
    bool has_video;                    /* agreed on */
    bool offers_video;                 /* our offer that is out has some */
    struct media_stream *video_stream; /* without BUNDLE; else NULL */
    struct rtp_local video_rtp;
    struct leg_sdes_key video_keys[LEG_SDES_KEYS];
};

/** Make the stream on the call's media thread and set leg->stream. ERR_LIMIT: no port is free. */
MUST_CHECK enum err leg_media_open(struct leg_media *media, const struct leg_env *env,
                                   struct leg *leg, enum leg_media_kind kind,
                                   const struct addr *address, const struct addr *signalling,
                                   struct fault *fault);
/** The same for LEG_MEDIA_ICE. Gathering begins: pass what comes by leg_ops.transport to
 * leg_media_on_transport(), and make the first offer or answer when that is true. */
MUST_CHECK enum err leg_media_open_ice(struct leg_media *media, const struct leg_env *env,
                                       struct leg *leg, const struct rtc_ice_config *ice,
                                       struct fault *fault);
/** A struct rtc_event; true when gathering has just ended. */
bool leg_media_on_transport(struct leg_media *media, const void *event);
/** No more waiting: what is there by now goes into the description. */
void leg_media_stop_gathering(struct leg_media *media);
bool leg_media_is_gathered(const struct leg_media *media);
/** Another stream on that thread in the place of the one there is; the next offer tells the far end
 * where it is now. ERR_UNSUPPORTED: not WebRTC, whose ICE and DTLS would begin anew. On an error
 * all stays as it was. */
MUST_CHECK enum err leg_media_reopen(struct leg_media *media, unsigned thread, struct fault *fault);
/** Ports of its own from now on: the next offer tells the far end. All stays as it was on an error.
 */
MUST_CHECK enum err leg_media_leave_shared(struct leg_media *media, struct fault *fault);
/** Destroys the stream; a zeroed one is fine. */
void leg_media_close(struct leg_media *media);

/** Our offer with these codecs, the first or a later one. */
MUST_CHECK enum err leg_media_offer(struct leg_media *media, const struct leg_codecs *codecs,
                                    struct buf *out);
/** Answer an offer with those of `codecs` that it has, in our order; the stream is described and
 * leg->chosen set. ERR_UNSUPPORTED: none in common. */
MUST_CHECK enum err leg_media_answer(struct leg_media *media, const struct leg_codecs *codecs,
                                     struct slice offer, struct buf *out, struct fault *fault);
/** The far end's answer to our offer; as above. */
MUST_CHECK enum err leg_media_take_answer(struct leg_media *media, struct slice answer,
                                          struct fault *fault);

/** No audio either way until it is agreed on anew. */
void leg_media_pause(struct leg_media *media);
/** They refused our later offer: all is as before it. */
void leg_media_offer_refused(struct leg_media *media);

/** Another session is offered the same RTP: SDES or plain, whatever an offer before it was. */
void leg_media_describe_anew(struct leg_media *media, enum leg_media_kind kind);

/** Note what video an offer has, for the leg that is to be called: leg->video. Before it is opened.
 */
void leg_media_note_video(struct leg_media *media, struct leg *leg, struct slice offer);
/** That offer does not hold any more, and there was none before it. */
void leg_media_forget_video(struct leg *leg);

/** Do both have video, and name its formats alike; or neither? */
bool leg_media_has_same_video(const struct leg *a, const struct leg *b);

/* leg_remote.c */

/** Where the far end wants packets, as it says, and who else may send them. ERR_UNSUPPORTED: a
 * name. */
MUST_CHECK enum err leg_media_find_remote(const struct leg_media *media, struct slice address,
                                          uint16_t port, struct rtp_remote *out,
                                          struct fault *fault);

/* leg_codecs.c */

/** Codecs of an offer that we know, in its order. ERR_UNSUPPORTED: none; `fault` names both lists.
 * ERR_PARSE. */
MUST_CHECK enum err leg_media_offered(struct slice offer, struct leg_codecs *out,
                                      struct fault *fault);

/** Those of `mine` that `wanted` has, in the order of `wanted`, then the rest of `mine`. */
struct leg_codecs leg_codecs_merge(const struct leg_codecs *wanted, const struct leg_codecs *mine);
/** Those of `mine` that `wanted` has, in the order of `wanted`; all of `mine` if it has none. */
struct leg_codecs leg_codecs_common(const struct leg_codecs *wanted, const struct leg_codecs *mine);
/** At the end, unless it is there already or the list is full. */
void leg_codecs_add(struct leg_codecs *codecs, const struct codec *codec);
bool leg_codecs_have(const struct leg_codecs *codecs, const struct codec *codec);
