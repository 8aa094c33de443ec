/* What is heard in the audio of a far end, on a real media thread. */
#include "media/media_rig_test.h"

#include "media/codec.h"
#include "media/tone.h"

struct listened {
    struct rig rig;
    struct far far;
    struct codec_encoder *encoder;
    unsigned n[MEDIA_HEARD_CED + 1];
};

static void on_heard(void *owner, const struct media_heard *heard)
{
    ((struct listened *)owner)->n[heard->kind]++;
}
static void on_connected(void *owner)
{
    ((struct listened *)owner)->far.connected++;
}
static const struct media_events events = { .on_heard = on_heard, .on_connected = on_connected };

static int setup(void **state)
{
    struct listened *l = mem_new(struct listened);
    struct media_transport *transport = NULL;
    rig_create(&l->rig, &(struct media_config){ .threads = 1 });
    far_create(&l->far, &l->rig);
    media_stream_destroy(l->far.stream);
    assert_int_equal(rtp_transport_create(&transport, l->rig.media, &l->far.local, NULL), OK);
    l->far.stream = media_stream_create(l->rig.media, 0, transport, &events, l);
    far_set_remote(&l->far);
    far_describe(&l->far, &codec_pcmu, FAR_PCMU, FAR_PCMU, 0);
    rig_wait(&l->rig, &l->far.connected, 1, 1000);
    l->encoder = codec_encoder_create(&codec_pcmu, NULL, 8000);
    *state = l;
    return 0;
}

static int teardown(void **state)
{
    struct listened *l = *state;
    far_destroy(&l->far);
    codec_encoder_destroy(l->encoder);
    rig_destroy(&l->rig);
    mem_free(l);
    return 0;
}

/* hz 0: silence; 500: two tones, since one is no voice */
static void say(struct listened *l, double hz, int ms)
{
    struct tone tone;
    int64_t due_us = rig_now_us();
    if (hz == 500)
        tone_init_dual(&tone, 8000, hz, -14, 1330, -16);
    else
        tone_init(&tone, 8000, hz, hz > 0 ? -14 : -200);
    for (int at = 0; at < ms; at += 20, due_us += 20000) {
        int16_t pcm[160];
        uint8_t bytes[160];
        size_t len = sizeof bytes;
        tone_render(&tone, pcm, 160);
        assert_int_equal(codec_encode(l->encoder, pcm, 160, bytes, &len), OK);
        far_send(&l->far, FAR_PCMU, bytes, len, 160);
        while (rig_now_us() < due_us + 20000)
            loop_turn(l->rig.loop, 1);
    }
}

static void voice_and_silence(void **state)
{
    struct listened *l = *state;
    media_stream_listen(l->far.stream, &(struct media_listen){ .voice = true, .silence_ms = 300 });
    say(l, 0, 200);
    assert_int_equal(l->n[MEDIA_HEARD_VOICE], 0);
    say(l, 500, 400);
    assert_int_equal(l->n[MEDIA_HEARD_VOICE], 1);
    assert_int_equal(l->n[MEDIA_HEARD_SILENCE], 0);
    say(l, 0, 600);
    assert_int_equal(l->n[MEDIA_HEARD_SILENCE], 1);
    media_stream_listen(l->far.stream, &(struct media_listen){ 0 });
    say(l, 500, 300);
    assert_int_equal(l->n[MEDIA_HEARD_VOICE], 1);
}

static void a_human_says_hello(void **state)
{
    struct listened *l = *state;
    const struct media_listen listen = { .machine = true, .greeting = { .end_silence_ms = 400 } };
    media_stream_listen(l->far.stream, &listen);
    say(l, 500, 300);
    say(l, 0, 800);
    assert_int_equal(l->n[MEDIA_HEARD_HUMAN], 1);
    assert_int_equal(l->n[MEDIA_HEARD_MACHINE], 0);
}

static void a_machine_greets_and_beeps(void **state)
{
    struct listened *l = *state;
    const struct media_listen listen = { .machine = true,
                                         .beep = true,
                                         .greeting = { .voice_ms = 400, .ready_ms = 300 } };
    media_stream_listen(l->far.stream, &listen);
    say(l, 500, 600);
    say(l, 0, 600);
    assert_int_equal(l->n[MEDIA_HEARD_MACHINE], 1);
    assert_int_equal(l->n[MEDIA_HEARD_READY], 1);
    unsigned before = l->n[MEDIA_HEARD_BEEP];
    say(l, 1000, 400);
    say(l, 0, 200);
    assert_int_equal(l->n[MEDIA_HEARD_BEEP], before + 1);
    assert_int_equal(l->n[MEDIA_HEARD_HUMAN], 0);
}

static void fax_tones(void **state)
{
    struct listened *l = *state;
    media_stream_listen(l->far.stream, &(struct media_listen){ .fax = true });
    say(l, 1100, 700);
    say(l, 0, 200);
    assert_int_equal(l->n[MEDIA_HEARD_CNG], 1);
    assert_int_equal(l->n[MEDIA_HEARD_CED], 0);
    say(l, 2100, 1500);
    say(l, 0, 200);
    assert_int_equal(l->n[MEDIA_HEARD_CED], 1);
}

int main(void)
{
#define LISTEN_TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        LISTEN_TEST(voice_and_silence),
        LISTEN_TEST(a_human_says_hello),
        LISTEN_TEST(a_machine_greets_and_beeps),
        LISTEN_TEST(fax_tones),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
