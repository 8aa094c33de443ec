#include "sip_hdr.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

#define ROUND_TRIP(noun)                                          \
    do {                                                          \
        struct sip_##noun one, two;                               \
        struct buf once = BUF_ON(first), twice = BUF_ON(second);  \
        if (sip_##noun##_parse(value, &one) != OK)                \
            break;                                                \
        sip_##noun##_print(&one, &once);                          \
        if (once.overflow || once.len > SIP_URI_MAX)              \
            break;                                                \
        BUG_IF(sip_##noun##_parse(buf_slice(&once), &two) != OK); \
        sip_##noun##_print(&two, &twice);                         \
        BUG_IF(!slice_eq(buf_slice(&once), buf_slice(&twice)));   \
    } while (0)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    static char first[65536], second[65536];
    struct slice value = slice_make(data, len);
    struct sip_cseq cseq; /* is never printed alone */
    if (sip_cseq_parse(value, &cseq) == OK)
        BUG_IF(cseq.method_text.len == 0 || cseq.number >= 1u << 31);
    ROUND_TRIP(via);
    ROUND_TRIP(name_addr);
    ROUND_TRIP(rack);
    ROUND_TRIP(session_expires);
    ROUND_TRIP(replaces);
    return 0;
}
