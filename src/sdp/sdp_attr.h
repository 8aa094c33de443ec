#pragma once
/* What attributes mean: each `parse` reads one attribute's value into a struct of slices borrowed
 * from it, each `find` looks it up in a description. RFC 8866 §6, 8122, 8842, 4568, 5576,
 * 8830, 8285, 9143, 5761. Candidates are in sdp_candidate.h. Any thread; owns nothing. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/slice.h"

struct sdp_media;
struct sdp_session;

/* Bit 0: does not receive; bit 1: does not send. So the intersection of two is their OR. */
enum sdp_direction { SDP_SENDRECV, SDP_SENDONLY, SDP_RECVONLY, SDP_INACTIVE };
static inline bool sdp_can_send(enum sdp_direction d)
{
    return !(d & SDP_RECVONLY);
}
static inline bool sdp_can_receive(enum sdp_direction d)
{
    return !(d & SDP_SENDONLY);
}
/** The same stream seen from the other end. */
enum sdp_direction sdp_direction_reverse(enum sdp_direction direction);
const char *sdp_direction_name(enum sdp_direction direction); /* "sendrecv" */
/** Of the m= line, else of the session, else sendrecv (RFC 8866 §6.7). */
enum sdp_direction sdp_direction_of(const struct sdp_session *session,
                                    const struct sdp_media *media);

struct sdp_rtpmap { /* 111 opus/48000/2 */
    uint8_t pt;
    struct slice name;
    uint32_t clock_hz;
    uint8_t channels; /* 1 unless given */
};
MUST_CHECK enum err sdp_rtpmap_parse(struct slice value, struct sdp_rtpmap *out);
/** From a=rtpmap, else from the static types of RFC 3551 §6; false when neither knows `pt`. */
bool sdp_rtpmap_find(const struct sdp_media *media, uint8_t pt, struct sdp_rtpmap *out);
/** The static type alone; false when RFC 3551 gives `pt` no audio. */
bool sdp_rtpmap_static(uint8_t pt, struct sdp_rtpmap *out);
/** Parameters of a=fmtp for `pt`, or empty. */
struct slice sdp_fmtp_find(const struct sdp_media *media, uint8_t pt);
/** One value out of "minptime=10;useinbandfec=1"; empty when absent. */
struct slice sdp_fmtp_param(struct slice fmtp, const char *name);

/** a=ptime, a=maxptime in ms; 0 when absent or out of range (over 1000). */
unsigned sdp_ptime(const struct sdp_media *media);
unsigned sdp_maxptime(const struct sdp_media *media);

struct sdp_rtcp { /* a=rtcp:53020 [IN IP4 192.0.2.1] (RFC 3605) */
    uint16_t port;
    struct slice address; /* empty: that of the c= line */
};
bool sdp_rtcp_find(const struct sdp_media *media, struct sdp_rtcp *out);

struct sdp_fingerprint { /* a=fingerprint:sha-256 AB:CD:… (RFC 8122) */
    struct slice hash, value;
};
MUST_CHECK enum err sdp_fingerprint_parse(struct slice value, struct sdp_fingerprint *out);

enum sdp_setup {
    SDP_SETUP_NONE,
    SDP_SETUP_ACTPASS,
    SDP_SETUP_ACTIVE,
    SDP_SETUP_PASSIVE,
    SDP_SETUP_HOLDCONN
};
/** SDP_SETUP_NONE when it is none of the four words of RFC 4145 §4. */
enum sdp_setup sdp_setup_parse(struct slice value);
const char *sdp_setup_name(enum sdp_setup setup); /* "" for SDP_SETUP_NONE */

struct sdp_crypto { /* a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:… (RFC 4568); never log `key` */
    uint32_t tag;
    struct slice suite;
    struct slice key;    /* of the first "inline:", without lifetime and MKI */
    struct slice params; /* the lifetime, the MKI and the session parameters as they stand */
};
MUST_CHECK enum err sdp_crypto_parse(struct slice value, struct sdp_crypto *out);

struct sdp_ssrc { /* a=ssrc:1234 cname:x (RFC 5576) */
    uint32_t ssrc;
    struct slice attribute, value;
};
MUST_CHECK enum err sdp_ssrc_parse(struct slice value, struct sdp_ssrc *out);

struct sdp_msid { /* a=msid:stream track (RFC 8830) */
    struct slice stream, track;
};
bool sdp_msid_find(const struct sdp_media *media, struct sdp_msid *out);

struct sdp_extmap { /* a=extmap:1/sendonly urn:… (RFC 8285) */
    uint16_t id;
    enum sdp_direction direction;
    struct slice uri, attributes;
};
MUST_CHECK enum err sdp_extmap_parse(struct slice value, struct sdp_extmap *out);

/** a=mid, or empty. */
struct slice sdp_mid(const struct sdp_media *media);
/** Is that mid in a group of these semantics ("BUNDLE")? */
bool sdp_group_has(const struct sdp_session *session, const char *semantics, struct slice mid);
/** The first mid of the first group of these semantics, or empty. */
struct slice sdp_group_first(const struct sdp_session *session, const char *semantics);
/** Is `word` among the blank-separated words of a=ice-options? */
bool sdp_ice_option(const struct sdp_session *session, const struct sdp_media *media,
                    const char *word);
