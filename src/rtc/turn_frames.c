#include "rtc/turn_frames.h"

#include <string.h>

#include "base/num.h"
#include "base/wire.h"

enum { HEADER_LEN = 4, STUN_REST = 16 };

/* Lengths of the message whose first HEADER_LEN bytes are at hand: on the wire and without its
 * padding. */
static enum err measure(const char *header, size_t *wire_len, size_t *len)
{
    struct wire w = wire_of(slice_make(header, HEADER_LEN));
    uint16_t type = wire_u16(&w), body = wire_u16(&w);
    if (type < 0x4000 && body % 4 == 0) {
        *len = *wire_len = HEADER_LEN + STUN_REST + (size_t)body;
    } else if (type >= 0x4000 && type < 0x5000) { /* RFC 8656 §12 */
        *len = HEADER_LEN + (size_t)body;
        *wire_len = (*len + 3) & ~(size_t)3;
    } else {
        return ERR_PARSE;
    }
    return OK;
}

/* Move at most `want` bytes from the front of `*chunk` to what is kept. */
static void keep(struct turn_frames *frames, struct slice *chunk, size_t want)
{
    struct slice some = slice_sub(*chunk, 0, want);
    memcpy(frames->bytes + frames->len, some.ptr, some.len);
    frames->len += some.len;
    *chunk = slice_from(*chunk, some.len);
}

static void skip(struct turn_frames *frames, struct slice *chunk)
{
    size_t n = (size_t)num_min((int64_t)frames->skip, (int64_t)chunk->len); /* both small */
    frames->skip -= n;
    *chunk = slice_from(*chunk, n);
}

enum err turn_frames_feed(struct turn_frames *frames, struct slice chunk, turn_frames_fn fn,
                          void *owner)
{
    while (chunk.len) {
        size_t wire_len, len;
        if (frames->skip) {
            skip(frames, &chunk);
            continue;
        }
        if (frames->len < HEADER_LEN) {
            keep(frames, &chunk, HEADER_LEN - frames->len);
            if (frames->len < HEADER_LEN)
                return OK;
        }
        enum err err = measure(frames->bytes, &wire_len, &len);
        if (err)
            return err;
        if (wire_len > TURN_MESSAGE_MAX) {
            frames->skip = wire_len - frames->len;
            frames->len = 0;
            continue;
        }
        keep(frames, &chunk, wire_len - frames->len);
        if (frames->len < wire_len)
            return OK;
        frames->len = 0;
        fn(owner, slice_make(frames->bytes, len));
    }
    return OK;
}
