/* By which other ways the far end could be reached: a connection to each, and nothing said. */
#include "base/num.h"
#include "cli/doctor_priv.h"

enum { TRY_MS = 2000, SIP_PORT = 5060, SIPS_PORT = 5061 };

struct way {
    const char *name;
    enum sip_kind kind;
    uint16_t port; /* where it is usually found */
};
/* UDP knows no connections: OPTIONS told */
static const struct way ways[] = { { "TCP", SIP_TCP, SIP_PORT }, { "TLS", SIP_TLS, SIPS_PORT } };

static void try_way(struct doctor *doctor);

static uint16_t port_of(const struct doctor *doctor, const struct way *way)
{
    bool is_own = doctor->config.trunk->port != CONFIG_AUTO && way->kind == SIP_TCP;
    return is_own ? (uint16_t)doctor->config.trunk->port : way->port; /* 1 to 65535: its row */
}

static void note(struct doctor *doctor, const char *what)
{
    const struct way *way = &ways[doctor->way++];
    struct buf *out = &doctor->ways;
    buf_printf(out, "%s%s port %u %s", out->len ? "; " : "", way->name, port_of(doctor, way), what);
    doctor->tcp = NULL;
    try_way(doctor);
}

static void on_open(void *owner, struct tcp *tcp)
{
    tcp_destroy(tcp);
    note(owner, "open");
}

static void on_close(void *owner, struct tcp *tcp, const struct tcp_end *why)
{
    (void)tcp;
    note(owner, why->err == ERR_TIMEOUT   ? "silent (a firewall?)"
                : why->err == ERR_REFUSED ? "refused"
                                          : "not reachable");
}

static const struct tcp_events events = { .on_open = on_open, .on_close = on_close };

static void try_way(struct doctor *doctor)
{
    while (doctor->way < COUNT_OF(ways) && ways[doctor->way].kind == doctor_kind(doctor))
        doctor->way++; /* the trunk's own was tried */
    if (doctor->way == COUNT_OF(ways)) {
        doctor_pass(doctor, NULL, "besides %s: %s", sip_kind_name(doctor_kind(doctor)),
                    buf_cstr(&doctor->ways));
        return;
    }
    struct tcp_config config = { .remote = doctor_hop(doctor)->addr, .connect_ms = TRY_MS };
    addr_set_port(&config.remote, port_of(doctor, &ways[doctor->way]));
    doctor->tcp = tcp_connect(doctor->config.loop, &config, &events, doctor);
}

void doctor_transports(struct doctor *doctor)
{
    if (!doctor->n_hops) {
        doctor_skip(doctor, NULL, "there is no address to try");
        return;
    }
    doctor->ways = BUF_ON(doctor->ways_text);
    try_way(doctor);
}
