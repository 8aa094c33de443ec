#pragma once
/* What a lite and a full ICE agent do alike with a connectivity check that arrives (RFC 8445 §7.3):
 * whose it is, whether it is genuine, and the answers. Any thread; keeps nothing but credentials.
 */

#include "base/buf.h"
#include "base/err.h"
#include "base/secret.h"
#include "rtc/stun.h"

enum { ICE_UFRAG_MAX = 256 /* RFC 8839 §5.4 */ };

struct ice_credentials {
    char ufrag[ICE_UFRAG_MAX + 1];
    struct secret pwd;
};
/** Ours: during a restart those before it are still good. Zero-initialised is empty. */
struct ice_keys {
    struct ice_credentials current, before;
};

void ice_credentials_set(struct ice_credentials *c, struct slice ufrag, struct slice pwd);
void ice_keys_renew(struct ice_keys *keys, struct slice ufrag, struct slice pwd);
/** The peer has used `c`: if these are the current ones, those before are over. */
void ice_keys_used(struct ice_keys *keys, const struct ice_credentials *c);
void ice_keys_clear(struct ice_keys *keys);

/** Is this a binding request for us that somebody with our password made? ERR_NOT_FOUND, ERR_AUTH,
 * ERR_UNSUPPORTED as ice_feed() says; on OK `*out` are the credentials it was made with. */
MUST_CHECK enum err ice_request_check(const struct ice_keys *keys, const struct stun_msg *msg,
                                      const struct ice_credentials **out);

/* Answers, whole, into an empty buffer of STUN_SEND_MAX. */
void ice_answer_success(struct buf *buf, const struct stun_msg *msg,
                        const struct ice_credentials *c, const struct addr *from);
void ice_answer_unknown(struct buf *buf, const struct stun_msg *msg,
                        const struct ice_credentials *c, const uint16_t *unknown, size_t n);
void ice_answer_conflict(struct buf *buf, const struct stun_msg *msg,
                         const struct ice_credentials *c);
