/* A call whose far end talks, on a real media thread: utterances come as words, in order. */
#include "media/media_rig_test.h"

#include "media/codec.h"
#include "media/recognizer.h"
#include "media/tone.h"
#include "media/transcriber.h"

struct heard {
    unsigned begun, words;
    enum err err;
    bool is_final;
    int64_t ms;
};

static void on_begin(void *owner, enum media_fork_track track)
{
    assert_int_equal(track, MEDIA_FORK_INBOUND);
    ((struct heard *)owner)->begun++;
}

static void on_words(void *owner, const struct transcriber_words *words)
{
    struct heard *heard = owner;
    heard->words++;
    heard->err = words->err;
    heard->is_final = words->is_final;
    heard->ms = words->over_ms - words->began_ms;
}

static const struct transcriber_events events = { .on_begin = on_begin, .on_words = on_words };

static void say(struct rig *rig, struct far *far, int ms, double dbm0)
{
    struct codec_encoder *encoder = codec_encoder_create(&codec_pcmu, NULL, 8000);
    int64_t due_us = rig_now_us();
    struct tone tone;
    tone_init(&tone, 8000, 440, dbm0);
    for (int at = 0; at < ms; at += 20, due_us += 20000) {
        int16_t pcm[160];
        uint8_t sound[160];
        size_t len = sizeof sound;
        tone_render(&tone, pcm, 160);
        assert_int_equal(codec_encode(encoder, pcm, 160, sound, &len), OK);
        far_send(far, FAR_PCMU, sound, len, 160);
        while (rig_now_us() < due_us + 20000)
            loop_turn(rig->loop, 1);
    }
    codec_encoder_destroy(encoder);
}

/* Without an engine every utterance still comes, and says why it has no words. */
static void utterances_come_once_they_are_over(void **state)
{
    struct rig rig;
    struct far far;
    struct heard heard = { 0 };
    (void)state;
    rig_create(&rig, &(struct media_config){ .threads = 1 });
    far_create(&far, &rig);
    far_describe(&far, &codec_pcmu, FAR_PCMU, FAR_PCMU, 0);
    rig_wait(&rig, &far.connected, 1, 1000);
    struct recognizer *recognizer =
        recognizer_create(&(struct recognizer_config){ .loop = rig.loop,
                                                       .engine = "none",
                                                       .model_dir = "/nowhere",
                                                       .url = "",
                                                       .model = "",
                                                       .ca_file = "" });
    const struct transcriber_config config = { .media = rig.media,
                                               .stream = far.stream,
                                               .recognizer = recognizer,
                                               .tracks = { [MEDIA_FORK_INBOUND] = true },
                                               .silence_ms = 300 };
    struct transcriber *transcriber = transcriber_create(&config, &events, &heard);
    say(&rig, &far, 600, -60);
    assert_int_equal(heard.begun, 0);
    say(&rig, &far, 800, -12);
    assert_int_equal(heard.begun, 1);
    assert_true(transcriber_is_busy(transcriber));
    assert_int_equal(heard.words, 0);
    say(&rig, &far, 1000, -60);
    assert_int_equal(heard.words, 1);
    assert_int_equal(heard.err, ERR_UNSUPPORTED);
    assert_true(heard.is_final);
    assert_in_range(heard.ms, 600, 1100);
    assert_false(transcriber_is_busy(transcriber));
    transcriber_destroy(transcriber);
    recognizer_destroy(recognizer);
    far_destroy(&far);
    rig_destroy(&rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(utterances_come_once_they_are_over),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
