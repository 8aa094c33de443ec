#pragma once
/* WebSocket frames of the client's side (RFC 6455 §5) as an engine: the server's bytes in, whole
 * messages out; ours are masked. No extensions, so the reserved bits must be 0. Any thread. */

#include "base/buf.h"
#include "base/err.h"
#include "base/slice.h"

enum ws_opcode {
    WS_CONTINUATION = 0,
    WS_TEXT = 1,
    WS_BINARY = 2,
    WS_CLOSE_FRAME = 8,
    WS_PING = 9,
    WS_PONG = 10,
};

enum { WS_FRAME_HEAD = 14 }; /* the longest header, mask included */

/* Zero-initialise, set `max_message`. */
struct ws_reader {
    size_t max_message; /* bytes of a whole message */
    char *in;           /* bytes that came and are not used up; heap */
    size_t len, cap;
    char *message; /* the fragments so far; heap */
    size_t message_len, message_cap;
    enum ws_opcode opcode; /* of that message; WS_CONTINUATION: none is under way */
};
struct ws_incoming {
    enum ws_opcode opcode; /* never WS_CONTINUATION */
    struct slice data;     /* borrowed until the next call */
};

/** Keep these bytes. ERR_LIMIT: far more than a message may have. */
MUST_CHECK enum err ws_reader_feed(struct ws_reader *reader, struct slice bytes);
/** The next whole message or control frame. ERR_AGAIN: more bytes are needed. ERR_PARSE: against
 * RFC 6455 (masked, reserved bits, bad fragments, text that is not UTF-8). ERR_LIMIT: too long. */
MUST_CHECK enum err ws_reader_next(struct ws_reader *reader, struct ws_incoming *out);
void ws_reader_clear(struct ws_reader *reader);

/** One final frame with that mask (RFC 6455 §5.3); `out` needs WS_FRAME_HEAD more than `data`. */
void ws_frame_print(struct buf *out, enum ws_opcode opcode, struct slice data,
                    const uint8_t mask[4]);
/** Is it whole UTF-8 (RFC 3629)? */
bool ws_is_utf8(struct slice text);
