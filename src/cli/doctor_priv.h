#pragma once
/* What doctor.c and its steps share. */

#include "base/buf.h"
#include "base/timer.h"
#include "cli/doctor.h"
#include "config/config.h"
#include "net/tcp.h"
#include "sip/sip_request.h"
#include "sip/sip_resolve.h"

struct dns_query;
struct sip_session;
struct tls_context;

enum {
    DOCTOR_TEXT_MAX = 900,
    DOCTOR_CONNECT_MS = 5000,
    DOCTOR_ANSWER_MS = 6000, /* of one request; UDP repeats it five times until then */
    DOCTOR_RING_MS = 12000,
    DOCTOR_CODECS_MAX = 300,
    DOCTOR_SUPPORT_MAX = 2000,
};

struct doctor_kandy;

struct doctor_step {
    const char *name;
    void (*run)(struct doctor *doctor);
};

struct doctor {
    struct doctor_config config;
    char *dry_invite;
    doctor_fn fn;
    void *owner;
    json_t *steps;
    const struct doctor_step *table; /* of the trunk's kind */
    size_t n_table, at;
    size_t always_from; /* steps from here on run although one failed */
    bool failed;
    struct sip_hop hops[SIP_HOPS_MAX];
    size_t n_hops, hop;                /* the one that is used */
    char records[DOCTOR_TEXT_MAX / 2]; /* what DNS says beside addresses */
    char codecs[DOCTOR_CODECS_MAX];    /* of the SDP that answered OPTIONS: "PCMU, PCMA" */
    size_t way; /* the transport that is being tried beside the trunk's own */
    struct buf ways;
    char ways_text[DOCTOR_CODECS_MAX];
    struct timer timer;
    struct dns_query *query;
    struct sip_resolve *resolve;
    struct tcp *tcp;
    struct tls_context *tls;
    struct sip_request *request;
    struct sip_session *session;
    struct doctor_kandy *kandy;       /* NULL: not begun */
    char support[DOCTOR_SUPPORT_MAX]; /* a letter to the provider; "": none */
};

/* doctor.c: how a step ends; each moves on. */
void doctor_pass(struct doctor *doctor, const char *advice, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
void doctor_skip(struct doctor *doctor, const char *advice, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
/** What comes next makes no sense then, but for the last step. */
void doctor_fail(struct doctor *doctor, const char *advice, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
/** One more line of this step, which goes on. */
void doctor_note(struct doctor *doctor, bool ok, const char *advice, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));
/** To that step of the table, at the end of this turn. */
void doctor_go(struct doctor *doctor, size_t to);
/** What to do about that error of reaching the far end. */
const char *doctor_advice(enum err err);
enum sip_kind doctor_kind(const struct doctor *doctor);
const struct sip_hop *doctor_hop(const struct doctor *doctor);

/* doctor_reach.c */
void doctor_resolve(struct doctor *doctor);
void doctor_connect(struct doctor *doctor);
void doctor_firewall(struct doctor *doctor);
/* doctor_transports.c */
void doctor_transports(struct doctor *doctor);
/* doctor_ask.c */
void doctor_options(struct doctor *doctor);
void doctor_credentials(struct doctor *doctor);
void doctor_codecs(struct doctor *doctor);
/* doctor_kandy.c: the steps of trunks of type kandy */
extern const struct doctor_step doctor_kandy_steps[];
extern const size_t n_doctor_kandy_steps;
void doctor_kandy_destroy(struct doctor_kandy *kandy); /* NULL is fine */
