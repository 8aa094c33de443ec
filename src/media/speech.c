#include "media/speech.h"

#include <flite/flite.h>
#include <pthread.h>

#include "base/mem.h"

cst_voice *register_cmu_us_slt(const char *voxdir);

/* flite keeps its voices and lexicon in globals, filled on first use; it says of no function that
 * two threads may call it. */
static pthread_mutex_t turn = PTHREAD_MUTEX_INITIALIZER;

static cst_wave *render(const char *text)
{
    static cst_voice *voice; /* as long as the program lives, as flite has it */
    pthread_mutex_lock(&turn);
    if (!voice) {
        flite_init();
        voice = register_cmu_us_slt(NULL);
    }
    cst_wave *wave = flite_text_to_wave(text, voice);
    pthread_mutex_unlock(&turn);
    return wave;
}

enum err speech_render(struct slice text, int16_t **pcm, size_t *samples, uint32_t *rate_hz)
{
    char terminated[SPEECH_TEXT_MAX + 1];
    if (text.len > SPEECH_TEXT_MAX)
        return ERR_LIMIT;
    if (slice_empty(slice_trim(text)) || slice_index(text, '\0') != text.len)
        return ERR_INVALID;
    if (!slice_copy(text, terminated, sizeof(terminated)))
        return ERR_LIMIT;
    cst_wave *wave = render(terminated);
    if (!wave)
        return ERR_UNSUPPORTED;
    if (wave->num_samples <= 0 || wave->num_channels != 1) {
        delete_wave(wave);
        return ERR_UNSUPPORTED;
    }
    *samples = (size_t)wave->num_samples;
    *rate_hz = (uint32_t)wave->sample_rate;
    *pcm = mem_copy(wave->samples, *samples * sizeof(**pcm));
    delete_wave(wave);
    return OK;
}
