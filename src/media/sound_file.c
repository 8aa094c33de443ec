#include "sound_file.h"

#include <errno.h>
#include <sndfile.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"

enum { RATE_MIN_HZ = 4000, RATE_MAX_HZ = 192000, CHANNELS_MAX = 8, BLOCK = 1024 };

static int16_t mix(const int16_t *frame, int channels)
{
    int32_t sum = 0; /* of eight at most */
    for (int c = 0; c < channels; c++)
        sum += frame[c];
    return (int16_t)(sum / channels);
}

/* Reads in blocks and grows, since some formats do not know their length. */
static enum err read_all(SNDFILE *file, const SF_INFO *info, int16_t **out, size_t *samples)
{
    int16_t block[BLOCK * CHANNELS_MAX];
    size_t max = (size_t)info->samplerate * SOUND_FILE_MAX_S, cap = BLOCK, n = 0;
    int16_t *pcm = mem_array(cap, sizeof *pcm);
    for (sf_count_t got; (got = sf_readf_short(file, block, BLOCK)) > 0;) {
        size_t frames = (size_t)got; /* above 0 */
        if (n + frames > max) {
            mem_free(pcm);
            return ERR_LIMIT;
        }
        if (n + frames > cap) {
            cap = 2 * cap + frames;
            pcm = mem_resize(pcm, cap * sizeof *pcm);
        }
        for (size_t i = 0; i < frames; i++)
            pcm[n++] = mix(block + i * (size_t)info->channels, info->channels);
    }
    if (!n) {
        mem_free(pcm);
        return ERR_PARSE;
    }
    *out = pcm;
    *samples = n;
    return OK;
}

enum err sound_file_read(const char *path, int16_t **pcm, size_t *samples, uint32_t *rate_hz,
                         struct fault *fault)
{
    SF_INFO info = { 0 };
    if (access(path, R_OK))
        return fault_set(fault, ERR_NOT_FOUND, path, 0, "cannot be read: %s", strerror(errno));
    SNDFILE *file = sf_open(path, SFM_READ, &info);
    if (!file)
        return fault_set(fault, ERR_PARSE, path, 0,
                         "no audio file (WAV, FLAC, Ogg Vorbis or Opus is expected): %s",
                         sf_strerror(NULL));
    enum err err = ERR_PARSE;
    if (info.channels >= 1 && info.channels <= CHANNELS_MAX && info.samplerate >= RATE_MIN_HZ &&
        info.samplerate <= RATE_MAX_HZ)
        err = read_all(file, &info, pcm, samples);
    sf_close(file);
    if (err == ERR_LIMIT)
        return fault_set(fault, err, path, 0, "longer than %d s", SOUND_FILE_MAX_S);
    if (err)
        return fault_set(fault, err, path, 0, "holds no audio that can be played");
    *rate_hz = (uint32_t)info.samplerate; /* in the bounds above */
    return OK;
}
