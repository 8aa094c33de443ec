/* Keys between two linked streams, whichever way either far end has for them: a presses, b
 * hears of it. */
#include "media/media_pair_test.h"

#include "media/codec.h"
#include "media/dtmf.h"
#include "media/g711.h"
#include "media/tone.h"

static void describe(struct far *far, bool events, enum media_dtmf_send send,
                     enum media_dtmf_hear hear)
{
    struct media_description description = { .n_formats = 1, .send = true, .receive = true };
    description.formats[0] = (struct media_format){ .codec = &codec_pcmu };
    description.n_dtmf = events;
    description.dtmf[0] = (struct media_dtmf_format){ 8000, FAR_EVENT, FAR_EVENT };
    description.dtmf_send = send;
    description.dtmf_hear = hear;
    media_stream_describe(far->stream, &description);
    rig_wait(far->rig, &far->connected, 1, 1000);
}

/* What b got: event packets, and how loud the tones of `5` are in its audio. */
struct heard {
    unsigned events, audio;
    double low, high;
    int16_t pcm[16000];
    size_t n;
};

static void listen_now(struct pair *pair, struct heard *heard)
{
    while (far_try_receive(&pair->b)) {
        const struct rtp_header *got = &pair->b.got;
        heard->events += got->pt == FAR_EVENT;
        heard->audio += got->pt == FAR_PCMU;
        for (size_t i = 0; got->pt == FAR_PCMU && i < got->payload.len; i++)
            if (heard->n < sizeof heard->pcm / sizeof heard->pcm[0])
                heard->pcm[heard->n++] = g711_ulaw_pcm[(uint8_t)got->payload.ptr[i]];
    }
}

/* The loudest 60 ms of each of its frequencies. */
static void measure(struct heard *heard)
{
    double low, high;
    assert_true(dtmf_frequencies('5', &low, &high));
    heard->low = heard->high = -100;
    for (size_t at = 0; at + 480 <= heard->n; at += 160) {
        double here = tone_level_dbm0(heard->pcm + at, 480, 8000, low);
        heard->low = here > heard->low ? here : heard->low;
        here = tone_level_dbm0(heard->pcm + at, 480, 8000, high);
        heard->high = here > heard->high ? here : heard->high;
    }
}

/* a speaks: a `5` of 100 ms in its audio when `tones`, else silence; 20 packets. */
static void speak(struct pair *pair, bool tones, struct heard *heard)
{
    struct dtmf_tones engine;
    dtmf_tones_init(&engine, 8000);
    rig_run(&pair->rig, 20);
    for (int i = 0; i < 20; i++) {
        int16_t pcm[160];
        uint8_t sound[160];
        if (tones && i == 4)
            assert_int_equal(dtmf_tones_add(&engine, SLICE("5"), 100, 60), OK);
        dtmf_tones_render(&engine, pcm, 160);
        for (size_t k = 0; k < 160; k++)
            sound[k] = g711_ulaw(pcm[k]);
        far_send(&pair->a, FAR_PCMU, sound, sizeof sound, 160);
        rig_run(&pair->rig, 20);
        listen_now(pair, heard);
    }
    rig_run(&pair->rig, 100);
    listen_now(pair, heard);
    measure(heard);
}

static void send_event(struct pair *pair)
{
    for (unsigned i = 1; i <= 6; i++) {
        uint16_t duration = (uint16_t)(i < 4 ? i * 160 : 640);
        uint8_t payload[4] = { 5, i < 4 ? 10 : 0x8a, (uint8_t)(duration >> 8), (uint8_t)duration };
        far_send(&pair->a, FAR_EVENT, payload, sizeof payload, 0);
        rig_run(&pair->rig, i < 4 ? 20 : 2);
    }
    pair->a.ts += 640;
}

/* One codec and telephone events at its clock, as type `event_pt` both ways. */
static void describe_clock(struct far *far, const struct codec *codec, uint8_t pt,
                           uint32_t event_hz, uint8_t event_pt)
{
    struct media_description description = { .n_formats = 1, .send = true, .receive = true };
    description.formats[0] = (struct media_format){ .codec = codec, .tx_pt = pt, .rx_pt = pt };
    description.n_dtmf = 1;
    description.dtmf[0] = (struct media_dtmf_format){ event_hz, event_pt, event_pt };
    media_stream_describe(far->stream, &description);
    rig_wait(far->rig, &far->connected, 1, 1000);
    rig_run(far->rig, 20);
}

/* A key of 80 ms out of a's events: what b gets of it. */
static void press(struct pair *pair, uint8_t pt, unsigned hz, uint8_t want_pt, unsigned want_hz)
{
    unsigned events = 0, longest = 0;
    for (unsigned i = 1; i <= 6; i++) {
        unsigned duration = hz / 50 * (i < 4 ? i : 4);
        uint8_t payload[4] = { 5, i < 4 ? 10 : 0x8a, (uint8_t)(duration >> 8), (uint8_t)duration };
        far_send(&pair->a, pt, payload, sizeof payload, 0);
        rig_run(&pair->rig, 20);
        while (far_try_receive(&pair->b)) {
            const uint8_t *got = (const uint8_t *)pair->b.got.payload.ptr;
            if (pair->b.got.payload.len != 4)
                continue; /* audio */
            assert_int_equal(pair->b.got.pt, want_pt);
            assert_int_equal(got[0], 5);
            longest = (unsigned)(got[2] << 8 | got[3]);
            events++;
        }
    }
    pair->a.ts += hz / 50 * 4;
    assert_true(events >= 5);
    assert_int_equal(longest, want_hz / 50 * 4); /* as long as it was, in its own clock */
    rig_run(&pair->rig, 60);
}

/* Either side agrees anew on another codec: event types and clocks follow on each leg. */
static void clocks_are_remapped_after_a_reinvite(void **state)
{
    struct pair *pair = *state;
    describe_clock(&pair->a, &codec_opus, FAR_OPUS, 48000, 110);
    describe_clock(&pair->b, &codec_pcmu, FAR_PCMU, 8000, FAR_EVENT);
    press(pair, 110, 48000, FAR_EVENT, 8000);
    describe_clock(&pair->a, &codec_pcmu, FAR_PCMU, 8000, 97); /* a's re-INVITE */
    press(pair, 97, 8000, FAR_EVENT, 8000);
    describe_clock(&pair->b, &codec_opus, FAR_OPUS_TX, 48000, 99); /* b's */
    press(pair, 97, 8000, 99, 48000);
    describe_clock(&pair->a, &codec_opus, FAR_OPUS, 48000, 110);
    press(pair, 110, 48000, 99, 48000);
    assert_string_equal(pair->a.digits, "5555");
}

static void tones_become_an_event(void **state)
{
    struct pair *pair = *state;
    struct heard heard = { 0 };
    describe(&pair->a, false, MEDIA_DTMF_SEND_AUTO, MEDIA_DTMF_HEAR_AUTO);
    describe(&pair->b, true, MEDIA_DTMF_SEND_AUTO, MEDIA_DTMF_HEAR_AUTO);
    speak(pair, true, &heard);
    assert_string_equal(pair->a.digits, "5");
    assert_in_range(pair->a.digit_ms, 70, 130);
    assert_in_range(heard.events, 5, 12);
    assert_string_equal(pair->b.digits, "");
}

static void tones_stay_tones_for_one_without_events(void **state)
{
    struct pair *pair = *state;
    struct heard heard = { 0 };
    describe(&pair->a, false, MEDIA_DTMF_SEND_AUTO, MEDIA_DTMF_HEAR_AUTO);
    describe(&pair->b, false, MEDIA_DTMF_SEND_AUTO, MEDIA_DTMF_HEAR_AUTO);
    speak(pair, true, &heard);
    assert_string_equal(pair->a.digits, "5");
    assert_int_equal(heard.audio, 20); /* passed through, nothing of ours */
    assert_true(heard.low > -12 && heard.high > -12);
}

static void silence_is_no_key(void **state)
{
    struct pair *pair = *state;
    struct heard heard = { 0 };
    describe(&pair->a, false, MEDIA_DTMF_SEND_AUTO, MEDIA_DTMF_HEAR_ON);
    describe(&pair->b, true, MEDIA_DTMF_SEND_AUTO, MEDIA_DTMF_HEAR_AUTO);
    speak(pair, false, &heard);
    assert_string_equal(pair->a.digits, "");
    assert_int_equal(heard.events, 0);
}

static void is_deaf_to_tones_where_events_were_agreed_on(void **state)
{
    struct pair *pair = *state;
    struct heard heard = { 0 };
    describe(&pair->a, true, MEDIA_DTMF_SEND_AUTO, MEDIA_DTMF_HEAR_AUTO);
    describe(&pair->b, true, MEDIA_DTMF_SEND_AUTO, MEDIA_DTMF_HEAR_AUTO);
    speak(pair, true, &heard);
    assert_string_equal(pair->a.digits, "");
    assert_int_equal(heard.events, 0);
}

static void one_key_sent_both_ways_is_one_key(void **state)
{
    struct pair *pair = *state;
    struct heard heard = { 0 };
    describe(&pair->a, true, MEDIA_DTMF_SEND_AUTO, MEDIA_DTMF_HEAR_ON);
    describe(&pair->b, true, MEDIA_DTMF_SEND_AUTO, MEDIA_DTMF_HEAR_AUTO);
    send_event(pair);
    speak(pair, true, &heard);
    assert_string_equal(pair->a.digits, "5");
}

static void an_event_becomes_tones_where_they_are_asked_for(void **state)
{
    struct pair *pair = *state;
    struct heard heard = { 0 };
    describe(&pair->a, true, MEDIA_DTMF_SEND_AUTO, MEDIA_DTMF_HEAR_AUTO);
    describe(&pair->b, true, MEDIA_DTMF_SEND_TONES, MEDIA_DTMF_HEAR_AUTO);
    send_event(pair);
    speak(pair, false, &heard);
    assert_int_equal(heard.events, 0);
    assert_true(heard.low > -20 && heard.high > -20);
}

static void what_signalling_carries_media_leaves_out(void **state)
{
    struct pair *pair = *state;
    struct heard heard = { 0 };
    describe(&pair->a, true, MEDIA_DTMF_SEND_AUTO, MEDIA_DTMF_HEAR_AUTO);
    describe(&pair->b, true, MEDIA_DTMF_SEND_NONE, MEDIA_DTMF_HEAR_AUTO);
    send_event(pair);
    speak(pair, false, &heard);
    assert_string_equal(pair->a.digits, "5"); /* for its owner to pass on */
    assert_int_equal(heard.events, 0);
    assert_true(heard.low < -40 && heard.high < -40);
    media_stream_send_dtmf(pair->b.stream, SLICE("1"), 0, 0);
    rig_run(&pair->rig, 50);
    assert_string_equal(pair->b.step, "dtmf not sent: unsupported");
}

int main(void)
{
#define DTMF_TEST(name) cmocka_unit_test_setup_teardown(name, pair_set_up, pair_tear_down)
    const struct CMUnitTest tests[] = {
        DTMF_TEST(clocks_are_remapped_after_a_reinvite),
        DTMF_TEST(tones_become_an_event),
        DTMF_TEST(tones_stay_tones_for_one_without_events),
        DTMF_TEST(silence_is_no_key),
        DTMF_TEST(is_deaf_to_tones_where_events_were_agreed_on),
        DTMF_TEST(one_key_sent_both_ways_is_one_key),
        DTMF_TEST(an_event_becomes_tones_where_they_are_asked_for),
        DTMF_TEST(what_signalling_carries_media_leaves_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
