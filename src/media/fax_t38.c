#include "fax_t38.h"

#include <spandsp.h>

#include "base/mem.h"
#include "media/fax_machine.h"
#include "media/udptl.h"

struct fax_t38 {
    t38_terminal_state_t *state;
    t38_core_state_t *core;
    struct udptl_sender sender;
    struct udptl_receiver receiver;
    unsigned messages;
    fax_t38_fn send;
    void *owner;
};

/* Data of V.21, which ends with hdlc-fcs-OK-sig-end and no octets (T.38 §7.3, §7.4). */
static bool ends_message(const uint8_t *ifp, int len)
{
    return len >= 3 && ifp[0] == 0xc0 && ifp[len - 1] == 0x40;
}

/* `count`: how often it is to go out, for indicators have nothing that comes after them soon. */
static int on_packet(t38_core_state_t *core, void *user, const uint8_t *bytes, int len, int count)
{
    struct fax_t38 *t38 = user;
    char mem[(2 + UDPTL_DEPTH) * UDPTL_IFP_MAX]; /* whatever max_datagram says */
    struct buf out = BUF_ON(mem);
    (void)core;
    if (len < 0 || udptl_send(&t38->sender, slice_make(bytes, (size_t)len), &out))
        return -1;
    for (int i = 0; i < count; i++)
        t38->send(t38->owner, buf_slice(&out));
    t38->messages += ends_message(bytes, len);
    return 0;
}

struct fax_t38 *fax_t38_create(bool is_sender, const struct fax_remote *remote, fax_t38_fn send,
                               void *owner)
{
    struct fax_t38 *t38 = mem_new(struct fax_t38);
    t38->send = send;
    t38->owner = owner;
    t38->sender.depth = remote->repeats ? UDPTL_DEPTH : 0;
    t38->sender.max_datagram = remote->max_datagram;
    t38->state = t38_terminal_init(NULL, is_sender, on_packet, t38);
    BUG_IF(!t38->state);
    t38->core = t38_terminal_get_t38_core_state(t38->state);
    t38_set_t38_version(t38->core, 0);
    t38_set_data_rate_management_method(t38->core, remote->is_local_tcf
                                                       ? T38_DATA_RATE_MANAGEMENT_LOCAL_TCF
                                                       : T38_DATA_RATE_MANAGEMENT_TRANSFERRED_TCF);
    return t38;
}

void fax_t38_destroy(struct fax_t38 *t38)
{
    if (!t38)
        return;
    t38_terminal_release(t38->state);
    t38_terminal_free(t38->state);
    mem_free(t38);
}

struct t30_state_s *fax_t38_session(struct fax_t38 *t38)
{
    return t38_terminal_get_t30_state(t38->state);
}

unsigned fax_t38_messages(const struct fax_t38 *t38)
{
    return t38->messages;
}

static void on_ifp(void *owner, uint16_t seq, struct slice ifp)
{
    struct fax_t38 *t38 = owner;
    if (ifp.len)
        t38_core_rx_ifp_packet(t38->core, (const uint8_t *)ifp.ptr, (int)ifp.len, seq);
}

void fax_t38_feed(struct fax_t38 *t38, struct slice datagram)
{
    struct udptl_packet packet;
    if (udptl_parse(&packet, datagram) == OK)
        udptl_receive(&t38->receiver, &packet, on_ifp, t38);
}

void fax_t38_tick(struct fax_t38 *t38, unsigned ms)
{
    t38_terminal_send_timeout(t38->state, (int)ms * FAX_RATE_HZ / 1000);
}
