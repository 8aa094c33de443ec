#pragma once
/* A transport's ICE agent together with its way to the network: the lite one shares the worker's
 * port (rtc_ice_lite.c), a full one has sockets of its own (rtc_ice_full.c). Created on control,
 * then its media thread's. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/slice.h"
#include "rtc/ice.h"
#include "rtc/rtc_transport.h"

struct media_packet;
struct media_stream_core;
struct media_thread;
struct rtc_worker;

struct rtc_ice {
    const struct rtc_ice_ops *ops;
};
struct rtc_ice_ops {
    /** On its thread now. */
    void (*start)(struct rtc_ice *ice, struct media_thread *thread,
                  struct media_stream_core *stream);
    void (*set_remote)(struct rtc_ice *ice, const struct rtc_remote *remote, int64_t now_ms);
    void (*add_candidate)(struct rtc_ice *ice, const struct rtc_candidate *candidate);
    void (*restart)(struct rtc_ice *ice, const struct rtc_local *local);
    void (*tick)(struct rtc_ice *ice, int64_t now_ms);
    /** Where to send; NULL: nowhere yet. Borrowed until the next packet or tick. */
    const struct ice_path *(*selected)(const struct rtc_ice *ice);
    void (*send_bytes)(struct rtc_ice *ice, const struct ice_path *path, struct slice bytes);
    /** Media; the packets may be changed until return. */
    void (*send)(struct rtc_ice *ice, const struct ice_path *path,
                 struct media_packet *const *packets, size_t n);
    /** Begin to load what send() needs: steps 0 and 1 of media_warm_fn. NULL: nothing to gain. */
    void (*warm)(const struct rtc_ice *ice, unsigned step);
    /** On its thread; on control if it never started. No callback comes from it or after it. */
    void (*destroy)(struct rtc_ice *ice);
};

struct rtc_ice_events {
    void (*on_selected)(void *owner, const struct ice_path *path);
    void (*on_failed)(void *owner, enum err err, const char *text);
    /** From the peer, that is from an address it has proved. */
    void (*on_dtls)(void *owner, struct slice datagram);
    void (*on_media)(void *owner, struct media_packet *const *packets, size_t n);
    /** Such media is about to come: see media_warm_fn. */
    void (*on_warm)(void *owner, unsigned step);
    /** A check with a wrong password. */
    void (*on_forged)(void *owner);
};

struct rtc_ice *rtc_ice_lite_create(struct rtc_worker *worker, const struct rtc_local *local,
                                    const struct rtc_ice_events *events, void *owner);
struct rtc_ice *rtc_ice_full_create(const struct rtc_ice_config *config,
                                    const struct rtc_local *local,
                                    const struct rtc_ice_events *events, void *owner);
