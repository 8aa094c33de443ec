#pragma once
/* Did a human or a machine answer? By how long and in how many words the greeting goes on. An
 * engine: blocks of PCM in, a verdict out. Not threaded. */

#include <stddef.h>
#include <stdint.h>

#include "media/voice.h"

struct machine_config {     /* 0 of any: the default */
    int64_t initial_ms;     /* nobody says anything for so long: unknown; 4500 */
    int64_t end_silence_ms; /* quiet for so long after a greeting that is short: a human; 1000 */
    int64_t ready_ms;       /* quiet for so long after a machine's: it records; end_silence_ms */
    int64_t voice_ms;       /* so much voice is a machine; 1250 */
    unsigned words;         /* so many words are; 6 */
};

enum machine_verdict {
    MACHINE_NOTHING, /* new */
    MACHINE_IS_HUMAN,
    MACHINE_IS_MACHINE,
    MACHINE_IS_UNKNOWN,
    MACHINE_IS_READY, /* after MACHINE_IS_MACHINE */
};

struct machine {
    struct machine_config config;
    struct voice voice; /* of single words */
    enum machine_verdict verdict;
    unsigned n_words;
    int64_t spoken_ms;
};

void machine_init(struct machine *machine, uint32_t rate_hz, const struct machine_config *config);
/** A block, best of 20 ms. Each verdict comes once. */
enum machine_verdict machine_feed(struct machine *machine, const int16_t *pcm, size_t n);
