#pragma once
/* A TCP or TLS stream from a TURN server cut into its messages: STUN, or ChannelData padded to four
 * bytes (RFC 8656 §12.5). An engine in the caller's memory. */

#include "base/err.h"
#include "base/slice.h"

enum {
    TURN_MESSAGE_MAX = 2048, /* a longer one is skipped: no datagram of ours is that large */
};

struct turn_frames { /* zero-initialised is empty */
    size_t len;      /* of the message that is not whole yet */
    size_t skip;     /* bytes of a message too long that are still to come */
    char bytes[TURN_MESSAGE_MAX];
};
/** One message, borrowed until return; a ChannelData's padding is left out. */
typedef void (*turn_frames_fn)(void *owner, struct slice message);

/** Bytes as they came, any number. ERR_PARSE: neither STUN nor ChannelData, so that the stream is
 * lost. `fn` must not feed. */
MUST_CHECK enum err turn_frames_feed(struct turn_frames *frames, struct slice chunk,
                                     turn_frames_fn fn, void *owner);
