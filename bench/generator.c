/* Both ends of every call, in one thread: packets go out one call after the other at an even rate,
 * in batches, and what comes back is counted. A packet carries the time at which it was sent. */
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/err.h"
#include "base/mem.h"
#include "bench/bench.h"
#include "media/media_packet.h"
#include "media/rtp.h"
#include "media/srtp.h"

enum {
    BATCH = 64,
    BUFFER = 16 << 20,
    DELAYS = 100000, /* 1 µs each */
    SAMPLE = 64,     /* one in so many encrypted packets is opened and looked at */
    STAMP = 8,
    OPUS_PT = 111,
    SETUP_NS = 1000000000,
    WARM_MS = 400,
    DRAIN_NS = 100000000,
    CONSENT_LOOK_NS = 200000000,
    TICK_NS = 250000,   /* packets go out this often */
    BEHIND_SHARE = 500, /* of a second: so far behind it may be */
};

#define ENOUGH 0.98 /* of what should have gone out */

struct side {
    int fd;
    uint32_t net; /* its ends' addresses: /16 */
    struct addr addr;
    uint64_t sent, got, bad;
    size_t n_queue;
    struct mmsghdr msgs[BATCH];
    struct iovec iov[BATCH];
    struct addr to[BATCH];
    struct media_packet packets[BATCH];
    char control[BATCH][CMSG_SPACE(sizeof(struct in_pktinfo))];
};
struct generator {
    struct subject *subject;
    struct browser *browser;
    struct sounds sounds;
    struct side a, b, in; /* `in` is the buffers for what comes */
    struct offer *offers;
    uint16_t *seqs;
    struct b_end { /* SDES at B */
        struct srtp_session *tx, *rx;
    } * b_ends;
    char b_key[SRTP_SDES_TEXT];
    struct srtp_master b_master;
    struct faults faults; /* zeroed: none */
    int64_t consent_ns;   /* when to look after consent; 0: too short for that */
    struct side_done a_done, b_done;
    uint8_t *a_owed, *b_owed; /* packets of a call that are late */
    uint32_t dice;
    size_t n_calls, next;
    bool counting;
    uint64_t n_delays;
    uint32_t delays[DELAYS];
};

/* A call's end at a side: 127.1.0.1 on for A, 127.2.0.1 on for B. */
static struct addr end_addr(const struct side *side, size_t index)
{
    struct addr addr = side->addr;
    addr.in4.sin_addr.s_addr = htonl(side->net + (uint32_t)index + 1);
    return addr;
}

static size_t index_of(struct in_addr local)
{
    size_t number = ntohl(local.s_addr) & 0xffff;
    return number > 0 && number <= CALLS_MAX ? number - 1 : 0;
}

static void side_open(struct side *side, uint32_t net)
{
    const struct addr addr = addr_any4(0);
    side->net = net;
    int size = BUFFER, on = 1;
    socklen_t len = sizeof side->addr;
    side->fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
    BUG_IF(side->fd < 0 || bind(side->fd, &addr.sa, addr_len(&addr)));
    BUG_IF(getsockname(side->fd, &side->addr.sa, &len));
    setsockopt(side->fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof size);
    setsockopt(side->fd, SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof size);
    setsockopt(side->fd, IPPROTO_IP, IP_PKTINFO, &on, sizeof on);
}

static void put_source(struct msghdr *msg, void *room, struct in_addr source)
{
    msg->msg_control = room;
    msg->msg_controllen = CMSG_SPACE(sizeof(struct in_pktinfo));
    struct cmsghdr *cmsg = CMSG_FIRSTHDR(msg);
    *cmsg = (struct cmsghdr){ .cmsg_len = CMSG_LEN(sizeof(struct in_pktinfo)),
                              .cmsg_level = IPPROTO_IP,
                              .cmsg_type = IP_PKTINFO };
    const struct in_pktinfo info = { .ipi_spec_dst = source };
    memcpy(CMSG_DATA(cmsg), &info, sizeof info);
}

/* STUN and DTLS of a browser's end. */
static void send_for(void *owner, size_t index, const void *bytes, size_t len)
{
    struct generator *generator = owner;
    struct addr from = end_addr(&generator->a, index);
    struct iovec iov = { mem_copy(bytes, len), len };
    char room[CMSG_SPACE(sizeof(struct in_pktinfo))] = { 0 };
    struct addr to = generator->offers[index].a;
    struct msghdr msg = {
        .msg_name = &to.sa, .msg_namelen = addr_len(&to), .msg_iov = &iov, .msg_iovlen = 1
    };
    put_source(&msg, room, from.in4.sin_addr);
    (void)!sendmsg(generator->a.fd, &msg, 0); /* lost: it is repeated */
    mem_free(iov.iov_base);
}

/* Receiving */

static void count_delay(struct generator *generator, const uint8_t *stamp)
{
    int64_t sent_ns;
    memcpy(&sent_ns, stamp, sizeof sent_ns);
    int64_t us = (now_ns() - sent_ns) / 1000;
    if (us < 0 || !generator->counting)
        return;
    generator->delays[us < DELAYS ? us : DELAYS - 1]++;
    generator->n_delays++;
}

static bool is_relay(const struct generator *generator)
{
    return generator->subject->kind != BENCH_TRANSCODE;
}

static bool is_rtp(const struct media_packet *packet)
{
    return rtp_demux(slice_make(packet->data, packet->len)) == RTP_DEMUX_RTP;
}

static void take_a(struct generator *generator, struct media_packet *packet, struct in_addr local,
                   const struct addr *from)
{
    size_t index = index_of(local);
    if (packet->data[0] < 128) {
        browser_feed(generator->browser, index, packet->data, packet->len, from);
        return;
    }
    if (!is_rtp(packet))
        return;
    generator->a.got++;
    struct srtp_session *rx = browser_rx(generator->browser, index);
    packet->is_rtcp = false;
    if (rx && generator->a.got % SAMPLE == 0 && srtp_unprotect(rx, packet) != OK)
        generator->a.bad++;
}

/* One in SAMPLE is opened where it is encrypted: the rest is only counted. */
static void take_b(struct generator *generator, struct media_packet *packet, struct in_addr local)
{
    if (!is_rtp(packet))
        return;
    generator->b.got++;
    struct srtp_session *rx = generator->b_ends[index_of(local)].rx;
    packet->is_rtcp = false;
    if (rx && generator->b.got % SAMPLE != 0)
        return;
    if (rx && srtp_unprotect(rx, packet) != OK)
        generator->b.bad++;
    else if (is_relay(generator) && packet->len >= RTP_HEADER_LEN + PAYLOAD_MAX)
        count_delay(generator, packet->data + RTP_HEADER_LEN);
}

static struct in_addr destination(struct msghdr *msg)
{
    struct in_pktinfo info = { 0 };
    struct cmsghdr *cmsg = CMSG_FIRSTHDR(msg);
    if (cmsg && cmsg->cmsg_type == IP_PKTINFO)
        memcpy(&info, CMSG_DATA(cmsg), sizeof info);
    return info.ipi_addr;
}

static void receive(struct generator *generator, const struct side *side)
{
    struct side *in = &generator->in;
    for (int n = BATCH; n == BATCH;) {
        for (size_t i = 0; i < BATCH; i++) {
            struct media_packet *packet = &in->packets[i];
            packet->data = packet->room + MEDIA_PACKET_HEAD;
            in->iov[i] = (struct iovec){ packet->data, MEDIA_PACKET_MAX };
            in->msgs[i].msg_hdr = (struct msghdr){ .msg_name = &in->to[i].sa,
                                                   .msg_namelen = sizeof in->to[i],
                                                   .msg_iov = &in->iov[i],
                                                   .msg_iovlen = 1,
                                                   .msg_control = in->control[i],
                                                   .msg_controllen = sizeof in->control[i] };
        }
        n = recvmmsg(side->fd, in->msgs, BATCH, MSG_DONTWAIT, NULL);
        for (int i = 0; i < n; i++) {
            struct in_addr local = destination(&in->msgs[i].msg_hdr);
            in->packets[i].len = in->msgs[i].msg_len;
            if (side == &generator->a)
                take_a(generator, &in->packets[i], local, &in->to[i]);
            else
                take_b(generator, &in->packets[i], local);
        }
    }
}

/* Sending */

static void flush(struct generator *generator, struct side *side)
{
    size_t n = side->n_queue;
    if (!n)
        return;
    int64_t stamp = now_ns();
    side->n_queue = 0;
    for (size_t i = 0; i < n; i++) {
        struct media_packet *packet = &side->packets[i];
        size_t index =
            index_of(((struct in_pktinfo *)(void *)CMSG_DATA(CMSG_FIRSTHDR(&side->msgs[i].msg_hdr)))
                         ->ipi_spec_dst);
        struct srtp_session *tx = side == &generator->a ? browser_tx(generator->browser, index)
                                                        : generator->b_ends[index].tx;
        if (is_relay(generator))
            memcpy(packet->data + RTP_HEADER_LEN, &stamp, STAMP);
        if (tx)
            BUG_IF(srtp_protect(tx, packet));
        side->iov[i] = (struct iovec){ packet->data, packet->len };
    }
    for (size_t done = 0; done < n;) {
        int sent = sendmmsg(side->fd, side->msgs + done, (unsigned)(n - done), 0);
        done += sent > 0 ? (size_t)sent : 1;
    }
    side->sent += n;
}

static void queue(struct generator *generator, struct side *side, size_t index, uint16_t seq)
{
    bool is_a = side == &generator->a;
    bool opus = is_a && generator->subject->kind == BENCH_TRANSCODE;
    size_t at = seq % PACKETS_A_SECOND, slot = side->n_queue++;
    struct media_packet *packet = &side->packets[slot];
    size_t len = opus ? generator->sounds.opus_len[at] : PAYLOAD_MAX;
    const struct rtp_header header = { .pt = opus ? OPUS_PT : 0,
                                       .seq = seq,
                                       .ts = seq * (opus ? 960U : 160U),
                                       .ssrc = (uint32_t)index };
    packet->data = packet->room + MEDIA_PACKET_HEAD;
    packet->is_rtcp = false;
    packet->len = (uint32_t)(RTP_HEADER_LEN + len);
    rtp_print(&header, packet->data);
    memcpy(packet->data + RTP_HEADER_LEN,
           opus ? generator->sounds.opus[at] : generator->sounds.pcmu[at], len);
    side->to[slot] = is_a ? generator->offers[index].a : generator->offers[index].b;
    side->msgs[slot].msg_hdr = (struct msghdr){ .msg_name = &side->to[slot].sa,
                                                .msg_namelen = addr_len(&side->to[slot]),
                                                .msg_iov = &side->iov[slot],
                                                .msg_iovlen = 1 };
    put_source(&side->msgs[slot].msg_hdr, side->control[slot], end_addr(side, index).in4.sin_addr);
    if (side->n_queue == BATCH)
        flush(generator, side);
}

/* xorshift: the same run again gives the same faults. */
static bool falls(struct generator *generator, unsigned thousandths)
{
    generator->dice ^= generator->dice << 13;
    generator->dice ^= generator->dice >> 17;
    generator->dice ^= generator->dice << 5;
    return generator->dice % 1000 < thousandths;
}

/* The call's turn on a bad line: the packet `seq` is sent, lost, late by a turn (then the next one
 * comes with it) or, with another late one, in the wrong order. */
static void spoil(struct generator *generator, struct side *side, size_t index, uint16_t seq,
                  uint8_t *owed, struct side_done *done)
{
    const struct faults *faults = &generator->faults;
    if (*owed == 0 && falls(generator, faults->late)) {
        *owed = 1;
        done->late++;
        return;
    }
    bool swaps = *owed && side == &generator->b && falls(generator, faults->swap);
    uint16_t before = (uint16_t)(seq - 1);
    if (*owed && !swaps)
        queue(generator, side, index, before);
    if (!*owed && falls(generator, faults->loss)) {
        done->lost++;
        return;
    }
    queue(generator, side, index, seq);
    if (swaps)
        queue(generator, side, index, before);
    done->swapped += swaps;
    *owed = 0;
}

static void take_turn(struct generator *generator, size_t index)
{
    uint16_t seq = generator->seqs[index]++;
    spoil(generator, &generator->a, index, seq, &generator->a_owed[index], &generator->a_done);
    spoil(generator, &generator->b, index, seq, &generator->b_owed[index], &generator->b_done);
}

static void talk(struct generator *generator, int64_t ms)
{
    int64_t start_ns = now_ns(), end_ns = start_ns + ms * 1000000, tick_ns = start_ns;
    uint64_t done = 0, rate = generator->n_calls * PACKETS_A_SECOND;
    for (int64_t now = start_ns; now < end_ns; now = now_ns()) {
        uint64_t due = now < tick_ns ? done : (uint64_t)(now - start_ns) * rate / 1000000000;
        /* what it missed while others had its core is left out: far ends send no such bursts */
        if (due - done > rate / BEHIND_SHARE + BATCH)
            done = due - rate / BEHIND_SHARE - BATCH;
        for (size_t n = 0; done < due && n < BATCH; n++, done++) {
            take_turn(generator, generator->next++ % generator->n_calls);
        }
        if (generator->consent_ns && now >= generator->consent_ns) {
            browser_consent(generator->browser, generator->n_calls);
            generator->consent_ns = now + CONSENT_LOOK_NS;
        }
        if (done >= due && now >= tick_ns)
            tick_ns = now + TICK_NS;
        flush(generator, &generator->a);
        flush(generator, &generator->b);
        receive(generator, &generator->a);
        receive(generator, &generator->b);
    }
}

/* From outside */

struct generator *generator_create(struct subject *subject, unsigned max_calls)
{
    struct generator *generator = mem_new(struct generator);
    generator->subject = subject;
    sounds_make(&generator->sounds);
    side_open(&generator->a, 0x7f010000U);
    side_open(&generator->b, 0x7f020000U);
    generator->offers = mem_array(max_calls, sizeof *generator->offers);
    generator->seqs = mem_array(max_calls, sizeof *generator->seqs);
    generator->b_ends = mem_array(max_calls, sizeof *generator->b_ends);
    generator->a_owed = mem_array(max_calls, 1);
    generator->b_owed = mem_array(max_calls, 1);
    generator->dice = 1;
    srtp_sdes_make(&generator->b_master, SRTP_AES128_CM_SHA1_80, generator->b_key);
    generator->browser = browser_create(max_calls, send_for, generator);
    return generator;
}

void generator_destroy(struct generator *generator)
{
    close(generator->a.fd);
    close(generator->b.fd);
    browser_destroy(generator->browser);
    for (size_t i = 0; i < generator->n_calls; i++) {
        srtp_destroy(generator->b_ends[i].tx);
        srtp_destroy(generator->b_ends[i].rx);
    }
    mem_free(generator->b_ends);
    mem_free(generator->a_owed);
    mem_free(generator->b_owed);
    mem_free(generator->offers);
    mem_free(generator->seqs);
    mem_free(generator);
}

/* Turn what comes in until call `index` is up; false: it does not come up in time. */
static bool wait_up(struct generator *generator, size_t index, size_t n)
{
    for (int64_t end_ns = now_ns() + SETUP_NS; !browser_is_up(generator->browser, index);) {
        struct pollfd polled = { generator->a.fd, POLLIN, 0 };
        poll(&polled, 1, 5);
        receive(generator, &generator->a);
        browser_tick(generator->browser, n);
        if (now_ns() > end_ns)
            return false;
    }
    return true;
}

static void key_b(struct generator *generator, size_t index)
{
    const struct offer *offer = &generator->offers[index];
    struct b_end *end = &generator->b_ends[index];
    struct srtp_master theirs;
    enum srtp_profile profile;
    if (generator->subject->kind != BENCH_RELAY_SRTP || !offer->key[0])
        return;
    BUG_IF(srtp_sdes_parse(&theirs, &profile, SLICE("AES_CM_128_HMAC_SHA1_80"),
                           slice_of(offer->key), SLICE_NONE));
    const struct srtp_profile_info *info = srtp_profile_info(profile);
    BUG_IF(srtp_create(&end->tx, profile, SRTP_PROTECT,
                       slice_make(generator->b_master.key, info->key_len),
                       slice_make(generator->b_master.salt, info->salt_len)));
    BUG_IF(srtp_create(&end->rx, profile, SRTP_UNPROTECT, slice_make(theirs.key, info->key_len),
                       slice_make(theirs.salt, info->salt_len)));
}

bool generator_grow(struct generator *generator, unsigned calls)
{
    enum { WINDOW = 16 }; /* handshakes at a time */
    size_t first = generator->n_calls;
    for (size_t i = first; i < calls + WINDOW; i++) {
        const struct ends ends = { .a = end_addr(&generator->a, i),
                                   .b = end_addr(&generator->b, i),
                                   .ufrag = browser_ufrag(generator->browser),
                                   .pwd = browser_pwd(generator->browser),
                                   .fingerprint = browser_fingerprint(generator->browser),
                                   .key = generator->b_key };
        if (i < calls) {
            if (!generator->subject->open(generator->subject, i, &ends, &generator->offers[i]))
                return false;
            key_b(generator, i);
            generator->seqs[i] = (uint16_t)(i * 7 % PACKETS_A_SECOND);
            browser_call(generator->browser, i, &generator->offers[i]);
        }
        if (i >= first + WINDOW && !wait_up(generator, i - WINDOW, i < calls ? i + 1 : calls))
            return false;
    }
    generator->n_calls = calls;
    return true;
}

static int64_t percentile(const struct generator *generator, double share)
{
    uint64_t want = (uint64_t)(share * (double)generator->n_delays), seen = 0;
    for (int64_t us = 0; us < DELAYS; us++) {
        seen += generator->delays[us];
        if (seen && seen >= want)
            return us;
    }
    return -1;
}

static void drain(struct generator *generator)
{
    for (int64_t end_ns = now_ns() + DRAIN_NS; now_ns() < end_ns;) {
        receive(generator, &generator->a);
        receive(generator, &generator->b);
    }
}

void generator_spoil(struct generator *generator, int64_t ms, const struct faults *faults,
                     struct side_done *a, struct side_done *b)
{
    generator->a.sent = generator->b.sent = generator->a.got = generator->b.got = 0;
    generator->consent_ns = now_ns();
    talk(generator, WARM_MS);
    generator->faults = *faults;
    talk(generator, ms);
    generator->faults = (struct faults){ 0 };
    talk(generator, WARM_MS); /* a loss shows with the packet behind it */
    drain(generator);
    *a = generator->a_done;
    *b = generator->b_done;
    a->sent = generator->a.sent;
    b->sent = generator->b.sent;
    a->got = generator->a.got;
    b->got = generator->b.got;
}

void generator_run(struct generator *generator, int64_t ms, struct step *step)
{
    talk(generator, WARM_MS);
    generator->a.sent = generator->b.sent = generator->a.got = generator->b.got = 0;
    generator->a.bad = generator->b.bad = generator->n_delays = 0;
    memset(generator->delays, 0, sizeof generator->delays);
    generator->counting = true;
    int64_t cpu_ns = process_cpu_ns(generator->subject->pid), start_ns = now_ns();
    talk(generator, ms);
    cpu_ns = process_cpu_ns(generator->subject->pid) - cpu_ns;
    int64_t took_ns = now_ns() - start_ns;
    generator->counting = false;
    drain(generator);
    uint64_t sent = generator->a.sent + generator->b.sent;
    uint64_t got = generator->a.got + generator->b.got - generator->a.bad - generator->b.bad;
    *step = (struct step){
        .calls = (unsigned)generator->n_calls,
        .sent = sent,
        .lost = sent > got ? sent - got : 0,
        .cpu_ns = cpu_ns,
        .busy = (double)cpu_ns / (double)took_ns,
        .ns_per_packet = (double)cpu_ns / (double)sent,
        .delay_p50_us = percentile(generator, 0.5),
        .delay_p99_us = percentile(generator, 0.99),
        .delay_max_us = percentile(generator, 1),
        .generator_late = (double)sent < ENOUGH * 2.0 * PACKETS_A_SECOND *
                                             (double)(generator->n_calls) * (double)ms / 1000,
    };
}
