#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/num.h"
#include "media/dtmf.h"
#include "media/dtmf_detector.h"

struct heard {
    char digits[100];
    unsigned durations_ms[100];
    size_t n;
};

static void on_digit(void *owner, char digit, unsigned duration_ms)
{
    struct heard *heard = owner;
    assert_true(heard->n < 99);
    heard->durations_ms[heard->n] = duration_ms;
    heard->digits[heard->n++] = digit;
}
static const struct dtmf_events events = { .on_digit = on_digit };

static void codes_and_digits(void **state)
{
    (void)state;
    for (unsigned event = 0; event < 16; event++)
        assert_int_equal(dtmf_event_of(dtmf_digit_of(event)), event);
    assert_int_equal(dtmf_event_of('*'), 10);
    assert_int_equal(dtmf_event_of('#'), 11);
    assert_int_equal(dtmf_event_of('d'), 15);
    assert_int_equal(dtmf_event_of('E'), -1);
    assert_int_equal(dtmf_event_of(0), -1);
    assert_int_equal(dtmf_digit_of(16), 0); /* flash */
    double low, high;
    assert_true(dtmf_frequencies('6', &low, &high));
    assert_true(low == 770 && high == 1477);
    assert_true(dtmf_frequencies('0', &low, &high));
    assert_true(low == 941 && high == 1336);
    assert_false(dtmf_frequencies(',', &low, &high));
}

static unsigned duration_of(const struct dtmf_packet *packet)
{
    return (unsigned)packet->payload[2] << 8 | packet->payload[3];
}

static void a_digit_is_a_run_of_packets(void **state)
{
    (void)state;
    struct dtmf_sender sender;
    struct dtmf_packet packet;
    dtmf_sender_init(&sender, 8000);
    assert_false(dtmf_sender_tick(&sender, 20, &packet));
    assert_int_equal(dtmf_sender_add(&sender, SLICE("5#"), 100, 100), OK);
    for (unsigned k = 0; k < 7; k++) { /* five steps, the last three times */
        assert_true(dtmf_sender_tick(&sender, 20, &packet));
        assert_int_equal(packet.payload[0], 5);
        assert_int_equal(packet.payload[1], k < 4 ? DTMF_VOLUME : 0x80 | DTMF_VOLUME);
        assert_int_equal(duration_of(&packet), k < 4 ? 160 * (k + 1) : 800);
        assert_int_equal(packet.marker, k == 0);
        assert_int_equal(packet.ts_advance, 0);
    }
    for (unsigned k = 7; k < 10; k++)
        assert_false(dtmf_sender_tick(&sender, 20, &packet));
    assert_true(dtmf_sender_is_busy(&sender));
    assert_true(dtmf_sender_tick(&sender, 20, &packet));
    assert_true(packet.marker);
    assert_int_equal(packet.payload[0], 11);
    assert_int_equal(packet.ts_advance, 1600); /* 200 ms after the start of the first */
    for (unsigned k = 1; k < 10; k++)
        dtmf_sender_tick(&sender, 20, &packet);
    assert_false(dtmf_sender_is_busy(&sender));
}

static void bad_digits_are_refused_whole(void **state)
{
    (void)state;
    struct dtmf_sender sender;
    char many[DTMF_QUEUE_MAX + 1];
    memset(many, '1', sizeof(many));
    dtmf_sender_init(&sender, 8000);
    assert_int_equal(dtmf_sender_add(&sender, SLICE("12x"), 0, 0), ERR_INVALID);
    assert_int_equal(dtmf_sender_add(&sender, SLICE("1"), DTMF_MAX_MS + 1, 0), ERR_INVALID);
    assert_int_equal(dtmf_sender_add(&sender, slice_make(many, sizeof(many)), 0, 0), ERR_LIMIT);
    assert_false(dtmf_sender_is_busy(&sender));
    assert_int_equal(dtmf_sender_add(&sender, slice_make(many, sizeof(many) - 1), 0, 0), OK);
    assert_int_equal(dtmf_sender_add(&sender, SLICE("1"), 0, 0), ERR_LIMIT);
}

/* Send `digits` with every `nth` packet lost (0: none) and hear them. */
static struct heard transfer(const char *digits, unsigned ms, uint32_t clock_hz, unsigned step_ms,
                             unsigned nth)
{
    struct dtmf_sender sender;
    struct dtmf_receiver receiver;
    struct dtmf_packet packet;
    struct heard heard = { 0 };
    uint32_t ts = UINT32_MAX - 5000;
    int64_t now_ms = 1000;
    unsigned sent = 0;
    dtmf_sender_init(&sender, clock_hz);
    dtmf_receiver_init(&receiver, &events, &heard);
    assert_int_equal(dtmf_sender_add(&sender, slice_of(digits), ms, 100), OK);
    for (; dtmf_sender_is_busy(&sender) || now_ms < 2000; now_ms += step_ms) {
        if (dtmf_sender_tick(&sender, step_ms, &packet)) {
            ts += packet.ts_advance;
            if (nth == 0 || ++sent % nth != 0)
                assert_int_equal(dtmf_receiver_feed(&receiver, clock_hz, ts,
                                                    slice_make(packet.payload, 4), now_ms),
                                 OK);
        }
        dtmf_receiver_tick(&receiver, now_ms);
    }
    dtmf_receiver_tick(&receiver, now_ms + 1000);
    return heard;
}

static void every_digit_arrives_once(void **state)
{
    (void)state;
    static const unsigned steps[] = { 10, 20, 30, 60 };
    static const uint32_t clocks[] = { 8000, 16000, 48000 };
    for (size_t s = 0; s < COUNT_OF(steps); s++)
        for (size_t c = 0; c < COUNT_OF(clocks); c++) {
            struct heard heard = transfer("1122,334*#AbcD0", 160, clocks[c], steps[s], 0);
            assert_string_equal(heard.digits, "1122334*#ABCD0");
            for (size_t i = 0; i < heard.n; i++)
                assert_int_equal(heard.durations_ms[i], 160);
            for (unsigned nth = 2; nth < 9; nth++)
                assert_string_equal(transfer("112299", 200, clocks[c], steps[s], nth).digits,
                                    "112299");
        }
}

static void a_long_digit_is_cut_to_its_clock(void **state)
{
    (void)state;
    assert_int_equal(transfer("7", 6000, 8000, 20, 0).durations_ms[0], 6000);
    assert_int_equal(transfer("7", 6000, 48000, 20, 0).durations_ms[0], 1365);
}

static void feed(struct dtmf_receiver *receiver, uint32_t ts, unsigned event, bool end,
                 uint16_t duration, int64_t now_ms)
{
    uint8_t payload[] = { (uint8_t)event, end ? 0x8a : 0x0a, (uint8_t)(duration >> 8),
                          (uint8_t)duration };
    assert_int_equal(dtmf_receiver_feed(receiver, 8000, ts, slice_make(payload, 4), now_ms), OK);
}

static void lost_ends_are_made_up_for(void **state)
{
    (void)state;
    struct dtmf_receiver receiver;
    struct heard heard = { 0 };
    dtmf_receiver_init(&receiver, &events, &heard);
    feed(&receiver, 1000, 3, false, 160, 0);
    feed(&receiver, 1000, 3, false, 800, 80);
    dtmf_receiver_tick(&receiver, 150);
    assert_int_equal(heard.n, 0);
    dtmf_receiver_tick(&receiver, 300);
    assert_string_equal(heard.digits, "3");
    assert_int_equal(heard.durations_ms[0], 100);
    feed(&receiver, 1000, 3, true, 880, 310); /* the end, very late: no second 3 */
    feed(&receiver, 4000, 4, false, 160, 400);
    feed(&receiver, 8000, 5, true, 400, 900); /* the next one ends it */
    assert_string_equal(heard.digits, "345");
    feed(&receiver, 4000, 4, true, 400, 910); /* reordered */
    assert_string_equal(heard.digits, "345");
    feed(&receiver, 8000, 16, true, 400, 920); /* a hook flash is no digit */
    feed(&receiver, 100, 6, true, 400, 9000);  /* the far end's clock began anew */
    assert_string_equal(heard.digits, "3456");
    assert_int_equal(dtmf_receiver_feed(&receiver, 8000, 1, slice_make("\1\2\3", 3), 0), ERR_PARSE);
}

/* RFC 4733 §2.5.1.3: a key held for longer than 16 bits can say. */
static void segments_are_one_digit(void **state)
{
    (void)state;
    struct dtmf_receiver receiver;
    struct heard heard = { 0 };
    dtmf_receiver_init(&receiver, &events, &heard);
    feed(&receiver, 0, 1, false, 40000, 5000);
    feed(&receiver, 0, 1, false, 65535, 8000);
    feed(&receiver, 65535, 1, false, 160, 8020);
    feed(&receiver, 65535, 1, true, 8000, 9000);
    assert_string_equal(heard.digits, "1");
    assert_int_equal(heard.durations_ms[0], (65535 + 8000) / 8);
}

static void events_change_their_clock(void **state)
{
    (void)state;
    uint8_t payload[] = { 5, 0x8a, 0x1e, 0x00 }; /* 7680 of 48000: 160 ms */
    assert_int_equal(dtmf_convert(payload, 4, 48000, 8000), OK);
    assert_int_equal(payload[2] << 8 | payload[3], 1280);
    assert_int_equal(payload[0], 5);
    assert_int_equal(payload[1], 0x8a);
    assert_int_equal(dtmf_convert(payload, 4, 8000, 48000), OK);
    assert_int_equal(payload[2] << 8 | payload[3], 7680);
    payload[2] = 0xff;
    assert_int_equal(dtmf_convert(payload, 4, 8000, 48000), OK);
    assert_int_equal(payload[2] << 8 | payload[3], 65535);
    assert_int_equal(dtmf_convert(payload, 3, 8000, 48000), ERR_PARSE);
}

static void tones_are_detected(void **state)
{
    (void)state;
    static const uint32_t rates[] = { 8000, 16000, 48000 };
    for (size_t r = 0; r < COUNT_OF(rates); r++) {
        struct heard heard = { 0 };
        struct dtmf_tones tones;
        struct dtmf_detector *detector = dtmf_detector_create(rates[r], &events, &heard);
        int16_t pcm[960];
        size_t frame = rates[r] / 50;
        dtmf_tones_init(&tones, rates[r]);
        assert_int_equal(dtmf_tones_add(&tones, SLICE("1234567890,*#ABCD"), 100, 100), OK);
        for (unsigned i = 0; dtmf_tones_is_busy(&tones) || i % 10 != 0; i++) {
            dtmf_tones_render(&tones, pcm, frame);
            dtmf_detector_feed(detector, pcm, frame);
        }
        assert_string_equal(heard.digits, "1234567890*#ABCD");
        for (size_t i = 0; i < heard.n; i++)
            assert_in_range(heard.durations_ms[i], 75, 125);
        dtmf_tones_render(&tones, pcm, frame); /* idle: silence */
        assert_int_equal(level_dbov(pcm, frame), LEVEL_SILENT_DBOV);
        dtmf_detector_destroy(detector);
    }
    dtmf_detector_destroy(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(codes_and_digits),
        cmocka_unit_test(a_digit_is_a_run_of_packets),
        cmocka_unit_test(bad_digits_are_refused_whole),
        cmocka_unit_test(every_digit_arrives_once),
        cmocka_unit_test(a_long_digit_is_cut_to_its_clock),
        cmocka_unit_test(lost_ends_are_made_up_for),
        cmocka_unit_test(segments_are_one_digit),
        cmocka_unit_test(events_change_their_clock),
        cmocka_unit_test(tones_are_detected),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
