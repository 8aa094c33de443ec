#pragma once
/* For tests only: a small WebRTC end with a controlling ICE agent, a DTLS engine and SRTP sessions
 * on one socket, driven by far_poll(). */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/rand.h"
#include "media/media_packet.h"
#include "media/rtp.h"
#include "media/srtp.h"
#include "rtc/cert.h"
#include "rtc/dtls.h"
#include "rtc/rtc_transport.h"
#include "rtc/stun.h"

enum { FAR_PT = 0, FAR_PAYLOAD = 160 };

struct far { /* one end far away */
    int fd;
    struct addr addr, server;
    struct rtc_local theirs; /* the gateway's credentials */
    struct dtls_context *context;
    struct dtls *dtls;
    struct srtp_session *tx, *rx;
    char *cert, *key;
    char fingerprint[CERT_FINGERPRINT_TEXT];
    bool up, failed;
    enum err err;
    unsigned n_answers, n_dtls, n_rtp, n_rtcp;
    uint16_t seq, last_seq;
    uint8_t last_payload;
};

static inline void far_send(struct far *far, const void *bytes, size_t len)
{
    assert_int_equal(sendto(far->fd, bytes, len, 0, &far->server.sa, addr_len(&far->server)),
                     (ssize_t)len);
}

static inline void far_on_send(void *owner, struct slice datagram)
{
    far_send(owner, datagram.ptr, datagram.len);
}

static inline void far_on_up(void *owner, const struct dtls_keys *keys)
{
    struct far *far = owner;
    far->up = true;
    assert_int_equal(
        srtp_create(&far->tx, keys->profile, SRTP_PROTECT, keys->tx_key, keys->tx_salt), OK);
    assert_int_equal(
        srtp_create(&far->rx, keys->profile, SRTP_UNPROTECT, keys->rx_key, keys->rx_salt), OK);
}

static inline void far_on_failed(void *owner, enum err err, const char *text)
{
    struct far *far = owner;
    (void)text;
    far->failed = true;
    far->err = err;
}

static inline int far_socket(struct addr *addr)
{
    socklen_t len = sizeof *addr;
    *addr = addr_loopback4(0);
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    assert_true(fd >= 0);
    assert_int_equal(bind(fd, &addr->sa, addr_len(addr)), 0);
    assert_int_equal(getsockname(fd, &addr->sa, &len), 0);
    return fd;
}

static inline void far_open(struct far *far, const struct rtc *rtc, enum dtls_role role,
                            const struct dtls_config *config)
{
    static const struct dtls_events events = { far_on_send, far_on_up, far_on_failed };
    struct dtls_config plain = { .role = role };
    *far = (struct far){ .server = addr_loopback4(rtc_port(rtc, 0)) };
    far->fd = far_socket(&far->addr);
    assert_int_equal(cert_make_ecdsa(&far->cert, &far->key, "far", NULL, NULL), OK);
    assert_int_equal(cert_fingerprint(slice_of(far->cert), "sha-256", far->fingerprint), OK);
    assert_int_equal(
        dtls_context_create(&far->context, slice_of(far->cert), slice_of(far->key), NULL), OK);
    far->dtls = dtls_create(far->context, config ? config : &plain, &events, far);
    assert_int_equal(dtls_set_fingerprint(far->dtls, "sha-256", slice_of(rtc_fingerprint(rtc))),
                     OK);
}

static inline void far_close(struct far *far)
{
    close(far->fd);
    dtls_destroy(far->dtls);
    dtls_context_destroy(far->context);
    srtp_destroy(far->tx);
    srtp_destroy(far->rx);
    mem_free(far->cert);
    mem_free(far->key);
}

static inline void far_check_as(struct far *far, const char *pwd, bool use)
{
    char mem[STUN_SEND_MAX], username[64];
    struct buf buf = BUF_ON(mem);
    uint8_t id[STUN_ID_LEN];
    rand_bytes(id, sizeof id);
    snprintf(username, sizeof username, "%s:far", far->theirs.ufrag);
    stun_begin(&buf, STUN_REQUEST, STUN_BINDING, id);
    stun_put(&buf, STUN_USERNAME, slice_of(username));
    stun_put_u64(&buf, STUN_ICE_CONTROLLING, 42);
    stun_put_u32(&buf, STUN_PRIORITY, rtc_candidate_priority(RTC_CANDIDATE_PRFLX, 65535, 1));
    if (use)
        stun_put(&buf, STUN_USE_CANDIDATE, SLICE_NONE);
    stun_put_integrity(&buf, slice_of(pwd));
    stun_put_fingerprint(&buf);
    assert_false(buf.overflow);
    far_send(far, buf.ptr, buf.len);
}

static inline void far_check(struct far *far)
{
    far_check_as(far, far->theirs.pwd, true);
}

static inline void far_rtp(struct far *far, uint8_t value)
{
    struct media_packet packet = { 0 };
    packet.data = packet.room + MEDIA_PACKET_HEAD;
    struct buf buf;
    buf_init(&buf, packet.data, MEDIA_PACKET_MAX);
    buf_u8(&buf, 0x80);
    buf_u8(&buf, FAR_PT);
    buf_u16(&buf, far->seq);
    buf_u32(&buf, (uint32_t)far->seq * FAR_PAYLOAD);
    buf_u32(&buf, 0x1234);
    memset(buf.ptr + buf.len, value, FAR_PAYLOAD);
    packet.len = (uint32_t)buf.len + FAR_PAYLOAD;
    far->seq++;
    assert_int_equal(srtp_protect(far->tx, &packet), OK);
    far_send(far, packet.data, packet.len);
}

static inline void far_take_media(struct far *far, struct media_packet *packet)
{
    if (!far->rx)
        return;
    assert_int_equal(srtp_unprotect(far->rx, packet), OK);
    if (packet->is_rtcp) {
        far->n_rtcp++;
        return;
    }
    far->n_rtp++;
    far->last_payload = packet->data[packet->len - 1];
}

static inline void far_take(struct far *far, struct media_packet *packet)
{
    struct slice bytes = slice_make(packet->data, packet->len);
    struct stun_msg msg;
    enum rtp_demux_kind kind = rtp_demux(bytes);
    packet->is_rtcp = kind == RTP_DEMUX_RTCP;
    if (kind == RTP_DEMUX_STUN) {
        assert_int_equal(stun_parse(&msg, bytes), OK);
        assert_int_equal(stun_check_integrity(&msg, slice_of(far->theirs.pwd)), OK);
        assert_int_equal(msg.class, STUN_SUCCESS);
        far->n_answers++;
    } else if (kind == RTP_DEMUX_DTLS) {
        far->n_dtls++;
        dtls_feed(far->dtls, bytes);
    } else {
        far_take_media(far, packet);
    }
}

static inline void far_poll(struct far *far)
{
    for (;;) {
        struct media_packet packet = { 0 };
        packet.data = packet.room + MEDIA_PACKET_HEAD;
        ssize_t len = recv(far->fd, packet.data, MEDIA_PACKET_MAX, 0);
        if (len < 0)
            break;
        packet.len = (uint32_t)len;
        far_take(far, &packet);
    }
    dtls_tick(far->dtls);
}
