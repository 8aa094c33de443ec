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

static void print_a(const struct subject *subject, const struct ends *ends, char sdp[TEXT])
{
    char ip[ADDR_TEXT];
    bool opus = subject->kind == BENCH_TRANSCODE;
    addr_print_ip(&ends->a, ip);
    snprintf(sdp, TEXT,
             "v=0\r\no=- 1 1 IN IP4 %s\r\ns=-\r\nc=IN IP4 %s\r\nt=0 0\r\n"
             "m=audio %u UDP/TLS/RTP/SAVPF %s\r\n%s"
             "a=rtcp-mux\r\na=sendrecv\r\na=ice-ufrag:%s\r\na=ice-pwd:%s\r\n"
             "a=fingerprint:sha-256 %s\r\na=setup:active\r\n"
             "a=candidate:1 1 UDP 2130706431 %s %u typ host\r\n",
             ip, ip, addr_port(&ends->a), opus ? "111" : "0",
             opus ? "a=rtpmap:111 opus/48000/2\r\na=fmtp:111 useinbandfec=1\r\n" : "", ends->ufrag,
             ends->pwd, ends->fingerprint, ip, addr_port(&ends->a));
}

static void print_b(const struct ends *ends, char sdp[TEXT])
{
    snprintf(sdp, TEXT,
             "v=0\r\no=- 2 2 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n"
             "m=audio %u RTP/AVP 0\r\na=rtcp-mux\r\na=sendrecv\r\n",
             addr_port(&ends->b));
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

static bool open_call(struct subject *subject, size_t index, const struct ends *ends,
                      struct offer *offer)
{
    char sdp[TEXT], command[TEXT + 512], reply[TEXT], ufrag[CREDENTIAL_MAX];
    struct buf buf = BUF_ON(command);
    print_a(subject, ends, sdp);
    begin(&buf, "offer", index, sdp);
    buf_text(&buf, "18:transport-protocol7:RTP/AVP3:ICE6:remove");
    if (subject->kind == BENCH_TRANSCODE)
        buf_text(&buf, "5:codecd9:transcodel4:PCMUe4:maskl4:opusee");
    buf_text(&buf, "e");
    if (!ask(subject, buf_cstr(&buf), reply) || !read_addr(reply, &offer->b))
        return false;
    print_b(ends, sdp);
    buf = BUF_ON(command);
    begin(&buf, "answer", index, sdp);
    buf_text(&buf, "6:to-tag1:b18:transport-protocol17:UDP/TLS/RTP/SAVPF3:ICE5:forcee");
    if (!ask(subject, buf_cstr(&buf), reply) || !read_addr(reply, &offer->a))
        return false;
    line_of(reply, "a=ice-ufrag:", ufrag, sizeof ufrag);
    snprintf(offer->ufrag, sizeof offer->ufrag, "%s", ufrag);
    line_of(reply, "a=ice-pwd:", offer->pwd, sizeof offer->pwd);
    line_of(reply, "a=fingerprint:sha-256 ", offer->fingerprint, sizeof offer->fingerprint);
    return ufrag[0] && offer->fingerprint[0];
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
