#include "fakes/scripted_peer.h"

#include <sys/socket.h>
#include <unistd.h>

#include "base/buf.h"
#include "sip/sip_build.h"
#include "sip/sip_msg.h"

enum { PEER_MESSAGE_MAX = 8192 };

void peer_create(struct scripted_peer *peer, struct rig *rig)
{
    struct addr addr = addr_loopback4(0);
    socklen_t len = sizeof peer->addr;
    *peer = (struct scripted_peer){ .rig = rig };
    peer->fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(peer->fd, &addr.sa, addr_len(&addr)), 0);
    assert_int_equal(getsockname(peer->fd, &peer->addr.sa, &len), 0);
}

void peer_destroy(struct scripted_peer *peer)
{
    for (size_t i = 0; i < SIP_METHOD_COUNT; i++)
        sip_msg_unref(peer->got[i]);
    close(peer->fd);
}

unsigned peer_poll(struct scripted_peer *peer, enum sip_method method)
{
    char bytes[PEER_MESSAGE_MAX];
    ssize_t len;
    while ((len = recv(peer->fd, bytes, sizeof bytes, 0)) > 0) {
        struct sip_msg *msg;
        size_t used;
        assert_int_equal(sip_msg_parse(&msg, slice_make(bytes, (size_t)len), &used), OK);
        enum sip_method got = sip_msg_method(msg);
        if (!sip_msg_is_request(msg)) {
            sip_msg_unref(msg);
            continue;
        }
        sip_msg_unref(peer->got[got]);
        peer->got[got] = msg;
        peer->n[got]++;
    }
    return peer->n[method];
}

void peer_reply(struct scripted_peer *peer, enum sip_method method, int status, const char *tag,
                const char *sdp)
{
    char mem[PEER_MESSAGE_MAX], contact[ADDR_TEXT];
    struct buf out = BUF_ON(mem);
    struct sip_build build;
    struct sip_msg *request = peer->got[method];
    sip_build_response(&build, &out, request, (unsigned)status, NULL, slice_of(tag),
                       &peer->rig->sip);
    sip_build_printf(&build, SIP_H_CONTACT, "<sip:%s@%s>", tag, addr_print(&peer->addr, contact));
    assert_int_equal(sip_build_end(&build, SLICE("application/sdp"), slice_of(sdp)), OK);
    assert_true(
        sendto(peer->fd, out.ptr, out.len, 0, &peer->rig->sip.sa, addr_len(&peer->rig->sip)) > 0);
}
