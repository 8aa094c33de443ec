#include "web_signature.h"

#include <string.h>

#include "hash.h"
#include "mem.h"

static void hex_hmac(enum hash_kind kind, struct slice key, struct slice a, struct slice b,
                     char *out)
{
    uint8_t mac[HASH_MAX];
    char *text = mem_alloc(a.len + b.len + 1);
    if (a.len)
        memcpy(text, a.ptr, a.len);
    if (b.len)
        memcpy(text + a.len, b.ptr, b.len);
    size_t len = hash_hmac(kind, key, slice_make(text, a.len + b.len), mac);
    hex_print(mac, len, out);
    mem_free(text);
}

void web_signature_json(struct slice key, struct slice url, struct slice body,
                        char out[WEB_SIGNATURE_MAX])
{
    hex_hmac(HASH_SHA1, key, url, body, out);
}

void web_signature_json256(struct slice key, struct slice url, struct slice body,
                           char out[WEB_SIGNATURE_MAX])
{
    hex_hmac(HASH_SHA256, key, url, body, out);
}

static int order(struct slice a, struct slice b)
{
    size_t n = a.len < b.len ? a.len : b.len;
    int by_bytes = n ? memcmp(a.ptr, b.ptr, n) : 0;
    return by_bytes ? by_bytes : (a.len > b.len) - (a.len < b.len);
}

bool web_signature_form(struct slice key, struct slice url,
                        const struct web_signature_field *fields, size_t n,
                        char out[WEB_SIGNATURE_MAX])
{
    const struct web_signature_field *sorted[WEB_SIGNATURE_FIELDS_MAX];
    size_t total = url.len, at = url.len;
    uint8_t mac[HASH_MAX];
    if (n > WEB_SIGNATURE_FIELDS_MAX)
        return false;
    for (size_t i = 0; i < n; i++) {
        size_t k = i;
        for (; k > 0 && order(sorted[k - 1]->name, fields[i].name) > 0; k--)
            sorted[k] = sorted[k - 1];
        sorted[k] = &fields[i];
        total += fields[i].name.len + fields[i].value.len;
    }
    char *text = mem_alloc(total + 1);
    if (url.len)
        memcpy(text, url.ptr, url.len);
    for (size_t i = 0; i < n; i++) {
        const struct slice parts[] = { sorted[i]->name, sorted[i]->value };
        for (size_t k = 0; k < 2; at += parts[k].len, k++)
            if (parts[k].len)
                memcpy(text + at, parts[k].ptr, parts[k].len);
    }
    size_t len = hash_hmac(HASH_SHA1, key, slice_make(text, total), mac);
    mem_free(text);
    return base64_print(mac, len, out, WEB_SIGNATURE_MAX);
}
