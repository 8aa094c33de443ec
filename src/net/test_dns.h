#pragma once
/* For tests: a name server of a few lines on loopback, pumped together with the loop. The names
 * "silent.test", "broken.test" and "four.test" are a server that says nothing, one that fails and a
 * name without a record of the type asked for. */

#include "net/test_peer.h"

#include "base/buf.h"
#include "net/dns.h"
#include "net/dns_message.h"

struct zone_record {
    const char *name;
    enum dns_type type;
    uint32_t ttl_s;
    unsigned a, b, c; /* SRV: priority, weight, port; NAPTR: order, preference */
    const char *text; /* address, target or replacement */
    const char *flags, *service;
};

struct name_server {
    const struct zone_record *zone;
    size_t n_records;
    int fd;
    struct addr addr;
    int questions;
};

static inline void name_server_init(struct name_server *server, const struct zone_record *zone,
                                    size_t n_records)
{
    struct addr at = addr_loopback4(0);
    socklen_t len = sizeof at.in4;
    *server = (struct name_server){ .zone = zone, .n_records = n_records };
    server->fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
    assert_int_equal(bind(server->fd, &at.sa, len), 0);
    assert_int_equal(getsockname(server->fd, &at.sa, &len), 0);
    server->addr = at;
}

static inline void name_server_clear(struct name_server *server)
{
    close(server->fd);
}

static inline void zone_put_name(struct buf *out, const char *name)
{
    struct slice rest = slice_of(name);
    while (rest.len) {
        struct slice label = slice_cut(&rest, '.');
        buf_u8(out, (uint8_t)label.len);
        buf_put(out, label);
    }
    buf_u8(out, 0);
}

static inline void zone_put_data(struct buf *out, const struct zone_record *record)
{
    struct addr addr;
    switch (record->type) {
    case DNS_A:
    case DNS_AAAA:
        assert_int_equal(addr_parse_ip(slice_of(record->text), 0, &addr), OK);
        if (record->type == DNS_A)
            buf_put(out, slice_make(&addr.in4.sin_addr, 4));
        else
            buf_put(out, slice_make(&addr.in6.sin6_addr, 16));
        break;
    case DNS_SRV:
        buf_u16(out, (uint16_t)record->a);
        buf_u16(out, (uint16_t)record->b);
        buf_u16(out, (uint16_t)record->c);
        zone_put_name(out, record->text);
        break;
    case DNS_NAPTR:
        buf_u16(out, (uint16_t)record->a);
        buf_u16(out, (uint16_t)record->b);
        buf_u8(out, (uint8_t)strlen(record->flags));
        buf_text(out, record->flags);
        buf_u8(out, (uint8_t)strlen(record->service));
        buf_text(out, record->service);
        buf_u8(out, 0);
        zone_put_name(out, record->text);
        break;
    case DNS_TYPE_COUNT:
        break;
    }
}

static inline size_t zone_put_answers(const struct name_server *server, struct buf *out,
                                      const char *name, unsigned type)
{
    size_t n = 0;
    const struct zone_record *zone = server->zone;
    for (size_t i = 0; i < server->n_records; i++) {
        char data_mem[300];
        struct buf data = BUF_ON(data_mem);
        if (strcasecmp(zone[i].name, name) != 0 || dns_message_type(zone[i].type) != type)
            continue;
        zone_put_data(&data, &zone[i]);
        buf_u16(out, 0xc00c); /* the question's name */
        buf_u16(out, (uint16_t)type);
        buf_u16(out, 1);
        buf_u32(out, zone[i].ttl_s);
        buf_u16(out, (uint16_t)data.len);
        buf_put(out, buf_slice(&data));
        n++;
    }
    return n;
}

/** Answer one question, if there is one. */
static inline void name_server_serve(struct name_server *server)
{
    char in[512], out_mem[1500], name[256] = "";
    struct sockaddr_in from;
    socklen_t from_len = sizeof from;
    ssize_t len =
        recvfrom(server->fd, in, sizeof in, MSG_DONTWAIT, (struct sockaddr *)&from, &from_len);
    if (len < 17)
        return;
    server->questions++;
    size_t at = 12, to = 0;
    for (unsigned n; (n = (unsigned char)in[at]) != 0; at += n + 1) {
        memcpy(name + to, in + at + 1, n);
        to += n;
        name[to++] = '.';
    }
    name[to ? to - 1 : 0] = '\0';
    unsigned type = (unsigned)((unsigned char)in[at + 1] << 8 | (unsigned char)in[at + 2]);
    if (strcmp(name, "silent.test") == 0)
        return;
    struct buf answers, out = BUF_ON(out_mem);
    char answers_mem[1000];
    buf_init(&answers, answers_mem, sizeof answers_mem);
    size_t n = zone_put_answers(server, &answers, name, type);
    bool known = n || strcmp(name, "four.test") == 0;
    buf_put(&out, slice_make(in, 2));
    buf_u16(&out, strcmp(name, "broken.test") == 0 ? 0x8182 : known ? 0x8180 : 0x8183);
    buf_u16(&out, 1);
    buf_u16(&out, (uint16_t)n);
    buf_u32(&out, 0);
    buf_put(&out, slice_make(in + 12, at + 5 - 12));
    buf_put(&out, buf_slice(&answers));
    sendto(server->fd, out.ptr, out.len, 0, (struct sockaddr *)&from, from_len);
}
