#include "sip_uri.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    char first[2 * SIP_URI_MAX], second[2 * SIP_URI_MAX], number[SIP_NUMBER_MAX];
    struct buf once = BUF_ON(first), twice = BUF_ON(second);
    struct sip_uri uri, again;
    if (sip_uri_parse(slice_make(data, len), &uri) != OK)
        return 0;
    sip_uri_print(&uri, &once);
    if (once.overflow || once.len > SIP_URI_MAX) /* escapes made it longer */
        return 0;
    BUG_IF(sip_uri_parse(buf_slice(&once), &again) != OK);
    sip_uri_print(&again, &twice);
    BUG_IF(!slice_eq(buf_slice(&once), buf_slice(&twice)));
    BUG_IF(!sip_uri_same_aor(&uri, &again));
    BUG_IF(sip_uri_number(&uri, number) != (number[0] != '\0'));
    BUG_IF(sip_uri_eq(&uri, &again) != sip_uri_eq(&again, &uri));
    return 0;
}
