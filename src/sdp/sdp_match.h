#pragma once
/* Which of their formats are ours (RFC 3264 §6.1), DTMF included. Private to sdp/. */

#include <stddef.h>

#include "base/buf.h"
#include "sdp/sdp_offer.h"

/** Fill the formats and dtmf of `result` from their m= line, tx_pt and rx_pt alike. At least one
 * codec, or ERR_UNSUPPORTED: telephone-event and comfort noise alone are no conversation. */
MUST_CHECK enum err sdp_match_formats(const struct sdp_caps *caps, enum sdp_prefer prefer,
                                      const struct sdp_media *media, struct sdp_result *result);
/** "opus/48000/2, PCMU/8000": for people. */
void sdp_match_print_theirs(const struct sdp_media *media, struct buf *out);
void sdp_match_print_ours(const struct sdp_caps *caps, struct buf *out);

/** Our codec or a telephone-event as a rtpmap. */
struct sdp_rtpmap sdp_match_codec_map(const struct sdp_codec *codec, uint8_t pt);
struct sdp_rtpmap sdp_match_dtmf_map(uint32_t clock_hz, uint8_t pt);
