#include "sip_loop.h"

#include "base/hash.h"
#include "base/rand.h"
#include "sip_msg.h"
#include "sip_txns.h"

enum { COOKIE = 7, RANDOM = 10, MARK = SIP_BRANCH_LEN - COOKIE - RANDOM };

/* User, host and port: what decides where a call goes. */
static void mark(const uint8_t key[SIP_LOOP_KEY], struct slice random, const struct sip_uri *uri,
                 char out[MARK + 1])
{
    char text[SIP_URI_MAX + RANDOM + 32];
    char hex[HASH_HEX_MAX];
    uint8_t mac[HASH_MAX];
    struct buf named = BUF_ON(text);
    buf_put(&named, random);
    buf_put(&named, uri->user);
    buf_char(&named, '@');
    for (size_t i = 0; i < uri->host.len; i++) {
        char c = uri->host.ptr[i];
        buf_char(&named, (char)(c >= 'A' && c <= 'Z' ? c | 0x20 : c));
    }
    buf_printf(&named, ":%u", uri->port);
    size_t len = hash_hmac(HASH_SHA256, slice_make(key, SIP_LOOP_KEY), buf_slice(&named), mac);
    hex_print(mac, len, hex);
    memcpy(out, hex, MARK);
    out[MARK] = '\0';
}

void sip_loop_branch(const uint8_t key[SIP_LOOP_KEY], struct slice uri, char *out)
{
    struct sip_uri parsed = { 0 };
    memcpy(out, "z9hG4bK", COOKIE);
    rand_token(out + COOKIE, RANDOM);
    if (sip_uri_parse(uri, &parsed)) /* refused when the message is built */
        parsed = (struct sip_uri){ 0 };
    mark(key, slice_make(out + COOKIE, RANDOM), &parsed, out + COOKIE + RANDOM);
}

bool sip_loop_found(const uint8_t key[SIP_LOOP_KEY], const struct sip_msg *request)
{
    for (size_t i = 0; i < sip_msg_count(request, SIP_H_VIA); i++) {
        struct sip_via via;
        char expected[MARK + 1];
        if (sip_via_parse(sip_msg_header_nth(request, SIP_H_VIA, i)->value, &via) ||
            via.branch.len != SIP_BRANCH_LEN)
            continue;
        mark(key, slice_sub(via.branch, COOKIE, RANDOM), sip_msg_uri(request), expected);
        if (slice_is(slice_from(via.branch, COOKIE + RANDOM), expected))
            return true;
    }
    return false;
}
