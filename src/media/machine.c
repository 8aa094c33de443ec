#include "machine.h"

enum {
    INITIAL_MS = 4500,
    END_SILENCE_MS = 1000,
    VOICE_MS = 1250,
    WORDS = 6,
    WORD_GAP_MS = 80, /* between words; within one it is shorter */
};

void machine_init(struct machine *machine, uint32_t rate_hz, const struct machine_config *config)
{
    struct machine_config use = *config;
    use.initial_ms = use.initial_ms ? use.initial_ms : INITIAL_MS;
    use.end_silence_ms = use.end_silence_ms ? use.end_silence_ms : END_SILENCE_MS;
    use.ready_ms = use.ready_ms ? use.ready_ms : use.end_silence_ms;
    use.voice_ms = use.voice_ms ? use.voice_ms : VOICE_MS;
    use.words = use.words ? use.words : WORDS;
    *machine = (struct machine){ .config = use };
    voice_init(&machine->voice, rate_hz, WORD_GAP_MS);
}

static enum machine_verdict judge(const struct machine *machine)
{
    const struct machine_config *config = &machine->config;
    const struct voice *voice = &machine->voice;
    if (machine->n_words >= config->words || machine->spoken_ms >= config->voice_ms)
        return MACHINE_IS_MACHINE;
    if (machine->n_words && voice->quiet_ms >= config->end_silence_ms)
        return MACHINE_IS_HUMAN;
    if (!machine->n_words && !voice->loud_ms && voice->heard_ms >= config->initial_ms)
        return MACHINE_IS_UNKNOWN;
    return MACHINE_NOTHING;
}

static enum machine_verdict decide(struct machine *machine, enum machine_verdict verdict)
{
    machine->verdict = verdict;
    return verdict;
}

enum machine_verdict machine_feed(struct machine *machine, const int16_t *pcm, size_t n)
{
    struct voice *voice = &machine->voice;
    int64_t before_ms = voice->heard_ms;
    if (voice_feed(voice, pcm, n) && voice->talking) {
        machine->n_words++;
        machine->spoken_ms += voice->loud_ms;
    } else if (voice->talking && voice->loud_ms) {
        machine->spoken_ms += voice->heard_ms - before_ms;
    }
    if (machine->verdict == MACHINE_NOTHING)
        return decide(machine, judge(machine));
    if (machine->verdict == MACHINE_IS_MACHINE && voice->quiet_ms >= machine->config.ready_ms)
        return decide(machine, MACHINE_IS_READY);
    return MACHINE_NOTHING;
}
