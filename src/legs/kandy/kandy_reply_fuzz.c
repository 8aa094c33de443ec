#include <string.h>

#include "legs/kandy/kandy_reply.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct slice body = slice_make(data, len);
    struct kandy_granted granted = { 0 };
    struct kandy_verdict first, second;
    char session[KANDY_ID_MAX], state[32];
    kandy_verdict_read(&first, 200, body, SLICE_NONE, 0);
    kandy_verdict_read(&second, 503, body, body, 0);
    BUG_IF(first.code != second.code || second.fault == KANDY_FINE);
    if (!kandy_granted_parse(&granted, body))
        BUG_IF(!granted.subscription[0] || granted.expires_s < 1);
    (void)!kandy_granted_parse_token(&granted, body);
    kandy_granted_clear(&granted);
    if (kandy_reply_session(body, session))
        BUG_IF(!session[0]);
    kandy_reply_state(body, state);
    return 0;
}
