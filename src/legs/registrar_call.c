/* Calls to whoever is registered: which contacts ring, in which order, and by which way. */
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/num.h"
#include "config/config.h"
#include "legs/leg_sip.h"
#include "legs/leg_uri.h"
#include "legs/registrar_priv.h"
#include "sip/sip_uri.h"

enum { CONTACTS_MAX = 16, Q_ANY = 1001, URI_TEXT = 600, HEADERS_MAX = 16 };

/* The URI that a contact is called by. A PBX has one contact for all its numbers: there the user
 * part is what was dialled. */
static struct slice contact_uri(const struct sip_binding *binding, const char *number,
                                struct buf *out)
{
    struct sip_uri uri;
    char user[200];
    struct buf escaped = BUF_ON(user);
    if (!number || !number[0] || sip_uri_parse(binding->contact, &uri))
        return binding->contact;
    sip_escape_user(slice_of(number), &escaped);
    uri.user = buf_slice(&escaped);
    uri.password = SLICE_NONE;
    sip_uri_print(&uri, out);
    return out->overflow || escaped.overflow ? binding->contact : buf_slice(out);
}

/* "q500" in a target's number is not one. */
static bool is_number(const char *text)
{
    return text[0] == '+' || (text[0] >= '0' && text[0] <= '9');
}

/* `number`: what was dialled, when the contact is to be called by it; NULL: only PBXs are. */
static void ring_contact(struct registrar *registrar, struct call *call,
                         const struct sip_binding *binding, const char *user, const char *number)
{
    char from_mem[URI_TEXT], uri_mem[URI_TEXT];
    struct buf from = BUF_ON(from_mem), uri = BUF_ON(uri_mem);
    uri_print_caller(call_shown_from(call), registrar->env->config->sip_realm, &from);
    struct slice rest = binding->aor;
    struct slice peer = slice_cut(&rest, '@');
    bool is_pbx = registrar_is_pbx(registrar, peer);
    struct sip_field fields[HEADERS_MAX];
    if (!number && is_pbx)
        number = call_to(call);
    struct sip_hop hop = { .kind = binding->flow.kind,
                           .addr = binding->flow.remote,
                           .flow = binding->flow };
    struct leg_policy policy = leg_policy_of_user(registrar->env, user);
    struct leg_sip_target target = {
        .request_uri = contact_uri(binding, number, &uri),
        .from_uri = buf_slice(&from),
        .from_name = slice_of(call_shown_name(call)),
        .hops = &hop,
        .n_hops = 1,
        .party = slice_of(user),
        .peer = peer,
        .fields = fields, /* a PBX gets the call's headers, as a trunk does */
        .n_fields = is_pbx ? leg_sip_add_headers(call, fields, 0, HEADERS_MAX) : 0,
        .codecs = policy.list.n ? policy.list : registrar->env->sip_codecs,
        .prefer = policy.prefer,
        .routes = binding->path,
        .n_routes = binding->n_paths,
    };
    struct leg *leg = leg_sip_create_outgoing(registrar->env, &target);
    (void)slice_copy(slice_of(user), leg->user, sizeof leg->user);
    leg->may_use_trunks = user[0] != '\0';
    call_add_leg(call, leg);
}

/* "q500" in a target's number: only contacts below that preference are left to ring. */
static unsigned limit_of(const struct route_target *target)
{
    uint32_t limit = Q_ANY;
    struct slice text = slice_of(target->number);
    if (slice_starts(text, SLICE("q")) && slice_to_u32(slice_from(text, 1), Q_ANY, &limit))
        limit = Q_ANY;
    return limit;
}

size_t registrar_contacts_of(const struct registrar *registrar, struct slice user,
                             const struct sip_binding **out, size_t max)
{
    const struct sip_binding *binding;
    size_t cursor = 0, n = 0;
    while ((binding = sip_registrar_next(registrar->rules, &cursor)) && n < max) {
        if (!slice_eq(slice_of(registrar_owner_of(registrar, binding)), user))
            continue;
        size_t at = n++;
        for (; at && out[at - 1]->q < binding->q; at--)
            out[at] = out[at - 1];
        out[at] = binding;
    }
    return n;
}

const char *registrar_anybody(const struct registrar *registrar)
{
    const struct config *config = registrar->env->config;
    const struct sip_binding *binding;
    size_t cursor = 0;
    for (size_t i = 0; i < config->n_users; i++)
        if (registrar_contacts_of(registrar, slice_of(config->users[i].name), &binding, 1))
            return config->users[i].name;
    binding = sip_registrar_next(registrar->rules, &cursor);
    return binding ? registrar_owner_of(registrar, binding) : "";
}

/* All contacts of one preference ring at once, the next lower ones when they do not answer (RFC
 * 3261 §16.6 step 1). */
void registrar_dial(void *owner, struct call *call, const struct route_target *target,
                    struct cause *why)
{
    struct registrar *registrar = owner;
    const struct sip_binding *list[CONTACTS_MAX];
    struct route_target later = *target;
    unsigned limit = limit_of(target);
    const char *user = target->name;
    if (strcmp(user, REGISTRAR_ANYBODY) == 0)
        user = registrar_anybody(registrar);
    size_t n = registrar_contacts_of(registrar, slice_of(user), list, CONTACTS_MAX);
    size_t at = 0;
    while (at < n && list[at]->q >= limit)
        at++;
    unsigned best = at < n ? list[at]->q : 0;
    while (at < n && list[at]->q == best)
        ring_contact(registrar, call, list[at++], user,
                     is_number(target->number) ? target->number : NULL);
    snprintf(later.number, sizeof later.number, "q%u", best);
    if (at < n)
        call_add_step(call, &later);
    if (!n && !user[0])
        *why = cause_of_status(480, CAUSE_BY_SYSTEM, "No phone or PBX is registered.");
    else if (!n && !registrar_has_user(registrar, slice_of(user)))
        *why = cause_of_status(404, CAUSE_BY_SYSTEM, "There is no user of that name.");
}

void registrar_dial_phone(void *owner, struct call *call, const struct route_target *target,
                          struct cause *why)
{
    struct registrar *registrar = owner;
    const struct sip_binding *list[CONTACTS_MAX];
    struct sip_uri uri;
    size_t n = 0;
    if (sip_uri_parse(slice_of(target->number), &uri) == OK)
        n = sip_registrar_find_gruu(registrar->rules, &uri, list, CONTACTS_MAX);
    for (size_t i = 0; i < n; i++)
        ring_contact(registrar, call, list[i], registrar_owner_of(registrar, list[i]), NULL);
    if (!n)
        *why = cause_of_status(480, CAUSE_BY_SYSTEM, "That phone is not registered now.");
}

bool registrar_is_phone(const struct registrar *registrar, const struct sip_uri *uri)
{
    const struct sip_binding *found;
    return sip_uri_param(uri, "gr", NULL) &&
           sip_registrar_find_gruu(registrar->rules, uri, &found, 1) > 0;
}

bool registrar_has_phone_at(const struct registrar *registrar, const struct addr *addr)
{
    const struct sip_binding *binding;
    size_t cursor = 0;
    while ((binding = sip_registrar_next(registrar->rules, &cursor)))
        if (addr_same_ip(&binding->flow.remote, addr))
            return true;
    return false;
}

bool registrar_find_flow(const struct registrar *registrar, struct slice sip_username,
                         struct slice contact, struct sip_flow *out)
{
    struct sip_uri uri;
    size_t cursor = 0;
    const struct sip_binding *binding, *found = NULL;
    if (sip_uri_parse(contact, &uri))
        return false;
    if (!sip_registrar_find_gruu(registrar->rules, &uri, &found, 1))
        while (!found && (binding = sip_registrar_next(registrar->rules, &cursor)))
            if (registrar_is_of(binding, sip_username) && slice_eq(binding->contact, contact))
                found = binding;
    if (!found || !registrar_is_of(found, sip_username))
        return false;
    *out = found->flow;
    return true;
}
