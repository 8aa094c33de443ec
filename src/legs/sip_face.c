#include "legs/sip_face.h"

#include <stdio.h>

#include "base/buf.h"
#include "base/list.h"
#include "base/mem.h"
#include "call/call.h"
#include "config/config.h"
#include "legs/leg_sip.h"
#include "legs/registrar.h"
#include "legs/trace.h"
#include "legs/trunks.h"
#include "legs/web_accounts.h"
#include "sip/sip_agent.h"
#include "sip/sip_auth.h"
#include "sip/sip_identity.h"
#include "sip/sip_msg.h"
#include "sip/sip_param.h"
#include "sip/sip_session.h"

enum { FACE_TEXT_MAX = 160, FACE_HEADERS_MAX = 16, FACE_DIVERTED_MAX = 1200 };

struct sip_face {
    const struct leg_env *env;
    struct trunks *trunks;
    struct registrar *registrar;
    struct list waiting;
    sip_face_domain_fn find_domain;
    void *domains;
    sip_face_account_fn find_account;
    void *accounts;
};

/* An INVITE whose caller still has to prove who he is. */
struct waiting {
    struct list link;
    struct sip_face *face;
    struct sip_session *session;
};

struct sip_face *sip_face_create(const struct leg_env *env)
{
    struct sip_face *face = mem_new(struct sip_face);
    face->env = env;
    list_init(&face->waiting);
    return face;
}

void sip_face_wire(struct sip_face *face, struct trunks *trunks, struct registrar *registrar)
{
    face->trunks = trunks;
    face->registrar = registrar;
}

void sip_face_set_domains(struct sip_face *face, sip_face_domain_fn fn, void *owner)
{
    face->find_domain = fn;
    face->domains = owner;
}

void sip_face_set_accounts(struct sip_face *face, sip_face_account_fn fn, void *owner)
{
    face->find_account = fn;
    face->accounts = owner;
}

static bool find_domain(const struct sip_face *face, struct sip_session *session,
                        struct sip_face_domain *out)
{
    struct addr remote = sip_session_remote(session);
    return face->find_domain &&
           face->find_domain(face->domains, sip_msg_uri(sip_session_invite_msg(session)), &remote,
                             out);
}

static void forget(struct waiting *waiting)
{
    sip_auth_cancel(registrar_invite_auth(waiting->face->registrar), waiting);
    list_remove(&waiting->link);
    mem_free(waiting);
}

void sip_face_destroy(struct sip_face *face)
{
    if (!face)
        return;
    LIST_EACH(link, &face->waiting)
    {
        struct waiting *waiting = LIST_ITEM(link, struct waiting, link);
        sip_session_destroy(waiting->session);
        forget(waiting);
    }
    mem_free(face);
}

static struct slice unescaped(struct slice user, char *mem, size_t cap)
{
    struct buf out;
    buf_init(&out, mem, cap);
    sip_unescape(user, &out);
    return out.overflow ? user : buf_slice(&out);
}

/* What is inside the quotes is kept as it came: it is quoted again on its way out. */
static struct slice shown_name(const struct sip_msg *invite, char *mem, size_t cap)
{
    struct buf out;
    buf_init(&out, mem, cap);
    sip_print_unescaped(&out, sip_msg_from(invite)->display);
    return out.overflow ? SLICE_NONE : buf_slice(&out);
}

/* X- headers travel to the other side (a page shows them). */
static json_t *x_headers(const struct sip_msg *invite)
{
    json_t *headers = json_object();
    for (size_t i = 0; i < sip_msg_total(invite) && json_object_size(headers) < FACE_HEADERS_MAX;
         i++) {
        const struct sip_header *header = sip_msg_header_at(invite, i);
        char name[64];
        if (slice_istarts(header->name, SLICE("X-")) && !web_accounts_is_own(header->name) &&
            slice_copy(header->name, name, sizeof name)) {
            json_t *value = json_stringn(header->value.ptr, header->value.len);
            if (value)
                json_object_set_new(headers, name, value);
        }
    }
    return headers;
}

/* All values of a header in one, as many as there is room for. */
static struct slice joined(const struct sip_msg *invite, enum sip_header_id id, char *mem,
                           size_t cap)
{
    struct buf out;
    buf_init(&out, mem, cap);
    for (size_t i = 0; i < sip_msg_count(invite, id); i++) {
        struct slice value = sip_msg_header_nth(invite, id, i)->value;
        if (out.len + value.len + 2 > cap)
            break;
        buf_text(&out, out.len ? ", " : "");
        buf_put(&out, value);
    }
    return buf_slice(&out);
}

/* A GRUU (RFC 5627) names one phone: no route may lead elsewhere. */
static bool plan_phone(const struct sip_face *face, const struct sip_uri *uri,
                       struct route_plan *plan)
{
    struct route_target *target = &plan->targets[0];
    *plan = (struct route_plan){ .n = 1, .why = "the GRUU of a phone" };
    snprintf(target->kind, sizeof target->kind, "phone");
    return registrar_is_phone(face->registrar, uri) &&
           slice_copy(uri->text, target->number, sizeof target->number);
}

/* A domain is somebody's, a GRUU one phone, and an account's calls may be handled by a program;
 * NULL: routes decide. */
static const struct route_plan *choose_plan(const struct sip_face *face,
                                            const struct sip_msg *invite,
                                            const struct route_plan *of_domain,
                                            struct route_plan *of_account)
{
    struct route_plan phone;
    if (of_domain)
        return of_domain;
    if (plan_phone(face, sip_msg_uri(invite), &phone))
        *of_account = phone;
    return of_account->n ? of_account : NULL;
}

/* Whether the caller wants to be nobody; a trunk of the operator's own network is believed who it
 * is (RFC 3325 §9.1). */
static bool read_identity(const struct sip_face *face, const struct sip_msg *invite,
                          const char *trunk, struct slice *from)
{
    const struct config_trunk *config = config_trunk_find(face->env->config, slice_of(trunk));
    struct sip_identity identity;
    struct sip_uri uri;
    sip_identity_read(invite, &identity);
    if (config && config->identity == CONFIG_IDENTITY_ASSERTED &&
        !sip_uri_parse(identity.uri, &uri) && uri.user.len)
        *from = uri.user;
    return identity.is_private || sip_identity_is_anonymous(invite);
}

/* What was agreed on with a trunk, a user, whoever calls that domain (NULL: none). */
static void set_policy(const struct sip_face *face, struct leg *leg, const char *trunk,
                       const char *user, const struct sip_face_domain *domain)
{
    struct leg_policy own = leg_policy_of_user(face->env, user);
    struct leg_sip_policy policy = { .codecs = own.list, .prefer = own.prefer };
    if (trunk)
        trunks_policy(face->trunks, trunk, &policy);
    if (domain && domain->srtp != LEG_SIP_SRTP_OFF)
        policy.srtp = domain->srtp;
    leg_sip_set_policy(leg, &policy);
}

/* The caller is known: a call begins, or one is taken over. */
static void admit(struct sip_face *face, struct sip_session *session, const char *trunk,
                  struct slice sip_user)
{
    const struct sip_msg *invite = sip_session_invite_msg(session);
    struct leg *leg = leg_sip_create_incoming(face->env, session, invite);
    struct fault fault = { 0 };
    log_info(NULL, "[INFO] Received INVITE");
    sip_session_take(session, &leg_sip_events, leg);
    sip_session_set_peer(session, sip_user);
    const char *user = sip_user.len ? registrar_user_of(face->registrar, sip_user) : "";
    struct sip_face_domain domain;
    bool is_domain = find_domain(face, session, &domain);
    set_policy(face, leg, trunk, user, is_domain ? &domain : NULL);
    if (leg_sip_read_offer(leg, &fault)) {
        log_info(NULL, "INVITE refused status=488 reason=\"%s\"", fault.text);
        leg_sip_drop(leg, 488, NULL);
        return;
    }
    char from_mem[FACE_TEXT_MAX], name_mem[FACE_TEXT_MAX], to_mem[FACE_TEXT_MAX];
    snprintf(leg->via, sizeof leg->via, "%s", trunk ? trunk : user);
    /* From is bound to who was proved: a phone cannot call in another's name */
    bool bound = user[0] && !registrar_is_pbx(face->registrar, sip_user);
    if (bound)
        snprintf(leg->party, sizeof leg->party, "%s", user);
    if (sip_msg_count(invite, SIP_H_REPLACES)) {
        leg_sip_take_over(leg, user, trunk ? trunk : "");
        return;
    }
    log_info(NULL, "[INFO] Incoming INVITE");
    json_t *headers = x_headers(invite);
    char diverted_mem[FACE_DIVERTED_MAX], history_mem[FACE_DIVERTED_MAX];
    bool is_told = trunk || (user[0] && !bound); /* a phone has nobody's calls but its own */
    struct slice from = sip_msg_from(invite)->uri.user;
    bool is_private = read_identity(face, invite, trunk, &from);
    struct sip_face_account account = { 0 };
    struct slice to = unescaped(sip_msg_uri(invite)->user, to_mem, sizeof to_mem);
    if (sip_user.len && face->find_account)
        face->find_account(face->accounts, sip_user, to, &account);
    struct call_request request = {
        .face = SLICE("sip"),
        .from = bound ? slice_of(user) : unescaped(from, from_mem, sizeof from_mem),
        .from_name = shown_name(invite, name_mem, sizeof name_mem),
        .from_user = slice_of(user),
        .trunk = slice_of(trunk),
        .to = to,
        .correlation = sip_msg_call_id(invite),
        .may_use_trunks = user[0] && !account.no_trunks,
        .headers = headers,
        .plan = choose_plan(face, invite, is_domain ? &domain.plan : NULL, &account.plan),
        .referred_by = sip_msg_value(invite, SIP_H_REFERRED_BY),
        .diverted = is_told ? joined(invite, SIP_H_DIVERSION, diverted_mem, sizeof diverted_mem)
                            : SLICE_NONE,
        .history = is_told ? joined(invite, SIP_H_HISTORY_INFO, history_mem, sizeof history_mem)
                           : SLICE_NONE,
        .hops = sip_msg_count(invite, SIP_H_MAX_FORWARDS) ? sip_msg_max_forwards(invite) : 0,
        .is_private = is_private,
    };
    call_create(face->env->calls, &request, leg);
    if (leg->call) /* legs outlive this turn */
        trace_bind(face->env->trace, request.correlation, call_id(leg->call));
    json_decref(headers);
}

static void on_cancelled(void *owner, struct sip_session *session,
                         const struct sip_outcome *outcome)
{
    (void)outcome;
    forget(owner);
    sip_session_destroy(session);
}

static const struct sip_session_events waiting_events = { .on_cancelled = on_cancelled };

static void on_checked(void *owner, const struct sip_auth_result *result)
{
    struct waiting *waiting = owner;
    struct sip_face *face = waiting->face;
    struct sip_session *session = waiting->session;
    char from[ADDR_TEXT];
    struct addr remote = sip_session_remote(session);
    list_remove(&waiting->link);
    mem_free(waiting);
    if (result->verdict == SIP_AUTH_PROVED) {
        admit(face, session, NULL, result->user);
        return;
    }
    if (result->wrong)
        log_warn(NULL, "INVITE refused: authentication failed user=%.*s from=%s",
                 SLICE_ARG(result->user), addr_print(&remote, from));
    else
        log_debug(NULL, "INVITE challenged from=%s", addr_print(&remote, from));
    struct sip_reply reply = { .status = result->status,
                               .fields = result->fields,
                               .n_fields = result->n_fields };
    (void)!sip_session_reject(session, &reply);
    sip_session_destroy(session);
}

static void on_invite(void *owner, struct sip_session *session, const struct sip_msg *invite)
{
    struct sip_face *face = owner;
    const struct sip_flow *flow = sip_session_flow(session);
    const char *trunk = trunks_match_call(face->trunks, flow, sip_msg_uri(invite));
    struct sip_face_domain domain;
    bool is_domain = find_domain(face, session, &domain);
    if (is_domain && !domain.is_open) {
        log_info(NULL, "INVITE refused: the domain is not open to its address");
        (void)!sip_session_reject(session, &(struct sip_reply){ .status = 403 });
        sip_session_destroy(session);
        return;
    }
    if (trunk || is_domain) {
        admit(face, session, trunk, SLICE_NONE);
        return;
    }
    struct waiting *waiting = mem_new(struct waiting);
    waiting->face = face;
    waiting->session = session;
    list_append(&face->waiting, &waiting->link);
    sip_session_take(session, &waiting_events, waiting);
    sip_auth_check(registrar_invite_auth(face->registrar), sip_session_invite_msg(session), flow,
                   on_checked, waiting);
}

static void on_wire(void *owner, const struct sip_wire_event *event)
{
    const struct sip_face *face = owner;
    /* trunks are there once the listeners are up */
    const char *trunk = face->trunks ? trunks_match(face->trunks, event->flow) : NULL;
    trace_sip(face->env->trace, event, trunk);
    if (!log_is_on(LOG_DEBUG))
        return;
    char remote[ADDR_TEXT];
    struct slice rest = event->bytes;
    struct slice line = slice_line(&rest);
    log_debug(NULL, "sip %s %s %s/%s \"%.*s\"%s", event->way == SIP_WIRE_IN ? "in" : "out",
              event->way == SIP_WIRE_IN ? "from" : "to", sip_kind_name(event->flow->kind),
              addr_print(&event->flow->remote, remote), SLICE_ARG(line),
              event->is_retransmission ? " again" : "");
}

static void on_flow_closed(void *owner, const struct sip_flow *flow)
{
    struct sip_face *face = owner;
    registrar_flow_closed(face->registrar, flow);
}

static bool is_known(void *owner, const struct sip_flow *flow)
{
    const struct sip_face *face = owner;
    return (face->trunks && trunks_match(face->trunks, flow)) ||
           (face->registrar && registrar_has_phone_at(face->registrar, &flow->remote));
}

static bool find_flow(void *owner, struct slice peer, struct slice contact, struct sip_flow *out)
{
    const struct sip_face *face = owner;
    return registrar_find_flow(face->registrar, peer, contact, out);
}

const struct sip_agent_events sip_face_events = { .on_invite = on_invite,
                                                  .on_wire = on_wire,
                                                  .on_flow_closed = on_flow_closed,
                                                  .is_known = is_known,
                                                  .find_flow = find_flow };
