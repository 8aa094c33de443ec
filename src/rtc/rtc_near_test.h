#pragma once
/* For tests only: streams of a gateway that a small WebRTC end (struct far) calls. */

#include "rtc/rtc_far_test.h"
#include "rtc/rtc_world_test.h"

enum { TURNS_MAX = 1500 };

struct near { /* one stream of the gateway */
    struct seen seen;
    struct media_stream *stream;
};

static const struct media_events media_events = { .on_connected = on_connected,
                                                  .on_first_packet = on_first_packet,
                                                  .on_failed = on_failed,
                                                  .on_step = on_step };

static inline void near_open(struct near *near, struct world *world, struct far *far)
{
    struct media_description description = { .ptime_ms = 20, .send = true, .receive = true };
    *near = (struct near){ 0 };
    description.formats[0] = (struct media_format){ .codec = codecs_by_static_pt(FAR_PT),
                                                    .tx_pt = FAR_PT,
                                                    .rx_pt = FAR_PT };
    description.n_formats = 1;
    near->stream = media_stream_create(
        world->media, 0, rtc_transport_create(world->rtc, 0, &far->theirs), &media_events, near);
    media_stream_describe(near->stream, &description);
}

static inline void tell_remote(const struct near *near, const char *fingerprint,
                               enum rtc_setup setup)
{
    struct rtc_remote remote = { .ufrag = "far",
                                 .pwd = "farfarfarfarfarfarfarfar",
                                 .fingerprint_hash = "sha-256",
                                 .local_setup = setup };
    assert_true(slice_copy(slice_of(fingerprint), remote.fingerprint, sizeof remote.fingerprint));
    rtc_transport_set_remote(near->stream, &remote);
}

typedef bool (*until_fn)(const struct near *near, const struct far *far);

static inline bool is_up(const struct near *near, const struct far *far)
{
    return near->seen.n_connected && far->up;
}

static inline bool is_answered(const struct near *near, const struct far *far)
{
    (void)near;
    return far->n_answers > 0;
}

static inline bool is_failed(const struct near *near, const struct far *far)
{
    (void)far;
    return near->seen.n_failed > 0;
}

static inline bool is_heard(const struct near *near, const struct far *far)
{
    (void)near;
    return far->n_rtp >= 5;
}

static inline bool is_dtls_over(const struct near *near, const struct far *far)
{
    (void)near;
    return far->failed;
}

/* Turn both sides until `until` holds; false when it does not within TURNS_MAX × 2 ms. */
static inline bool run(struct world *world, const struct near *near, struct far *far,
                       until_fn until)
{
    for (int turn = 0; turn < TURNS_MAX; turn++) {
        loop_turn(world->control, 2);
        far_poll(far);
        if (until(near, far))
            return true;
    }
    return false;
}

/* Let 100 ms pass: long enough for a message to control's other threads, and for what must not
 * come. */
static inline void settle(struct world *world, struct far *far)
{
    for (int turn = 0; turn < 50; turn++) {
        loop_turn(world->control, 2);
        far_poll(far);
    }
}

static inline void call(struct world *world, struct near *near, struct far *far,
                        enum rtc_setup setup, const struct dtls_config *config)
{
    enum dtls_role role = setup == RTC_SETUP_ACTIVE ? DTLS_SERVER : DTLS_CLIENT;
    far_open(far, world->rtc, role, config);
    near_open(near, world, far);
    tell_remote(near, far->fingerprint, setup);
    settle(world, far);
    far_check(far);
    assert_true(run(world, near, far, is_answered));
    dtls_start(far->dtls);
}

static inline void hang_up(struct near *near, struct far *far)
{
    media_stream_destroy(near->stream);
    far_close(far);
}

static inline void check_echo(struct world *world, struct near *near, struct far *far,
                              const char *detail)
{
    char pair[ADDR_TEXT + 10], text[ADDR_TEXT];
    assert_true(run(world, near, far, is_up));
    snprintf(pair, sizeof pair, "ice pair %s", addr_print(&far->addr, text));
    assert_int_equal(near->seen.n_steps, 2);
    assert_string_equal(near->seen.steps[0], pair);
    assert_string_equal(near->seen.steps[1], detail);
    media_stream_echo(near->stream, true);
    settle(world, far);
    for (int i = 0; i < 10; i++)
        far_rtp(far, 0x5a);
    assert_true(run(world, near, far, is_heard));
    assert_int_equal(far->last_payload, 0x5a);
    assert_int_equal(near->seen.n_connected, 1);
    assert_int_equal(near->seen.n_first, 1);
    assert_int_equal(near->seen.n_failed, 0);
}
