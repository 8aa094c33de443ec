/* The peer: Debian's rtpengine in user space with one worker thread, called over its ng protocol
 * (UDP, a cookie and a bencoded dictionary; a new cookie each time). */
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/err.h"
#include "bench/bench.h"

enum { TEXT = 8192, ANSWER_MS = 500, START_TRIES = 50 };
#define NG_PORT 22223
#define SDES_SUITE "AES_CM_128_HMAC_SHA1_80"

static bool ask(const struct subject *subject, const char *command, char reply[TEXT])
{
    static unsigned cookie;
    char text[TEXT];
    struct pollfd polled = { subject->fd, POLLIN, 0 };
    int len = snprintf(text, sizeof text, "bench%u %s", ++cookie, command);
    if (send(subject->fd, text, (size_t)len, 0) < 0 || poll(&polled, 1, ANSWER_MS) != 1)
        return false;
    ssize_t n = recv(subject->fd, reply, TEXT - 1, 0);
    reply[n > 0 ? n : 0] = '\0';
    return n > 0;
}

static void put(struct buf *buf, const char *text)
{
    buf_printf(buf, "%zu:%s", strlen(text), text);
}

/* The value of the first line that begins so; "" when there is none. */
static void line_of(const char *sdp, const char *start, char *out, size_t cap)
{
    const char *at = strstr(sdp, start);
    size_t len = at ? strcspn(at + strlen(start), "\r\n") : 0;
    if (at)
        slice_copy(slice_make(at + strlen(start), len), out, cap);
    else
        out[0] = '\0';
}

static bool read_addr(const char *sdp, struct addr *out)
{
    char port[32], ip[64];
    line_of(sdp, "m=audio ", port, sizeof port);
    line_of(sdp, "c=IN IP4 ", ip, sizeof ip);
    return addr_parse_ip(slice_of(ip), (uint16_t)strtol(port, NULL, 10), out) == OK;
}

static void print_head(const struct addr *addr, const char *proto, const char *pt, struct buf *out)
{
    char ip[ADDR_TEXT];
    addr_print_ip(addr, ip);
    buf_printf(out,
               "v=0\r\no=- 1 1 IN IP4 %s\r\ns=-\r\nc=IN IP4 %s\r\nt=0 0\r\n"
               "m=audio %u %s %s\r\na=rtcp-mux\r\na=sendrecv\r\n",
               ip, ip, addr_port(addr), proto, pt);
}

static void print_a(const struct subject *subject, const struct ends *ends, struct buf *out)
{
    char ip[ADDR_TEXT];
    bool opus = subject->kind == BENCH_TRANSCODE;
    if (subject->kind == BENCH_RELAY_RTP) {
        print_head(&ends->a, "RTP/AVP", "0", out);
        return;
    }
    print_head(&ends->a, "UDP/TLS/RTP/SAVPF", opus ? "111" : "0", out);
    if (opus)
        buf_text(out, "a=rtpmap:111 opus/48000/2\r\na=fmtp:111 useinbandfec=1\r\n");
    buf_printf(out,
               "a=ice-ufrag:%s\r\na=ice-pwd:%s\r\na=fingerprint:sha-256 %s\r\na=setup:active\r\n"
               "a=candidate:1 1 UDP 2130706431 %s %u typ host\r\n",
               ends->ufrag, ends->pwd, ends->fingerprint, addr_print_ip(&ends->a, ip),
               addr_port(&ends->a));
}

static void print_b(const struct subject *subject, const struct ends *ends, long tag,
                    struct buf *out)
{
    bool srtp = subject->kind == BENCH_RELAY_SRTP;
    print_head(&ends->b, srtp ? "RTP/SAVP" : "RTP/AVP", "0", out);
    if (srtp)
        buf_printf(out, "a=crypto:%ld " SDES_SUITE " inline:%s\r\n", tag, ends->key);
}

static void begin(struct buf *buf, const char *command, size_t index, const char *sdp)
{
    char id[32];
    snprintf(id, sizeof id, "bench-%zu", index);
    buf_text(buf, "d");
    put(buf, "command");
    put(buf, command);
    put(buf, "call-id");
    put(buf, id);
    put(buf, "from-tag");
    put(buf, "a");
    put(buf, "sdp");
    put(buf, sdp);
}

/* What it is to make of A's description for B, and of B's for A. */
static const struct dialect {
    const char *offer, *answer;
} dialects[] = {
    [BENCH_RELAY] = { "18:transport-protocol7:RTP/AVP3:ICE6:remove",
                      "18:transport-protocol17:UDP/TLS/RTP/SAVPF3:ICE5:force" },
    [BENCH_RELAY_RTP] = { "18:transport-protocol7:RTP/AVP", "18:transport-protocol7:RTP/AVP" },
    [BENCH_RELAY_SRTP] = { "18:transport-protocol8:RTP/SAVP3:ICE6:remove4:DTLS3:off",
                           "18:transport-protocol17:UDP/TLS/RTP/SAVPF3:ICE5:force" },
    [BENCH_TRANSCODE] = { "18:transport-protocol7:RTP/AVP3:ICE6:remove"
                          "5:codecd9:transcodel4:PCMUe4:maskl4:opusee",
                          "18:transport-protocol17:UDP/TLS/RTP/SAVPF3:ICE5:force" },
};

/* Its key for B, and the tag of that line, which the answer repeats (RFC 4568 §5.1.2). */
static long read_key(const char *sdp, struct offer *offer)
{
    const char *at = strstr(sdp, " " SDES_SUITE " inline:"), *tag = at;
    if (!at)
        return 0;
    line_of(at, "inline:", offer->key, sizeof offer->key);
    offer->key[strcspn(offer->key, "| ")] = '\0';
    while (tag > sdp && tag[-1] != ':')
        tag--;
    return strtol(tag, NULL, 10);
}

static bool open_call(struct subject *subject, size_t index, const struct ends *ends,
                      struct offer *offer)
{
    char sdp_mem[TEXT], command[TEXT + 512], reply[TEXT];
    struct buf buf = BUF_ON(command), sdp = BUF_ON(sdp_mem);
    print_a(subject, ends, &sdp);
    begin(&buf, "offer", index, buf_cstr(&sdp));
    buf_printf(&buf, "%se", dialects[subject->kind].offer);
    if (!ask(subject, buf_cstr(&buf), reply) || !read_addr(reply, &offer->b))
        return false;
    long tag = read_key(reply, offer);
    sdp = BUF_ON(sdp_mem);
    print_b(subject, ends, tag, &sdp);
    buf = BUF_ON(command);
    begin(&buf, "answer", index, buf_cstr(&sdp));
    buf_printf(&buf, "6:to-tag1:b%se", dialects[subject->kind].answer);
    if (!ask(subject, buf_cstr(&buf), reply) || !read_addr(reply, &offer->a))
        return false;
    line_of(reply, "a=ice-ufrag:", offer->ufrag, sizeof offer->ufrag);
    line_of(reply, "a=ice-pwd:", offer->pwd, sizeof offer->pwd);
    line_of(reply, "a=fingerprint:sha-256 ", offer->fingerprint, sizeof offer->fingerprint);
    return subject->kind == BENCH_RELAY_RTP || (offer->ufrag[0] && offer->fingerprint[0]);
}

static void serve(void)
{
    char ng[64], *const args[] = { (char[]){ "rtpengine" },
                                   (char[]){ "--table=-1" },
                                   (char[]){ "--interface=127.0.0.1" },
                                   ng,
                                   (char[]){ "--port-min=32000" },
                                   (char[]){ "--port-max=60000" },
                                   (char[]){ "--foreground" },
                                   (char[]){ "--log-stderr" },
                                   (char[]){ "--log-level=2" },
                                   (char[]){ "--num-threads=1" },
                                   (char[]){ "--config-file=none" },
                                   (char[]){ "--delete-delay=0" },
                                   NULL };
    snprintf(ng, sizeof ng, "--listen-ng=127.0.0.1:%d", NG_PORT);
    if (!freopen("/dev/null", "w", stderr) || !freopen("/dev/null", "w", stdout))
        _exit(1);
    execvp(args[0], args);
    _exit(127);
}

bool rtpengine_start(struct subject *subject, enum bench_kind kind)
{
    char reply[TEXT];
    int pair;
    *subject = (struct subject){ .name = "rtpengine", .kind = kind, .open = open_call };
    subject->pid = process_fork(&pair);
    if (subject->pid == 0)
        serve();
    close(pair);
    struct addr addr = addr_loopback4(NG_PORT);
    subject->fd = socket(AF_INET, SOCK_DGRAM, 0);
    BUG_IF(connect(subject->fd, &addr.sa, addr_len(&addr)));
    for (int i = 0; i < START_TRIES; i++) {
        if (ask(subject, "d7:command4:pinge", reply) && strstr(reply, "pong"))
            return true;
        if (waitpid(subject->pid, NULL, WNOHANG) == subject->pid) {
            close(subject->fd);
            return false;
        }
        usleep(100000);
    }
    process_end(subject);
    return false;
}
