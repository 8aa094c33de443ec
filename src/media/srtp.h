#pragma once
/* SRTP and SRTCP (RFC 3711, 7714): one session per direction, keys derived once, packets changed in
 * place. State per SSRC: roll-over counter and replay windows, made only for packets that verify.
 * Belongs to one thread at a time; create and destroy on any. Nothing is allocated per packet. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/slice.h"

struct media_packet;
struct srtp_session;

enum srtp_profile {
    SRTP_AEAD_AES_128_GCM,
    SRTP_AEAD_AES_256_GCM,
    SRTP_AES128_CM_SHA1_80,
    SRTP_AES128_CM_SHA1_32,
    SRTP_PROFILES
};
enum { SRTP_KEY_MAX = 32, SRTP_SALT_MAX = 14, SRTP_MAX_SSRCS = 64, SRTP_MAX_OVERHEAD = 20 };

/** One row per profile, in the order of the enum. */
struct srtp_profile_info {
    enum srtp_profile profile;
    uint16_t dtls_id;          /* RFC 5764 §4.1.2, RFC 7714 §14.2 */
    const char *openssl_name;  /* for SSL_CTX_set_tlsext_use_srtp */
    const char *name;          /* in SDES (RFC 4568 §6.2, RFC 7714 §14.3) and for people */
    uint8_t key_len, salt_len; /* of the master key and salt, bytes */
    uint8_t rtp_tag_len, rtcp_tag_len;
};
const struct srtp_profile_info *srtp_profile_info(enum srtp_profile profile);
const struct srtp_profile_info *srtp_profile_find(struct slice name);     /* SDES name, or NULL */
const struct srtp_profile_info *srtp_profile_find_dtls(uint16_t dtls_id); /* or NULL */

enum srtp_direction { SRTP_PROTECT, SRTP_UNPROTECT };

/** ERR_INVALID: key or salt of another length than the profile's. Key and salt are copied into
 * derived keys; wipe yours. */
MUST_CHECK enum err srtp_create(struct srtp_session **out, enum srtp_profile profile,
                                enum srtp_direction direction, struct slice master_key,
                                struct slice master_salt);
/** `session` is new and follows `old` with another key: the roll-over counters go on (RFC 3711
 * §3.3.1), so that a re-keyed stream need not begin at sequence numbers without a wrap. */
void srtp_follow(struct srtp_session *session, const struct srtp_session *old);
void srtp_destroy(struct srtp_session *session); /* wipes; NULL is fine */

/** Begin to load what the next packet needs: steps 0 to 2 of media_warm_fn. */
void srtp_warm(const struct srtp_session *session, unsigned step);

/** RTP or RTCP by packet->is_rtcp. The packet grows by at most SRTP_MAX_OVERHEAD into its tail.
 *  ERR_PARSE: not RTP or RTCP.  ERR_LIMIT: no room behind it, or SRTP_MAX_SSRCS.  ERR_MISUSE: the
 *  other direction, or the key is worn out (2^48 packets, 2^31 reports: RFC 3711 §9.2). ERR_EXISTS:
 * the sequence number went out before, and to encrypt under it again would give the key away. On an
 * error the packet must not be sent. */
MUST_CHECK enum err srtp_protect(struct srtp_session *session, struct media_packet *packet);
/** ERR_PARSE: too short or malformed.  ERR_EXISTS: seen before, or too old to tell.  ERR_AUTH: not
 *  made with these keys.  ERR_LIMIT: over SRTP_MAX_SSRCS.  ERR_MISUSE: the other direction. On an
 *  error the packet is garbage. */
MUST_CHECK enum err srtp_unprotect(struct srtp_session *session, struct media_packet *packet);
