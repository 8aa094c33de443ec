#pragma once
/* Reading a wire layout field by field, network byte order. A read past the end sets `short_read`
 * and gives 0, so that it is checked once, at the end. Any thread; owns nothing. */

#include <stdbool.h>
#include <stdint.h>

#include "slice.h"

struct wire {
    struct slice rest;
    bool short_read;
};

static inline struct wire wire_of(struct slice bytes)
{
    return (struct wire){ bytes, false };
}
/* One field in place, where the caller has checked the length. */
static inline uint16_t wire_get_u16(const uint8_t *at)
{
    return (uint16_t)(at[0] << 8 | at[1]);
}
static inline uint32_t wire_get_u32(const uint8_t *at)
{
    return (uint32_t)wire_get_u16(at) << 16 | wire_get_u16(at + 2);
}
static inline void wire_put_u16(uint8_t *at, uint16_t v)
{
    at[0] = (uint8_t)(v >> 8);
    at[1] = (uint8_t)v;
}
static inline void wire_put_u32(uint8_t *at, uint32_t v)
{
    wire_put_u16(at, (uint16_t)(v >> 16));
    wire_put_u16(at + 2, (uint16_t)v);
}

uint8_t wire_u8(struct wire *w);
uint16_t wire_u16(struct wire *w);
uint32_t wire_u32(struct wire *w);
uint64_t wire_u64(struct wire *w);
struct slice wire_bytes(struct wire *w, size_t len);
void wire_skip(struct wire *w, size_t len);
