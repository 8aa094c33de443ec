#include "recorder.h"

#include <pthread.h>
#include <signal.h>
#include <sndfile.h>
#include <string.h>

#include "base/list.h"
#include "base/loop.h"
#include "base/mailbox.h"
#include "base/mem.h"

enum {
    MAILBOX_CAP = 1024, /* 20 s of one recording, half a second of forty */
    RESERVE = 128,      /* places for files that begin and end while PCM is dropped */
};

struct file {
    struct list link;
    struct recorder_key key;
    SNDFILE *sound;
    int64_t frames;
    enum err err;
    char text[120];
};

enum msg_kind { MSG_OPEN, MSG_BLOCK, MSG_CLOSE, MSG_STOP, MSGS };
struct msg {
    enum msg_kind kind;
    struct recorder_key key;
    unsigned channels, dropped_ms;
    char *path;
    int16_t pcm[RECORDER_SAMPLES];
};

struct recorder {
    recorder_fn on_done;
    void *owner;
    pthread_t id;
    struct loop *loop;
    struct mailbox *box;
    struct list files;
};

/* The recorder's thread */

static struct file *find(struct recorder *recorder, struct recorder_key key)
{
    LIST_EACH(link, &recorder->files)
    {
        struct file *file = LIST_ITEM(link, struct file, link);
        if (file->key.serial == key.serial)
            return file;
    }
    return NULL;
}

static void fail(struct file *file)
{
    file->err = ERR_IO;
    snprintf(file->text, sizeof file->text, "%s", sf_strerror(file->sound));
}

static void do_open(struct recorder *recorder, const struct msg *msg)
{
    SF_INFO info = { .samplerate = RECORDER_RATE_HZ,
                     .channels = (int)msg->channels, /* 1 or 2 */
                     .format = SF_FORMAT_WAV | SF_FORMAT_PCM_16 };
    struct file *file = mem_new(struct file);
    file->key = msg->key;
    file->sound = sf_open(msg->path, SFM_WRITE, &info);
    if (!file->sound)
        fail(file);
    list_append(&recorder->files, &file->link);
    mem_free(msg->path);
}

static void do_block(struct recorder *recorder, const struct msg *msg)
{
    struct file *file = find(recorder, msg->key);
    if (!file || file->err)
        return;
    if (sf_writef_short(file->sound, msg->pcm, RECORDER_FRAMES) != RECORDER_FRAMES)
        fail(file);
    else
        file->frames += RECORDER_FRAMES;
}

static void finish(struct recorder *recorder, struct file *file, unsigned dropped_ms)
{
    list_remove(&file->link);
    if (file->sound && sf_close(file->sound) && !file->err) {
        file->err = ERR_IO;
        snprintf(file->text, sizeof file->text, "the file could not be closed");
    }
    const struct recorder_done done = { .key = file->key,
                                        .err = file->err,
                                        .text = file->text,
                                        .duration_ms = file->frames * 1000 / RECORDER_RATE_HZ,
                                        .dropped_ms = dropped_ms };
    recorder->on_done(recorder->owner, &done);
    mem_free(file);
}

static void do_close(struct recorder *recorder, const struct msg *msg)
{
    struct file *file = find(recorder, msg->key);
    if (file)
        finish(recorder, file, msg->dropped_ms);
}

static void do_stop(struct recorder *recorder, const struct msg *msg)
{
    (void)msg;
    loop_stop(recorder->loop);
}

static void on_msg(void *owner, const void *msg)
{
    static void (*const handlers[])(struct recorder *, const struct msg *) = {
        [MSG_OPEN] = do_open,
        [MSG_BLOCK] = do_block,
        [MSG_CLOSE] = do_close,
        [MSG_STOP] = do_stop,
    };
    _Static_assert(sizeof handlers / sizeof handlers[0] == MSGS, "a handler per message");
    handlers[((const struct msg *)msg)->kind](owner, msg);
}

static void *run(void *arg)
{
    loop_run(((struct recorder *)arg)->loop);
    return NULL;
}

/* From outside */

struct recorder *recorder_create(recorder_fn on_done, void *owner)
{
    struct recorder *recorder = mem_new(struct recorder);
    recorder->on_done = on_done;
    recorder->owner = owner;
    list_init(&recorder->files);
    recorder->loop = loop_create();
    recorder->box =
        mailbox_create(recorder->loop, sizeof(struct msg), MAILBOX_CAP, on_msg, recorder);
    sigset_t all, before;
    sigfillset(&all); /* signals are control's */
    pthread_sigmask(SIG_SETMASK, &all, &before);
    BUG_IF(pthread_create(&recorder->id, NULL, run, recorder));
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    pthread_setname_np(recorder->id, "recorder");
    return recorder;
}

void recorder_destroy(struct recorder *recorder)
{
    if (!recorder)
        return;
    mailbox_post_wait(recorder->box, &(struct msg){ .kind = MSG_STOP });
    BUG_IF(pthread_join(recorder->id, NULL));
    mailbox_destroy(recorder->box);
    LIST_EACH(link, &recorder->files)
    finish(recorder, LIST_ITEM(link, struct file, link), 0);
    loop_destroy(recorder->loop);
    mem_free(recorder);
}

void recorder_open(struct recorder *recorder, struct recorder_key key, char *take_path,
                   unsigned channels)
{
    BUG_IF(channels < 1 || channels > RECORDER_CHANNELS_MAX);
    const struct msg msg = {
        .kind = MSG_OPEN, .key = key, .channels = channels, .path = take_path
    };
    mailbox_post_wait(recorder->box, &msg);
}

bool recorder_write(struct recorder *recorder, struct recorder_key key, const int16_t *pcm,
                    unsigned channels)
{
    struct msg msg = { .kind = MSG_BLOCK, .key = key, .channels = channels };
    if (mailbox_depth(recorder->box) > MAILBOX_CAP - RESERVE)
        return false;
    memcpy(msg.pcm, pcm, (size_t)RECORDER_FRAMES * channels * sizeof *pcm);
    return mailbox_post(recorder->box, &msg);
}

void recorder_close(struct recorder *recorder, struct recorder_key key, unsigned dropped_ms)
{
    /* there is room: PCM leaves RESERVE places */
    mailbox_post_wait(recorder->box,
                      &(struct msg){ .kind = MSG_CLOSE, .key = key, .dropped_ms = dropped_ms });
}
