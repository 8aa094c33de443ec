/* Any stream: cut into messages it is the same however the bytes arrive. */
#include "base/hash.h"
#include "rtc/turn_frames.h"

static void on_message(void *owner, struct slice message)
{
    uint32_t *sum = owner;
    *sum = *sum * 31 + hash_crc32(message) + (uint32_t)message.len;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct turn_frames whole = { 0 }, pieces = { 0 };
    uint32_t a = 0, b = 0;
    enum err want = turn_frames_feed(&whole, slice_make(data, size), on_message, &a), err = OK;
    for (size_t at = 0, step = 1; at < size && !err; at += step, step = step % 7 + 1)
        err =
            turn_frames_feed(&pieces, slice_sub(slice_make(data, size), at, step), on_message, &b);
    BUG_IF(err != want || a != b);
    return 0;
}
