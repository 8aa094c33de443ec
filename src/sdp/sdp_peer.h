#pragma once
/* The far end's audio line as the fields of a result: where it is, how it is secured, what it
 * wants. Private to sdp/. */

#include <stdbool.h>
#include <stddef.h>

#include "sdp/sdp_offer.h"

/** Which transport an m= line speaks; false for one we do not know. */
bool sdp_peer_transport(const struct sdp_session *session, const struct sdp_media *media,
                        enum sdp_transport *out);
/** Port 0 means rejected (RFC 3264 §6), unless the line only waits for its bundle (RFC 9143 §6). */
bool sdp_peer_is_rejected(const struct sdp_media *media);

/** Fill everything of `result` that line `i` tells but formats, setup and SDES keys;
 * `result->remote` is set by the caller. ERR_PARSE with a fault when the transport lacks what it
 * needs. */
MUST_CHECK enum err sdp_peer_read(const struct sdp_caps *caps, const struct sdp_session *session,
                                  size_t i, struct sdp_result *result, struct fault *fault);
/** a=setup as they wrote it. */
enum sdp_setup sdp_peer_setup(const struct sdp_session *session, const struct sdp_media *media);
/**
 * SDES: the first of their keys whose suite is ours. In an answer its tag must be the number of our
 * key, counted from 1. ERR_UNSUPPORTED: none.
 */
MUST_CHECK enum err sdp_peer_choose_key(const struct sdp_caps *caps, const struct sdp_media *media,
                                        bool is_answer, struct sdp_result *result);
