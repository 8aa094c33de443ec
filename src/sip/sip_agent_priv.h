#pragma once
/* The agent's inside, for the files that make up the stack above transactions. */

#include "base/buf.h"
#include "base/list.h"
#include "base/map.h"
#include "base/timer.h"
#include "sip_agent.h"
#include "sip_loop.h"
#include "sip_msg.h"

struct sip_agent_handler {
    char *method;
    sip_handler_fn fn;
    void *owner;
};

enum { SIP_AGENT_HANDLERS_MAX = 16 };

/** Option tags of the extensions that sessions speak. */
#define SIP_SUPPORTED "100rel, timer, replaces, norefersub"

struct sip_agent {
    struct loop *loop;
    struct sip_agent_stats stats;
    struct sip_transport *transport;
    struct sip_txns *txns;
    struct sip_rate *rate; /* NULL: no limit */
    const struct sip_agent_events *events;
    void *owner;
    char *user_agent, *allow; /* terminated; user_agent "" for none */
    char *scratch;            /* SIP_MAX_MESSAGE bytes to build requests in */
    struct map *by_tag;       /* sessions by our tag */
    struct list sessions;     /* struct sip_session by link */
    struct list registers;    /* struct sip_register by link */
    struct sip_agent_handler handlers[SIP_AGENT_HANDLERS_MAX];
    size_t n_handlers;
    uint8_t loop_key[SIP_LOOP_KEY];
    size_t max_sessions;
    uint32_t session_expires_s, min_se_s; /* session_expires_s 0: ask for none */
    sip_done_fn done;                     /* shutdown */
    void *done_owner;
    int64_t done_by_ms;
    struct timer done_timer;
};

/** sip_register.c: a connection ended; what was registered by it registers anew (RFC 5626 §4.4). */
void sip_registers_flow_closed(struct sip_agent *agent, const struct sip_flow *flow);
/** "<sip:user@host:port;transport=tcp>": who we are toward the far end of `flow`. */
void sip_agent_print_contact(const struct sip_agent *agent, const struct sip_flow *flow,
                             struct slice user, struct buf *out);
/** The same with "sips:": RFC 3261 §8.1.1.8 and §12.1.1 want it when the Request-URI has it. */
void sip_agent_print_secure_contact(const struct sip_agent *agent, const struct sip_flow *flow,
                                    struct slice user, struct buf *out);
