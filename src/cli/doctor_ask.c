/* The doctor's steps that ask the far end: OPTIONS, the account, codecs. */
#include <inttypes.h>
#include <stdio.h>

#include "base/buf.h"
#include "base/loop.h"
#include "base/num.h"
#include "cli/doctor_priv.h"
#include "legs/trunk_number.h"
#include "sip/sip_agent.h"
#include "sip/sip_msg.h"
#include "sip/sip_session.h"
#include "sip/sip_uri.h"

enum { URI_MAX = 600, DISCARD_PORT = 9 };

static void put_uri(const struct doctor *doctor, struct buf *out, const char *user,
                    const char *host)
{
    buf_text(out, trunk_number_scheme(doctor->config.trunk));
    if (user[0]) {
        sip_escape_user(slice_of(user), out);
        buf_char(out, '@');
    }
    sip_host_print(slice_of(host), out);
}

static struct sip_account account_of(const struct doctor *doctor)
{
    return (struct sip_account){ .user = slice_of(doctor->config.trunk->auth_username),
                                 .password = &doctor->config.trunk->password };
}

static const char *user_of(const struct doctor *doctor)
{
    const char *user = doctor->config.trunk->username;
    return user[0] ? user : "tandem";
}

/* Send; nobody answering is a time-out of our own, for a person waits. */
static void ask(struct doctor *doctor, struct sip_request_config *request, sip_outcome_fn fn,
                timer_fn on_late)
{
    request->hop = *doctor_hop(doctor);
    enum err err = sip_request_create(&doctor->request, doctor->config.agent, request, fn, doctor);
    if (err) {
        doctor->request = NULL;
        doctor_fail(doctor, "the SIP listeners of tandem must have this transport: listen.sip",
                    "%.*s over %s could not be sent: %s", SLICE_ARG(request->method),
                    sip_kind_name(doctor_kind(doctor)), err_name(err));
        return;
    }
    loop_timer_start(doctor->config.loop, &doctor->timer, DOCTOR_ANSWER_MS, on_late, doctor);
}

static void on_late(void *owner)
{
    struct doctor *doctor = owner;
    char addr[ADDR_TEXT];
    sip_request_destroy(doctor->request);
    doctor->request = NULL;
    doctor_fail(doctor, doctor_advice(ERR_TIMEOUT), "%s: no answer from %s over %s in %d s",
                doctor->config.trunk->host, addr_print(&doctor_hop(doctor)->addr, addr),
                sip_kind_name(doctor_kind(doctor)), DOCTOR_ANSWER_MS / 1000);
}

static void put_list(const struct sip_msg *msg, enum sip_header_id id, struct buf *out)
{
    for (size_t i = 0; i < sip_msg_count(msg, id); i++)
        buf_printf(out, "%s%.*s", i ? ", " : "", SLICE_ARG(sip_msg_header_nth(msg, id, i)->value));
}

/* The encodings of an answer's SDP, comfort noise and keys left out. */
static void read_codecs(struct doctor *doctor, struct slice sdp)
{
    struct buf out = BUF_ON(doctor->codecs);
    while (!slice_empty(sdp)) {
        struct slice line = slice_line(&sdp);
        if (!slice_starts(line, SLICE("a=rtpmap:")))
            continue;
        slice_cut(&line, ' ');
        struct slice name = slice_cut(&line, '/');
        if (!slice_iis(name, "telephone-event") && !slice_iis(name, "CN"))
            buf_printf(&out, "%s%.*s", out.len ? ", " : "", SLICE_ARG(name));
    }
    buf_cstr(&out);
}

static void on_options(void *owner, const struct sip_outcome *outcome)
{
    struct doctor *doctor = owner;
    char allow_mem[300];
    struct buf allow = BUF_ON(allow_mem);
    doctor->request = NULL;
    loop_timer_stop(doctor->config.loop, &doctor->timer);
    if (outcome->err) {
        doctor_fail(doctor, doctor_advice(outcome->err), "%s: %s", doctor->config.trunk->host,
                    outcome->text);
        return;
    }
    struct slice server = sip_msg_value(outcome->msg, SIP_H_SERVER);
    if (slice_empty(server))
        server = sip_msg_value(outcome->msg, SIP_H_USER_AGENT);
    if (slice_empty(server))
        server = SLICE("not told");
    put_list(outcome->msg, SIP_H_ALLOW, &allow);
    read_codecs(doctor, sip_msg_body(outcome->msg));
    doctor_pass(doctor, NULL, "%d %.*s in %" PRId64 " ms; Server: %.*s; Allow: %s", outcome->status,
                SLICE_ARG(sip_msg_reason(outcome->msg)), outcome->rtt_ms, SLICE_ARG(server),
                allow.len ? buf_cstr(&allow) : "not told");
}

void doctor_options(struct doctor *doctor)
{
    char uri_mem[URI_MAX];
    char from_mem[URI_MAX];
    struct buf uri = BUF_ON(uri_mem);
    struct buf from = BUF_ON(from_mem);
    static const struct sip_field accept[] = { { SLICE("Accept"), SLICE("application/sdp") } };
    put_uri(doctor, &uri, "", doctor->config.trunk->host);
    put_uri(doctor, &from, user_of(doctor), doctor->config.trunk->domain);
    struct sip_request_config request = { .method = SLICE("OPTIONS"),
                                          .request_uri = buf_slice(&uri),
                                          .from_uri = buf_slice(&from),
                                          .contact_user = slice_of(user_of(doctor)),
                                          .fields = accept,
                                          .n_fields = COUNT_OF(accept) };
    ask(doctor, &request, on_options, on_late);
}

static void put_ours(const struct config_list *codecs, struct buf *out)
{
    for (size_t i = 0; i < codecs->n; i++)
        buf_printf(out, "%s%s", i ? ", " : "", codecs->items[i]);
}

static bool is_common(const struct config_list *ours, struct slice theirs)
{
    while (!slice_empty(theirs)) {
        struct slice name = slice_trim(slice_cut(&theirs, ','));
        for (size_t i = 0; i < ours->n; i++)
            if (slice_iis(name, ours->items[i]))
                return true;
    }
    return false;
}

void doctor_codecs(struct doctor *doctor)
{
    const struct config_trunk *trunk = doctor->config.trunk;
    const struct config_list *ours =
        trunk->codecs.n ? &trunk->codecs : &doctor->config.config->codecs;
    char mem[DOCTOR_CODECS_MAX];
    struct buf list = BUF_ON(mem);
    put_ours(ours, &list);
    const char *text = buf_cstr(&list);
    if (!doctor->codecs[0])
        doctor_skip(doctor, NULL, "the far end does not say; ours: %s", text);
    else if (is_common(ours, slice_of(doctor->codecs)))
        doctor_pass(doctor, NULL, "theirs: %s; ours: %s", doctor->codecs, text);
    else
        doctor_fail(doctor,
                    "give the trunk one of theirs (codecs: in tandem.yaml, SIP_CODECS), or allow "
                    "PCMU and PCMA there",
                    "no common codec; theirs: %s; ours: %s", doctor->codecs, text);
}

/* ---- the account ---- */

#define ACCOUNT "user %s, domain %s"

static void try_invite(struct doctor *doctor);

static void refused(struct doctor *doctor, int status, const char *text)
{
    doctor_fail(doctor,
                "compare user name and password (SIP_USERNAME, SIP_PASSWORD; SIP_AUTH_USERNAME if "
                "the authentication id is another) and the domain (SIP_DOMAIN) with the account at "
                "the provider",
                "authentication failed with %d: %s; " ACCOUNT, status, text,
                doctor->config.trunk->auth_username, doctor->config.trunk->domain);
}

static void on_register(void *owner, const struct sip_outcome *outcome)
{
    struct doctor *doctor = owner;
    const struct config_trunk *trunk = doctor->config.trunk;
    /* the second CSeq carried the password */
    bool proved = !outcome->err && sip_request_cseq(doctor->request) > 1;
    doctor->request = NULL;
    loop_timer_stop(doctor->config.loop, &doctor->timer);
    if (outcome->err)
        doctor_fail(doctor, doctor_advice(outcome->err), "%s: %s", trunk->host, outcome->text);
    else if (outcome->status < 300 && proved)
        doctor_pass(doctor, NULL, "REGISTER accepted; " ACCOUNT, trunk->auth_username,
                    trunk->domain);
    else if (outcome->status < 300)
        doctor_pass(doctor, NULL, "REGISTER accepted without asking for a password; " ACCOUNT,
                    trunk->auth_username, trunk->domain);
    else if (outcome->status == 401 || outcome->status == 407 || (outcome->status == 403 && proved))
        refused(doctor, outcome->status,
                outcome->status == 403 ? "the account or its password was refused (the nonce was "
                                         "fresh)"
                                       : outcome->text);
    else if (doctor->dry_invite)
        try_invite(doctor);
    else
        doctor_skip(doctor,
                    "--dry-invite NUMBER tries the account with a call that is cancelled "
                    "as soon as it is accepted",
                    "REGISTER is not taken here (%d %s), so the first call shows whether the "
                    "account is right",
                    outcome->status, outcome->text);
}

void doctor_credentials(struct doctor *doctor)
{
    const struct config_trunk *trunk = doctor->config.trunk;
    char uri_mem[URI_MAX];
    char aor_mem[URI_MAX];
    struct buf uri = BUF_ON(uri_mem);
    struct buf aor = BUF_ON(aor_mem);
    if (!trunk->username[0] || secret_empty(&trunk->password)) {
        doctor_skip(doctor, NULL,
                    "no user name and password are configured: this trunk is known "
                    "by its address");
        return;
    }
    put_uri(doctor, &uri, "", trunk->domain);
    put_uri(doctor, &aor, trunk->username, trunk->domain);
    struct sip_request_config request = { .method = SLICE("REGISTER"),
                                          .request_uri = buf_slice(&uri),
                                          .from_uri = buf_slice(&aor),
                                          .to_uri = buf_slice(&aor),
                                          .auth = account_of(doctor) };
    ask(doctor, &request, on_register, on_late);
}

/* ---- an INVITE that is not meant ---- */

static void end_session(struct doctor *doctor)
{
    loop_timer_stop(doctor->config.loop, &doctor->timer);
    sip_session_destroy(doctor->session); /* CANCEL or BYE by itself */
    doctor->session = NULL;
}

static void accepted(struct doctor *doctor, int status)
{
    end_session(doctor);
    doctor_pass(doctor, NULL, "INVITE to %s got %d and was ended at once; " ACCOUNT,
                doctor->dry_invite, status, doctor->config.trunk->auth_username,
                doctor->config.trunk->domain);
}

static void on_progress(void *owner, struct sip_session *session, const struct sip_msg *response,
                        unsigned fork)
{
    (void)session;
    (void)fork;
    accepted(owner, (int)sip_msg_status(response));
}

static void on_answer(void *owner, struct sip_session *session, const struct sip_msg *response)
{
    (void)session;
    accepted(owner, (int)sip_msg_status(response));
}

static void on_failed(void *owner, struct sip_session *session, const struct sip_outcome *outcome)
{
    struct doctor *doctor = owner;
    (void)session;
    end_session(doctor);
    if (outcome->err)
        doctor_fail(doctor, doctor_advice(outcome->err), "%s: %s", doctor->config.trunk->host,
                    outcome->text);
    else if (outcome->status == 401 || outcome->status == 403 || outcome->status == 407)
        refused(doctor, outcome->status, outcome->text);
    else
        doctor_pass(doctor, NULL,
                    "INVITE to %s got %d %s, which is not about the account; " ACCOUNT,
                    doctor->dry_invite, outcome->status, outcome->text,
                    doctor->config.trunk->auth_username, doctor->config.trunk->domain);
}

static void on_no_ring(void *owner)
{
    struct doctor *doctor = owner;
    end_session(doctor);
    doctor_skip(doctor, NULL,
                "INVITE to %s: nothing came in %d s that says yes or no; it was "
                "cancelled",
                doctor->dry_invite, DOCTOR_RING_MS / 1000);
}

static const struct sip_session_events dry_events = { .on_progress = on_progress,
                                                      .on_answer = on_answer,
                                                      .on_failed = on_failed };

static void try_invite(struct doctor *doctor)
{
    const struct config_trunk *trunk = doctor->config.trunk;
    const struct sip_hop *hop = doctor_hop(doctor);
    char uri_mem[URI_MAX], from_mem[URI_MAX], sdp_mem[URI_MAX], ip[ADDR_TEXT];
    struct buf uri = BUF_ON(uri_mem), from = BUF_ON(from_mem), sdp = BUF_ON(sdp_mem);
    struct addr shown = addr_loopback4(0);
    (void)!sip_agent_address(doctor->config.agent, hop->kind, &hop->addr, &shown);
    addr_print_ip(&shown, ip);
    const char *family = addr_is_v6(&shown) ? "IP6" : "IP4";
    put_uri(doctor, &uri, doctor->dry_invite, trunk->domain);
    put_uri(doctor, &from, trunk->username, trunk->domain);
    buf_printf(&sdp,
               "v=0\r\no=- 1 1 IN %s %s\r\ns=-\r\nc=IN %s %s\r\nt=0 0\r\nm=audio %d RTP/AVP 0 8\r\n"
               "a=rtpmap:0 PCMU/8000\r\na=rtpmap:8 PCMA/8000\r\n",
               family, ip, family, ip, DISCARD_PORT);
    struct sip_session_config invite = { .request_uri = buf_slice(&uri),
                                         .hop = *hop,
                                         .from_uri = buf_slice(&from),
                                         .body = { SLICE("application/sdp"), buf_slice(&sdp) },
                                         .auth = account_of(doctor) };
    if (sip_session_invite(&doctor->session, doctor->config.agent, &invite, &dry_events, doctor)) {
        doctor->session = NULL;
        doctor_fail(doctor, NULL, "the INVITE to %s could not be built", doctor->dry_invite);
        return;
    }
    loop_timer_start(doctor->config.loop, &doctor->timer, DOCTOR_RING_MS, on_no_ring, doctor);
}
