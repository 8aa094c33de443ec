#pragma once
/* A bounded text or byte builder in the caller's memory. Once it overflows it stays so and takes
 * nothing more; check `overflow` once, at the end. Any thread; owns nothing. */

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "slice.h"

struct buf {
    char *ptr;
    size_t len;
    size_t cap;
    bool overflow;
};

void buf_init(struct buf *buf, void *mem, size_t cap);
#define BUF_ON(array) ((struct buf){ .ptr = (char *)(array), .cap = sizeof(array) })
void buf_reset(struct buf *buf);

void buf_put(struct buf *buf, struct slice s);
void buf_text(struct buf *buf, const char *text);
void buf_char(struct buf *buf, char c);
void buf_printf(struct buf *buf, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void buf_vprintf(struct buf *buf, const char *fmt, va_list args)
    __attribute__((format(printf, 2, 0)));
/* network byte order */
void buf_u8(struct buf *buf, uint8_t v);
void buf_u16(struct buf *buf, uint16_t v);
void buf_u32(struct buf *buf, uint32_t v);
void buf_u64(struct buf *buf, uint64_t v);

struct slice buf_slice(const struct buf *buf);
/** The text terminated in place (one byte of `cap` is kept for it only here); "" when it
 * overflowed. */
const char *buf_cstr(struct buf *buf);
