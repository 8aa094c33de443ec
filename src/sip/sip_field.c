#include "sip_field.h"

#include "base/mem.h"
#include "base/num.h"

/* Written by the stack from what it knows; a second one would spoil the message. */
static const enum sip_header_id reserved[] = {
    SIP_H_CALL_ID,      SIP_H_CONTENT_LENGTH, SIP_H_CONTENT_TYPE, SIP_H_CSEQ, SIP_H_FROM,
    SIP_H_MAX_FORWARDS, SIP_H_RECORD_ROUTE,   SIP_H_ROUTE,        SIP_H_TO,   SIP_H_VIA,
};

static bool is_allowed(const struct sip_field *field)
{
    if (!sip_is_token(field->name))
        return false;
    enum sip_header_id id = sip_header_id_of(field->name);
    for (size_t i = 0; i < COUNT_OF(reserved); i++)
        if (reserved[i] == id)
            return false;
    for (size_t i = 0; i < field->value.len; i++)
        if (field->value.ptr[i] == '\r' || field->value.ptr[i] == '\n' || !field->value.ptr[i])
            return false;
    return true;
}

void sip_fields_write(struct sip_build *b, const struct sip_field *fields, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (is_allowed(&fields[i]))
            sip_build_named(b, fields[i].name, fields[i].value);
}

static struct slice put(char **at, struct slice text)
{
    struct slice copy = { *at, text.len };
    if (text.len > 0)
        memcpy(*at, text.ptr, text.len);
    *at += text.len;
    return copy;
}

struct sip_field *sip_fields_copy(const struct sip_field *fields, size_t n)
{
    if (n == 0)
        return NULL;
    size_t size = n * sizeof *fields;
    for (size_t i = 0; i < n; i++)
        BUG_IF(!num_add(size, fields[i].name.len + fields[i].value.len, &size));
    struct sip_field *copy = mem_alloc(size);
    char *at = (char *)(copy + n);
    for (size_t i = 0; i < n; i++) {
        copy[i].name = put(&at, fields[i].name);
        copy[i].value = put(&at, fields[i].value);
    }
    return copy;
}

enum { PARTY_NAME_MAX = 256 };

char *sip_party_print(struct slice name, struct slice uri, struct slice tag)
{
    char clean[PARTY_NAME_MAX];
    char quoted[2 * PARTY_NAME_MAX + 2];
    char text[SIP_URI_MAX + sizeof quoted + 64];
    struct buf plain = BUF_ON(clean);
    struct buf display = BUF_ON(quoted);
    struct buf out = BUF_ON(text);
    struct sip_name_addr party = { .tag = tag };
    if (sip_uri_parse(uri, &party.uri))
        return NULL;
    for (size_t i = 0; i < name.len && plain.len < sizeof clean; i++)
        if ((unsigned char)name.ptr[i] >= ' ' && name.ptr[i] != 127)
            buf_char(&plain, name.ptr[i]);
    if (plain.len) {
        sip_print_quoted(&display, buf_slice(&plain));
        party.display = slice_unquote(buf_slice(&display));
    }
    sip_name_addr_print(&party, &out);
    return out.overflow ? NULL : slice_dup(buf_slice(&out));
}
