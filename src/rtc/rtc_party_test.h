#pragma once
/* For tests only: streams of one media engine that call each other, with full or lite agents. */

#include "rtc/rtc_world_test.h"

enum { PARTY_CANDIDATES = 20 };

struct party {
    struct seen seen;
    struct world *world;
    struct media_stream *stream;
    struct rtc_local local;
    bool lite;
    size_t n_candidates;
    struct rtc_event candidates[PARTY_CANDIDATES];
    unsigned n_gathered;
};

static inline void party_on_transport(void *owner, const void *msg)
{
    struct party *party = owner;
    const struct rtc_event *event = msg;
    if (event->kind == RTC_EVENT_GATHERED) {
        party->n_gathered++;
        return;
    }
    assert_int_equal(party->n_gathered, 0);
    assert_true(party->n_candidates < PARTY_CANDIDATES);
    party->candidates[party->n_candidates++] = *event;
}

static const struct media_events party_events = { .on_connected = on_connected,
                                                  .on_first_packet = on_first_packet,
                                                  .on_failed = on_failed,
                                                  .on_step = on_step,
                                                  .on_transport = party_on_transport };

static inline void party_open(struct party *party, struct world *world,
                              const struct rtc_ice_config *full)
{
    struct media_description description = { .ptime_ms = 20, .send = true, .receive = true };
    *party = (struct party){ .world = world, .lite = !full };
    description.formats[0] = (struct media_format){ .codec = codecs_by_static_pt(0) };
    description.n_formats = 1;
    struct media_transport *transport =
        full ? rtc_transport_create_full(world->rtc, 0, full, &party->local)
             : rtc_transport_create(world->rtc, 0, &party->local);
    party->stream = media_stream_create(world->media, 0, transport, &party_events, party);
    media_stream_describe(party->stream, &description);
    if (party->lite) {
        party->candidates[0] = (struct rtc_event){
            .priority = rtc_candidate_priority(RTC_CANDIDATE_HOST, 65535, 1),
            .foundation = "1",
            .addr = addr_loopback4(rtc_port(world->rtc, 0)),
        };
        party->n_candidates = 1;
    }
}

/** Wait until `*value` is at least `want`; fails after `ms`. */
static inline void party_wait(struct party *party, const unsigned *value, unsigned want, int ms)
{
    int64_t end_ms = loop_now_ms(party->world->control) + ms;
    while (*value < want && loop_now_ms(party->world->control) < end_ms)
        loop_turn(party->world->control, 5);
    if (*value < want)
        fail_msg("waited %d ms in vain; failed: \"%s\", last step: \"%s\"", ms, party->seen.text,
                 party->seen.n_steps ? party->seen.steps[party->seen.n_steps - 1] : "");
}

/** `party` learns what the other's SDP would say. */
static inline void party_tell(struct party *party, const struct party *other, bool active)
{
    struct rtc_remote remote = { .fingerprint_hash = "sha-256",
                                 .local_setup = active ? RTC_SETUP_ACTIVE : RTC_SETUP_PASSIVE,
                                 .ice_lite = other->lite };
    slice_copy(slice_of(other->local.ufrag), remote.ufrag, sizeof remote.ufrag);
    slice_copy(slice_of(other->local.pwd), remote.pwd, sizeof remote.pwd);
    slice_copy(slice_of(rtc_fingerprint(party->world->rtc)), remote.fingerprint,
               sizeof remote.fingerprint);
    rtc_transport_set_remote(party->stream, &remote);
    for (size_t i = 0; i < other->n_candidates; i++) {
        const struct rtc_event *event = &other->candidates[i];
        struct rtc_candidate candidate = { .addr = event->addr,
                                           .priority = event->priority,
                                           .type = event->type };
        slice_copy(slice_of(event->foundation), candidate.foundation, sizeof candidate.foundation);
        rtc_transport_add_candidate(party->stream, &candidate);
    }
}

/** Connect both, let audio flow both ways. */
static inline void party_call(struct party *a, struct party *b)
{
    party_tell(b, a, false);
    party_tell(a, b, true);
    party_wait(a, &a->seen.n_connected, 1, 5000);
    party_wait(b, &b->seen.n_connected, 1, 5000);
    media_stream_tone(a->stream, 440, -10);
    media_stream_tone(b->stream, 440, -10);
    party_wait(a, &a->seen.n_first, 1, 3000);
    party_wait(b, &b->seen.n_first, 1, 3000);
    assert_int_equal(a->seen.n_failed + b->seen.n_failed, 0);
}

static inline bool party_has(const struct party *party, enum rtc_candidate_type type)
{
    for (size_t i = 0; i < party->n_candidates; i++) {
        if (party->candidates[i].type == type)
            return true;
    }
    return false;
}

static inline void party_close(struct party *party)
{
    media_stream_destroy(party->stream);
}
