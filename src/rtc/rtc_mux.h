#pragma once
/* One UDP port of a media thread that all WebRTC streams of the thread share (RFC 7983):
 * connectivity checks find their stream by the ufrag in USERNAME, everything else by the remote
 * address that such a check has proved. Created on control; the rest belongs to the media thread.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/slice.h"
#include "media/media_packet.h"
#include "net/addr.h"

struct ice_path;
struct media_thread;
struct rtc_mux;

struct rtc_mux_events {
    /** A check for one of this user's ufrags: not authenticated yet. */
    void (*on_check)(void *owner, const struct ice_path *path, struct slice bytes, int64_t now_ms);
    /** A DTLS datagram from a claimed address. */
    void (*on_dtls)(void *owner, struct slice datagram);
    /** SRTP and SRTCP of one batch, `is_rtcp` set, in the order they came. */
    void (*on_media)(void *owner, struct media_packet *const *packets, size_t n);
    /** Media is about to come: begin to load what it needs (see media_warm_fn). */
    void (*on_warm)(void *owner, unsigned step);
};
struct rtc_mux_user { /* lives in the stream's transport */
    const struct rtc_mux_events *events;
    void *owner;
};

/** Bind `addr` (port 0: any). ERR_IO with errno. */
MUST_CHECK enum err rtc_mux_create(struct rtc_mux **out, const struct addr *addr);
uint16_t rtc_mux_port(const struct rtc_mux *mux);
/** On its thread from now on. */
void rtc_mux_open(struct rtc_mux *mux, struct media_thread *thread);
/** On its thread; on control when it was never opened. Nobody may use it any more. */
void rtc_mux_destroy(struct rtc_mux *mux);

void rtc_mux_add_ufrag(struct rtc_mux *mux, struct slice ufrag, struct rtc_mux_user *user);
void rtc_mux_remove_ufrag(struct rtc_mux *mux, struct slice ufrag);
/** What an authenticated check has proved; see media_peers_claim(). */
bool rtc_mux_claim(struct rtc_mux *mux, const struct addr *addr, struct rtc_mux_user *user);
bool rtc_mux_may_claim(const struct rtc_mux *mux, const struct addr *addr,
                       const struct rtc_mux_user *user);
void rtc_mux_release(struct rtc_mux *mux, const struct addr *addr, const struct rtc_mux_user *user);

/** To each packet's `from`, from its `local`. */
void rtc_mux_send(struct rtc_mux *mux, struct media_packet *const *packets, size_t n);
void rtc_mux_send_bytes(struct rtc_mux *mux, const struct ice_path *path, struct slice bytes);
