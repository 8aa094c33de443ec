/* A linked call that a program listens to and talks into, on a real media thread. */
#include "media/media_rig_test.h"

#include "media/codec.h"
#include "media/media_fork.h"
#include "media/tone.h"

enum { TAIL = 1600 };

struct pair {
    struct rig rig;
    struct far a, b;
    struct media_fork *fork;
    struct codec_encoder *encoder;
    struct codec_decoder *decoder;
    int16_t tracks[MEDIA_FORK_TRACKS][TAIL], heard[TAIL]; /* the last of it */
    unsigned frames[MEDIA_FORK_TRACKS], marks, overs;
    char mark[32];
};

static void keep(int16_t *tail, const int16_t *pcm, size_t n)
{
    memmove(tail, tail + n, (TAIL - n) * sizeof *pcm);
    memcpy(tail + TAIL - n, pcm, n * sizeof *pcm);
}

static void on_audio(void *owner, enum media_fork_track track, const int16_t *pcm, size_t n,
                     uint64_t at_ms)
{
    struct pair *pair = owner;
    assert_int_equal(n, 160);
    assert_int_equal(at_ms, pair->frames[track] * 20);
    pair->frames[track]++;
    keep(pair->tracks[track], pcm, n);
}
static void on_mark(void *owner, const char *name)
{
    struct pair *pair = owner;
    pair->marks++;
    snprintf(pair->mark, sizeof pair->mark, "%s", name);
}
static void on_over(void *owner)
{
    ((struct pair *)owner)->overs++;
}
static const struct media_fork_events events = { on_audio, on_mark, on_over };

static int setup(void **state)
{
    struct pair *pair = mem_new(struct pair);
    rig_create(&pair->rig, &(struct media_config){ .threads = 1 });
    far_create(&pair->a, &pair->rig);
    far_create(&pair->b, &pair->rig);
    far_describe(&pair->a, &codec_pcmu, FAR_PCMU, FAR_PCMU, 0);
    far_describe(&pair->b, &codec_pcmu, FAR_PCMU, FAR_PCMU, 0);
    media_link(pair->a.stream, pair->b.stream);
    rig_wait(&pair->rig, &pair->a.connected, 1, 1000);
    rig_wait(&pair->rig, &pair->b.connected, 1, 1000);
    pair->encoder = codec_encoder_create(&codec_pcmu, NULL, 8000);
    pair->decoder = codec_decoder_create(&codec_pcmu, 8000);
    pair->fork =
        media_fork_create(pair->rig.media, pair->a.stream,
                          &(struct media_fork_config){ .tracks = { true, true } }, &events, pair);
    *state = pair;
    return 0;
}

static int teardown(void **state)
{
    struct pair *pair = *state;
    media_fork_destroy(pair->fork);
    far_destroy(&pair->a);
    far_destroy(&pair->b);
    codec_encoder_destroy(pair->encoder);
    codec_decoder_destroy(pair->decoder);
    rig_destroy(&pair->rig);
    mem_free(pair);
    return 0;
}

static void say(struct pair *pair, struct far *far, struct tone *tone)
{
    int16_t pcm[160];
    uint8_t sound[160];
    size_t len = sizeof sound;
    tone_render(tone, pcm, 160);
    assert_int_equal(codec_encode(pair->encoder, pcm, 160, sound, &len), OK);
    far_send(far, FAR_PCMU, sound, len, 160);
}

/* a says 440 Hz, b 1000 Hz; what a hears is kept. */
static void converse(struct pair *pair, int ms)
{
    struct tone low, high;
    tone_init(&low, 8000, 440, -10);
    tone_init(&high, 8000, 1000, -16);
    int64_t due_us = rig_now_us();
    for (int at = 0; at < ms; at += 20, due_us += 20000) {
        say(pair, &pair->a, &low);
        say(pair, &pair->b, &high);
        while (rig_now_us() < due_us + 20000)
            loop_turn(pair->rig.loop, 1);
        while (far_try_receive(&pair->a)) {
            int16_t pcm[CODEC_MAX_SAMPLES];
            size_t n = CODEC_MAX_SAMPLES;
            assert_int_equal(codec_decode(pair->decoder, pair->a.got.payload, pcm, &n), OK);
            keep(pair->heard, pcm, n);
        }
    }
}

/* The last 200 ms have that level; a busy machine gets more than one chance. `dbm0` -99: none. */
static void settle(struct pair *pair, const int16_t *pcm, double hz, double dbm0)
{
    double level = 0;
    for (int tries = 0; tries < 15; tries++) {
        level = tone_level_dbm0(pcm, TAIL, 8000, hz);
        if (dbm0 < -90 ? level < -40 : level > dbm0 - 1.5 && level < dbm0 + 1.5)
            return;
        converse(pair, 100);
    }
    fail_msg("%.0f Hz at %.1f dBm0 instead of %.1f", hz, level, dbm0);
}

static void hears_each_direction_by_itself(void **state)
{
    struct pair *pair = *state;
    converse(pair, 1000);
    assert_in_range(pair->frames[MEDIA_FORK_INBOUND], 44, 80);
    settle(pair, pair->tracks[MEDIA_FORK_INBOUND], 440, -10);
    settle(pair, pair->tracks[MEDIA_FORK_INBOUND], 1000, -99);
    settle(pair, pair->tracks[MEDIA_FORK_OUTBOUND], 1000, -16);
    settle(pair, pair->tracks[MEDIA_FORK_OUTBOUND], 440, -99);
    assert_int_equal(media_fork_dropped(pair->fork), 0);
}

static void hears_nothing_while_a_secret_is_typed(void **state)
{
    struct pair *pair = *state;
    converse(pair, 600);
    settle(pair, pair->tracks[MEDIA_FORK_INBOUND], 440, -10);
    media_stream_hide(pair->a.stream, true);
    converse(pair, 600);
    settle(pair, pair->tracks[MEDIA_FORK_INBOUND], 440, -99);
    settle(pair, pair->tracks[MEDIA_FORK_OUTBOUND], 1000, -99);
    settle(pair, pair->heard, 1000, -16); /* they go on hearing each other */
    media_stream_hide(pair->a.stream, false);
    converse(pair, 200);
    settle(pair, pair->tracks[MEDIA_FORK_INBOUND], 440, -99); /* what is late is hidden, too */
    converse(pair, 800);
    settle(pair, pair->tracks[MEDIA_FORK_INBOUND], 440, -10);
}

static void play(struct pair *pair, double seconds)
{
    struct tone tone;
    int16_t pcm[800];
    tone_init(&tone, 8000, 2000, -20);
    for (int i = 0; i < seconds * 10; i++) {
        tone_render(&tone, pcm, 800);
        assert_int_equal(media_fork_play(pair->fork, pcm, 800), OK);
    }
}

static void what_it_plays_is_added_and_marked(void **state)
{
    struct pair *pair = *state;
    converse(pair, 200);
    play(pair, 2);
    assert_int_equal(media_fork_mark(pair->fork, SLICE("end")), OK);
    converse(pair, 600);
    settle(pair, pair->heard, 2000, -20);
    settle(pair, pair->heard, 1000, -16); /* b, too */
    assert_int_equal(pair->marks, 0);
    converse(pair, 1500);
    rig_wait(&pair->rig, &pair->marks, 1, 2000);
    assert_string_equal(pair->mark, "end");
    settle(pair, pair->heard, 2000, -99);
    settle(pair, pair->heard, 1000, -16);
}

static void clearing_ends_it_at_once(void **state)
{
    struct pair *pair = *state;
    play(pair, 30);
    assert_int_equal(media_fork_mark(pair->fork, SLICE("never heard")), OK);
    converse(pair, 400);
    settle(pair, pair->heard, 2000, -20);
    media_fork_clear(pair->fork);
    converse(pair, 500);
    rig_wait(&pair->rig, &pair->marks, 1, 1000);
    settle(pair, pair->heard, 2000, -99);
    play(pair, 5);
    converse(pair, 600);
    settle(pair, pair->heard, 2000, -20);
}

static void the_end_of_the_stream_is_told(void **state)
{
    struct pair *pair = *state;
    converse(pair, 200);
    media_stream_destroy(pair->a.stream);
    pair->a.stream = NULL;
    rig_wait(&pair->rig, &pair->overs, 1, 1000);
}

static void no_more_than_ten_minutes_are_queued(void **state)
{
    struct pair *pair = *state;
    static int16_t minute[60 * 8000];
    for (int i = 0; i < 10; i++)
        assert_int_equal(media_fork_play(pair->fork, minute, 60 * 8000), OK);
    assert_int_equal(media_fork_play(pair->fork, minute, 60 * 8000), ERR_LIMIT);
}

int main(void)
{
#define FORK_TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        FORK_TEST(hears_each_direction_by_itself),
        FORK_TEST(hears_nothing_while_a_secret_is_typed),
        FORK_TEST(what_it_plays_is_added_and_marked),
        FORK_TEST(clearing_ends_it_at_once),
        FORK_TEST(the_end_of_the_stream_is_told),
        FORK_TEST(no_more_than_ten_minutes_are_queued),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
