/* Two linked streams: passed on where both speak one codec, transcoded where they do not. */
#include "media/media_pair_test.h"

#include "media/codec.h"
#include "media/dtmf.h"
#include "media/tone.h"

static void connect_pair(struct pair *pair)
{
    rig_wait(&pair->rig, &pair->a.connected, 1, 1000);
    rig_wait(&pair->rig, &pair->b.connected, 1, 1000);
}

static void passes_pcmu_through_byte_for_byte(void **state)
{
    struct pair *pair = *state;
    uint16_t seq = 0;
    uint32_t ts = 0, ssrc = 0;
    far_describe(&pair->a, &codec_pcmu, FAR_PCMU, FAR_PCMU, 0);
    far_describe(&pair->b, &codec_pcmu, FAR_PCMU, FAR_PCMU, 0);
    connect_pair(pair);
    for (unsigned i = 0; i < 20; i++) { /* over the wrap of its sequence numbers */
        uint8_t sound[160];
        memset(sound, (int)i, sizeof sound);
        far_send(&pair->a, FAR_PCMU, sound, sizeof sound, 160);
        assert_true(far_receive(&pair->b, 1000));
        const struct rtp_header *got = &pair->b.got;
        assert_int_equal(got->pt, FAR_PCMU);
        assert_int_equal(got->payload.len, sizeof sound);
        assert_memory_equal(got->payload.ptr, sound, sizeof sound);
        assert_int_equal(got->marker, i == 0);
        assert_int_not_equal(got->ssrc, pair->a.ssrc);
        if (i > 0) {
            assert_int_equal(got->ssrc, ssrc);
            assert_int_equal(got->seq, (uint16_t)(seq + 1));
            assert_int_equal(got->ts, ts + 160);
        }
        ssrc = got->ssrc;
        seq = got->seq;
        ts = got->ts;
    }
    rig_wait(&pair->rig, &pair->a.first_packets, 1, 1000);
    assert_int_equal(pair->a.first_packets, 1);
}

static void gives_each_far_end_its_own_payload_type(void **state)
{
    struct pair *pair = *state;
    static const uint8_t frame[40] = { 0x78, 1, 2, 3 };
    far_describe(&pair->a, &codec_opus, FAR_OPUS, FAR_OPUS, 0);
    far_describe(&pair->b, &codec_opus, FAR_OPUS_TX, FAR_OPUS, 0);
    connect_pair(pair);
    far_send(&pair->a, FAR_OPUS, frame, sizeof frame, 960);
    assert_true(far_receive(&pair->b, 1000));
    assert_int_equal(pair->b.got.pt, FAR_OPUS_TX);
    assert_memory_equal(pair->b.got.payload.ptr, frame, sizeof frame);
}

static void comfort_noise_leaves_no_gap(void **state)
{
    struct pair *pair = *state;
    uint8_t sound[160] = { 0 };
    far_describe(&pair->a, &codec_pcmu, FAR_PCMU, FAR_PCMU, 0);
    far_describe(&pair->b, &codec_pcmu, FAR_PCMU, FAR_PCMU, 0);
    connect_pair(pair);
    far_send(&pair->a, FAR_PCMU, sound, sizeof sound, 160);
    assert_true(far_receive(&pair->b, 1000));
    uint16_t seq = pair->b.got.seq;
    far_send(&pair->a, 13, sound, 1, 160);
    far_send(&pair->a, FAR_PCMU, sound, sizeof sound, 160);
    assert_true(far_receive(&pair->b, 1000));
    assert_int_equal(pair->b.got.pt, FAR_PCMU);
    assert_int_equal(pair->b.got.seq, (uint16_t)(seq + 1));
}

/* A codec's far end: sends a tone every 20 ms and measures what it hears. */
struct talker {
    struct far *far;
    const struct codec *codec;
    struct codec_encoder *encoder;
    struct codec_decoder *decoder;
    struct tone tone;
    uint8_t pt;
    int16_t heard[48000 * 3];
    size_t n_heard;
    unsigned packets;
};

static struct talker *talker_create(struct far *far, const struct codec *codec, uint8_t pt)
{
    struct talker *talker = mem_new(struct talker);
    talker->far = far;
    talker->codec = codec;
    talker->pt = pt;
    talker->encoder = codec_encoder_create(codec, NULL, codec->rate_hz);
    talker->decoder = codec_decoder_create(codec, codec->rate_hz);
    tone_init(&talker->tone, codec->rate_hz, FAR_TONE_HZ, -10);
    return talker;
}

static void talker_destroy(struct talker *talker)
{
    codec_encoder_destroy(talker->encoder);
    codec_decoder_destroy(talker->decoder);
    mem_free(talker);
}

static void talk(struct talker *talker)
{
    int16_t pcm[960];
    uint8_t payload[CODEC_MAX_BYTES];
    size_t n = talker->codec->rate_hz / 50, len = sizeof payload;
    tone_render(&talker->tone, pcm, n);
    assert_int_equal(codec_encode(talker->encoder, pcm, n, payload, &len), OK);
    far_send(talker->far, talker->pt, payload, len, talker->codec->clock_hz / 50);
}

static void listen_now(struct talker *talker)
{
    while (far_try_receive(talker->far)) {
        int16_t pcm[CODEC_MAX_SAMPLES];
        size_t n = CODEC_MAX_SAMPLES;
        assert_int_equal(talker->far->got.pt, talker->pt);
        assert_int_equal(codec_decode(talker->decoder, talker->far->got.payload, pcm, &n), OK);
        if (talker->n_heard + n > sizeof talker->heard / sizeof *pcm)
            return;
        memcpy(talker->heard + talker->n_heard, pcm, n * sizeof *pcm);
        talker->n_heard += n;
        talker->packets++;
    }
}

/* The second half of what it heard is the tone, at its level, and nothing else. */
static bool has_heard_tone(const struct talker *talker, double *tone, double *all)
{
    uint32_t rate = talker->codec->rate_hz;
    size_t n = rate / 2;
    if (talker->n_heard < rate)
        return false;
    const int16_t *late = talker->heard + talker->n_heard - n;
    *tone = tone_level_dbm0(late, n, rate, FAR_TONE_HZ);
    *all = level_dbm0(late, n);
    return *tone >= -11 && *tone <= -9 && *all <= *tone + 1;
}

static void assert_heard_tone(const struct talker *talker)
{
    double tone = -99, all = -99;
    if (!has_heard_tone(talker, &tone, &all))
        fail_msg("%s: tone at %.1f dBm0 of %.1f in all, want -10", talker->codec->name, tone, all);
}

static void converse(struct pair *pair, struct talker *a, struct talker *b, unsigned frames)
{
    int64_t due_us = rig_now_us();
    for (unsigned i = 0; i < frames; i++, due_us += 20000) {
        talk(a);
        talk(b);
        while (rig_now_us() < due_us + 20000)
            loop_turn(pair->rig.loop, 2);
        listen_now(a);
        listen_now(b);
    }
}

/* Until both heard the tone whole: what this program sends too late is concealed, with a seam. */
static void converse_well(struct pair *pair, struct talker *a, struct talker *b, unsigned frames)
{
    enum { TRIES = 8 };
    double tone, all;
    for (int i = 0; i < TRIES; i++) {
        a->n_heard = b->n_heard = a->packets = b->packets = 0;
        converse(pair, a, b, frames);
        if (has_heard_tone(a, &tone, &all) && has_heard_tone(b, &tone, &all))
            return;
    }
}

static void transcode(struct pair *pair, const struct codec *left, uint8_t left_pt,
                      const struct codec *right, uint8_t right_pt)
{
    struct talker *a = talker_create(&pair->a, left, left_pt);
    struct talker *b = talker_create(&pair->b, right, right_pt);
    far_describe(&pair->a, left, left_pt, left_pt, 0);
    far_describe(&pair->b, right, right_pt, right_pt, 0);
    connect_pair(pair);
    converse_well(pair, a, b, 75);
    assert_heard_tone(a);
    assert_heard_tone(b);
    assert_in_range(a->packets, 68, 78);
    assert_in_range(b->packets, 68, 78);
    const struct media_stats *stats = media_stream_stats(pair->a.stream);
    assert_true(stats->transcoding);
    assert_ptr_equal(stats->rx_codec, left);
    assert_ptr_equal(stats->tx_codec, left);
    assert_in_range(stats->rx.level_dbov + 20, 2, 5); /* -10 dBm0 is -16.2 dBov */
    talker_destroy(a);
    talker_destroy(b);
}

static void transcodes_opus_and_pcmu(void **state)
{
    transcode(*state, &codec_opus, FAR_OPUS, &codec_pcmu, FAR_PCMU);
}

static void transcodes_opus_and_pcma(void **state)
{
    transcode(*state, &codec_opus, FAR_OPUS, &codec_pcma, FAR_PCMA);
}

static void transcodes_g722_and_pcmu(void **state)
{
    transcode(*state, &codec_g722, 9, &codec_pcmu, FAR_PCMU);
}

/* A far end that falls silent sends descriptions of its noise (RFC 3389) where ours is to be
 * encoded: nothing of them is taken for sound, and the talk goes on after them. */
static void comfort_noise_is_no_sound_where_it_is_decoded(void **state)
{
    enum { PT_NOISE = 13, QUIET = 35, RATE_HZ = 48000 };
    struct pair *pair = *state;
    struct talker *a = talker_create(&pair->a, &codec_pcmu, FAR_PCMU);
    struct talker *b = talker_create(&pair->b, &codec_opus, FAR_OPUS);
    static const uint8_t noise[] = { 60, 120, 120, 120 };
    far_describe(&pair->a, &codec_pcmu, FAR_PCMU, FAR_PCMU, 0);
    far_describe(&pair->b, &codec_opus, FAR_OPUS, FAR_OPUS, 0);
    connect_pair(pair);
    converse_well(pair, a, b, 60);
    assert_heard_tone(b);
    b->n_heard = 0;
    for (int i = 0; i < QUIET; i++) {
        far_send(&pair->a, PT_NOISE, noise, sizeof noise, 160);
        rig_run(&pair->rig, 20);
        listen_now(b);
    }
    assert_true(b->n_heard > RATE_HZ / 4); /* whom it goes to hears a clock all the same */
    assert_true(level_dbm0(b->heard + b->n_heard - RATE_HZ / 10, RATE_HZ / 10) < -40);
    converse_well(pair, a, b, 60);
    assert_heard_tone(b);
    talker_destroy(a);
    talker_destroy(b);
}

/* A prompt of 1 kHz at -16 dBm0 over the partner's tone: both are heard; while it pauses and after
 * it, the tone alone, in packets passed on as they are. */
static void a_prompt_is_heard_over_the_partner(void **state)
{
    enum { RATE_HZ = 8000, SECONDS = 2, PROMPT_HZ = 1000 };
    struct pair *pair = *state;
    struct talker *a = talker_create(&pair->a, &codec_pcmu, FAR_PCMU);
    struct talker *b = talker_create(&pair->b, &codec_pcmu, FAR_PCMU);
    struct tone prompt;
    int16_t *pcm = mem_array(RATE_HZ * SECONDS, sizeof *pcm);
    far_describe(&pair->a, &codec_pcmu, FAR_PCMU, FAR_PCMU, 0);
    far_describe(&pair->b, &codec_pcmu, FAR_PCMU, FAR_PCMU, 0);
    connect_pair(pair);
    tone_init(&prompt, RATE_HZ, PROMPT_HZ, -10);
    tone_render(&prompt, pcm, RATE_HZ * SECONDS);
    media_stream_play_over(pair->a.stream, 9, pcm, RATE_HZ * SECONDS, RATE_HZ);
    media_stream_play_gain(pair->a.stream, 9, -6);
    converse(pair, a, b, 60);
    const int16_t *late = a->heard + a->n_heard - RATE_HZ / 2;
    double said = tone_level_dbm0(late, RATE_HZ / 2, RATE_HZ, PROMPT_HZ);
    double talked = tone_level_dbm0(late, RATE_HZ / 2, RATE_HZ, FAR_TONE_HZ);
    assert_true(said > -17 && said < -15);
    assert_true(talked > -11 && talked < -9);
    media_stream_play_pause(pair->a.stream, 9, true);
    a->n_heard = 0;
    converse(pair, a, b, 60);
    assert_heard_tone(a);
    assert_int_equal(pair->a.plays_done, 0);
    media_stream_play_pause(pair->a.stream, 9, false);
    media_stream_play_pause(pair->a.stream, 8, true); /* another clip's: nothing happens */
    media_stream_play_seek(pair->a.stream, 9, SECONDS * 1000 - 100);
    converse(pair, a, b, 15);
    assert_int_equal(pair->a.plays_done, 1);
    assert_heard_tone(b); /* the partner heard nothing of it */
    talker_destroy(a);
    talker_destroy(b);
}

/* Four packets of one event, the last of them the end, three times. */
static void send_event(struct far *far, uint8_t event, uint16_t step)
{
    for (unsigned i = 1; i <= 6; i++) {
        unsigned steps = i < 4 ? i : 4;
        uint16_t duration = (uint16_t)(steps * step);
        uint8_t payload[4] = { event, i < 4 ? 10 : 0x8a, (uint8_t)(duration >> 8),
                               (uint8_t)duration };
        far_send(far, FAR_EVENT, payload, sizeof payload, 0);
        rig_run(far->rig, i < 4 ? 20 : 2);
    }
    far->ts += 4U * step;
}

struct dialled {
    char digit;
    unsigned count, duration_ms;
};

static void on_digit(void *owner, char digit, unsigned duration_ms)
{
    struct dialled *dialled = owner;
    dialled->digit = digit;
    dialled->count++;
    dialled->duration_ms = duration_ms;
}

static void relay_event(struct pair *pair, uint32_t to_hz)
{
    static const struct dtmf_events events = { on_digit };
    struct dialled dialled = { 0 };
    struct dtmf_receiver receiver;
    unsigned packets = 0;
    uint32_t ts = 0;
    dtmf_receiver_init(&receiver, &events, &dialled);
    while (far_try_receive(&pair->b)) {
        if (pair->b.got.pt != FAR_EVENT)
            continue;
        assert_int_equal(pair->b.got.marker, packets == 0);
        if (packets++ > 0)
            assert_int_equal(pair->b.got.ts, ts);
        ts = pair->b.got.ts;
        assert_int_equal(
            dtmf_receiver_feed(&receiver, to_hz, ts, pair->b.got.payload, rig_now_us() / 1000), OK);
    }
    assert_int_equal(packets, 6);
    assert_int_equal(dialled.count, 1);
    assert_int_equal(dialled.digit, '5');
    assert_int_equal(dialled.duration_ms, 80);
}

static void converts_events_between_clocks(void **state)
{
    struct pair *pair = *state;
    far_describe(&pair->a, &codec_opus, FAR_OPUS, FAR_OPUS, 48000);
    far_describe(&pair->b, &codec_pcmu, FAR_PCMU, FAR_PCMU, 8000);
    connect_pair(pair);
    struct talker *a = talker_create(&pair->a, &codec_opus, FAR_OPUS);
    for (int i = 0; i < 5; i++) {
        talk(a);
        rig_run(&pair->rig, 20);
    }
    send_event(&pair->a, 5, 960);
    for (int i = 0; i < 5; i++) {
        talk(a);
        rig_run(&pair->rig, 20);
    }
    relay_event(pair, 8000);
    assert_string_equal(pair->a.digits, "5");
    assert_int_equal(pair->a.digit_ms, 80);
    talker_destroy(a);
}

static void passes_events_among_relayed_audio(void **state)
{
    struct pair *pair = *state;
    uint8_t sound[160] = { 0 };
    far_describe(&pair->a, &codec_pcmu, FAR_PCMU, FAR_PCMU, 8000);
    far_describe(&pair->b, &codec_pcmu, FAR_PCMU, FAR_PCMU, 8000);
    connect_pair(pair);
    far_send(&pair->a, FAR_PCMU, sound, sizeof sound, 160);
    rig_run(&pair->rig, 10);
    while (far_try_receive(&pair->b))
        ;
    uint16_t seq = pair->b.got.seq;
    pair->a.ts += 160;
    uint8_t first[4] = { 5, 10, 0, 160 };
    const struct rtp_header header = { .pt = FAR_EVENT,
                                       .marker = true,
                                       .seq = pair->a.seq++,
                                       .ts = pair->a.ts,
                                       .ssrc = pair->a.ssrc };
    far_send_from(&pair->a, pair->a.fd, &header, first, sizeof first);
    assert_true(far_receive(&pair->b, 1000));
    assert_int_equal(pair->b.got.pt, FAR_EVENT);
    assert_true(pair->b.got.marker);
    assert_int_equal(pair->b.got.seq, (uint16_t)(seq + 1));
    assert_memory_equal(pair->b.got.payload.ptr, first, sizeof first);
}

static void a_far_end_without_events_hears_the_key(void **state)
{
    struct pair *pair = *state;
    far_describe(&pair->a, &codec_pcmu, FAR_PCMU, FAR_PCMU, 8000);
    far_describe(&pair->b, &codec_pcmu, FAR_PCMU, FAR_PCMU, 0);
    connect_pair(pair);
    struct talker *b = talker_create(&pair->b, &codec_pcmu, FAR_PCMU);
    send_event(&pair->a, 5, 160);
    for (int i = 0; i < 8; i++) {
        rig_run(&pair->rig, 20);
        listen_now(b);
    }
    double low = 0, high = 0;
    assert_true(dtmf_frequencies('5', &low, &high));
    assert_in_range(b->n_heard, 480, SIZE_MAX);
    assert_true(tone_level_dbm0(b->heard, 480, 8000, low) > -20);
    assert_true(tone_level_dbm0(b->heard, 480, 8000, high) > -20);
    talker_destroy(b);
}

static void a_muted_far_end_hears_silence(void **state)
{
    struct pair *pair = *state;
    uint8_t sound[160];
    memset(sound, 0x10, sizeof sound);
    far_describe(&pair->a, &codec_pcmu, FAR_PCMU, FAR_PCMU, 0);
    far_describe(&pair->b, &codec_pcmu, FAR_PCMU, FAR_PCMU, 0);
    connect_pair(pair);
    media_stream_mute(pair->b.stream, true, false);
    rig_run(&pair->rig, 20);
    for (int i = 0; i < 10; i++) {
        far_send(&pair->a, FAR_PCMU, sound, sizeof sound, 160);
        assert_true(far_receive(&pair->b, 1000));
        assert_int_equal((uint8_t)pair->b.got.payload.ptr[0], 0xff);
    }
    media_stream_mute(pair->b.stream, false, false);
    rig_run(&pair->rig, 60);
    while (far_try_receive(&pair->b))
        ;
    far_send(&pair->a, FAR_PCMU, sound, sizeof sound, 160);
    assert_true(far_receive(&pair->b, 1000));
    assert_memory_equal(pair->b.got.payload.ptr, sound, sizeof sound);
}

static void nothing_from_a_far_end_that_is_not_listened_to(void **state)
{
    struct pair *pair = *state;
    uint8_t sound[160];
    memset(sound, 0x10, sizeof sound);
    far_describe(&pair->a, &codec_pcmu, FAR_PCMU, FAR_PCMU, 0);
    far_describe(&pair->b, &codec_pcmu, FAR_PCMU, FAR_PCMU, 0);
    connect_pair(pair);
    media_stream_mute(pair->a.stream, false, true);
    rig_run(&pair->rig, 20);
    for (int i = 0; i < 5; i++) {
        far_send(&pair->a, FAR_PCMU, sound, sizeof sound, 160);
        assert_true(far_receive(&pair->b, 1000));
        assert_int_equal((uint8_t)pair->b.got.payload.ptr[0], 0xff);
    }
}

static void hold_sends_nothing(void **state)
{
    struct pair *pair = *state;
    uint8_t sound[160] = { 0 };
    far_describe(&pair->a, &codec_pcmu, FAR_PCMU, FAR_PCMU, 0);
    connect_pair(pair);
    struct media_description held = { .n_formats = 1, .send = false, .receive = true };
    held.formats[0] = (struct media_format){ .codec = &codec_pcmu };
    media_stream_describe(pair->b.stream, &held);
    media_stream_tone(pair->b.stream, 1004, 0);
    rig_run(&pair->rig, 20);
    far_send(&pair->a, FAR_PCMU, sound, sizeof sound, 160);
    assert_false(far_receive(&pair->b, 100));
}

static void the_end_of_one_unlinks_the_other(void **state)
{
    struct pair *pair = *state;
    struct far c;
    uint8_t sound[160] = { 0 };
    far_describe(&pair->a, &codec_pcmu, FAR_PCMU, FAR_PCMU, 0);
    connect_pair(pair);
    far_create(&c, &pair->rig);
    far_describe(&c, &codec_pcmu, FAR_PCMU, FAR_PCMU, 0);
    media_link(pair->a.stream, c.stream); /* takes it from b */
    rig_wait(&pair->rig, &c.connected, 1, 1000);
    far_send(&pair->a, FAR_PCMU, sound, sizeof sound, 160);
    assert_true(far_receive(&c, 1000));
    assert_false(far_try_receive(&pair->b));
    far_destroy(&c);
    far_send(&pair->a, FAR_PCMU, sound, sizeof sound, 160);
    rig_run(&pair->rig, 30);
    media_unlink(pair->a.stream); /* nobody there any more: fine */
    media_unlink(pair->b.stream);
}

int main(void)
{
#define LINK_TEST(name) cmocka_unit_test_setup_teardown(name, pair_set_up, pair_tear_down)
    const struct CMUnitTest tests[] = {
        LINK_TEST(passes_pcmu_through_byte_for_byte),
        LINK_TEST(gives_each_far_end_its_own_payload_type),
        LINK_TEST(comfort_noise_leaves_no_gap),
        LINK_TEST(comfort_noise_is_no_sound_where_it_is_decoded),
        LINK_TEST(transcodes_opus_and_pcmu),
        LINK_TEST(transcodes_opus_and_pcma),
        LINK_TEST(transcodes_g722_and_pcmu),
        LINK_TEST(a_prompt_is_heard_over_the_partner),
        LINK_TEST(converts_events_between_clocks),
        LINK_TEST(passes_events_among_relayed_audio),
        LINK_TEST(a_far_end_without_events_hears_the_key),
        LINK_TEST(a_muted_far_end_hears_silence),
        LINK_TEST(nothing_from_a_far_end_that_is_not_listened_to),
        LINK_TEST(hold_sends_nothing),
        LINK_TEST(the_end_of_one_unlinks_the_other),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
