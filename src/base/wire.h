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
uint8_t wire_u8(struct wire *w);
uint16_t wire_u16(struct wire *w);
uint32_t wire_u32(struct wire *w);
uint64_t wire_u64(struct wire *w);
struct slice wire_bytes(struct wire *w, size_t len);
void wire_skip(struct wire *w, size_t len);
