/* The doctor's steps that find and reach the far end, and what must be open for it. */
#include <stdio.h>

#include "base/buf.h"
#include "base/loop.h"
#include "cli/doctor_priv.h"
#include "net/dns.h"
#include "net/tls.h"
#include "sip/sip_agent.h"
#include "sip/sip_tls.h"

static struct buf more(struct doctor *doctor)
{
    struct buf out = BUF_ON(doctor->records);
    out.len = strlen(doctor->records);
    return out;
}

static void print_hops(const struct doctor *doctor, struct buf *out)
{
    char addr[ADDR_TEXT];
    for (size_t i = 0; i < doctor->n_hops; i++)
        buf_printf(out, "%s%s over %s", i ? ", " : "", addr_print(&doctor->hops[i].addr, addr),
                   sip_kind_name(doctor->hops[i].kind));
}

static void on_hops(void *owner, const struct sip_hops *hops)
{
    struct doctor *doctor = owner;
    const char *host = doctor->config.trunk->host;
    char mem[DOCTOR_TEXT_MAX / 2];
    struct buf list = BUF_ON(mem);
    doctor->resolve = NULL;
    if (hops->err || hops->n == 0) {
        doctor_fail(doctor, doctor_advice(hops->err ? hops->err : ERR_NOT_FOUND), "%s: %s", host,
                    hops->err ? hops->text : "no address of a kind that we have");
        return;
    }
    memcpy(doctor->hops, hops->list, sizeof doctor->hops);
    doctor->n_hops = hops->n;
    print_hops(doctor, &list);
    doctor_pass(doctor, NULL, "%s is %s%s", host,
                list.overflow ? "many addresses" : buf_cstr(&list), doctor->records);
}

/* What the daemon itself would do (RFC 3263). */
static void find_hops(struct doctor *doctor)
{
    const struct config_trunk *trunk = doctor->config.trunk;
    struct sip_resolve_config where = {
        .host = slice_of(trunk->host),
        .port = trunk->port == CONFIG_AUTO ? 0 : (uint16_t)trunk->port,
        .kind = doctor_kind(doctor),
    };
    doctor->resolve = sip_resolve_create(doctor->config.dns, &where, on_hops, doctor);
}

static void on_srv(void *owner, const struct dns_answer *answer)
{
    struct doctor *doctor = owner;
    struct buf out = more(doctor);
    doctor->query = NULL;
    for (size_t i = 0; i < answer->n_records && !answer->err; i++)
        buf_printf(&out, "%s%s:%u", i ? ", " : "; SRV ", answer->records[i].srv.target,
                   answer->records[i].srv.port);
    if (answer->err)
        buf_text(&out, "; no SRV");
    buf_cstr(&out);
    find_hops(doctor);
}

static void on_naptr(void *owner, const struct dns_answer *answer)
{
    static const char *const names[] = { "_sip._udp", "_sip._tcp", "_sips._tcp" };
    struct doctor *doctor = owner;
    struct buf out = more(doctor);
    char name[DNS_NAME];
    doctor->query = NULL;
    for (size_t i = 0; i < answer->n_records && !answer->err; i++)
        buf_printf(&out, "%s%s", i ? ", " : "; NAPTR ", answer->records[i].naptr.service);
    if (answer->err)
        buf_text(&out, "; no NAPTR");
    buf_cstr(&out);
    snprintf(name, sizeof name, "%s.%s", names[doctor->config.trunk->transport],
             doctor->config.trunk->host);
    doctor->query = dns_find_records(doctor->config.dns, DNS_SRV, slice_of(name), on_srv, doctor);
}

void doctor_resolve(struct doctor *doctor)
{
    const struct config_trunk *trunk = doctor->config.trunk;
    struct addr numeric;
    bool is_asked =
        trunk->port == CONFIG_AUTO && addr_parse_ip(slice_of(trunk->host), 0, &numeric) != OK;
    if (is_asked) /* a given port asks for addresses only: RFC 3263 §4.2 */
        doctor->query = dns_find_records(doctor->config.dns, DNS_NAPTR, slice_of(trunk->host),
                                         on_naptr, doctor);
    else
        find_hops(doctor);
}

static void on_open(void *owner, struct tcp *tcp)
{
    struct doctor *doctor = owner;
    char local[ADDR_TEXT];
    char remote[ADDR_TEXT];
    char session[80] = "";
    char peer[DOCTOR_TEXT_MAX / 2] = "";
    addr_print(tcp_local(tcp), local);
    addr_print(tcp_remote(tcp), remote);
    if (tcp_tls(tcp)) {
        tls_describe(tcp_tls(tcp), session, sizeof session);
        tls_describe_peer(tcp_tls(tcp), peer, sizeof peer);
    }
    tcp_destroy(tcp);
    doctor->tcp = NULL;
    if (!session[0])
        doctor_pass(doctor, NULL, "connected to %s over TCP from %s", remote, local);
    else if (doctor->config.trunk->tls_verify)
        doctor_pass(doctor, NULL, "connected to %s with %s from %s; certificate good: %s", remote,
                    session, local, peer);
    else
        doctor_pass(doctor, "the certificate is not checked: remove SIP_TLS_VERIFY=no",
                    "connected to %s with %s from %s; certificate not checked: %s", remote, session,
                    local, peer);
}

static void on_close(void *owner, struct tcp *tcp, const struct tcp_end *why);
static const struct tcp_events connect_events = { .on_open = on_open, .on_close = on_close };

static void try_hop(struct doctor *doctor)
{
    struct tcp_config config = { .remote = doctor_hop(doctor)->addr,
                                 .tls = doctor->tls,
                                 .tls_name = slice_of(doctor->config.trunk->host),
                                 .connect_ms = DOCTOR_CONNECT_MS };
    doctor->tcp = tcp_connect(doctor->config.loop, &config, &connect_events, doctor);
}

static void on_close(void *owner, struct tcp *tcp, const struct tcp_end *why)
{
    struct doctor *doctor = owner;
    char peer[DOCTOR_TEXT_MAX / 2] = "";
    if (tcp_tls(tcp))
        tls_describe_peer(tcp_tls(tcp), peer, sizeof peer);
    doctor->tcp = NULL;
    if (doctor->hop + 1 < doctor->n_hops) { /* as a call would: RFC 3263 §4.3 */
        doctor->hop++;
        try_hop(doctor);
        return;
    }
    doctor_fail(doctor, doctor_advice(why->err), "%s: %s%s%s", doctor->config.trunk->host,
                why->text, peer[0] ? "; it showed: " : "", peer);
}

/* For the connection of this step, and for the SIP stack's own in those that follow. */
static enum err expect_peer(struct doctor *doctor, struct fault *fault)
{
    const struct config_trunk *trunk = doctor->config.trunk;
    struct tls_client_config tls = { .ca_file = trunk->tls_ca_file,
                                     .insecure = !trunk->tls_verify };
    struct sip_tls_peer peer = { .name = slice_of(trunk->host),
                                 .ca_file = trunk->tls_ca_file,
                                 .insecure = !trunk->tls_verify };
    uint32_t number = 0;
    enum err err = tls_context_create_client(&doctor->tls, &tls, fault);
    if (!err)
        err = sip_tls_expect(doctor->config.agent, &peer, &number, fault);
    for (size_t i = 0; i < doctor->n_hops; i++)
        doctor->hops[i].tls = number;
    return err;
}

void doctor_connect(struct doctor *doctor)
{
    const struct config_trunk *trunk = doctor->config.trunk;
    struct fault fault = { 0 };
    struct addr local;
    char from[ADDR_TEXT];
    if (doctor_kind(doctor) == SIP_UDP) {
        if (addr_local_toward(&doctor_hop(doctor)->addr, &local))
            doctor_fail(doctor, "this machine has no route there: look at its network",
                        "%s: no route", trunk->host);
        else
            doctor_pass(doctor, NULL,
                        "UDP from %s; it knows no connections, so OPTIONS tells whether it works",
                        addr_print_ip(&local, from));
        return;
    }
    if (doctor_kind(doctor) == SIP_TLS && expect_peer(doctor, &fault)) {
        doctor_fail(doctor, "SIP_TLS_CA_FILE must be a PEM file with certificates", "%s: %s",
                    fault.where, fault.text);
        return;
    }
    try_hop(doctor);
}

void doctor_firewall(struct doctor *doctor)
{
    const struct config *config = doctor->config.config;
    const char *name = sip_kind_name(doctor_kind(doctor));
    bool is_numeric = config->public_ip[0] && !slice_iis(slice_of(config->public_ip), "auto");
    const char *advice = NULL;
    char from[ADDR_TEXT] = "";
    struct addr local = { 0 };
    bool knows = doctor->n_hops && !addr_local_toward(&doctor_hop(doctor)->addr, &local);
    if (knows)
        addr_print_ip(&local, from);
    if (knows && !config->public_ip[0] && addr_is_private(&local) &&
        !addr_is_private(&doctor_hop(doctor)->addr))
        advice = "this machine is behind NAT and PUBLIC_IP is not set: the provider is told a "
                 "private address, and there may be no audio. Set PUBLIC_IP=auto or the address";
    doctor_pass(doctor, advice,
                "must be open: outgoing %s to %s port %u, RTP both ways on UDP %u-%u, browsers on "
                "UDP %u; the provider sees %s%s%s",
                name, doctor->config.trunk->host,
                doctor->n_hops ? addr_port(&doctor_hop(doctor)->addr)
                               : config_trunk_port(doctor->config.trunk),
                config->rtp_ports.low, config->rtp_ports.high, config_webrtc_port(config, 1),
                is_numeric ? config->public_ip : "the address of your router",
                from[0] ? ", we send from " : "", from);
}
