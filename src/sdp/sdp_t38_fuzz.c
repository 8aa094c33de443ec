#include "sdp_t38.h"

#include "base/mem.h"
#include "sdp_offer.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct sdp_t38 ours = { .address = "192.0.2.1", .port = 9 };
    static char mem[SDP_MAX_BYTES];
    struct buf out = BUF_ON(mem);
    struct sdp_session_state state;
    struct sdp_t38 theirs, again;
    sdp_session_state_init(&state, 1);
    if (sdp_t38_answer(&state, &ours, slice_make(data, size), &out, &theirs, NULL) == OK) {
        BUG_IF(sdp_t38_feed_answer(buf_slice(&out), &again, NULL)); /* of what we say */
        BUG_IF(again.port != 9 || again.repeats != theirs.repeats);
    }
    sdp_session_state_clear(&state);
    return 0;
}
