#include "sip_tls.h"

#include "base/log.h"
#include "base/mem.h"
#include "net/tls.h"
#include "sip_agent_priv.h"
#include "sip_tcp.h"
#include "sip_transport.h"

/* Many peers share what they trust: a store of CAs is large. */
struct trust {
    char *ca_file; /* "": the system's */
    bool insecure;
    struct tls_context *context;
};

struct expected {
    char *name;
    size_t trust; /* index */
};

struct sip_tls {
    struct tls_context *server;
    struct trust *trusts;
    size_t n_trusts;
    struct expected *peers; /* number - 1 */
    size_t n_peers;
};

struct sip_tls *sip_tls_create(void)
{
    return mem_new(struct sip_tls);
}

void sip_tls_destroy(struct sip_tls *tls)
{
    if (!tls)
        return;
    for (size_t i = 0; i < tls->n_peers; i++)
        mem_free(tls->peers[i].name);
    for (size_t i = 0; i < tls->n_trusts; i++) {
        tls_context_destroy(tls->trusts[i].context);
        mem_free(tls->trusts[i].ca_file);
    }
    mem_free(tls->peers);
    mem_free(tls->trusts);
    tls_context_destroy(tls->server);
    mem_free(tls);
}

static enum err find_trust(struct sip_tls *tls, const char *ca_file, bool insecure, size_t *out,
                           struct fault *fault)
{
    struct tls_client_config config = { .ca_file = ca_file, .insecure = insecure };
    struct tls_context *context = NULL;
    for (size_t i = 0; i < tls->n_trusts; i++)
        if (tls->trusts[i].insecure == insecure && !strcmp(tls->trusts[i].ca_file, ca_file)) {
            *out = i;
            return OK;
        }
    enum err err = tls_context_create_client(&context, &config, fault);
    if (err)
        return err;
    tls->trusts = mem_resize(tls->trusts, (tls->n_trusts + 1) * sizeof *tls->trusts);
    tls->trusts[tls->n_trusts] = (struct trust){ slice_dup(slice_of(ca_file)), insecure, context };
    *out = tls->n_trusts++;
    return OK;
}

enum err sip_tls_expect(struct sip_agent *agent, const struct sip_tls_peer *peer, uint32_t *out,
                        struct fault *fault)
{
    struct sip_tls *tls = sip_transport_tls(agent->transport);
    size_t trust = 0;
    enum err err =
        find_trust(tls, peer->ca_file ? peer->ca_file : "", peer->insecure, &trust, fault);
    if (err)
        return err;
    for (size_t i = 0; i < tls->n_peers; i++)
        if (tls->peers[i].trust == trust && slice_ieq(slice_of(tls->peers[i].name), peer->name)) {
            *out = (uint32_t)i + 1;
            return OK;
        }
    if (tls->n_peers == SIP_TLS_PEERS_MAX)
        return fault_set(fault, ERR_LIMIT, NULL, 0, "more than %d TLS peers", SIP_TLS_PEERS_MAX);
    tls->peers = mem_resize(tls->peers, (tls->n_peers + 1) * sizeof *tls->peers);
    tls->peers[tls->n_peers] = (struct expected){ slice_dup(peer->name), trust };
    *out = (uint32_t)++tls->n_peers;
    return OK;
}

const struct tls_context *sip_tls_client(struct sip_tls *tls, uint32_t number, struct slice *name)
{
    size_t trust = 0;
    *name = SLICE_NONE;
    if (number > tls->n_peers)
        return NULL;
    if (number == 0)
        return find_trust(tls, "", false, &trust, NULL) ? NULL : tls->trusts[trust].context;
    *name = slice_of(tls->peers[number - 1].name);
    return tls->trusts[tls->peers[number - 1].trust].context;
}

enum err sip_tls_use_certificate(struct sip_agent *agent, const struct tls_server_config *config,
                                 struct fault *fault)
{
    struct sip_tls *tls = sip_transport_tls(agent->transport);
    struct tls_context *server = NULL;
    enum err err = tls_context_create_server(&server, config, fault);
    if (err)
        return err;
    struct tls_context *former = tls->server;
    tls->server = server;
    sip_tcp_renew_certificate(agent->transport);
    tls_context_destroy(former);
    return OK;
}

const struct tls_context *sip_tls_server(const struct sip_tls *tls)
{
    return tls->server;
}
