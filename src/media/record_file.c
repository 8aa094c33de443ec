#include "media/record_file.h"

#include <sndfile.h>
#include <stdio.h>
#include <unistd.h>

#include "base/loop.h"
#include "base/mem.h"
#include "base/slice.h"
#include "base/worker.h"

enum { FRAMES = 4096, CHANNELS_MAX = 2, SETTLE_MS = 500 };

struct record_file {
    struct loop *loop;
    char *from, *to;
    enum record_file_channel channel;
    bool is_mp3;
    enum err err;
    void (*fn)(void *owner, enum err err);
    void *owner;
    struct timer settle;
};

static void copy(SNDFILE *in, SNDFILE *out, int channels, enum record_file_channel channel)
{
    short frames[FRAMES * CHANNELS_MAX];
    sf_count_t n;
    while ((n = sf_readf_short(in, frames, FRAMES)) > 0) {
        for (sf_count_t i = 0; i < n && channel != RECORD_FILE_ALL && channels == 2; i++)
            frames[i] = frames[2 * i + (channel == RECORD_FILE_SECOND)];
        if (sf_writef_short(out, frames, n) != n)
            return;
    }
}

/* On a worker. */
static void work(void *arg)
{
    struct record_file *file = arg;
    SF_INFO info = { 0 };
    SNDFILE *in = sf_open(file->from, SFM_READ, &info);
    if (!in || info.channels > CHANNELS_MAX) {
        file->err = ERR_IO;
        sf_close(in);
        return;
    }
    int channels = info.channels;
    SF_INFO wanted = { .samplerate = info.samplerate,
                       .channels = file->channel == RECORD_FILE_ALL ? channels : 1,
                       .format = file->is_mp3 ? SF_FORMAT_MPEG | SF_FORMAT_MPEG_LAYER_III
                                              : SF_FORMAT_WAV | SF_FORMAT_PCM_16 };
    SNDFILE *out = sf_open(file->to, SFM_WRITE, &wanted);
    if (out)
        copy(in, out, channels, file->channel);
    file->err = out && !sf_error(out) ? OK : ERR_IO;
    sf_close(out);
    sf_close(in);
    unlink(file->from);
}

static void done(void *arg)
{
    struct record_file *file = arg;
    if (file->fn)
        file->fn(file->owner, file->err);
    mem_free(file->from);
    mem_free(file->to);
    mem_free(file);
}

static void start(void *arg)
{
    struct record_file *file = arg;
    if (loop_is_simulated(file->loop)) {
        file->err = OK; /* no streams, so no files */
        done(file);
        return;
    }
    worker_run(file->loop, work, done, file);
}

struct record_file *record_file_convert(struct loop *loop, const struct record_file_config *config,
                                        void (*fn)(void *owner, enum err err), void *owner)
{
    struct record_file *file = mem_new(struct record_file);
    file->loop = loop;
    file->from = slice_dup(slice_of(config->from));
    file->to = slice_dup(slice_of(config->to));
    file->channel = config->channel;
    file->is_mp3 = config->is_mp3;
    file->fn = fn;
    file->owner = owner;
    loop_timer_start(loop, &file->settle, 0, start, file);
    return file;
}

void record_file_detach(struct record_file *file)
{
    file->fn = NULL;
    if (timer_is_running(&file->settle))
        loop_timer_start(file->loop, &file->settle, SETTLE_MS, start, file);
}
