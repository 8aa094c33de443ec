#pragma once
/* For tests beside the registrar: what it is asked, answered without one. Bob has a phone, carol's
 * asks. Included by one test program each. */

#include "legs/registrar.h"
#include "sip/sip_auth.h"
#include "sip/sip_registrar.h"

static struct {
    bool is_wrong;      /* the password */
    bool is_registered; /* bob's phone */
    int refusal;        /* the status of a wrong one; 0: 401 */
} fake_registrar;

static struct sip_binding fake_binding = { .aor = { "bob@tandem", 10 },
                                           .contact = { "sip:carol@10.0.0.3:5060", 23 } };

void sip_auth_check(struct sip_auth *auth, struct sip_msg *request, const struct sip_flow *flow,
                    sip_auth_fn fn, void *owner)
{
    static const struct sip_auth_result good = { .verdict = SIP_AUTH_PROVED,
                                                 .user = { "carol-desk", 10 } };
    const struct sip_auth_result bad = { .verdict = SIP_AUTH_REFUSED,
                                         .status = fake_registrar.refusal ? fake_registrar.refusal
                                                                          : 401 };
    (void)auth, (void)request, (void)flow;
    fn(owner, fake_registrar.is_wrong ? &bad : &good);
}

void sip_auth_cancel(struct sip_auth *auth, void *owner)
{
    (void)auth, (void)owner;
}

const char *registrar_user_of(const struct registrar *registrar, struct slice sip_username)
{
    (void)registrar;
    return slice_is(sip_username, "carol-desk") ? "carol" : "";
}

size_t registrar_contacts_of(const struct registrar *registrar, struct slice user,
                             const struct sip_binding **out, size_t max)
{
    (void)registrar, (void)max;
    out[0] = &fake_binding;
    return slice_is(user, "bob") && fake_registrar.is_registered;
}
