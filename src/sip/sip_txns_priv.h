#pragma once
/* What sip_txns, sip_txn and sip_client share. */

#include "base/buf.h"
#include "base/list.h"
#include "base/log.h"
#include "base/loop.h"
#include "base/map.h"
#include "sip_client.h"
#include "sip_msg.h"
#include "sip_sources.h"
#include "sip_transport.h"
#include "sip_txn.h"
#include "sip_txns.h"

enum { SIP_KEY_MAX = 512 };

struct sip_txns {
    struct loop *loop;
    struct sip_transport *transport;
    struct sip_agent_stats *stats;
    const struct sip_txns_events *events;
    void *owner;
    size_t max_txns;
    struct sip_sources *sources; /* server transactions by who sent them */
    struct sip_rate *rate;       /* requests of each address; NULL: no limit */
    bool closed;
    char *server;         /* terminated; "" for none */
    uint8_t tag_key[16];  /* makes the To tags of stateless answers */
    struct list clients;  /* struct sip_client by link */
    struct list servers;  /* struct sip_txn by link */
    struct map *by_key;   /* clients: "c<branch> <method>", servers: "s<branch> <by> <method>" */
    struct map *by_merge; /* servers by Call-ID, From tag and CSeq: RFC 3261 §8.2.2.2 */
    char *scratch;        /* SIP_MAX_MESSAGE bytes to build in */
};

/* sip_client.c */
void sip_client_feed(struct sip_client *client, struct sip_msg *response,
                     const struct sip_flow *flow);
void sip_clients_lost(struct sip_txns *txns, const struct sip_flow *flow, int error);
void sip_clients_closed(struct sip_txns *txns, const struct sip_flow *flow,
                        const struct sip_loss *loss);
bool sip_clients_are_quiet(const struct sip_txns *txns);
void sip_clients_destroy(struct sip_txns *txns);
void sip_client_key(struct buf *key, struct slice branch, struct slice method);

/* sip_txn.c */
void sip_txn_create(struct sip_txns *txns, struct sip_msg *request, const struct sip_flow *flow,
                    struct slice key, struct slice merge_key);
void sip_txn_feed(struct sip_txn *txn, struct sip_msg *request, const struct sip_flow *flow);
void sip_txn_cancel(struct sip_txn *txn, struct sip_msg *cancel);
bool sip_txns_servers_are_quiet(const struct sip_txns *txns);
void sip_txns_drop_servers(struct sip_txns *txns);
/** Write a response to `request` into the scratch; it may be no more than parse_broken made. */
struct slice sip_txns_build(struct sip_txns *txns, const struct sip_msg *request,
                            const struct sip_flow *flow, const struct sip_reply *reply,
                            struct slice tag);
