#include "sip_identity.h"

#include "base/mem.h"
#include "sip_field.h"
#include "sip_msg.h"

static bool is_number_or_sip(const struct sip_uri *uri)
{
    return uri->scheme == SIP_URI_SIP || uri->scheme == SIP_URI_SIPS || uri->scheme == SIP_URI_TEL;
}

/* Privacy is a list with semicolons (RFC 3323 §4.2) */
static bool asks_for_privacy(const struct sip_msg *msg)
{
    for (size_t i = 0; i < sip_msg_count(msg, SIP_H_PRIVACY); i++) {
        struct slice rest = sip_msg_header_nth(msg, SIP_H_PRIVACY, i)->value;
        while (rest.len) {
            struct slice word = slice_trim(slice_cut(&rest, ';'));
            if (slice_iis(word, "id") || slice_iis(word, "user") || slice_iis(word, "header"))
                return true;
        }
    }
    return false;
}

void sip_identity_read(const struct sip_msg *msg, struct sip_identity *out)
{
    static const enum sip_header_id ids[] = { SIP_H_P_ASSERTED_IDENTITY,
                                              SIP_H_P_PREFERRED_IDENTITY };
    *out = (struct sip_identity){ .is_private = asks_for_privacy(msg) };
    for (size_t i = 0; i < 2 && !out->uri.len; i++) {
        struct sip_name_addr who;
        if (sip_name_addr_parse(sip_msg_value(msg, ids[i]), &who) || !is_number_or_sip(&who.uri))
            continue;
        out->uri = who.uri.text;
        out->name = who.display;
        out->is_preferred = ids[i] == SIP_H_P_PREFERRED_IDENTITY;
    }
}

bool sip_identity_is_anonymous(const struct sip_msg *msg)
{
    const struct sip_uri *from = &sip_msg_from(msg)->uri;
    return slice_iis(from->user, "anonymous") || slice_iis(from->host, "anonymous.invalid");
}
