#include <string.h>

#include "net/http_chunked.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct http_chunked whole = { 0 }, parts = { 0 };
    char a[512], b[512];
    size_t a_len = 0, b_len = 0;
    enum err err = OK, same = http_chunked_feed(&whole, slice_make(data, len), a, 512, &a_len);
    for (size_t i = 0; i < len && !err; i++)
        err = http_chunked_feed(&parts, slice_make(data + i, 1), b, 512, &b_len);
    BUG_IF(err != same);
    if (!err)
        BUG_IF(a_len != b_len || memcmp(a, b, a_len) != 0 || whole.state != parts.state);
    return 0;
}
