#include "sip_redirect.h"

#include "sip_msg.h"

static bool is_known(const struct sip_target *list, size_t n, const struct sip_uri *uri)
{
    for (size_t i = 0; i < n; i++) {
        struct sip_uri other;
        if (sip_uri_parse(list[i].uri, &other) == OK && sip_uri_eq(&other, uri))
            return true;
    }
    return false;
}

static void insert(struct sip_target *list, size_t n, const struct sip_target *target)
{
    size_t at = n;
    for (; at > 0 && list[at - 1].q < target->q; at--)
        list[at] = list[at - 1];
    list[at] = *target;
}

size_t sip_redirect_targets(const struct sip_msg *response, struct sip_target *out, size_t max)
{
    size_t n = 0;
    for (size_t i = 0; i < sip_msg_count(response, SIP_H_CONTACT) && n < max; i++) {
        struct sip_name_addr contact;
        struct sip_target target;
        if (sip_name_addr_parse(sip_msg_header_nth(response, SIP_H_CONTACT, i)->value, &contact) ||
            contact.is_star || contact.uri.scheme == SIP_URI_OTHER ||
            is_known(out, n, &contact.uri) || sip_contact_q(&contact, &target.q))
            continue;
        target.uri = contact.uri.text;
        insert(out, n++, &target);
    }
    return n;
}
