/* A conference of far ends with different codecs on real media threads. */
#include "media/media_rig_test.h"

#include "media/codec.h"
#include "media/media_room.h"
#include "media/recorder.h"
#include "media/sound_file.h"
#include "media/tone.h"

enum { MEMBERS = 3, RATE_HZ = 48000, TAIL = RATE_HZ / 5 };
static const double hz_of[MEMBERS] = { 440, 700, 1000 };

struct member {
    struct far far;
    const struct codec *codec;
    uint8_t pt;
    uint32_t rate_hz, id;
    struct codec_encoder *encoder;
    struct codec_decoder *decoder;
    struct tone tone;
    int16_t heard[TAIL]; /* the last of it, at its codec's rate */
    unsigned talks, silences;
};
struct room_rig {
    struct rig rig;
    struct media_room *room;
    struct member members[MEMBERS];
};

static void on_heard(void *owner, const struct media_heard *heard)
{
    struct member *member = owner;
    member->talks += heard->kind == MEDIA_HEARD_VOICE;
    member->silences += heard->kind == MEDIA_HEARD_SILENCE;
}
static void on_connected(void *owner)
{
    ((struct member *)owner)->far.connected++;
}
static const struct media_events events = { .on_heard = on_heard, .on_connected = on_connected };

static void member_create(struct room_rig *rig, size_t i, const struct codec *codec, uint8_t pt,
                          uint32_t rate_hz)
{
    struct member *member = &rig->members[i];
    struct media_transport *transport = NULL;
    far_create(&member->far, &rig->rig);
    media_stream_destroy(member->far.stream);
    assert_int_equal(rtp_transport_create(&transport, rig->rig.media, &member->far.local, NULL),
                     OK);
    /* on two threads: a room is for all of them */
    member->far.stream =
        media_stream_create(rig->rig.media, (unsigned)i % 2, transport, &events, member);
    far_set_remote(&member->far);
    far_describe(&member->far, codec, pt, pt, 0);
    member->codec = codec;
    member->pt = pt;
    member->rate_hz = rate_hz;
    member->encoder = codec_encoder_create(codec, NULL, rate_hz);
    member->decoder = codec_decoder_create(codec, rate_hz);
    tone_init(&member->tone, rate_hz, hz_of[i], -16);
}

static int setup(void **state)
{
    struct room_rig *rig = mem_new(struct room_rig);
    rig_create(&rig->rig, &(struct media_config){ .threads = 2 });
    member_create(rig, 0, &codec_pcmu, FAR_PCMU, 8000);
    member_create(rig, 1, &codec_opus, FAR_OPUS, 48000);
    member_create(rig, 2, &codec_g722, 9, 16000);
    rig->room = media_room_create(rig->rig.media, &(struct media_room_config){ .thread = 0 });
    for (size_t i = 0; i < MEMBERS; i++) {
        rig_wait(&rig->rig, &rig->members[i].far.connected, 1, 1000);
        rig->members[i].id = media_room_add(rig->room, rig->members[i].far.stream, NULL);
    }
    *state = rig;
    return 0;
}

static int teardown(void **state)
{
    struct room_rig *rig = *state;
    media_room_destroy(rig->room);
    for (size_t i = 0; i < MEMBERS; i++) {
        far_destroy(&rig->members[i].far);
        codec_encoder_destroy(rig->members[i].encoder);
        codec_decoder_destroy(rig->members[i].decoder);
    }
    rig_destroy(&rig->rig);
    mem_free(rig);
    return 0;
}

static void say(struct member *member)
{
    int16_t pcm[CODEC_MAX_SAMPLES];
    uint8_t bytes[CODEC_MAX_BYTES];
    size_t n = member->rate_hz / 50, len = sizeof bytes;
    tone_render(&member->tone, pcm, n);
    assert_int_equal(codec_encode(member->encoder, pcm, n, bytes, &len), OK);
    far_send(&member->far, member->pt, bytes, len, member->codec->clock_hz / 50);
}

static void hear(struct member *member)
{
    while (far_try_receive(&member->far)) {
        int16_t pcm[CODEC_MAX_SAMPLES];
        size_t n = CODEC_MAX_SAMPLES, keep = member->rate_hz / 5;
        assert_int_equal(codec_decode(member->decoder, member->far.got.payload, pcm, &n), OK);
        memmove(member->heard, member->heard + n, (keep - n) * sizeof *pcm);
        memcpy(member->heard + keep - n, pcm, n * sizeof *pcm);
    }
}

static void converse(struct room_rig *rig, const bool *who, int ms)
{
    int64_t due_us = rig_now_us();
    for (int at = 0; at < ms; at += 20, due_us += 20000) {
        for (size_t i = 0; i < MEMBERS; i++) {
            if (who[i])
                say(&rig->members[i]);
            if (rig->members[i].far.stream)
                hear(&rig->members[i]);
        }
        while (rig_now_us() < due_us + 20000)
            loop_turn(rig->rig.loop, 1);
    }
}

static double level(const struct room_rig *rig, size_t listener, double hz)
{
    const struct member *member = &rig->members[listener];
    return tone_level_dbm0(member->heard, member->rate_hz / 5, member->rate_hz, hz);
}

static const bool all[MEMBERS] = { true, true, true };

enum { SILENT = -40, MATTERS_NOT = 0 };

/* Does each hear each other at the level `want[listener][talker]`? */
static bool is_heard(const struct room_rig *rig, const double want[MEMBERS][MEMBERS])
{
    bool good = true;
    for (size_t i = 0; i < MEMBERS; i++)
        for (size_t j = 0; j < MEMBERS; j++) {
            double dbm0 = level(rig, i, hz_of[j]), off = dbm0 - want[i][j];
            if (want[i][j] == MATTERS_NOT)
                continue;
            good &= want[i][j] == SILENT ? dbm0 < SILENT : off > -2.5 && off < 2.5;
        }
    return good;
}

/* All talk until it is so; a busy machine tears holes into the sound, for a while. */
static void assert_heard(struct room_rig *rig, const double want[MEMBERS][MEMBERS])
{
    converse(rig, all, 1500);
    for (unsigned i = 0; i < 20 && !is_heard(rig, want); i++)
        converse(rig, all, 300);
    assert_true(is_heard(rig, want));
}

static void each_hears_the_others_and_not_itself(void **state)
{
    struct room_rig *rig = *state;
    assert_heard(rig, (const double[MEMBERS][MEMBERS]){
                          { SILENT, -16, -16 }, { -16, SILENT, -16 }, { -16, -16, SILENT } });
    for (size_t i = 0; i < MEMBERS; i++)
        assert_int_equal(rig->members[i].talks, 1);
}

static void who_talks_is_told(void **state)
{
    struct room_rig *rig = *state;
    const bool first[MEMBERS] = { true }, none[MEMBERS] = { false };
    converse(rig, first, 500);
    assert_int_equal(rig->members[0].talks, 1);
    assert_int_equal(rig->members[0].silences, 0);
    converse(rig, none, 900);
    assert_int_equal(rig->members[0].silences, 1);
    assert_int_equal(rig->members[1].talks + rig->members[2].talks, 0);
}

static void one_is_muted_and_one_is_quieter(void **state)
{
    struct room_rig *rig = *state;
    media_room_set(rig->room, rig->members[0].id, &(struct media_member){ .muted = true });
    media_room_set(rig->room, rig->members[1].id, &(struct media_member){ .gain_db = -10 });
    assert_heard(rig, (const double[MEMBERS][MEMBERS]){
                          { MATTERS_NOT, MATTERS_NOT, -16 }, { MATTERS_NOT }, { SILENT, -26 } });
}

static void who_leaves_hears_nothing_more(void **state)
{
    struct room_rig *rig = *state;
    converse(rig, all, 600);
    media_room_remove(rig->room, rig->members[0].id);
    media_stream_destroy(rig->members[1].far.stream); /* leaves by itself */
    rig->members[1].far.stream = NULL;
    converse(rig, (const bool[]){ true, false, true }, 200);
    while (far_try_receive(&rig->members[0].far))
        continue;
    converse(rig, (const bool[]){ true, false, true }, 1000);
    assert_false(far_try_receive(&rig->members[0].far));
    assert_true(level(rig, 2, hz_of[0]) < -45);
    assert_true(level(rig, 2, hz_of[1]) < -45);
}

static void all_hear_the_tone_of_one_who_joins(void **state)
{
    struct room_rig *rig = *state;
    media_room_beep(rig->room, MEDIA_ROOM_JOINED);
    double best[MEMBERS] = { -99, -99, -99 };
    for (int n = 0; n < 30; n++) {
        converse(rig, (const bool[MEMBERS]){ false }, 20);
        for (size_t i = 0; i < MEMBERS; i++)
            best[i] = level(rig, i, 660) > best[i] ? level(rig, i, 660) : best[i];
    }
    for (size_t i = 0; i < MEMBERS; i++)
        assert_true(best[i] > -24); /* 150 of the 200 ms that are looked at */
}

/* Those who may be heard, that is; until it is stopped. */
static void all_are_in_the_recording(void **state)
{
    struct room_rig *rig = *state;
    char path[64];
    int16_t *pcm = NULL;
    size_t samples = 0;
    uint32_t rate_hz = 0;
    snprintf(path, sizeof path, "/tmp/room_test_%d.wav", (int)getpid());
    media_room_set(rig->room, rig->members[2].id, &(struct media_member){ .muted = true });
    converse(rig, all, 500);
    media_room_record(rig->room, path);
    converse(rig, all, 1500);
    media_room_record_stop(rig->room);
    media_room_record_stop(rig->room); /* nothing to do */
    converse(rig, all, 300);
    assert_int_equal(sound_file_read(path, &pcm, &samples, &rate_hz, NULL), OK);
    assert_int_equal(rate_hz, RECORDER_RATE_HZ);
    assert_in_range(samples, rate_hz, rate_hz * 7 / 4);
    for (size_t i = 0; i < MEMBERS; i++) {
        double dbm0 = tone_level_dbm0(pcm + rate_hz / 4, rate_hz / 2, rate_hz, hz_of[i]);
        assert_true(i == 2 ? dbm0 < SILENT : dbm0 > -19 && dbm0 < -13);
    }
    mem_free(pcm);
    unlink(path);
}

int main(void)
{
#define ROOM_TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        ROOM_TEST(each_hears_the_others_and_not_itself), ROOM_TEST(who_talks_is_told),
        ROOM_TEST(one_is_muted_and_one_is_quieter),      ROOM_TEST(who_leaves_hears_nothing_more),
        ROOM_TEST(all_hear_the_tone_of_one_who_joins),   ROOM_TEST(all_are_in_the_recording),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
