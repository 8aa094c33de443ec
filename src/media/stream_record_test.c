/* Recordings of a linked stream, read back from their files. */
#include "media/media_rig_test.h"

#include <stdlib.h>

#include "media/codec.h"
#include "media/recorder.h"
#include "media/sound_file.h"
#include "media/tone.h"

struct pair {
    struct rig rig;
    struct far a, b;
    char path[64];
};

static struct media_recorded recorded;
static unsigned n_recorded;

static void on_recorded(void *owner, const struct media_recorded *what)
{
    (void)owner;
    recorded = *what;
    n_recorded++;
}
static const struct media_events events = { .on_recorded = on_recorded };

/* a's stream is recorded; b's far end is beyond it. */
static int setup(void **state)
{
    struct pair *pair = mem_new(struct pair);
    struct media_transport *transport = NULL;
    rig_create(&pair->rig, &(struct media_config){ .threads = 1 });
    far_create(&pair->a, &pair->rig);
    far_create(&pair->b, &pair->rig);
    media_stream_destroy(pair->a.stream);
    assert_int_equal(rtp_transport_create(&transport, pair->rig.media, &pair->a.local, NULL), OK);
    pair->a.stream = media_stream_create(pair->rig.media, 0, transport, &events, pair);
    far_set_remote(&pair->a);
    far_describe(&pair->a, &codec_pcmu, FAR_PCMU, FAR_PCMU, 0);
    far_describe(&pair->b, &codec_pcmu, FAR_PCMU, FAR_PCMU, 0);
    media_link(pair->a.stream, pair->b.stream);
    rig_wait(&pair->rig, &pair->b.connected, 1, 1000);
    snprintf(pair->path, sizeof pair->path, "/tmp/record_test_%d.wav", (int)getpid());
    n_recorded = 0;
    *state = pair;
    return 0;
}

static int teardown(void **state)
{
    struct pair *pair = *state;
    far_destroy(&pair->a);
    far_destroy(&pair->b);
    rig_destroy(&pair->rig);
    unlink(pair->path);
    mem_free(pair);
    return 0;
}

static void say(struct far *far, struct codec_encoder *encoder, struct tone *tone)
{
    int16_t pcm[160];
    uint8_t sound[160];
    size_t len = sizeof sound;
    tone_render(tone, pcm, 160);
    assert_int_equal(codec_encode(encoder, pcm, 160, sound, &len), OK);
    far_send(far, FAR_PCMU, sound, len, 160);
}

/* 1.5 s in which a says 440 Hz and b 1000 Hz. */
static void converse(struct pair *pair)
{
    struct codec_encoder *encoder = codec_encoder_create(&codec_pcmu, NULL, 8000);
    struct tone low, high;
    tone_init(&low, 8000, 440, -10);
    tone_init(&high, 8000, 1000, -16);
    int64_t due_us = rig_now_us();
    for (int i = 0; i < 75; i++, due_us += 20000) {
        say(&pair->a, encoder, &low);
        say(&pair->b, encoder, &high);
        while (rig_now_us() < due_us + 20000)
            loop_turn(pair->rig.loop, 2);
    }
    codec_encoder_destroy(encoder);
}

static void stop(struct pair *pair)
{
    media_stream_record_stop(pair->a.stream);
    rig_wait(&pair->rig, &n_recorded, 1, 2000);
    assert_int_equal(recorded.err, OK);
    assert_int_equal(recorded.dropped_ms, 0);
    assert_in_range(recorded.duration_ms, 1200, 1800);
}

static void assert_tone(const int16_t *pcm, double hz, double want)
{
    double got = tone_level_dbm0(pcm, RECORDER_RATE_HZ / 5, RECORDER_RATE_HZ, hz);
    if (got < want - 1.5 || got > want + 1.5)
        fail_msg("%.0f Hz at %.1f dBm0, want %.1f", hz, got, want);
}

static void mixes_both_directions(void **state)
{
    struct pair *pair = *state;
    int16_t *pcm;
    size_t samples;
    uint32_t rate_hz;
    media_stream_record(pair->a.stream, 7, pair->path, false);
    converse(pair);
    stop(pair);
    assert_int_equal(recorded.record_id, 7);
    assert_int_equal(sound_file_read(pair->path, &pcm, &samples, &rate_hz, NULL), OK);
    assert_int_equal(rate_hz, RECORDER_RATE_HZ);
    assert_int_equal(samples, (size_t)recorded.duration_ms * rate_hz / 1000);
    assert_tone(pcm + rate_hz / 2, 440, -10);
    assert_tone(pcm + rate_hz / 2, 1000, -16);
    mem_free(pcm);
}

/* Read as mono both channels are halved: what matters is that nothing is lost by being apart. */
static void keeps_them_apart_in_stereo(void **state)
{
    struct pair *pair = *state;
    uint8_t head[44];
    int16_t frames[RECORDER_RATE_HZ / 5 * 2], left[RECORDER_RATE_HZ / 5],
        right[RECORDER_RATE_HZ / 5];
    media_stream_record(pair->a.stream, 1, pair->path, true);
    converse(pair);
    stop(pair);
    FILE *file = fopen(pair->path, "rb");
    assert_non_null(file);
    assert_int_equal(fread(head, 1, sizeof head, file), sizeof head);
    assert_int_equal(head[22], 2);
    assert_int_equal(fseek(file, (long)(sizeof head + RECORDER_RATE_HZ / 2 * 4), SEEK_SET), 0);
    assert_int_equal(fread(frames, 4, RECORDER_RATE_HZ / 5, file), RECORDER_RATE_HZ / 5);
    fclose(file);
    for (size_t i = 0; i < RECORDER_RATE_HZ / 5; i++) {
        left[i] = frames[2 * i];
        right[i] = frames[2 * i + 1];
    }
    assert_tone(left, 440, -10); /* what a said */
    assert_tone(right, 1000, -16);
    assert_true(tone_level_dbm0(left, RECORDER_RATE_HZ / 5, RECORDER_RATE_HZ, 1000) < -40);
    assert_true(tone_level_dbm0(right, RECORDER_RATE_HZ / 5, RECORDER_RATE_HZ, 440) < -40);
}

static void a_second_one_ends_the_first(void **state)
{
    struct pair *pair = *state;
    media_stream_record(pair->a.stream, 1, pair->path, false);
    rig_run(&pair->rig, 100);
    media_stream_record(pair->a.stream, 2, "/tmp", false); /* cannot be written */
    rig_wait(&pair->rig, &n_recorded, 1, 1000);
    assert_int_equal(recorded.record_id, 1);
    assert_int_equal(recorded.err, OK);
    media_stream_record_stop(pair->a.stream);
    rig_wait(&pair->rig, &n_recorded, 2, 1000);
    assert_int_equal(recorded.record_id, 2);
    assert_int_equal(recorded.err, ERR_IO);
    media_stream_record_stop(pair->a.stream); /* nothing to stop: fine */
    rig_run(&pair->rig, 50);
    assert_int_equal(n_recorded, 2);
}

static void the_end_of_the_stream_completes_the_file(void **state)
{
    struct pair *pair = *state;
    int16_t *pcm;
    size_t samples;
    uint32_t rate_hz;
    media_stream_record(pair->b.stream, 3, pair->path, false);
    converse(pair);
    far_destroy(&pair->b);
    rig_run(&pair->rig, 200);
    assert_int_equal(sound_file_read(pair->path, &pcm, &samples, &rate_hz, NULL), OK);
    assert_in_range(samples, RECORDER_RATE_HZ, 2 * RECORDER_RATE_HZ);
    mem_free(pcm);
    far_create(&pair->b, &pair->rig);
}

static void on_done(void *owner, const struct recorder_done *done)
{
    *(struct recorder_done *)owner = *done;
}

/* More than any disk takes: what is not written is dropped, and every block is one or the other. */
static void a_slow_disk_is_not_waited_for(void **state)
{
    struct pair *pair = *state;
    struct recorder_done done = { 0 };
    static const int16_t silence[RECORDER_SAMPLES];
    const struct recorder_key key = { .serial = 1 };
    unsigned dropped = 0;
    struct recorder *recorder = recorder_create(on_done, &done);
    recorder_open(recorder, key, mem_copy_text(pair->path, strlen(pair->path)), 2);
    int64_t before_us = rig_now_us();
    for (int i = 0; i < 20000; i++) /* 400 s of sound as fast as it goes */
        dropped += !recorder_write(recorder, key, silence, 2);
    assert_true(rig_now_us() - before_us < 5000000);
    recorder_close(recorder, key, dropped * RECORDER_BLOCK_MS);
    recorder_destroy(recorder);
    assert_int_equal(done.err, OK);
    assert_int_equal(done.duration_ms + done.dropped_ms, 20000 * RECORDER_BLOCK_MS);
}

int main(void)
{
#define RECORD_TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        RECORD_TEST(mixes_both_directions),
        RECORD_TEST(keeps_them_apart_in_stereo),
        RECORD_TEST(a_second_one_ends_the_first),
        RECORD_TEST(the_end_of_the_stream_completes_the_file),
        RECORD_TEST(a_slow_disk_is_not_waited_for),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
