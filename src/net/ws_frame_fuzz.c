#include <string.h>

#include "net/ws_frame.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct ws_reader whole = { .max_message = 1000 }, parts = { .max_message = 1000 };
    struct ws_incoming message = { 0 };
    size_t n_whole = 0, n_parts = 0;
    BUG_IF(ws_reader_feed(&whole, slice_make(data, len)));
    while (ws_reader_next(&whole, &message) == OK)
        n_whole += 1 + message.data.len;
    for (size_t i = 0; i < len; i++) {
        BUG_IF(ws_reader_feed(&parts, slice_make(data + i, 1)));
        while (ws_reader_next(&parts, &message) == OK)
            n_parts += 1 + message.data.len;
    }
    BUG_IF(n_whole > n_parts); /* more messages may come before an error is seen in the parts */
    ws_reader_clear(&whole), ws_reader_clear(&parts);
    return 0;
}
