#pragma once
/* The trace: the newest SIP and bridge messages as they passed the wire, for `tandem trace`. Their
 * secrets are masked before they are kept (trace_mask.h). A ring, bounded in number and bytes; its
 * readers come with the number of the last message that they have seen. Control thread. */

#include <jansson.h>
#include <stdint.h>

#include "base/slice.h"
#include "net/addr.h"

struct loop;
struct sip_wire_event;
struct trace;

enum {
    TRACE_MESSAGES_MAX = 4000,
    TRACE_BYTES_MAX = 8 << 20,
    TRACE_BINDS_MAX = 1000, /* the newest joints of a Call-ID or session with a call */
    TRACE_READ_MAX = 200,   /* messages of one answer */
};

struct trace *trace_create(struct loop *loop);
void trace_destroy(struct trace *trace); /* NULL is fine */

/** Both may be called with a NULL trace, and then do nothing. `trunk`: NULL or "" for none. */
void trace_sip(struct trace *trace, const struct sip_wire_event *event, const char *trunk);
struct trace_bridge {
    bool is_in, is_tls;
    const char *session; /* its id */
    const struct addr *local, *remote;
    struct slice type; /* the message's */
    struct slice text;
};
void trace_bridge(struct trace *trace, const struct trace_bridge *message);
/** This SIP Call-ID, or bridge session, belongs to that call. May be NULL as above. */
void trace_bind(struct trace *trace, struct slice id, const char *call);

/** What is to be read; empty: any. */
struct trace_query {
    uint64_t after;        /* number of the last one seen */
    struct slice call;     /* a call's id, a SIP Call-ID or a bridge session's id */
    struct slice trunk;    /* name */
    struct slice names[2]; /* only messages in which one of them stands, such as a SIP user name */
    struct slice method;   /* "INVITE" with its answers, or a bridge message's type; any case */
    size_t max;            /* at most TRACE_READ_MAX */
};
/** {"next": number for `after` next time, "messages": [{seq, t (ms since 1970), direction "in" or
 * "out", transport, local, remote, trunk, call, call_id, method, again, text}]}; the caller owns
 * it. */
json_t *trace_read(const struct trace *trace, const struct trace_query *query);
