#include "wire.h"

struct slice wire_bytes(struct wire *w, size_t len)
{
    if (w->short_read || len > w->rest.len) {
        w->short_read = true;
        return SLICE_NONE;
    }
    struct slice bytes = slice_sub(w->rest, 0, len);
    w->rest = slice_from(w->rest, len);
    return bytes;
}

void wire_skip(struct wire *w, size_t len)
{
    (void)wire_bytes(w, len);
}

static uint64_t big_endian(struct wire *w, size_t len)
{
    struct slice bytes = wire_bytes(w, len);
    uint64_t value = 0;
    for (size_t i = 0; i < bytes.len; i++)
        value = value << 8 | (uint8_t)bytes.ptr[i];
    return value;
}

uint8_t wire_u8(struct wire *w)
{
    return (uint8_t)big_endian(w, 1);
}

uint16_t wire_u16(struct wire *w)
{
    return (uint16_t)big_endian(w, 2);
}

uint32_t wire_u32(struct wire *w)
{
    return (uint32_t)big_endian(w, 4);
}

uint64_t wire_u64(struct wire *w)
{
    return big_endian(w, 8);
}
