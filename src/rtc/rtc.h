#pragma once
/* The rtc object on control: one certificate, and for each media thread a worker with a UDP port
 * and a DTLS context of its own, so that nothing counted crosses threads. Others know it through
 * rtc_transport.h. */

#include <stdint.h>

#include "rtc/rtc_transport.h"

struct dtls_context;
struct media_thread;
struct rtc_mux;

/** Made on control; once opened it belongs to its media thread, which also frees it. */
struct rtc_worker {
    struct media_thread *thread; /* NULL: not open yet */
    struct rtc_mux *mux;
    struct dtls_context *dtls;
};

/** The worker of a media thread, borrowed: streams end before it does. */
struct rtc_worker *rtc_worker_of(const struct rtc *rtc, unsigned thread);
