#include "legs/trace.h"

#include <stdio.h>

#include "base/loop.h"
#include "base/mem.h"
#include "base/num.h"
#include "legs/trace_mask.h"
#include "sip/sip_agent.h"
#include "sip/sip_msg.h"

enum { NAME_MAX_LEN = 64, ID_MAX = 128, METHOD_MAX = 32 };

struct message {
    int64_t at_ms; /* wall clock */
    bool is_in, is_again;
    const char *transport;
    struct addr local, remote;
    char trunk[NAME_MAX_LEN], id[ID_MAX], method[METHOD_MAX];
    char *text; /* masked, printable in JSON */
    size_t len;
};

struct bind {
    char id[ID_MAX], call[NAME_MAX_LEN];
};

struct trace {
    struct loop *loop;
    struct message ring[TRACE_MESSAGES_MAX]; /* number n stands at n % TRACE_MESSAGES_MAX */
    uint64_t first, next;                    /* numbers of the oldest one and of the one to come */
    size_t bytes;
    struct bind binds[TRACE_BINDS_MAX];
    size_t n_binds; /* ever made */
};

struct trace *trace_create(struct loop *loop)
{
    struct trace *trace = mem_new(struct trace);
    trace->loop = loop;
    trace->first = trace->next = 1;
    return trace;
}

static struct message *at(const struct trace *trace, uint64_t number)
{
    return (struct message *)(uintptr_t)&trace->ring[number % TRACE_MESSAGES_MAX];
}

static void drop_first(struct trace *trace)
{
    struct message *message = at(trace, trace->first++);
    trace->bytes -= message->len;
    mem_free(message->text);
    message->text = NULL;
}

void trace_destroy(struct trace *trace)
{
    if (!trace)
        return;
    while (trace->first < trace->next)
        drop_first(trace);
    mem_free(trace);
}

/* JSON is UTF-8 without zeros: what cannot be shown becomes '?'. */
static void clean(char *text, size_t len)
{
    json_t *fits = json_stringn(text, len);
    json_decref(fits);
    for (size_t i = 0; i < len; i++)
        if (!text[i] || (!fits && (unsigned char)text[i] >= 0x80))
            text[i] = '?';
}

static void copy(struct slice from, char *to, size_t cap)
{
    (void)slice_copy(slice_sub(from, 0, cap - 1), to, cap);
    clean(to, strlen(to));
}

/* A place for one message of that size, its text copied. */
static struct message *add(struct trace *trace, struct slice text)
{
    while (trace->first < trace->next && (trace->next - trace->first == TRACE_MESSAGES_MAX ||
                                          trace->bytes + text.len > TRACE_BYTES_MAX))
        drop_first(trace);
    struct message *message = at(trace, trace->next++);
    *message = (struct message){ .at_ms = loop_wall_ms(trace->loop),
                                 .text = mem_copy_text(text.ptr, text.len),
                                 .len = text.len };
    trace->bytes += text.len;
    clean(message->text, message->len);
    return message;
}

void trace_sip(struct trace *trace, const struct sip_wire_event *event, const char *trunk)
{
    if (!trace)
        return;
    struct message *message = add(trace, event->bytes);
    trace_mask_sip(message->text, message->len);
    message->is_in = event->way == SIP_WIRE_IN;
    message->is_again = event->is_retransmission;
    message->transport = sip_kind_name(event->flow->kind);
    message->local = event->flow->local;
    message->remote = event->flow->remote;
    copy(slice_of(trunk), message->trunk, sizeof message->trunk);
    if (!event->msg)
        return;
    copy(sip_msg_call_id(event->msg), message->id, sizeof message->id);
    copy(sip_msg_cseq(event->msg)->method_text, message->method, sizeof message->method);
}

void trace_bridge(struct trace *trace, const struct trace_bridge *given)
{
    if (!trace)
        return;
    struct message *message = add(trace, given->text);
    trace_mask_json(message->text, message->len);
    message->is_in = given->is_in;
    message->transport = sip_kind_name(given->is_tls ? SIP_WSS : SIP_WS);
    message->local = *given->local;
    message->remote = *given->remote;
    copy(slice_of(given->session), message->id, sizeof message->id);
    copy(given->type, message->method, sizeof message->method);
}

void trace_bind(struct trace *trace, struct slice id, const char *call)
{
    if (!trace)
        return;
    struct bind *bind = &trace->binds[trace->n_binds++ % TRACE_BINDS_MAX];
    copy(id, bind->id, sizeof bind->id);
    copy(slice_of(call), bind->call, sizeof bind->call);
}

static size_t n_binds(const struct trace *trace)
{
    return trace->n_binds < TRACE_BINDS_MAX ? trace->n_binds : TRACE_BINDS_MAX;
}

/* The newest call that a Call-ID or session belongs to; "" for none. */
static const char *call_of(const struct trace *trace, const char *id)
{
    for (size_t i = 0; i < n_binds(trace) && id[0]; i++) {
        const struct bind *bind = &trace->binds[(trace->n_binds - 1 - i) % TRACE_BINDS_MAX];
        if (strcmp(bind->id, id) == 0)
            return bind->call;
    }
    return "";
}

static bool is_of_call(const struct trace *trace, const char *id, struct slice call)
{
    if (slice_is(call, id))
        return true;
    for (size_t i = 0; i < n_binds(trace); i++)
        if (slice_is(call, trace->binds[i].call) && strcmp(trace->binds[i].id, id) == 0)
            return true;
    return false;
}

static bool has_name(const struct message *message, const struct slice *names)
{
    struct slice text = slice_make(message->text, message->len);
    if (slice_empty(names[0]) && slice_empty(names[1]))
        return true;
    for (size_t i = 0; i < 2; i++)
        if (!slice_empty(names[i]) && slice_find(text, names[i]) < text.len)
            return true;
    return false;
}

static bool is_wanted(const struct trace *trace, const struct message *message,
                      const struct trace_query *query)
{
    return (slice_empty(query->trunk) || slice_is(query->trunk, message->trunk)) &&
           (slice_empty(query->method) || slice_iis(query->method, message->method)) &&
           (slice_empty(query->call) || is_of_call(trace, message->id, query->call)) &&
           has_name(message, query->names);
}

static json_t *to_json(const struct trace *trace, const struct message *message, uint64_t number)
{
    char local[ADDR_TEXT];
    char remote[ADDR_TEXT];
    return json_pack("{s:I, s:I, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:b, s:s%}", "seq",
                     (json_int_t)number, "t", (json_int_t)message->at_ms, "direction",
                     message->is_in ? "in" : "out", "transport", message->transport, "local",
                     addr_print(&message->local, local), "remote",
                     addr_print(&message->remote, remote), "trunk", message->trunk, "call",
                     call_of(trace, message->id), "call_id", message->id, "method", message->method,
                     "again", message->is_again, "text", message->text, message->len);
}

json_t *trace_read(const struct trace *trace, const struct trace_query *query)
{
    json_t *rows = json_array();
    uint64_t number = query->after + 1 > trace->first ? query->after + 1 : trace->first;
    for (; number < trace->next && json_array_size(rows) < query->max; number++)
        if (is_wanted(trace, at(trace, number), query))
            json_array_append_new(rows, to_json(trace, at(trace, number), number));
    if (query->max == 0 || number > trace->next) /* nothing was asked for but the place to begin */
        number = trace->next;
    return json_pack("{s:I, s:o}", "next", (json_int_t)(number - 1), "messages", rows);
}
