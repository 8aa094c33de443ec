#pragma once
/* One relayed address: a TURN client and its way to the server, which is a UDP socket of its own,
 * TCP or TLS. Created on control, then its media thread's. */

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/slice.h"
#include "net/addr.h"
#include "rtc/rtc_transport.h"

struct media_packet;
struct media_thread;
struct rtc_relay;
struct tls_context;

struct rtc_relay_events {
    void (*on_allocated)(void *owner, struct rtc_relay *relay);
    /** Datagrams from peers: `from` is the peer, `local` the relayed address. */
    void (*on_packets)(void *owner, struct media_packet *const *packets, size_t n);
    /** Once; the relay is of no more use. */
    void (*on_failed)(void *owner, struct rtc_relay *relay, enum err err, const char *text);
};

/** `ca_file` as in rtc_ice_config. ERR_LIMIT: the user name is too long. ERR_INVALID: the file is
 * of no use. `fault` says it. */
MUST_CHECK enum err rtc_relay_create(struct rtc_relay **out, const struct rtc_ice_server *server,
                                     const char *ca_file, const struct rtc_relay_events *events,
                                     void *owner, struct fault *fault);
/** On its thread; on control if it never started. Gives the allocation back. */
void rtc_relay_destroy(struct rtc_relay *relay);
void rtc_relay_start(struct rtc_relay *relay, struct media_thread *thread);
void rtc_relay_tick(struct rtc_relay *relay, int64_t now_ms);

/** The relayed address and where the server saw us; unset before on_allocated(). */
const struct addr *rtc_relay_addr(const struct rtc_relay *relay);
const struct addr *rtc_relay_mapped(const struct rtc_relay *relay);
enum ice_uri_transport rtc_relay_transport(const struct rtc_relay *relay);

void rtc_relay_send_bytes(struct rtc_relay *relay, const struct addr *peer, struct slice bytes,
                          int64_t now_ms);
/** Media, framed in place. */
void rtc_relay_send(struct rtc_relay *relay, const struct addr *peer,
                    struct media_packet *const *packets, size_t n);
/** Most of what comes goes to this peer: a channel. */
void rtc_relay_bind(struct rtc_relay *relay, const struct addr *peer, int64_t now_ms);
