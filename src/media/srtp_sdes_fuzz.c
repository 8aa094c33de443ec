#include <string.h>

#include "base/hash.h"
#include "media/srtp_sdes.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

/* "suite key rest": what parses prints as the same key. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct srtp_master master, again;
    enum srtp_profile profile;
    struct slice line = slice_make(data, len);
    struct slice suite = slice_cut(&line, ' '), key = slice_cut(&line, ' ');
    if (srtp_sdes_parse(&master, &profile, suite, key, line) != OK)
        return 0;
    char blob[SRTP_KEY_MAX + SRTP_SALT_MAX], text[SRTP_SDES_TEXT];
    const struct srtp_profile_info *info = srtp_profile_info(profile);
    memcpy(blob, master.key, info->key_len);
    memcpy(blob + info->key_len, master.salt, info->salt_len);
    BUG_IF(!base64_print(blob, (size_t)info->key_len + info->salt_len, text, sizeof text));
    BUG_IF(srtp_sdes_parse(&again, &profile, suite, slice_of(text), SLICE_NONE));
    BUG_IF(!srtp_sdes_same(&master, &again, profile));
    return 0;
}
