#pragma once
/* What SRTP sessions and their cipher back ends share. A back end prepares its contexts once, from
 * derived keys, and then works on one packet at a time. */

#include <stddef.h>
#include <stdint.h>

#include "media/srtp.h"

enum { SRTP_AUTH_KEY_LEN = 20, SRTP_GCM_TAG = 16, SRTP_GCM_IV = 12, SRTP_CTR_IV = 16 };

/* SRTP and SRTCP have keys of their own. */
enum srtp_channel { SRTP_CHANNEL_RTP, SRTP_CHANNEL_RTCP, SRTP_CHANNELS };

struct srtp_keys {
    uint8_t cipher[SRTP_KEY_MAX];
    uint8_t auth[SRTP_AUTH_KEY_LEN]; /* not for GCM, which authenticates by itself */
    uint8_t salt[SRTP_SALT_MAX];
};

/* One packet: `head` stays in the clear, `body` is encrypted, `extra` (roll-over counter or SRTCP
 * index) is only authenticated, after both; body follows head in memory. */
struct srtp_job {
    uint8_t *head;
    size_t head_len, body_len;
    uint8_t extra[4];
    size_t extra_len;
    uint8_t iv[SRTP_CTR_IV];
    uint8_t *tag;
    size_t tag_len;
};

struct srtp_cipher; /* a back end's own */

struct srtp_cipher_ops {
    const char *name;
    struct srtp_cipher *(*create)(const struct srtp_profile_info *profile,
                                  enum srtp_direction direction,
                                  const struct srtp_keys keys[SRTP_CHANNELS]);
    void (*destroy)(struct srtp_cipher *cipher);
    /** Encrypt the body in place, write the tag. */
    void (*seal)(struct srtp_cipher *cipher, enum srtp_channel channel, struct srtp_job *job);
    /** Check the tag, decrypt the body in place. ERR_AUTH: the body may be garbage. */
    enum err (*open)(struct srtp_cipher *cipher, enum srtp_channel channel, struct srtp_job *job);
    /** Begin to load what seal() and open() need: steps 0 and 1. */
    void (*warm)(const struct srtp_cipher *cipher, unsigned step);
    /** AES in counter mode from `iv`: `len` bytes of key stream (key derivation). */
    void (*keystream)(const uint8_t *key, size_t key_len, const uint8_t iv[SRTP_CTR_IV],
                      uint8_t *out, size_t len);
};

extern const struct srtp_cipher_ops srtp_openssl;

static inline bool srtp_is_gcm(const struct srtp_profile_info *info)
{
    return info->rtp_tag_len == SRTP_GCM_TAG;
}

/** RFC 3711 §4.3 with a key derivation rate of 0; a 96-bit salt is padded on the right (RFC 7714
 * §11). */
void srtp_derive(const struct srtp_cipher_ops *ops, const struct srtp_profile_info *info,
                 struct slice master_key, struct slice master_salt,
                 struct srtp_keys keys[SRTP_CHANNELS]);
/** A session from session keys: where test vectors start. */
struct srtp_session *srtp_create_from_keys(enum srtp_profile profile, enum srtp_direction direction,
                                           const struct srtp_keys keys[SRTP_CHANNELS]);
