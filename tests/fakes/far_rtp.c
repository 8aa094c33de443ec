/* A far end's sound: packets of silence, counted. */
#include <sys/socket.h>

#include "base/err.h"
#include "fakes/far_end.h"
#include "media/rtp.h"

enum { FAR_PACKET = 160 };

void far_open_rtp(struct far_end *far)
{
    struct addr addr = addr_loopback4(0);
    socklen_t len = sizeof far->rtp;
    far->rtp_fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(far->rtp_fd, &addr.sa, addr_len(&addr)), 0);
    assert_int_equal(getsockname(far->rtp_fd, &far->rtp.sa, &len), 0);
}

/* Where the gateway wants RTP. */
static struct addr rtp_of_gateway(const struct far_end *far)
{
    struct slice sdp = slice_of(far->sdp);
    struct slice rest = slice_from(sdp, slice_find(sdp, SLICE("m=audio ")));
    uint32_t port;
    (void)slice_word(&rest);
    assert_int_equal(slice_to_u32(slice_word(&rest), 65535, &port), OK);
    return addr_loopback4((uint16_t)port); /* at most 65535 */
}

void far_send_rtp(struct far_end *far)
{
    static uint16_t seq;
    uint8_t packet[RTP_HEADER_LEN + FAR_PACKET];
    struct addr to = rtp_of_gateway(far);
    struct slice formats = slice_of(far->formats);
    uint32_t pt;
    assert_int_equal(slice_to_u32(slice_word(&formats), 127, &pt), OK);
    struct rtp_header header = {
        .pt = (uint8_t)pt, .seq = seq, .ts = (uint32_t)seq * FAR_PACKET, .ssrc = 77
    };
    seq++;
    rtp_print(&header, packet);
    memset(packet + RTP_HEADER_LEN, 0xd5, FAR_PACKET); /* quiet in both laws */
    assert_int_equal(sendto(far->rtp_fd, packet, sizeof packet, 0, &to.sa, addr_len(&to)),
                     sizeof packet);
}

void far_poll_rtp(struct far_end *far)
{
    uint8_t packet[2048];
    while (recv(far->rtp_fd, packet, sizeof packet, 0) > 0)
        far->packets++;
}
