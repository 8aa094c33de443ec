#include "rtp_ports.h"

#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/rand.h"

enum { ANY_TRIES = 64 };

struct pair {
    bool taken;
    int64_t rests_until_ms;
};

struct rtp_ports {
    struct addr bind;
    uint16_t first; /* even; 0: any */
    size_t n_pairs, next;
    struct pair *pairs;
};

struct rtp_ports *rtp_ports_create(const struct addr *bind, uint16_t min, uint16_t max)
{
    struct rtp_ports *ports = mem_new(struct rtp_ports);
    ports->bind = *bind;
    uint32_t first = (min + 1U) & ~1U;
    if (min && first + 1 <= max) {
        ports->first = (uint16_t)first;
        ports->n_pairs = (max - first + 1) / 2;
        ports->pairs = mem_array(ports->n_pairs, sizeof *ports->pairs);
        ports->next = rand_u32() % ports->n_pairs;
    }
    return ports;
}

void rtp_ports_destroy(struct rtp_ports *ports)
{
    if (!ports)
        return;
    mem_free(ports->pairs);
    mem_free(ports);
}

/* A bound socket, or -1 with errno. */
static int open_port(const struct addr *bind_to, uint16_t port, struct addr *bound)
{
    struct addr addr = *bind_to;
    addr_set_port(&addr, port);
    int fd = socket(addr.sa.sa_family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -1;
    int on = 1;
    if (addr_is_v6(&addr))
        setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on);
    socklen_t len = sizeof *bound;
    if (bind(fd, &addr.sa, addr_len(&addr)) || getsockname(fd, &bound->sa, &len)) {
        int why = errno;
        close(fd);
        errno = why;
        return -1;
    }
    return fd;
}

/* `port` is even, or 0 for any. False with errno. */
static bool open_pair(const struct addr *bind_to, uint16_t port, struct rtp_pair *out)
{
    out->rtp_fd = open_port(bind_to, port, &out->rtp);
    if (out->rtp_fd < 0)
        return false;
    uint16_t even = addr_port(&out->rtp);
    out->rtcp_fd = -1;
    errno = EADDRINUSE; /* an odd one came: as good as taken */
    if (even % 2 == 0)
        out->rtcp_fd = open_port(bind_to, (uint16_t)(even + 1), &out->rtcp);
    if (out->rtcp_fd >= 0)
        return true;
    int why = errno;
    close(out->rtp_fd);
    errno = why;
    return false;
}

static enum err io_fault(const struct rtp_ports *ports, struct fault *fault)
{
    char ip[ADDR_TEXT];
    return fault_set(fault, ERR_IO, "rtp.bind", 0, "cannot bind an RTP port on %s: %s",
                     addr_print_ip(&ports->bind, ip), strerror(errno));
}

static enum err take_any(struct rtp_ports *ports, struct rtp_pair *out, struct fault *fault)
{
    for (int i = 0; i < ANY_TRIES; i++) {
        if (open_pair(&ports->bind, 0, out))
            return OK;
        if (errno != EADDRINUSE)
            break;
    }
    return io_fault(ports, fault);
}

/* The pair that rests longest, or NULL when all are taken. */
static struct pair *longest_rested(struct rtp_ports *ports)
{
    struct pair *best = NULL;
    for (size_t i = 0; i < ports->n_pairs; i++) {
        struct pair *pair = &ports->pairs[i];
        if (!pair->taken && (!best || pair->rests_until_ms < best->rests_until_ms))
            best = pair;
    }
    return best;
}

static bool try_pair(struct rtp_ports *ports, struct pair *pair, struct rtp_pair *out,
                     int64_t now_ms)
{
    size_t index = (size_t)(pair - ports->pairs);
    if (open_pair(&ports->bind, (uint16_t)(ports->first + 2 * index), out)) {
        pair->taken = true;
        ports->next = (index + 1) % ports->n_pairs;
        return true;
    }
    pair->rests_until_ms = now_ms + RTP_PORTS_REST_MS; /* another program holds it */
    return false;
}

enum err rtp_ports_take(struct rtp_ports *ports, struct rtp_pair *out, int64_t now_ms,
                        struct fault *fault)
{
    if (!ports->n_pairs)
        return take_any(ports, out, fault);
    for (size_t i = 0; i < ports->n_pairs; i++) {
        struct pair *pair = &ports->pairs[(ports->next + i) % ports->n_pairs];
        if (pair->taken || pair->rests_until_ms > now_ms)
            continue;
        if (try_pair(ports, pair, out, now_ms))
            return OK;
        if (errno != EADDRINUSE)
            return io_fault(ports, fault);
    }
    struct pair *pair = longest_rested(ports);
    if (pair && try_pair(ports, pair, out, now_ms))
        return OK;
    return fault_set(fault, ERR_LIMIT, "rtp.ports", 0,
                     "all %zu RTP port pairs are taken: widen the RTP port range", ports->n_pairs);
}

void rtp_ports_give_back(struct rtp_ports *ports, uint16_t rtp_port, int64_t now_ms)
{
    if (!ports->n_pairs || rtp_port < ports->first)
        return;
    size_t index = (size_t)(rtp_port - ports->first) / 2;
    if (index >= ports->n_pairs)
        return;
    ports->pairs[index] = (struct pair){ .rests_until_ms = now_ms + RTP_PORTS_REST_MS };
}
