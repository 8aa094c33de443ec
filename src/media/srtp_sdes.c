#include "srtp_sdes.h"

#include <string.h>

#include "base/hash.h"
#include "base/mem.h"
#include "base/num.h"
#include "base/rand.h"

enum { BLOB_MAX = SRTP_KEY_MAX + SRTP_SALT_MAX, LIFETIME_BITS_MAX = 48 };

void srtp_sdes_wipe(struct srtp_sdes *sdes)
{
    mem_wipe(sdes, sizeof *sdes);
}

void srtp_sdes_make(struct srtp_master *out, enum srtp_profile profile, char text[SRTP_SDES_TEXT])
{
    const struct srtp_profile_info *info = srtp_profile_info(profile);
    uint8_t blob[BLOB_MAX];
    *out = (struct srtp_master){ 0 };
    rand_bytes(blob, sizeof blob);
    memcpy(out->key, blob, info->key_len);
    memcpy(out->salt, blob + info->key_len, info->salt_len);
    BUG_IF(!base64_print(blob, (size_t)info->key_len + info->salt_len, text, SRTP_SDES_TEXT));
    mem_wipe(blob, sizeof blob);
}

/* "2^31" or "1048576" (RFC 4568 §6.1). Keys are changed by re-offers long before either is near, so
 * only the form matters; shorter than 2^48 or 2^31 is what every peer writes. */
static bool is_lifetime(struct slice text)
{
    uint64_t value;
    if (slice_starts(text, SLICE("2^")))
        return slice_to_u64(slice_from(text, 2), LIFETIME_BITS_MAX, &value) == OK;
    return slice_to_u64(text, 1ULL << LIFETIME_BITS_MAX, &value) == OK;
}

/* "|lifetime|mki:len" behind the key, each optional. Packets with an MKI carry it before their tag,
 * which our layout has no room for. */
static enum err check_key_params(struct slice params)
{
    if (slice_empty(params))
        return OK;
    if (params.ptr[0] != '|')
        return ERR_UNSUPPORTED; /* `;`: a second key, which only an MKI could tell apart */
    params = slice_from(params, 1);
    while (!slice_empty(params)) {
        struct slice field = slice_cut(&params, '|');
        if (slice_index(field, ':') < field.len)
            return ERR_UNSUPPORTED;
        if (!is_lifetime(field))
            return ERR_PARSE;
    }
    return OK;
}

/* RFC 4568 §6.3.7: a parameter that is not known and not marked optional makes the line invalid.
 * Plain KDR=0 is what happens without it, and the window size only a hint. */
static enum err check_session_params(struct slice params)
{
    for (struct slice word; !slice_empty(word = slice_word(&params));)
        if (word.ptr[0] != '-' && !slice_istarts(word, SLICE("WSH=")) && !slice_iis(word, "KDR=0"))
            return ERR_UNSUPPORTED;
    return OK;
}

static enum err parse_key(struct srtp_master *out, const struct srtp_profile_info *info,
                          struct slice key)
{
    uint8_t blob[BLOB_MAX];
    size_t len = sizeof blob;
    enum err err = base64_parse(key, blob, &len);
    if (err || len != (size_t)info->key_len + info->salt_len) {
        mem_wipe(blob, sizeof blob);
        return ERR_PARSE;
    }
    *out = (struct srtp_master){ 0 };
    memcpy(out->key, blob, info->key_len);
    memcpy(out->salt, blob + info->key_len, info->salt_len);
    mem_wipe(blob, sizeof blob);
    return OK;
}

enum err srtp_sdes_parse(struct srtp_master *out, enum srtp_profile *profile, struct slice suite,
                         struct slice key, struct slice params)
{
    const struct srtp_profile_info *info = srtp_profile_find(suite);
    if (!info)
        return ERR_UNSUPPORTED;
    size_t key_params = 0;
    while (key_params < params.len && params.ptr[key_params] != ' ' &&
           params.ptr[key_params] != '\t')
        key_params++;
    enum err err = check_key_params(slice_sub(params, 0, key_params));
    if (!err)
        err = check_session_params(slice_from(params, key_params));
    if (!err)
        err = parse_key(out, info, key);
    if (!err)
        *profile = info->profile;
    return err;
}

bool srtp_sdes_same(const struct srtp_master *a, const struct srtp_master *b,
                    enum srtp_profile profile)
{
    const struct srtp_profile_info *info = srtp_profile_info(profile);
    bool key = hash_same(slice_make(a->key, info->key_len), slice_make(b->key, info->key_len));
    bool salt = hash_same(slice_make(a->salt, info->salt_len), slice_make(b->salt, info->salt_len));
    return key && salt;
}

void srtp_sdes_switch(struct srtp_session **session, const struct srtp_sdes *before,
                      const struct srtp_sdes *now, enum srtp_direction direction)
{
    const struct srtp_master *old_key = direction == SRTP_PROTECT ? &before->tx : &before->rx;
    const struct srtp_master *key = direction == SRTP_PROTECT ? &now->tx : &now->rx;
    const struct srtp_profile_info *info = srtp_profile_info(now->profile);
    if (*session && now->on && before->profile == now->profile &&
        srtp_sdes_same(old_key, key, now->profile))
        return;
    struct srtp_session *old = *session;
    *session = NULL;
    if (now->on) {
        BUG_IF(srtp_create(session, now->profile, direction, slice_make(key->key, info->key_len),
                           slice_make(key->salt, info->salt_len)));
        if (old)
            srtp_follow(*session, old);
    }
    srtp_destroy(old);
}
