#include "sip_challenge.h"

#include <stddef.h>

#include "base/num.h"
#include "sip_param.h"

/* Where a parameter's value goes. */
struct field {
    const char *name;
    size_t offset;
};

#define CHALLENGE(name)                             \
    {                                               \
#name, offsetof(struct sip_challenge, name) \
    }
static const struct field challenge_fields[] = {
    CHALLENGE(realm),  CHALLENGE(domain),    CHALLENGE(nonce),
    CHALLENGE(opaque), CHALLENGE(algorithm), CHALLENGE(qop),
};

#define CREDENTIAL(name)                              \
    {                                                 \
#name, offsetof(struct sip_credentials, name) \
    }
static const struct field credential_fields[] = {
    CREDENTIAL(username),  CREDENTIAL(realm),  CREDENTIAL(nonce),  CREDENTIAL(uri),
    CREDENTIAL(response),  CREDENTIAL(cnonce), CREDENTIAL(opaque), CREDENTIAL(qop),
    CREDENTIAL(algorithm), CREDENTIAL(nc),
};

enum { NC_DIGITS = 8 };

static size_t token_len(struct slice s)
{
    size_t n = 0;
    while (n < s.len && sip_is_token_char(s.ptr[n]))
        n++;
    return n;
}

static size_t value_len(struct slice s)
{
    size_t n = 0;
    while (n < s.len && s.ptr[n] != ',' && s.ptr[n] != ' ' && s.ptr[n] != '\t' && s.ptr[n] != '"')
        n++;
    return n;
}

/* `name = value` or `name = "value"` at the front, and the comma behind it. */
static enum err take_param(struct slice *rest, struct sip_param *out)
{
    struct slice s = *rest;
    size_t len = token_len(s);
    out->name = slice_sub(s, 0, len);
    s = slice_trim(slice_from(s, len));
    if (!len || !s.len || s.ptr[0] != '=')
        return ERR_PARSE;
    s = slice_trim(slice_from(s, 1));
    len = sip_quoted_len(s);
    out->quoted = len > 0;
    if (!len)
        len = value_len(s);
    out->value = out->quoted ? slice_sub(s, 1, len - 2) : slice_sub(s, 0, len);
    s = slice_trim(slice_from(s, len));
    if (s.len && s.ptr[0] != ',')
        return ERR_PARSE;
    while (s.len && s.ptr[0] == ',')
        s = slice_trim(slice_from(s, 1));
    *rest = s;
    return OK;
}

/* A token followed by something else than '=': the scheme of the next challenge. */
static bool at_scheme(struct slice s)
{
    size_t len = token_len(s);
    struct slice behind = slice_trim(slice_from(s, len));
    return len && behind.len && behind.ptr[0] != '=';
}

static void keep(void *into, const struct field *fields, size_t n, const struct sip_param *param)
{
    for (size_t i = 0; i < n; i++) {
        struct slice *field = (struct slice *)(void *)((char *)into + fields[i].offset);
        if (slice_iis(param->name, fields[i].name) && !field->ptr)
            *field = param->value;
    }
}

static enum err take_scheme(struct slice *rest, struct slice *scheme)
{
    size_t len = token_len(*rest);
    *scheme = slice_sub(*rest, 0, len);
    struct slice behind = slice_from(*rest, len);
    if (!len || (behind.len && behind.ptr[0] != ' ' && behind.ptr[0] != '\t'))
        return ERR_PARSE;
    *rest = slice_trim(behind);
    return OK;
}

enum err sip_challenge_next(struct slice *rest, struct sip_challenge *out)
{
    struct sip_challenge challenge = { 0 };
    struct slice s = slice_trim(*rest);
    if (!s.len)
        return ERR_NOT_FOUND;
    enum err err = take_scheme(&s, &challenge.scheme);
    while (!err && s.len && !at_scheme(s)) {
        struct sip_param param = { 0 };
        err = take_param(&s, &param);
        if (err)
            break;
        keep(&challenge, challenge_fields, COUNT_OF(challenge_fields), &param);
        if (slice_iis(param.name, "stale"))
            challenge.stale = slice_iis(param.value, "true");
        if (slice_iis(param.name, "userhash"))
            challenge.userhash = slice_iis(param.value, "true");
    }
    if (err)
        return err;
    *rest = s;
    *out = challenge;
    return OK;
}

enum err sip_credentials_parse(struct slice value, struct sip_credentials *out)
{
    struct sip_credentials credentials = { 0 };
    struct slice s = slice_trim(value);
    enum err err = take_scheme(&s, &credentials.scheme);
    if (err)
        return err;
    bool is_digest = slice_iis(credentials.scheme, "Digest");
    while (is_digest && s.len) {
        struct sip_param param = { 0 };
        err = take_param(&s, &param);
        if (err)
            return err;
        keep(&credentials, credential_fields, COUNT_OF(credential_fields), &param);
        if (slice_iis(param.name, "userhash"))
            credentials.userhash = slice_iis(param.value, "true");
    }
    if (is_digest && !(credentials.username.ptr && credentials.realm.ptr && credentials.nonce.ptr &&
                       credentials.uri.ptr && credentials.response.ptr))
        return ERR_PARSE;
    for (size_t i = 0; i < credentials.nc.len; i++) {
        char c = credentials.nc.ptr[i], low = (char)(c | 0x20);
        bool digit = c >= '0' && c <= '9';
        if (credentials.nc.len != NC_DIGITS || !(digit || (low >= 'a' && low <= 'f')))
            return ERR_PARSE;
        uint32_t nibble = (uint32_t)(digit ? c - '0' : low - 'a' + 10);
        credentials.nc_value = credentials.nc_value << 4 | nibble;
    }
    *out = credentials;
    return OK;
}
