#include "sip_challenge.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

/* Every field lies within the value, and the walk comes to an end. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct slice value = slice_make(data, len), rest = value;
    struct sip_challenge challenge;
    struct sip_credentials c;
    for (size_t left = len + 1; sip_challenge_next(&rest, &challenge) == OK; left = rest.len) {
        BUG_IF(rest.len >= left);
        BUG_IF(challenge.nonce.len > len || challenge.realm.len > len);
    }
    if (sip_credentials_parse(value, &c) == OK && slice_iis(c.scheme, "Digest"))
        BUG_IF(c.response.ptr < value.ptr || c.response.ptr + c.response.len > value.ptr + len);
    return 0;
}
