/* Any text from a page: what is accepted is bounded, and carries nothing that ends a header line.
 */
#include "legs/bridge_msg.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct bridge_msg msg;
    struct fault fault = { 0 };
    const char *name;
    json_t *value;
    if (bridge_msg_parse(&msg, slice_make(data, len), &fault))
        return 0;
    BUG_IF(msg.sdp.len > BRIDGE_SDP_MAX || msg.destination.len > BRIDGE_DESTINATION_MAX);
    json_object_foreach(msg.headers, name, value)
        BUG_IF(strpbrk(name, "\r\n: ") || strpbrk(json_string_value(value), "\r\n"));
    bridge_msg_clear(&msg);
    return 0;
}
