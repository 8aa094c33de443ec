/* Recording a stream: an ear that hears both directions, and a file. */
#include "base/mem.h"
#include "media/pcm_fifo.h"
#include "media/recorder.h"
#include "media/stream_core.h"
#include "media/stream_ear.h"
#include "media/stream_priv.h"

_Static_assert((int)RECORDER_BLOCK_MS == (int)STREAM_EAR_BLOCK_MS, "blocks go on as they are");

struct stream_record {
    struct media_stream_core *core;
    struct stream_ear *ear;
    struct recorder *recorder;
    struct recorder_key key;
    unsigned channels, dropped_ms;
    enum media_record_pause pause;
};

static bool write_block(void *owner, const int16_t *heard, const int16_t *sent, size_t n)
{
    struct stream_record *record = owner;
    int16_t pcm[RECORDER_SAMPLES] = { 0 };
    if (record->pause == MEDIA_RECORD_SKIP)
        return true;
    for (size_t i = 0; record->pause == MEDIA_RECORD_ON && i < n; i++) {
        if (record->channels == 1) {
            pcm[i] = pcm_add(heard[i], sent[i]);
        } else {
            pcm[2 * i] = heard[i];
            pcm[2 * i + 1] = sent[i];
        }
    }
    if (!recorder_write(record->recorder, record->key, pcm, record->channels))
        record->dropped_ms += RECORDER_BLOCK_MS;
    return true;
}

static void on_closed(void *owner)
{
    struct stream_record *record = owner;
    record->core->record = NULL;
    recorder_close(record->recorder, record->key, record->dropped_ms);
    mem_free(record);
}

void stream_record_stop(struct media_stream_core *core)
{
    if (core->record)
        stream_ear_close(core->record->ear);
}

void stream_record_start(struct media_stream_core *core, struct recorder *recorder,
                         struct recorder_key key, unsigned channels)
{
    stream_record_stop(core);
    struct stream_record *record = mem_new(struct stream_record);
    *record = (struct stream_record){
        .core = core, .recorder = recorder, .key = key, .channels = channels
    };
    const struct stream_ear_config config = { .rate_hz = RECORDER_RATE_HZ,
                                              .heard = true,
                                              .sent = true,
                                              .on_block = write_block,
                                              .on_closed = on_closed,
                                              .owner = record };
    record->ear = stream_ear_open(core, &config);
    core->record = record;
}

void stream_core_run_record_pause(struct media_thread *thread, struct media_stream_core *core,
                                  const struct media_cmd *cmd)
{
    (void)thread;
    if (core->record)
        core->record->pause = cmd->record_pause;
}
