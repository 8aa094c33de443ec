/* Any text: parse, print, parse, compare. */
#include "rtc/ice_uri.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char mem[400];
    struct buf buf = BUF_ON(mem);
    struct ice_uri a, b;
    if (ice_uri_parse(slice_make(data, size), &a))
        return 0;
    ice_uri_print(&buf, &a);
    BUG_IF(buf.overflow || ice_uri_parse(buf_slice(&buf), &b));
    BUG_IF(a.kind != b.kind || a.transport != b.transport || a.port != b.port);
    BUG_IF(!slice_is(slice_of(a.host), b.host));
    return 0;
}
