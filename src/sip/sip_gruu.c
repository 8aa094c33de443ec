#include "sip_gruu.h"

#include <string.h>

#include "base/hash.h"
#include "base/rand.h"
#include "sip_param.h"
#include "sip_uri.h"

enum { NONCE = 8, NUMBER = 8, MAC = 8, TOKEN = NONCE + NUMBER + MAC };

static const char prefix[] = "tgruu-";

/* HMAC(key, label | nonce | rest) */
static void keyed(const uint8_t key[SIP_GRUU_KEY], char label, const uint8_t nonce[NONCE],
                  const uint8_t number[NUMBER], struct slice call_id, uint8_t out[HASH_MAX])
{
    char text[512];
    struct buf named = BUF_ON(text);
    buf_char(&named, label);
    buf_put(&named, slice_make(nonce, NONCE));
    if (number)
        buf_put(&named, slice_make(number, NUMBER));
    buf_put(&named, slice_sub(call_id, 0, 400));
    hash_hmac(HASH_SHA256, slice_make(key, SIP_GRUU_KEY), buf_slice(&named), out);
}

static void hide(const uint8_t key[SIP_GRUU_KEY], const uint8_t nonce[NONCE],
                 uint8_t number[NUMBER])
{
    uint8_t mask[HASH_MAX];
    keyed(key, 'n', nonce, NULL, SLICE_NONE, mask);
    for (size_t i = 0; i < NUMBER; i++)
        number[i] ^= mask[i];
}

static struct slice host_of(struct slice aor)
{
    struct slice rest = aor;
    while (slice_index(rest, '@') < rest.len)
        (void)slice_cut(&rest, '@');
    return rest;
}

/* What a URI parameter may hold (RFC 3261 §25.1), so that "urn:uuid:" stays readable */
static void put_instance(struct slice instance, struct buf *out)
{
    for (size_t i = 0; i < instance.len; i++) {
        char c = instance.ptr[i];
        if (c == ':' || (sip_is_token_char(c) && c != '%' && c != '`'))
            buf_char(out, c);
        else
            sip_escape_param(slice_sub(instance, i, 1), out);
    }
}

void sip_gruu_print_public(struct slice aor, struct slice instance, struct buf *out)
{
    struct slice host = host_of(aor);
    buf_text(out, "sip:");
    sip_escape_user(slice_sub(aor, 0, aor.len - host.len - 1), out);
    buf_printf(out, "@%.*s;gr=", SLICE_ARG(host));
    put_instance(instance, out);
}

void sip_gruu_print_temporary(const uint8_t key[SIP_GRUU_KEY], struct slice aor, uint64_t number,
                              struct slice call_id, struct buf *out)
{
    uint8_t token[TOKEN];
    uint8_t mac[HASH_MAX];
    char hex[2 * TOKEN + 1];
    uint8_t *plain = token + NONCE;
    rand_bytes(token, NONCE);
    for (size_t i = 0; i < NUMBER; i++)
        plain[i] = (uint8_t)(number >> (8 * (NUMBER - 1 - i)) & 0xff);
    keyed(key, 'm', token, plain, call_id, mac);
    memcpy(token + NONCE + NUMBER, mac, MAC);
    hide(key, token, plain);
    hex_print(token, TOKEN, hex);
    buf_printf(out, "sip:%s%s@%.*s;gr", prefix, hex, SLICE_ARG(host_of(aor)));
}

static bool read_token(const uint8_t key[SIP_GRUU_KEY], const struct sip_uri *uri,
                       uint8_t token[TOKEN])
{
    struct slice user = uri->user;
    size_t len = TOKEN;
    if (!slice_starts(user, slice_of(prefix)) || user.len != strlen(prefix) + 2 * TOKEN ||
        hex_parse(slice_from(user, strlen(prefix)), token, &len) || len != TOKEN)
        return false;
    hide(key, token, token + NONCE);
    return true;
}

bool sip_gruu_number(const uint8_t key[SIP_GRUU_KEY], const struct sip_uri *uri, uint64_t *number)
{
    uint8_t token[TOKEN];
    uint64_t n = 0;
    if (!read_token(key, uri, token))
        return false;
    for (size_t i = 0; i < NUMBER; i++)
        n = n << 8 | token[NONCE + i];
    *number = n;
    return true;
}

bool sip_gruu_is_of(const uint8_t key[SIP_GRUU_KEY], const struct sip_uri *uri, uint64_t number,
                    struct slice call_id)
{
    uint8_t token[TOKEN];
    uint8_t mac[HASH_MAX];
    uint64_t said = 0;
    if (!sip_gruu_number(key, uri, &said) || said != number || !read_token(key, uri, token))
        return false;
    keyed(key, 'm', token, token + NONCE, call_id, mac);
    return hash_same(slice_make(mac, MAC), slice_make(token + NONCE + NUMBER, MAC));
}
