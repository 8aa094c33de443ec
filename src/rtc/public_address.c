#include "rtc/public_address.h"

#include <stdio.h>
#include <string.h>

#include "base/loop.h"
#include "base/mem.h"
#include "base/rand.h"
#include "net/dns.h"
#include "net/udp.h"
#include "rtc/stun.h"

enum { RTO_MS = 500, SENDS_MAX = 7, LAST_WAIT = 16, AGAIN_MS = 60000 }; /* RFC 8489 §6.2.1 */

struct question {
    struct public_address *owner;
    char server[DNS_NAME]; /* as configured */
    char host[DNS_NAME];
    uint16_t port;
    struct dns_query *query;
    struct addr addr;
    uint8_t id[STUN_ID_LEN];
    unsigned sent;
    struct timer timer;
    char failure[64]; /* why it is of no use this time; "": it still may be */
};

struct public_address {
    struct loop *loop;
    struct dns *dns;
    struct udp *udp;
    const struct public_address_events *events;
    void *owner;
    int64_t rto_ms, again_ms;
    struct timer again;
    struct addr found;
    struct question questions[PUBLIC_ADDRESS_SERVERS_MAX];
    size_t n;
};

static void rest(struct question *question)
{
    loop_timer_stop(question->owner->loop, &question->timer);
    if (question->query)
        dns_cancel(question->query);
    question->query = NULL;
    question->sent = 0;
}

static void ask_all(void *owner);

/* This round is over, one way or the other. */
static void finish(struct public_address *self)
{
    for (size_t i = 0; i < self->n; i++)
        rest(&self->questions[i]);
    loop_timer_start(self->loop, &self->again, self->again_ms, ask_all, self);
}

static void give_up(struct question *question, const char *why)
{
    struct public_address *self = question->owner;
    char text[PUBLIC_ADDRESS_TEXT];
    struct buf out = BUF_ON(text);
    rest(question);
    snprintf(question->failure, sizeof question->failure, "%s", why);
    for (size_t i = 0; i < self->n; i++) {
        if (!self->questions[i].failure[0])
            return; /* another one may still answer */
        buf_printf(&out, "%s%s: %s", i ? "; " : "", self->questions[i].server,
                   self->questions[i].failure);
    }
    finish(self);
    self->events->on_lost(self->owner, out.overflow ? "no STUN server answered" : buf_cstr(&out));
}

static void send_question(void *owner)
{
    struct question *question = owner;
    struct public_address *self = question->owner;
    char mem[STUN_SEND_MAX];
    struct buf buf = BUF_ON(mem);
    if (question->sent == SENDS_MAX) {
        give_up(question, "no answer");
        return;
    }
    stun_begin(&buf, STUN_REQUEST, STUN_BINDING, question->id);
    stun_put_fingerprint(&buf);
    int64_t wait_ms = self->rto_ms << question->sent;
    if (++question->sent == SENDS_MAX)
        wait_ms = self->rto_ms * LAST_WAIT;
    loop_timer_start(self->loop, &question->timer, wait_ms, send_question, question);
    if (udp_send(self->udp, &question->addr, NULL, buf_slice(&buf)))
        give_up(question, "the network refused");
}

static void on_resolved(void *owner, const struct dns_answer *answer)
{
    struct question *question = owner;
    question->query = NULL;
    if (answer->err) {
        give_up(question, answer->text);
        return;
    }
    question->addr = answer->records[0].addr;
    addr_set_port(&question->addr, question->port);
    send_question(question);
}

static void ask_all(void *owner)
{
    struct public_address *self = owner;
    for (size_t i = 0; i < self->n; i++) {
        struct question *question = &self->questions[i];
        question->failure[0] = '\0';
        rand_bytes(question->id, sizeof question->id);
        question->query =
            dns_resolve_host(self->dns, slice_of(question->host), DNS_IPV4, on_resolved, question);
    }
}

static void on_packet(void *owner, const struct addr *from, const struct addr *to,
                      struct slice bytes)
{
    struct public_address *self = owner;
    struct stun_msg msg;
    struct addr mapped;
    (void)to;
    if (stun_parse(&msg, bytes) || msg.class != STUN_SUCCESS || msg.method != STUN_BINDING)
        return;
    for (size_t i = 0; i < self->n; i++) {
        struct question *question = &self->questions[i];
        if (!question->sent || !addr_eq(from, &question->addr) ||
            memcmp(msg.id, question->id, STUN_ID_LEN) != 0)
            continue;
        if (!stun_find_addr(&msg, STUN_XOR_MAPPED_ADDRESS, &mapped) &&
            !stun_find_addr(&msg, STUN_MAPPED_ADDRESS, &mapped)) {
            give_up(question, "an answer without an address");
            return;
        }
        finish(self);
        bool is_new = !addr_is_set(&self->found) || !addr_same_ip(&self->found, &mapped);
        self->found = mapped;
        addr_set_port(&mapped, 0);
        if (is_new)
            self->events->on_found(self->owner, &mapped, question->server);
        return;
    }
}

static void add(struct public_address *self, const char *server)
{
    struct question *question = &self->questions[self->n];
    struct slice port = slice_of(server);
    struct slice host = slice_cut(&port, ':');
    uint32_t number = PUBLIC_ADDRESS_PORT;
    if (!slice_copy(slice_of(server), question->server, sizeof question->server) ||
        !slice_copy(host, question->host, sizeof question->host) ||
        (port.len && slice_to_u32(port, UINT16_MAX, &number)))
        return; /* the configuration refuses it before it comes here */
    question->owner = self;
    question->port = (uint16_t)number; /* at most UINT16_MAX */
    self->n++;
}

enum err public_address_create(struct public_address **out,
                               const struct public_address_config *config,
                               const struct public_address_events *events, void *owner,
                               struct fault *fault)
{
    static const struct udp_events udp_events = { .on_packet = on_packet };
    struct public_address *self = mem_new(struct public_address);
    struct addr any = addr_any4(0);
    self->loop = config->loop;
    self->dns = config->dns;
    self->events = events;
    self->owner = owner;
    self->rto_ms = config->rto_ms ? config->rto_ms : RTO_MS;
    self->again_ms = config->again_ms ? config->again_ms : AGAIN_MS;
    for (size_t i = 0; i < config->n_servers && self->n < PUBLIC_ADDRESS_SERVERS_MAX; i++)
        add(self, config->servers[i]);
    enum err err = udp_create(&self->udp, self->loop, &any, &udp_events, self, fault);
    if (err) {
        mem_free(self);
        return err;
    }
    ask_all(self);
    *out = self;
    return OK;
}

void public_address_destroy(struct public_address *self)
{
    if (!self)
        return;
    for (size_t i = 0; i < self->n; i++)
        rest(&self->questions[i]);
    loop_timer_stop(self->loop, &self->again);
    udp_destroy(self->udp);
    mem_free(self);
}
