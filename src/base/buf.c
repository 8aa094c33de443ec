#include "buf.h"

#include <stdio.h>
#include <string.h>

void buf_init(struct buf *buf, void *mem, size_t cap)
{
    *buf = (struct buf){ .ptr = mem, .cap = cap };
}

void buf_reset(struct buf *buf)
{
    buf->len = 0;
    buf->overflow = false;
}

void buf_put(struct buf *buf, struct slice s)
{
    if (buf->overflow || s.len > buf->cap - buf->len) {
        buf->overflow = true;
        return;
    }
    if (s.len)
        memcpy(buf->ptr + buf->len, s.ptr, s.len);
    buf->len += s.len;
}

void buf_text(struct buf *buf, const char *text)
{
    buf_put(buf, slice_of(text));
}

void buf_char(struct buf *buf, char c)
{
    buf_put(buf, (struct slice){ &c, 1 });
}

void buf_vprintf(struct buf *buf, const char *fmt, va_list args)
{
    if (buf->overflow)
        return;
    size_t room = buf->cap - buf->len;
    int n = vsnprintf(buf->ptr + buf->len, room, fmt, args);
    /* vsnprintf needs one byte for its terminator, so an exact fit counts as overflow */
    if (n < 0 || (size_t)n >= room)
        buf->overflow = true;
    else
        buf->len += (size_t)n;
}

void buf_printf(struct buf *buf, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    buf_vprintf(buf, fmt, args);
    va_end(args);
}

void buf_u8(struct buf *buf, uint8_t v)
{
    buf_char(buf, (char)v);
}

void buf_u16(struct buf *buf, uint16_t v)
{
    buf_u8(buf, (uint8_t)(v >> 8));
    buf_u8(buf, (uint8_t)(v & 0xff));
}

void buf_u32(struct buf *buf, uint32_t v)
{
    buf_u16(buf, (uint16_t)(v >> 16));
    buf_u16(buf, (uint16_t)(v & 0xffff));
}

void buf_u64(struct buf *buf, uint64_t v)
{
    buf_u32(buf, (uint32_t)(v >> 32));
    buf_u32(buf, (uint32_t)(v & 0xffffffffu));
}

struct slice buf_slice(const struct buf *buf)
{
    return (struct slice){ buf->ptr, buf->len };
}

const char *buf_cstr(struct buf *buf)
{
    if (buf->overflow || buf->len >= buf->cap)
        return "";
    buf->ptr[buf->len] = '\0';
    return buf->ptr;
}
