#pragma once
/* SDES (RFC 4568): master keys as they stand in a=crypto, from strings and to strings. No SDP in
 * it, and no session: those are made of what comes out by rtp_transport. Pure but for the random
 * source; any thread. */

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/slice.h"
#include "media/srtp.h"

/** A master key and salt, as long as the profile says. A secret: wipe it with srtp_sdes_wipe(). */
struct srtp_master {
    uint8_t key[SRTP_KEY_MAX], salt[SRTP_SALT_MAX];
};
/** What one m-line agreed on: RTP without it is plain. A secret, too. */
struct srtp_sdes {
    bool on;
    enum srtp_profile profile;
    struct srtp_master tx, rx; /* ours, that we send with, and theirs */
};
void srtp_sdes_wipe(struct srtp_sdes *sdes);

enum { SRTP_SDES_TEXT = 65 }; /* base64 of the longest key and salt, and a terminator */

/** A new random key and salt, and its base64 for "inline:". The suite's name is
 * srtp_profile_info(profile)->name. */
void srtp_sdes_make(struct srtp_master *out, enum srtp_profile profile, char text[SRTP_SDES_TEXT]);
/** `suite`, the base64 after "inline:" and the rest of the line: lifetime, MKI and session
 * parameters (RFC 4568 §6.1 and 6.3). ERR_UNSUPPORTED: a suite, an MKI or a session parameter that
 * we do not do, so that another line should be looked at.  ERR_PARSE: malformed, or a key of
 * another length than the suite's. */
MUST_CHECK enum err srtp_sdes_parse(struct srtp_master *out, enum srtp_profile *profile,
                                    struct slice suite, struct slice key, struct slice params);
/** The same key, compared in constant time. */
bool srtp_sdes_same(const struct srtp_master *a, const struct srtp_master *b,
                    enum srtp_profile profile);
/** A session for this direction by `now`, in the place of the one by `before` (`*session`; NULL:
 * none): the same while its key is, NULL where `now` is off. Roll-over counters are kept. */
void srtp_sdes_switch(struct srtp_session **session, const struct srtp_sdes *before,
                      const struct srtp_sdes *now, enum srtp_direction direction);
