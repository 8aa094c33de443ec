#include "media/record_file.h"

#include <sndfile.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/loop.h"
#include "base/mem.h"
#include "base/num.h"
#include "base/slice.h"
#include "base/worker.h"

enum {
    FRAMES = 4096,
    CHANNELS_MAX = 2,
    POLL_MS = 20,
    POLLS_MAX = 100,
    WAV_HEADER_LEN = 44,
    RIFF_LEN_AT = 4,   /* the length of what follows it, little-endian */
    SILENCE_MAX = 103, /* -50 dBov: what a quiet line has */
    MARGIN_MS = 100,   /* of what is trimmed, so that no beginning of a word goes */
};

struct record_file {
    struct loop *loop;
    char *from, *to;
    struct record_file_config config;
    struct record_file_done done;
    record_file_fn fn;
    void *owner;
    unsigned polls;
    struct timer timer;
};

/* --- any thread --- */

bool record_file_is_complete(const char *path)
{
    uint8_t head[RIFF_LEN_AT + 4];
    struct stat info;
    FILE *file = fopen(path, "rb");
    if (!file)
        return false;
    bool is_read = fread(head, sizeof head, 1, file) == 1 && fstat(fileno(file), &info) == 0;
    (void)fclose(file);
    if (!is_read || info.st_size < WAV_HEADER_LEN)
        return false;
    const uint8_t *len = head + RIFF_LEN_AT;
    uint32_t told =
        len[0] | (uint32_t)len[1] << 8 | (uint32_t)len[2] << 16 | (uint32_t)len[3] << 24;
    return (int64_t)told + (int64_t)sizeof head == info.st_size;
}

struct span { /* of frames */
    sf_count_t first, end;
};

/* Where something is to be heard, and a little around it; nowhere: nothing. */
static struct span find_sound(SNDFILE *in, const SF_INFO *info, enum record_file_channel channel)
{
    bool is_one = channel != RECORD_FILE_ALL && info->channels == CHANNELS_MAX;
    short frames[FRAMES * CHANNELS_MAX];
    struct span sound = { .first = -1, .end = 0 };
    sf_count_t at = 0, n, margin = (sf_count_t)info->samplerate * MARGIN_MS / 1000;
    while ((n = sf_readf_short(in, frames, FRAMES)) > 0) {
        for (sf_count_t i = 0; i < n * info->channels; i++) {
            sf_count_t frame = at + i / info->channels;
            bool counts = !is_one || i % CHANNELS_MAX == (channel == RECORD_FILE_SECOND);
            if (!counts || abs(frames[i]) <= SILENCE_MAX)
                continue;
            if (sound.first < 0)
                sound.first = frame;
            sound.end = frame + 1;
        }
        at += n;
    }
    sound.first = num_max(0, sound.first - margin);
    sound.end = sound.end ? num_min(at, sound.end + margin) : 0;
    return sound;
}

static void copy(SNDFILE *in, SNDFILE *out, int channels, const struct record_file_config *config,
                 sf_count_t most)
{
    short frames[FRAMES * CHANNELS_MAX];
    sf_count_t n;
    while (most > 0 && (n = sf_readf_short(in, frames, num_min(FRAMES, most))) > 0) {
        for (sf_count_t i = 0; i < n && config->channel != RECORD_FILE_ALL && channels == 2; i++)
            frames[i] = frames[2 * i + (config->channel == RECORD_FILE_SECOND)];
        if (sf_writef_short(out, frames, n) != n)
            return;
        most -= n;
    }
}

void record_file_measure(const char *path, struct record_file_done *done)
{
    SF_INFO info = { 0 };
    struct stat stat_info;
    SNDFILE *sound = sf_open(path, SFM_READ, &info);
    *done = (struct record_file_done){ .err = ERR_IO };
    if (!sound)
        return;
    if (stat(path, &stat_info) == 0 && info.samplerate > 0)
        *done = (struct record_file_done){ .duration_ms = info.frames * 1000 / info.samplerate,
                                           .bytes = stat_info.st_size };
    sf_close(sound);
}

void record_file_make(const struct record_file_config *config, struct record_file_done *done)
{
    SF_INFO info = { 0 };
    SNDFILE *in = sf_open(config->from, SFM_READ, &info);
    *done = (struct record_file_done){ .err = ERR_IO };
    if (!in || info.channels > CHANNELS_MAX || info.samplerate <= 0) {
        sf_close(in);
        return;
    }
    int channels = info.channels;
    SF_INFO wanted = { .samplerate = info.samplerate,
                       .channels = config->channel == RECORD_FILE_ALL ? channels : 1,
                       .format = config->is_mp3 ? SF_FORMAT_MPEG | SF_FORMAT_MPEG_LAYER_III
                                                : SF_FORMAT_WAV | SF_FORMAT_PCM_16 };
    struct span span = { .end = info.frames };
    if (config->trims) {
        span = find_sound(in, &info, config->channel);
        (void)sf_seek(in, span.first, SEEK_SET);
    }
    SNDFILE *out = sf_open(config->to, SFM_WRITE, &wanted);
    if (out)
        copy(in, out, channels, config, span.end - span.first);
    bool is_written = out && !sf_error(out);
    is_written = sf_close(out) == 0 && is_written;
    sf_close(in);
    if (!is_written)
        return;
    unlink(config->from);
    struct stat made;
    *done = (struct record_file_done){
        .duration_ms = (span.end - span.first) * 1000 / info.samplerate,
        .bytes = stat(config->to, &made) == 0 ? made.st_size : 0,
    };
}

/* --- control --- */

static void destroy(struct record_file *file)
{
    mem_free(file->from);
    mem_free(file->to);
    mem_free(file);
}

static void work(void *arg)
{
    struct record_file *file = arg;
    record_file_make(&file->config, &file->done);
}

static void done(void *arg)
{
    struct record_file *file = arg;
    if (file->fn)
        file->fn(file->owner, &file->done);
    destroy(file);
}

/* Who wrote it may be about to close it. */
static void start(void *arg)
{
    struct record_file *file = arg;
    if (loop_is_simulated(file->loop)) {
        file->done.duration_ms = -1; /* no streams, so no files */
        done(file);
        return;
    }
    if (!record_file_is_complete(file->from) && file->polls++ < POLLS_MAX)
        loop_timer_start(file->loop, &file->timer, POLL_MS, start, file);
    else
        worker_run(file->loop, work, done, file);
}

struct record_file *record_file_convert(struct loop *loop, const struct record_file_config *config,
                                        record_file_fn fn, void *owner)
{
    struct record_file *file = mem_new(struct record_file);
    file->loop = loop;
    file->config = *config;
    file->config.from = file->from = slice_dup(slice_of(config->from));
    file->config.to = file->to = slice_dup(slice_of(config->to));
    file->fn = fn;
    file->owner = owner;
    loop_timer_start(loop, &file->timer, 0, start, file);
    return file;
}

void record_file_give(struct record_file *file, record_file_fn fn, void *owner)
{
    file->fn = fn;
    file->owner = owner;
}

void record_file_drop(struct record_file *file)
{
    file->fn = NULL;
    if (!timer_is_running(&file->timer))
        return; /* a worker has it */
    loop_timer_stop(file->loop, &file->timer);
    destroy(file);
}
