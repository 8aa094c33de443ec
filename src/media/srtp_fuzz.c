#include "media/media_packet.h"
#include "media/srtp.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

/* Random bytes never verify; what we seal ourselves always opens to the same bytes. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    static struct media_packet packet;
    struct srtp_session *sessions[2];
    if (len < 1 || len > MEDIA_PACKET_MAX)
        return 0;
    const struct srtp_profile_info *info = srtp_profile_info(data[0] % SRTP_PROFILES);
    struct slice key = { "0123456789abcdef0123456789ABCDEF", info->key_len };
    struct slice salt = { "saltsaltsaltsa", info->salt_len };
    for (int i = 0; i < 2; i++)
        BUG_IF(srtp_create(&sessions[i], info->profile, (enum srtp_direction)i, key, salt));
    packet.data = packet.room + MEDIA_PACKET_HEAD;
    packet.is_rtcp = (data[0] & 0x80) != 0;
    packet.len = (uint32_t)len - 1;
    memcpy(packet.data, data + 1, packet.len);
    BUG_IF(srtp_unprotect(sessions[SRTP_UNPROTECT], &packet) == OK);
    packet.len = (uint32_t)len - 1;
    memcpy(packet.data, data + 1, packet.len);
    if (srtp_protect(sessions[SRTP_PROTECT], &packet) == OK) {
        BUG_IF(srtp_unprotect(sessions[SRTP_UNPROTECT], &packet));
        BUG_IF(packet.len != len - 1 || memcmp(packet.data, data + 1, packet.len) != 0);
    }
    srtp_destroy(sessions[0]);
    srtp_destroy(sessions[1]);
    return 0;
}
