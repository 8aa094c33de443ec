#include "legs/kandy/kandy_event.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct kandy_event first, second;
    if (kandy_event_parse(&first, slice_make(data, len)))
        return 0;
    char *text = json_dumps(first.root, JSON_COMPACT);
    if (text && !kandy_event_parse(&second, slice_of(text))) {
        BUG_IF(first.kind != second.kind || first.status != second.status);
        BUG_IF(!slice_eq(first.session, second.session) || !slice_eq(first.sdp, second.sdp));
        kandy_event_clear(&second);
    }
    free(text);
    kandy_event_clear(&first);
    return 0;
}
