#pragma once
/* Offer and answer (RFC 3264, conventions of RFC 8829 and 9143): from what we can do and what the
 * far end said to what both do. An engine: no sockets, no clock, no random source. One audio
 * stream and, where both have it, one of video that passes through: the first acceptable line of
 * each is taken, every other line is kept in its place and rejected.
 *
 *   we answer:  sdp_offer_answer(state, caps, their offer) -> our answer and the result
 *   we offer:   sdp_offer_print(state, caps) -> our offer; then
 *               sdp_offer_feed_answer(state, caps, their answer) -> the result, once or more often
 *               (183 and 200, or one of each fork) with the same caps as the offer
 *
 * Control thread. The state lives as long as the dialog, the result until sdp_result_clear(). */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/slice.h"
#include "sdp/sdp.h"
#include "sdp/sdp_attr.h"
#include "sdp/sdp_candidate.h"
#include "sdp/sdp_video.h"

enum {
    SDP_CAPS_MAX_CODECS = 16,
    SDP_RESULT_MAX_DTMF = 2,
    SDP_RESULT_MAX_CANDIDATES = 32, /* more are left out: checks find the address anyway */
    SDP_RESULT_MAX_FINGERPRINTS = 8,
    SDP_CAPS_MAX_CRYPTO = 8
};

enum sdp_transport {
    SDP_RTP_PLAIN, /* RTP/AVP, RTP/AVPF */
    SDP_RTP_SDES,  /* RTP/SAVP(F) with a=crypto (RFC 4568) */
    SDP_RTP_DTLS   /* UDP/TLS/RTP/SAVP(F), also RTP/SAVP(F) with a=fingerprint (RFC 5764) */
};

struct sdp_codec {
    const char *name;  /* "opus", "PCMU"; case does not matter */
    uint32_t clock_hz; /* of the rtpmap: 8000 for G722 too */
    uint8_t channels;  /* of the rtpmap: 2 for opus; 0 means 1 */
    uint8_t pt;        /* what we offer it as, if free; an answer keeps the offerer's number */
    const char *fmtp;  /* what we want to receive; NULL: none */
    const void *ref;   /* the caller's own, handed back in the result */
};

enum sdp_prefer { SDP_PREFER_REMOTE, SDP_PREFER_LOCAL }; /* whose codec order an answer keeps */

struct sdp_key {       /* one line of SDES that we offer or accept; a secret: never logged */
    const char *suite; /* "AES_CM_128_HMAC_SHA1_80" */
    const char *key;   /* base64 of key and salt, ours to send with */
};

/* What we can do. All borrowed, for the length of the call only; zero-initialise and fill. */
struct sdp_caps {
    enum sdp_transport transport;
    const struct sdp_codec *codecs; /* in our order; no telephone-event here */
    size_t n_codecs;                /* ≤ SDP_CAPS_MAX_CODECS */
    enum sdp_prefer prefer;
    bool dtmf;                    /* telephone-event, a clock rate for each that codecs use */
    enum sdp_direction direction; /* ours; sendrecv unless we hold or announce */
    unsigned ptime_ms;            /* printed if not 0; what we send without a wish of theirs */
    unsigned maxptime_ms;         /* printed if not 0 */

    const char *address; /* numeric, no brackets: c= and o= */
    uint16_t port;       /* RTP */
    uint16_t rtcp_port;  /* 0: port + 1 */
    bool rtcp_mux;       /* always on with SDP_RTP_DTLS */
    bool rtcp_rsize;     /* we read and write reduced-size RTCP (RFC 5506) */
    bool rtcp_xr;        /* our offer asks for VoIP metrics (RFC 3611 §5); who asks is answered */

    const char *ice_ufrag, *ice_pwd; /* NULL: no ICE */
    bool ice_lite, ice_trickle;
    const struct sdp_candidate *candidates;
    size_t n_candidates;
    bool end_of_candidates; /* the list is complete */

    const char *fingerprint_hash, *fingerprint; /* "sha-256", "AB:CD:…" */
    enum sdp_setup setup;       /* what we answer to actpass: passive unless SDP_SETUP_ACTIVE */
    const struct sdp_key *keys; /* SDP_RTP_SDES, in our order */
    size_t n_keys;

    /* NULL: no video. Theirs of the other side of the call: what passes, under its `ref`s. With
     * DTLS it shares the audio's transport (BUNDLE), else it has ports and keys of its own. */
    const struct sdp_video *video;
    uint16_t video_port, video_rtcp_port;
    const struct sdp_key *video_keys; /* n_keys of them */

    uint32_t ssrc;           /* 0: no a=ssrc line */
    const char *cname;       /* goes with ssrc */
    const char *msid_stream; /* NULL: no a=msid line */
    const char *msid_track;
};

struct sdp_format {
    size_t codec;      /* index into caps->codecs */
    const void *ref;   /* of that codec */
    uint8_t tx_pt;     /* what they want to receive */
    uint8_t rx_pt;     /* what we announced, so what they send */
    struct slice fmtp; /* theirs: limits what we send */
};
struct sdp_dtmf {
    uint32_t clock_hz;
    uint8_t tx_pt, rx_pt;
};

/* What was agreed. Slices point into the far end's description, which the result owns. */
struct sdp_result {
    struct sdp_session *remote; /* owned */
    size_t line;                /* index of the m= line */
    struct slice mid;           /* may be empty */
    enum sdp_transport transport;

    struct slice address; /* where they want RTP, as text: usually numeric; may be "0.0.0.0" */
    uint16_t port;
    struct slice rtcp_address; /* with rtcp_mux the same as RTP's */
    uint16_t rtcp_port;
    bool rtcp_mux, rtcp_rsize;
    bool rtcp_xr; /* they take VoIP metrics (a=rtcp-xr:voip-metrics, RFC 3611 §5.1) */

    struct sdp_format formats[SDP_CAPS_MAX_CODECS]; /* [0] is what to send; never empty */
    size_t n_formats;
    struct sdp_dtmf dtmf[SDP_RESULT_MAX_DTMF]; /* [0] has the clock of formats[0] if any has */
    size_t n_dtmf;
    unsigned ptime_ms;            /* what to send: their wish, else ours, else 20 */
    unsigned maxptime_ms;         /* they take no longer packets; 0: any */
    enum sdp_direction direction; /* ours */
    bool held;                    /* they do not want to hear us (RFC 3264 §8.4) */

    struct slice ice_ufrag, ice_pwd; /* empty: they do no ICE */
    bool ice_lite, ice_trickle;
    struct sdp_candidate candidates[SDP_RESULT_MAX_CANDIDATES]; /* UDP component 1 and others */
    size_t n_candidates;
    bool end_of_candidates;
    struct sdp_fingerprint fingerprints[SDP_RESULT_MAX_FINGERPRINTS];
    size_t n_fingerprints;
    enum sdp_setup setup;     /* ours: active or passive; SDP_SETUP_NONE without DTLS */
    size_t key;               /* SDES: index into caps->keys of the suite in use */
    struct sdp_crypto crypto; /* SDES: theirs */

    struct sdp_video_result *video; /* owned; NULL: there is none */
};
struct sdp_video_result {
    struct sdp_result line; /* as above, but for formats, DTMF and what is owned */
    struct sdp_video formats;
};
/** Free what it owns and zero it; a zeroed one is fine. */
void sdp_result_clear(struct sdp_result *result);

/* What re-offers must keep (RFC 3264 §8): origin, order of lines, payload numbers, DTLS role. */
struct sdp_session_state {
    uint64_t id, version;      /* of our o= line */
    struct sdp_memory *memory; /* owned */
};
/** `id` is a random number under 2^62 that the caller chooses. */
void sdp_session_state_init(struct sdp_session_state *state, uint64_t id);
void sdp_session_state_clear(struct sdp_session_state *state);

/** Our offer, the first one or a later one: lines that were rejected keep their places, and the
 * version grows when the text differs from the last one sent. ERR_LIMIT: `out` is too small. */
MUST_CHECK enum err sdp_offer_print(struct sdp_session_state *state, const struct sdp_caps *caps,
                                    struct buf *out);
/**
 * Answer an offer: our text into `out`, the outcome into `result`, which holds the outcome before
 * (or zeros) and on an error keeps it. ERR_UNSUPPORTED: nothing acceptable, SIP says 488; `fault`
 * (may be NULL) names both codec lists. ERR_PARSE: not SDP or without what its transport needs (400
 * or 488).  ERR_LIMIT: too big.
 */
MUST_CHECK enum err sdp_offer_answer(struct sdp_session_state *state, const struct sdp_caps *caps,
                                     struct slice offer, struct buf *out, struct sdp_result *result,
                                     struct fault *fault);
/**
 * The far end's answer to our last offer; `caps` are the offer's; `result` as in
 * sdp_offer_answer(). ERR_REFUSED: they rejected the audio line.  Otherwise as sdp_offer_answer().
 */
MUST_CHECK enum err sdp_offer_feed_answer(struct sdp_session_state *state,
                                          const struct sdp_caps *caps, struct slice answer,
                                          struct sdp_result *result, struct fault *fault);

/** Which transport the first usable audio line of an offer asks for: to pick one before answering.
 * ERR_UNSUPPORTED: there is no such line. Other errors as sdp_parse(). */
MUST_CHECK enum err sdp_offer_transport(struct slice offer, enum sdp_transport *out);
