#pragma once
/* For the tests of streams: a media engine on a real loop, and far ends that speak RTP to it over
 * loopback. Included by one test program each. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/loop.h"
#include "base/mem.h"
#include "base/wire.h"
#include "media/codecs.h"
#include "media/media.h"
#include "media/rtcp.h"
#include "media/rtp.h"
#include "media/rtp_transport.h"

enum { FAR_PCMU = 0, FAR_PCMA = 8, FAR_EVENT = 101, FAR_OPUS = 111, FAR_OPUS_TX = 96 };
enum { FAR_TONE_HZ = 440 };

struct rig {
    struct loop *loop;
    struct media *media;
};

/* A stream of ours and the far end it talks to. */
struct far {
    struct rig *rig;
    struct media_stream *stream;
    struct rtp_local local;
    int fd, rtcp_fd;
    struct addr addr, rtcp_addr;
    /* its numbers */
    uint32_t ssrc, ts;
    uint16_t seq;
    /* the newest packet it got */
    struct rtp_header got;
    uint8_t bytes[2048];
    /* what its stream reported */
    unsigned connected, first_packets, plays_done, silences, heard_again, failures;
    uint32_t play_id;
    char digits[32];
    unsigned digit_ms;
    enum err err;
    char text[200];
    char step[200]; /* the last */
};

static inline int64_t rig_now_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static inline void rig_create(struct rig *rig, const struct media_config *config)
{
    struct media_config loopback = *config;
    struct fault fault;
    if (!addr_is_set(&loopback.bind))
        loopback.bind = addr_loopback4(0);
    rig->loop = loop_create();
    assert_int_equal(media_create(&rig->media, rig->loop, &loopback, &fault), OK);
}

static inline void rig_destroy(struct rig *rig)
{
    media_destroy(rig->media);
    loop_destroy(rig->loop);
}

static inline void rig_run(struct rig *rig, int64_t ms)
{
    for (int64_t end_us = rig_now_us() + ms * 1000; rig_now_us() < end_us;)
        loop_turn(rig->loop, 2);
}

/** Until `*value` is at least `want`; fails after `ms`. */
static inline void rig_wait(struct rig *rig, const unsigned *value, unsigned want, int64_t ms)
{
    for (int64_t end_us = rig_now_us() + ms * 1000; *value < want && rig_now_us() < end_us;)
        loop_turn(rig->loop, 2);
    assert_in_range(*value, want, UINT32_MAX);
}

static inline void far_on_connected(void *owner)
{
    ((struct far *)owner)->connected++;
}
static inline void far_on_first_packet(void *owner)
{
    ((struct far *)owner)->first_packets++;
}
static inline void far_on_dtmf(void *owner, char digit, unsigned duration_ms)
{
    struct far *far = owner;
    size_t n = strlen(far->digits);
    if (n + 1 < sizeof far->digits)
        far->digits[n] = digit;
    far->digit_ms = duration_ms;
}
static inline void far_on_play_done(void *owner, uint32_t play_id)
{
    struct far *far = owner;
    far->plays_done++;
    far->play_id = play_id;
}
static inline void far_on_silent(void *owner, int64_t silent_ms)
{
    (void)silent_ms;
    ((struct far *)owner)->silences++;
}
static inline void far_on_heard_again(void *owner)
{
    ((struct far *)owner)->heard_again++;
}
static inline void far_on_failed(void *owner, enum err err, const char *text)
{
    struct far *far = owner;
    far->failures++;
    far->err = err;
    snprintf(far->text, sizeof far->text, "%s", text);
}
static inline void far_on_step(void *owner, const char *step, const char *detail)
{
    struct far *far = owner;
    snprintf(far->step, sizeof far->step, "%s %s", step, detail);
}
static const struct media_events far_events = {
    .on_step = far_on_step,
    .on_connected = far_on_connected,
    .on_first_packet = far_on_first_packet,
    .on_dtmf = far_on_dtmf,
    .on_play_done = far_on_play_done,
    .on_silent = far_on_silent,
    .on_heard_again = far_on_heard_again,
    .on_failed = far_on_failed,
};

static inline int far_bind(struct addr *bound)
{
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
    struct addr addr = addr_loopback4(0);
    socklen_t len = sizeof *bound;
    assert_int_equal(bind(fd, &addr.sa, addr_len(&addr)), 0);
    assert_int_equal(getsockname(fd, &bound->sa, &len), 0);
    return fd;
}

static inline void far_set_remote(struct far *far)
{
    const struct rtp_remote remote = { .rtp = far->addr, .rtcp = far->rtcp_addr };
    rtp_transport_set_remote(far->stream, &remote);
}

/** A stream on that thread, connected to a far end; not described yet. */
static inline void far_create_on(struct far *far, struct rig *rig, unsigned thread)
{
    struct media_transport *transport = NULL;
    struct fault fault;
    *far = (struct far){ .rig = rig, .ssrc = 0x1000, .seq = 65530, .ts = 0xfffff000 };
    far->fd = far_bind(&far->addr);
    far->rtcp_fd = far_bind(&far->rtcp_addr);
    assert_int_equal(rtp_transport_create(&transport, rig->media, &far->local, &fault), OK);
    far->stream = media_stream_create(rig->media, thread, transport, &far_events, far);
    far_set_remote(far);
}

static inline void far_create(struct far *far, struct rig *rig)
{
    far_create_on(far, rig, 0);
}

static inline void far_destroy(struct far *far)
{
    media_stream_destroy(far->stream);
    close(far->fd);
    close(far->rtcp_fd);
}

/** One codec, telephone events at `event_hz` (0: none), both ways. */
static inline void far_describe(struct far *far, const struct codec *codec, uint8_t tx_pt,
                                uint8_t rx_pt, uint32_t event_hz)
{
    struct media_description description = { .n_formats = 1, .send = true, .receive = true };
    description.formats[0] =
        (struct media_format){ .codec = codec, .tx_pt = tx_pt, .rx_pt = rx_pt };
    if (event_hz) {
        description.n_dtmf = 1;
        description.dtmf[0] = (struct media_dtmf_format){ event_hz, FAR_EVENT, FAR_EVENT };
    }
    media_stream_describe(far->stream, &description);
}

static inline void far_send_from(struct far *far, int fd, const struct rtp_header *header,
                                 const void *payload, size_t len)
{
    uint8_t packet[2048];
    rtp_print(header, packet);
    memcpy(packet + RTP_HEADER_LEN, payload, len);
    assert_int_equal(
        sendto(fd, packet, RTP_HEADER_LEN + len, 0, &far->local.rtp.sa, addr_len(&far->local.rtp)),
        RTP_HEADER_LEN + len);
}

/** The next packet of its stream, `duration` clock units long. */
static inline void far_send(struct far *far, uint8_t pt, const void *payload, size_t len,
                            uint32_t duration)
{
    const struct rtp_header header = {
        .pt = pt, .seq = far->seq++, .ts = far->ts, .ssrc = far->ssrc
    };
    far_send_from(far, far->fd, &header, payload, len);
    far->ts += duration;
}

/** A packet if one is there: in far->got. */
static inline bool far_try_receive(struct far *far)
{
    ssize_t n = recv(far->fd, far->bytes, sizeof far->bytes, 0);
    if (n < 0)
        return false;
    assert_int_equal(rtp_parse(&far->got, slice_make(far->bytes, (size_t)n)), OK);
    return true;
}

/** Wait for a packet; false after `ms`. */
static inline bool far_receive(struct far *far, int64_t ms)
{
    int64_t end_us = rig_now_us() + ms * 1000;
    while (!far_try_receive(far)) {
        if (rig_now_us() > end_us)
            return false;
        loop_turn(far->rig->loop, 1);
    }
    return true;
}

static inline void far_send_rtcp(const struct far *far, const struct addr *to, const uint8_t *bytes,
                                 size_t len)
{
    assert_int_equal(sendto(far->rtcp_fd, bytes, len, 0, &to->sa, addr_len(to)), (ssize_t)len);
}

/* The next RTCP that has a part of that type; 0: none came. */
static inline size_t far_wait_rtcp(const struct far *far, uint8_t type, uint8_t *bytes, size_t cap)
{
    for (int64_t end_us = rig_now_us() + 2000000; rig_now_us() < end_us;) {
        ssize_t got = recv(far->rtcp_fd, bytes, cap, 0);
        for (ssize_t at = 0; got > 0 && at + 4 <= got; at += 4 * (wire_get_u16(bytes + at + 2) + 1))
            if (bytes[at + 1] == type) {
                memmove(bytes, bytes + at, (size_t)(got - at));
                return (size_t)(got - at);
            }
        loop_turn(far->rig->loop, 2);
    }
    return 0;
}
