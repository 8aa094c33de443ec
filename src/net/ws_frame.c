#include "net/ws_frame.h"

#include <string.h>

#include "base/mem.h"
#include "base/wire.h"

enum { FIN = 0x80, RESERVED = 0x70, OPCODE = 0x0f, MASKED = 0x80, LENGTH = 0x7f };
enum { LENGTH_16 = 126, LENGTH_64 = 127, CONTROL_MAX = 125, STEP = 4096 };

static void append(char **mem, size_t *len, size_t *cap, struct slice bytes)
{
    if (bytes.len > *cap - *len) {
        *cap = 2 * (*len + bytes.len) + STEP;
        *mem = mem_resize(*mem, *cap);
    }
    if (bytes.len)
        memcpy(*mem + *len, bytes.ptr, bytes.len);
    *len += bytes.len;
}

enum err ws_reader_feed(struct ws_reader *reader, struct slice bytes)
{
    size_t most = 2 * reader->max_message + (size_t)STEP * STEP; /* several messages at once */
    if (bytes.len > most - reader->len)
        return ERR_LIMIT;
    append(&reader->in, &reader->len, &reader->cap, bytes);
    return OK;
}

void ws_reader_clear(struct ws_reader *reader)
{
    mem_free(reader->in);
    mem_free(reader->message);
    *reader = (struct ws_reader){ .max_message = reader->max_message };
}

bool ws_is_utf8(struct slice text)
{
    for (size_t i = 0, more; i < text.len; i += more + 1) {
        unsigned char c = (unsigned char)text.ptr[i];
        more = c < 0x80 ? 0 : c >= 0xc2 && c < 0xe0 ? 1 : c >= 0xe0 && c < 0xf0 ? 2 : 3;
        if ((c >= 0x80 && c < 0xc2) || c > 0xf4 || more > text.len - i - 1)
            return false;
        for (size_t k = 1; k <= more; k++)
            if (((unsigned char)text.ptr[i + k] & 0xc0) != 0x80)
                return false;
        unsigned char second = more ? (unsigned char)text.ptr[i + 1] : 0;
        bool overlong = (c == 0xe0 && second < 0xa0) || (c == 0xf0 && second < 0x90);
        bool beyond = (c == 0xed && second >= 0xa0) || (c == 0xf4 && second >= 0x90);
        if (overlong || beyond)
            return false;
    }
    return true;
}

struct frame {
    bool fin;
    enum ws_opcode opcode;
    struct slice data;
    size_t size; /* header and data */
};

static bool is_known(unsigned opcode)
{
    return opcode <= WS_BINARY || (opcode >= WS_CLOSE_FRAME && opcode <= WS_PONG);
}

static enum err read_frame(const struct ws_reader *reader, struct frame *out)
{
    struct wire w = wire_of(slice_make(reader->in, reader->len));
    uint8_t first = wire_u8(&w);
    uint8_t second = wire_u8(&w);
    uint64_t len = second & LENGTH;
    if (w.short_read)
        return ERR_AGAIN;
    bool control = (first & OPCODE) >= WS_CLOSE_FRAME;
    if ((first & RESERVED) || (second & MASKED) || !is_known(first & OPCODE) ||
        (control && (!(first & FIN) || len > CONTROL_MAX))) /* RFC 6455 §5.1, §5.2, §5.5 */
        return ERR_PARSE;
    if (len == LENGTH_16)
        len = wire_u16(&w);
    else if (len == LENGTH_64)
        len = wire_u64(&w);
    if (w.short_read)
        return ERR_AGAIN;
    if (len > reader->max_message)
        return ERR_LIMIT;
    if (len > w.rest.len)
        return ERR_AGAIN;
    out->fin = first & FIN;
    out->opcode = (enum ws_opcode)(first & OPCODE);
    out->data = slice_sub(w.rest, 0, (size_t)len);
    out->size = reader->len - w.rest.len + (size_t)len;
    return OK;
}

/* The bytes of a frame are used up; what was read out of them lies in `message` by now. */
static void eat(struct ws_reader *reader, size_t size)
{
    reader->len -= size;
    memmove(reader->in, reader->in + size, reader->len);
}

static enum err take_fragment(struct ws_reader *reader, const struct frame *frame)
{
    bool first = frame->opcode != WS_CONTINUATION;
    if (first != (reader->opcode == WS_CONTINUATION))
        return ERR_PARSE; /* RFC 6455 §5.4 */
    if (frame->data.len > reader->max_message - reader->message_len)
        return ERR_LIMIT;
    if (first)
        reader->opcode = frame->opcode;
    append(&reader->message, &reader->message_len, &reader->message_cap, frame->data);
    return OK;
}

static enum err finish(struct ws_reader *reader, struct ws_incoming *out)
{
    *out = (struct ws_incoming){ reader->opcode, slice_make(reader->message, reader->message_len) };
    reader->opcode = WS_CONTINUATION;
    reader->message_len = 0;
    return out->opcode == WS_TEXT && !ws_is_utf8(out->data) ? ERR_PARSE : OK;
}

enum err ws_reader_next(struct ws_reader *reader, struct ws_incoming *out)
{
    for (;;) {
        struct frame frame;
        enum err err = read_frame(reader, &frame);
        if (err)
            return err;
        if (frame.opcode >= WS_CLOSE_FRAME) {
            /* between fragments, so it must not disturb them: it stays behind what is left */
            char copy[CONTROL_MAX];
            size_t len = frame.data.len;
            memcpy(copy, frame.data.ptr, len);
            eat(reader, frame.size);
            append(&reader->in, &reader->len, &reader->cap, slice_make(copy, len));
            reader->len -= len;
            *out = (struct ws_incoming){ frame.opcode, slice_make(reader->in + reader->len, len) };
            return OK;
        }
        err = take_fragment(reader, &frame);
        if (err)
            return err;
        eat(reader, frame.size);
        if (frame.fin)
            return finish(reader, out);
    }
}

void ws_frame_print(struct buf *out, enum ws_opcode opcode, struct slice data,
                    const uint8_t mask[4])
{
    buf_u8(out, (uint8_t)(FIN | opcode));
    if (data.len < LENGTH_16) {
        buf_u8(out, (uint8_t)(MASKED | data.len));
    } else if (data.len <= UINT16_MAX) {
        buf_u8(out, MASKED | LENGTH_16);
        buf_u16(out, (uint16_t)data.len);
    } else {
        buf_u8(out, MASKED | LENGTH_64);
        buf_u64(out, data.len);
    }
    buf_put(out, slice_make(mask, 4));
    for (size_t i = 0; i < data.len; i++)
        buf_u8(out, (uint8_t)((unsigned char)data.ptr[i] ^ mask[i % 4]));
}
