/* Greetings of humans and machines, and beeps, made of bursts that look like words. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "media/beep.h"
#include "media/machine.h"
#include "media/tone.h"

enum { RATE_HZ = 8000, BLOCK = 160, BLOCK_MS = 20 };

struct script { /* what is heard, by the clock */
    struct machine machine;
    struct beep beep;
    struct tone voice[3];
    enum machine_verdict verdicts[4];
    int64_t at_ms[4];
    size_t n;
    int64_t now_ms;
    unsigned beeps;
};

static void start(struct script *script)
{
    memset(script, 0, sizeof *script);
    machine_init(&script->machine, RATE_HZ, &(struct machine_config){ 0 });
    script->beep.rate_hz = RATE_HZ;
    tone_init_dual(&script->voice[0], RATE_HZ, 180, -18, 540, -22);
    tone_init_dual(&script->voice[1], RATE_HZ, 1130, -26, 2210, -32);
    tone_init(&script->voice[2], RATE_HZ, 1000, -12);
}

static void feed(struct script *script, const int16_t *pcm)
{
    script->now_ms += BLOCK_MS;
    enum machine_verdict verdict = machine_feed(&script->machine, pcm, BLOCK);
    if (verdict != MACHINE_NOTHING && script->n < 4) {
        script->at_ms[script->n] = script->now_ms;
        script->verdicts[script->n++] = verdict;
    }
    script->beeps += beep_feed(&script->beep, pcm, BLOCK);
}

static void quiet(struct script *script, int ms)
{
    for (int at = 0; at < ms; at += BLOCK_MS)
        feed(script, (int16_t[BLOCK]){ 3, -2, 1 });
}

static void word(struct script *script, int ms)
{
    for (int at = 0; at < ms; at += BLOCK_MS) {
        int16_t low[BLOCK], high[BLOCK];
        tone_render(&script->voice[0], low, BLOCK);
        tone_render(&script->voice[1], high, BLOCK);
        for (size_t i = 0; i < BLOCK; i++)
            low[i] = (int16_t)(low[i] + high[i]); /* far from full scale */
        feed(script, low);
    }
}

static void beep(struct script *script, int ms)
{
    for (int at = 0; at < ms; at += BLOCK_MS) {
        int16_t pcm[BLOCK];
        tone_render(&script->voice[2], pcm, BLOCK);
        feed(script, pcm);
    }
}

static void hello_and_silence_is_a_human(void **state)
{
    (void)state;
    struct script script;
    start(&script);
    quiet(&script, 800);
    word(&script, 400);
    quiet(&script, 1500);
    assert_int_equal(script.n, 1);
    assert_int_equal(script.verdicts[0], MACHINE_IS_HUMAN);
    assert_int_equal(script.at_ms[0], 800 + 400 + 1000);
}

static void a_long_greeting_is_a_machine_that_gets_ready(void **state)
{
    (void)state;
    struct script script;
    start(&script);
    quiet(&script, 600);
    for (int i = 0; i < 4; i++) {
        word(&script, 500);
        quiet(&script, 200);
    }
    quiet(&script, 1000);
    assert_int_equal(script.n, 2);
    assert_int_equal(script.verdicts[0], MACHINE_IS_MACHINE);
    assert_int_equal(script.at_ms[0], 600 + 500 + 200 + 500 + 200 + 260); /* 1.25 s of voice */
    assert_int_equal(script.verdicts[1], MACHINE_IS_READY);
}

static void many_short_words_are_a_machine(void **state)
{
    (void)state;
    struct script script;
    start(&script);
    for (int i = 0; i < 6; i++) {
        word(&script, 120);
        quiet(&script, 120);
    }
    assert_int_equal(script.n, 1);
    assert_int_equal(script.verdicts[0], MACHINE_IS_MACHINE);
}

static void nothing_said_is_unknown(void **state)
{
    (void)state;
    struct script script;
    start(&script);
    quiet(&script, 6000);
    assert_int_equal(script.n, 1);
    assert_int_equal(script.verdicts[0], MACHINE_IS_UNKNOWN);
    assert_int_equal(script.at_ms[0], 4500);
}

static void a_beep_is_told_when_it_is_over(void **state)
{
    (void)state;
    struct script script;
    start(&script);
    word(&script, 1000);
    quiet(&script, 200);
    assert_int_equal(script.beeps, 0); /* speech is none */
    beep(&script, 400);
    assert_int_equal(script.beeps, 0);
    quiet(&script, 40);
    assert_int_equal(script.beeps, 1);
    beep(&script, 60); /* a click is none */
    quiet(&script, 100);
    assert_int_equal(script.beeps, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hello_and_silence_is_a_human),
        cmocka_unit_test(a_long_greeting_is_a_machine_that_gets_ready),
        cmocka_unit_test(many_short_words_are_a_machine),
        cmocka_unit_test(nothing_said_is_unknown),
        cmocka_unit_test(a_beep_is_told_when_it_is_over),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
