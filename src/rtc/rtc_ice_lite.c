/* The lite agent on the port that all streams of a worker share. */
#include "base/mem.h"
#include "media/media_packet.h"
#include "media/warm.h"
#include "rtc/rtc.h"
#include "rtc/rtc_ice.h"
#include "rtc/rtc_mux.h"

struct lite {
    struct rtc_ice base;
    const struct rtc_ice_events *events;
    void *owner;
    struct rtc_worker *worker;
    struct rtc_mux_user user;
    struct ice *ice;
    bool started;
    struct rtc_local local, before; /* before: of an ICE restart, else empty */
};

static struct lite *self(struct rtc_ice *ice)
{
    return (struct lite *)(void *)ice; /* base comes first */
}

/* The agent's events */

static void on_send(void *owner, const struct ice_path *path, struct slice bytes)
{
    const struct lite *lite = owner;
    rtc_mux_send_bytes(lite->worker->mux, path, bytes);
}

static void on_pair(void *owner, const struct addr *remote)
{
    struct lite *lite = owner;
    rtc_mux_claim(lite->worker->mux, remote, &lite->user);
}

static void on_pair_gone(void *owner, const struct addr *remote)
{
    const struct lite *lite = owner;
    rtc_mux_release(lite->worker->mux, remote, &lite->user);
}

static void on_selected(void *owner, const struct ice_path *path)
{
    const struct lite *lite = owner;
    lite->events->on_selected(lite->owner, path);
}

static void on_failed(void *owner, enum err err, const char *text)
{
    const struct lite *lite = owner;
    lite->events->on_failed(lite->owner, err, text);
}

/* The port's */

static void on_check(void *owner, const struct ice_path *path, struct slice bytes, int64_t now_ms)
{
    struct lite *lite = owner;
    if (!rtc_mux_may_claim(lite->worker->mux, &path->remote, &lite->user))
        return; /* unanswered, so that the peer does not take the pair for valid */
    if (ice_feed(lite->ice, path, bytes, now_ms) == ERR_AUTH)
        lite->events->on_forged(lite->owner);
}

static void on_dtls(void *owner, struct slice datagram)
{
    const struct lite *lite = owner;
    lite->events->on_dtls(lite->owner, datagram);
}

static void on_media(void *owner, struct media_packet *const *packets, size_t n)
{
    const struct lite *lite = owner;
    lite->events->on_media(lite->owner, packets, n);
}

static void on_warm(void *owner, unsigned step)
{
    const struct lite *lite = owner;
    lite->events->on_warm(lite->owner, step);
}

/* Operations */

static void start(struct rtc_ice *ice, struct media_thread *thread,
                  struct media_stream_core *stream)
{
    struct lite *lite = self(ice);
    (void)thread; /* the worker's own */
    (void)stream;
    lite->started = true;
    rtc_mux_add_ufrag(lite->worker->mux, slice_of(lite->local.ufrag), &lite->user);
}

static void set_remote(struct rtc_ice *ice, const struct rtc_remote *remote, int64_t now_ms)
{
    (void)remote; /* a lite agent asks nothing of the peer */
    ice_set_remote(self(ice)->ice, now_ms);
}

static void add_candidate(struct rtc_ice *ice, const struct rtc_candidate *candidate)
{
    (void)candidate;
    ice_add_candidate(self(ice)->ice);
}

static void restart(struct rtc_ice *ice, const struct rtc_local *local)
{
    struct lite *lite = self(ice);
    if (lite->before.ufrag[0])
        rtc_mux_remove_ufrag(lite->worker->mux, slice_of(lite->before.ufrag));
    lite->before = lite->local;
    lite->local = *local;
    rtc_mux_add_ufrag(lite->worker->mux, slice_of(local->ufrag), &lite->user);
    ice_restart(lite->ice, slice_of(local->ufrag), slice_of(local->pwd));
}

static void tick(struct rtc_ice *ice, int64_t now_ms)
{
    ice_tick(self(ice)->ice, now_ms);
}

static const struct ice_path *selected(const struct rtc_ice *ice)
{
    return ice_selected(((const struct lite *)(const void *)ice)->ice);
}

static void send_bytes(struct rtc_ice *ice, const struct ice_path *path, struct slice bytes)
{
    rtc_mux_send_bytes(self(ice)->worker->mux, path, bytes);
}

static void send_media(struct rtc_ice *ice, const struct ice_path *path,
                       struct media_packet *const *packets, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        packets[i]->from = path->remote;
        packets[i]->local = path->local;
    }
    rtc_mux_send(self(ice)->worker->mux, packets, n);
}

static void warm_way_out(const struct rtc_ice *ice, unsigned step)
{
    const struct lite *lite = (const struct lite *)(const void *)ice;
    if (step == 0)
        warm(lite, offsetof(struct lite, started));
    else
        ice_warm(lite->ice);
}

static void destroy(struct rtc_ice *ice)
{
    struct lite *lite = self(ice);
    if (lite->started) {
        rtc_mux_remove_ufrag(lite->worker->mux, slice_of(lite->local.ufrag));
        if (lite->before.ufrag[0])
            rtc_mux_remove_ufrag(lite->worker->mux, slice_of(lite->before.ufrag));
        ice_close(lite->ice);
    }
    ice_destroy(lite->ice);
    mem_wipe(lite, sizeof *lite);
    mem_free(lite);
}

struct rtc_ice *rtc_ice_lite_create(struct rtc_worker *worker, const struct rtc_local *local,
                                    const struct rtc_ice_events *events, void *owner)
{
    static const struct rtc_ice_ops ops = { start,        set_remote, add_candidate, restart,
                                            tick,         selected,   send_bytes,    send_media,
                                            warm_way_out, destroy };
    static const struct rtc_mux_events mux_events = { on_check, on_dtls, on_media, on_warm };
    static const struct ice_events ice_events = { on_send, on_pair, on_pair_gone, on_selected,
                                                  on_failed };
    struct lite *lite = mem_new(struct lite);
    lite->base.ops = &ops;
    lite->events = events;
    lite->owner = owner;
    lite->worker = worker;
    lite->user = (struct rtc_mux_user){ &mux_events, lite };
    lite->local = *local;
    lite->ice = ice_create(slice_of(local->ufrag), slice_of(local->pwd), &ice_events, lite);
    return &lite->base;
}
