/* Nobody without the keys is heard; what a tail says is, whatever stands before it. */
#include "base/err.h"
#include "rtc/dtls_tail.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct dtls_tail_keys keys = { .key_len = 16 }; /* the same both ways */
    struct dtls_tail *tail = dtls_tail_create(&keys, SLICE_NONE);
    uint8_t bye[DTLS_TAIL_GOODBYE_LEN];
    enum dtls_tail_news news = dtls_tail_feed(tail, slice_make(data, size));
    dtls_tail_goodbye(tail, bye);
    bool is_bye = dtls_tail_feed(tail, slice_make(bye, sizeof bye)) == DTLS_TAIL_CLOSED;
    BUG_IF(!is_bye || (news == DTLS_TAIL_CLOSED && size < sizeof bye));
    dtls_tail_destroy(tail);
    return 0;
}
