#include "sip_txns.h"

#include <inttypes.h>

#include "base/hash.h"
#include "base/mem.h"
#include "base/rand.h"
#include "sip_rate.h"
#include "sip_txns_priv.h"

struct sip_txns *sip_txns_create(struct loop *loop, struct sip_transport *transport,
                                 const struct sip_txns_config *config,
                                 struct sip_agent_stats *stats,
                                 const struct sip_txns_events *events, void *owner)
{
    struct sip_txns *txns = mem_new(struct sip_txns);
    txns->loop = loop;
    txns->transport = transport;
    txns->stats = stats;
    txns->events = events;
    txns->owner = owner;
    txns->max_txns = config->max_txns;
    txns->sources = sip_sources_create(config->max_per_source ? config->max_per_source
                                                              : (config->max_txns + 1) / 2);
    txns->rate = config->rate;
    txns->server = slice_dup(config->server);
    rand_bytes(txns->tag_key, sizeof txns->tag_key);
    list_init(&txns->clients);
    list_init(&txns->servers);
    txns->by_key = map_create();
    txns->by_merge = map_create();
    txns->scratch = mem_alloc(SIP_MAX_MESSAGE);
    return txns;
}

void sip_txns_destroy(struct sip_txns *txns)
{
    if (!txns)
        return;
    sip_clients_destroy(txns);
    sip_txns_drop_servers(txns);
    map_destroy(txns->by_key);
    map_destroy(txns->by_merge);
    sip_sources_destroy(txns->sources);
    mem_free(txns->scratch);
    mem_free(txns->server);
    mem_free(txns);
}

size_t sip_txns_count(const struct sip_txns *txns)
{
    return map_count(txns->by_key);
}

bool sip_txns_are_quiet(const struct sip_txns *txns)
{
    return sip_clients_are_quiet(txns) && sip_txns_servers_are_quiet(txns);
}

void sip_txns_close(struct sip_txns *txns)
{
    txns->closed = true;
}

/* A tag that needs no memory: a repeated request gets the same one (RFC 3261 §8.2.7). */
static void stateless_tag(const struct sip_txns *txns, const struct sip_msg *request, char *out)
{
    char hex[HASH_HEX_MAX];
    struct slice parts[] = { slice_make(txns->tag_key, sizeof txns->tag_key),
                             sip_msg_call_id(request), SLICE("/"), sip_msg_via(request)->branch };
    hash_hex(HASH_SHA256, parts, 4, hex);
    memcpy(out, hex, SIP_TAG_LEN);
    out[SIP_TAG_LEN] = '\0';
}

static void answer_stateless(struct sip_txns *txns, const struct sip_msg *request,
                             const struct sip_flow *flow, const struct sip_reply *reply)
{
    char tag[SIP_TAG_LEN + 1];
    stateless_tag(txns, request, tag);
    struct slice bytes = sip_txns_build(txns, request, flow, reply, slice_of(tag));
    struct sip_flow back = sip_transport_back(request, flow);
    if (bytes.len == 0 || sip_transport_send(txns->transport, &back, bytes, false))
        return; /* counted below; the far end asks again */
    txns->stats->responses_out[reply->status / 100]++;
}

static void answer_wait(struct sip_txns *txns, const struct sip_msg *request,
                        const struct sip_flow *flow)
{
    char seconds[16];
    struct buf text = BUF_ON(seconds);
    buf_printf(&text, "%d", SIP_RETRY_AFTER_S);
    struct sip_field retry = { SLICE("Retry-After"), buf_slice(&text) };
    struct sip_reply reply = { .status = 503, .fields = &retry, .n_fields = 1 };
    answer_stateless(txns, request, flow, &reply);
}

/* Its address sends too many: true, and answered or not. */
static bool is_limited(struct sip_txns *txns, const struct sip_msg *request,
                       const struct sip_flow *flow)
{
    enum sip_rate_verdict verdict = txns->rate ? sip_rate_take(txns->rate, flow) : SIP_RATE_PASS;
    if (verdict == SIP_RATE_PASS)
        return false;
    txns->stats->limited++;
    if (verdict == SIP_RATE_WAIT)
        answer_wait(txns, request, flow);
    return true;
}

void sip_txns_broken(struct sip_txns *txns, struct sip_msg *msg, const struct sip_fault *fault,
                     const struct sip_flow *flow)
{
    struct sip_reply reply = { .status = (int)fault->status, .reason = slice_of(fault->reason) };
    if (is_limited(txns, msg, flow))
        return;
    log_debug(NULL, "malformed sip request status=%u reason=\"%s\"", fault->status, fault->reason);
    answer_stateless(txns, msg, flow, &reply);
}

/* RFC 3261 §17.2.3: the branch and who sent it; `method` is INVITE for ACK and CANCEL too. Without
 * the magic cookie the branch alone says nothing. */
static void server_key(struct buf *key, const struct sip_msg *request, struct slice method)
{
    const struct sip_via *via = sip_msg_via(request);
    buf_printf(key, "s%.*s %.*s:%u %.*s", SLICE_ARG(via->branch), SLICE_ARG(via->host), via->port,
               SLICE_ARG(method));
    if (!sip_via_has_cookie(via))
        buf_printf(key, " %.*s %.*s %" PRIu32, SLICE_ARG(sip_msg_call_id(request)),
                   SLICE_ARG(sip_msg_from_tag(request)), sip_msg_cseq(request)->number);
}

static void merge_key(struct buf *key, const struct sip_msg *request)
{
    buf_printf(key, "%.*s %.*s %" PRIu32 " %.*s", SLICE_ARG(sip_msg_call_id(request)),
               SLICE_ARG(sip_msg_from_tag(request)), sip_msg_cseq(request)->number,
               SLICE_ARG(sip_msg_method_text(request)));
}

static struct sip_txn *find_server(struct sip_txns *txns, const struct sip_msg *request,
                                   struct slice method)
{
    char text[SIP_KEY_MAX];
    struct buf key = BUF_ON(text);
    server_key(&key, request, method);
    return key.overflow ? NULL : map_find(txns->by_key, buf_slice(&key));
}

static void take_ack(struct sip_txns *txns, struct sip_msg *ack, const struct sip_flow *flow)
{
    struct sip_txn *txn = find_server(txns, ack, SLICE("INVITE"));
    if (txn)
        sip_txn_feed(txn, ack, flow);
    else
        txns->events->on_ack(txns->owner, ack, flow);
}

/* RFC 3261 §9.2: CANCEL is a transaction of its own, answered 200 when its INVITE is known. */
static void take_cancel(struct sip_txns *txns, struct sip_msg *cancel, const struct sip_flow *flow)
{
    struct sip_txn *txn = find_server(txns, cancel, SLICE("INVITE"));
    struct sip_reply reply = { .status = txn ? 200 : 481 };
    answer_stateless(txns, cancel, flow, &reply);
    if (txn)
        sip_txn_cancel(txn, cancel);
}

static void take_request(struct sip_txns *txns, struct sip_msg *request,
                         const struct sip_flow *flow)
{
    char text[SIP_KEY_MAX];
    char merge_text[SIP_KEY_MAX];
    struct buf key = BUF_ON(text);
    struct buf merge = BUF_ON(merge_text);
    bool outside = slice_empty(sip_msg_to_tag(request));
    server_key(&key, request, sip_msg_method_text(request));
    merge_key(&merge, request);
    if (key.overflow || merge.overflow) {
        struct sip_reply reply = { .status = 400, .reason = SLICE("Branch or Call-ID Too Long") };
        answer_stateless(txns, request, flow, &reply);
        return;
    }
    struct sip_txn *txn = map_find(txns->by_key, buf_slice(&key));
    if (txn) {
        sip_txn_feed(txn, request, flow);
        return;
    }
    if (is_limited(txns, request, flow))
        return;
    if (outside && map_find(txns->by_merge, buf_slice(&merge))) {
        struct sip_reply reply = { .status = 482 }; /* it came twice, by two ways */
        answer_stateless(txns, request, flow, &reply);
        return;
    }
    bool unwelcome = outside && (txns->closed || sip_sources_is_full(txns->sources, &flow->remote));
    if (sip_txns_count(txns) >= txns->max_txns || unwelcome) {
        txns->stats->overload++;
        answer_wait(txns, request, flow);
        return;
    }
    sip_txn_create(txns, request, flow, buf_slice(&key), outside ? buf_slice(&merge) : SLICE_NONE);
}

static void take_response(struct sip_txns *txns, struct sip_msg *response,
                          const struct sip_flow *flow)
{
    char text[SIP_KEY_MAX];
    struct buf key = BUF_ON(text);
    txns->stats->responses_in[sip_msg_status(response) / 100]++;
    sip_client_key(&key, sip_msg_via(response)->branch, sip_msg_method_text(response));
    struct sip_client *client = key.overflow ? NULL : map_find(txns->by_key, buf_slice(&key));
    if (client)
        sip_client_feed(client, response, flow);
    else
        txns->stats->stray++;
}

void sip_txns_feed(struct sip_txns *txns, struct sip_msg *msg, const struct sip_flow *flow)
{
    if (!sip_msg_is_request(msg)) {
        take_response(txns, msg, flow);
        return;
    }
    enum sip_method method = sip_msg_method(msg);
    txns->stats->requests_in[method]++;
    if (method == SIP_ACK)
        take_ack(txns, msg, flow);
    else if (method == SIP_CANCEL)
        take_cancel(txns, msg, flow);
    else
        take_request(txns, msg, flow);
}

void sip_txns_lost(struct sip_txns *txns, const struct sip_flow *flow, int error)
{
    sip_clients_lost(txns, flow, error);
}

void sip_txns_closed(struct sip_txns *txns, const struct sip_flow *flow,
                     const struct sip_loss *loss)
{
    sip_clients_closed(txns, flow, loss);
}
