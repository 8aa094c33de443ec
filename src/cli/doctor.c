#include "cli/doctor_priv.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/loop.h"
#include "base/mem.h"
#include "base/num.h"
#include "net/dns.h"
#include "net/tls.h"
#include "sip/sip_session.h"

static const struct doctor_step sip_steps[] = {
    { "resolve", doctor_resolve },         { "connect", doctor_connect },
    { "options", doctor_options },         { "codecs", doctor_codecs },
    { "credentials", doctor_credentials }, { "transports", doctor_transports },
    { "firewall", doctor_firewall },
};
enum { SIP_ALWAYS = 2, KANDY_ALWAYS = 1 }; /* last ones, which help most when something failed */

static void run(void *owner)
{
    struct doctor *doctor = owner;
    if (doctor->at < doctor->n_table) {
        doctor->table[doctor->at].run(doctor);
        return;
    }
    json_t *report = json_pack("{s:b, s:s, s:O}", "ok", !doctor->failed, "trunk",
                               doctor->config.trunk->name, "steps", doctor->steps);
    if (doctor->support[0])
        json_object_set_new(report, "support", json_string(doctor->support));
    doctor->fn(doctor->owner, report);
    json_decref(report);
    doctor_destroy(doctor);
}

void doctor_go(struct doctor *doctor, size_t to)
{
    doctor->at = to;
    loop_timer_start(doctor->config.loop, &doctor->timer, 0, run, doctor);
}

static json_t *add(struct doctor *doctor, bool ok, const char *advice, const char *fmt,
                   va_list args) __attribute__((format(printf, 4, 0)));
static json_t *add(struct doctor *doctor, bool ok, const char *advice, const char *fmt,
                   va_list args)
{
    char text[DOCTOR_TEXT_MAX];
    vsnprintf(text, sizeof text, fmt, args);
    json_t *detail = json_string(text);
    json_t *step = json_pack("{s:s, s:b, s:o}", "step", doctor->table[doctor->at].name, "ok", ok,
                             "detail", detail ? detail : json_string("?"));
    if (advice)
        json_object_set_new(step, "advice", json_string(advice));
    json_array_append_new(doctor->steps, step);
    return step;
}

void doctor_note(struct doctor *doctor, bool ok, const char *advice, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    add(doctor, ok, advice, fmt, args);
    va_end(args);
    doctor->failed |= !ok;
}

void doctor_pass(struct doctor *doctor, const char *advice, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    add(doctor, true, advice, fmt, args);
    va_end(args);
    doctor_go(doctor, doctor->at + 1);
}

void doctor_skip(struct doctor *doctor, const char *advice, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    json_object_set_new(add(doctor, true, advice, fmt, args), "skipped", json_true());
    va_end(args);
    doctor_go(doctor, doctor->at + 1);
}

void doctor_fail(struct doctor *doctor, const char *advice, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    add(doctor, false, advice, fmt, args);
    va_end(args);
    doctor->failed = true;
    doctor_go(doctor, doctor->at < doctor->always_from ? doctor->always_from : doctor->at + 1);
}

const char *doctor_advice(enum err err)
{
    static const char *const texts[ERR_COUNT] = {
        [ERR_NOT_FOUND] = "look for typing errors in the host (SIP_TRUNK_HOST), and ask this "
                          "machine's resolver for it: dig NAME",
        [ERR_REFUSED] = "nothing listens there, or a firewall rejects it: compare host, port and "
                        "transport (SIP_TRUNK_HOST, SIP_TRUNK_PORT, SIP_TRANSPORT) with what the "
                        "provider says",
        [ERR_TIMEOUT] = "nothing came back: a firewall here or there drops it (outgoing to that "
                        "port must be allowed), the transport is another one, or the provider "
                        "answers only addresses on its list: give it yours",
        [ERR_AUTH] = "the certificate is not trusted for this host: SIP_TLS_CA_FILE names the CA "
                     "of a private server, and the host must be the name in the certificate",
        [ERR_PARSE] = "that port speaks something else: is it the provider's TLS port?",
    };
    return texts[err] ? texts[err]
                      : "see the cause; then compare host, port and transport with "
                        "what the provider says";
}

enum sip_kind doctor_kind(const struct doctor *doctor)
{
    static const enum sip_kind kinds[] = { SIP_UDP, SIP_TCP, SIP_TLS };
    return kinds[doctor->config.trunk->transport];
}

const struct sip_hop *doctor_hop(const struct doctor *doctor)
{
    return &doctor->hops[doctor->hop];
}

struct doctor *doctor_create(const struct doctor_config *config, doctor_fn fn, void *owner)
{
    struct doctor *doctor = mem_new(struct doctor);
    doctor->config = *config;
    doctor->dry_invite = config->dry_invite ? slice_dup(slice_of(config->dry_invite)) : NULL;
    doctor->fn = fn;
    doctor->owner = owner;
    doctor->steps = json_array();
    doctor->table = sip_steps;
    doctor->n_table = COUNT_OF(sip_steps);
    doctor->always_from = COUNT_OF(sip_steps) - SIP_ALWAYS;
    if (config->trunk->type == CONFIG_TRUNK_KANDY) {
        doctor->table = doctor_kandy_steps;
        doctor->n_table = n_doctor_kandy_steps;
        doctor->always_from = n_doctor_kandy_steps - KANDY_ALWAYS;
    }
    doctor_go(doctor, 0);
    return doctor;
}

void doctor_destroy(struct doctor *doctor)
{
    if (!doctor)
        return;
    loop_timer_stop(doctor->config.loop, &doctor->timer);
    if (doctor->query)
        dns_cancel(doctor->query);
    sip_resolve_destroy(doctor->resolve);
    tcp_destroy(doctor->tcp);
    tls_context_destroy(doctor->tls);
    if (doctor->request)
        sip_request_destroy(doctor->request);
    sip_session_destroy(doctor->session);
    doctor_kandy_destroy(doctor->kandy);
    json_decref(doctor->steps);
    mem_free(doctor->dry_invite);
    mem_free(doctor);
}
