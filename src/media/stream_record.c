/* Recording a stream: what its far end says is tapped by a stage before the last, what it is sent
 * on its way out. Both go through a decoder of the recording's own and are pulled by the clock, so
 * that the file has the time of the call, whatever was lost or relayed. */
#include "base/loop.h"
#include "base/mem.h"
#include "base/num.h"
#include "media/meter.h"
#include "media/recorder.h"
#include "media/stream_decoder.h"
#include "media/stream_priv.h"

enum { BLOCK_US = RECORDER_BLOCK_MS * 1000, CATCH_UP_MAX = 50 };

struct stream_record {
    struct stage stage;
    struct media_stream_core *core;
    struct recorder *recorder;
    struct recorder_key key;
    unsigned channels, dropped_ms;
    struct stream_decoder *heard, *sent;
    struct meter unread; /* decoders want one */
    struct timer timer;
    int64_t due_us;
};

static void take(struct stage *stage, struct stage_item *items, size_t n)
{
    struct stream_record *record = (struct stream_record *)(void *)stage; /* its first member */
    for (size_t i = 0; i < n; i++)
        if (items[i].format)
            stream_decoder_feed(record->heard, items[i].format->codec, &items[i].header,
                                stream_now_us(record->core));
    stage_pass(stage, items, n);
}

void stream_record_sent(struct media_stream_core *core, const struct rtp_header *header,
                        struct slice payload)
{
    const struct media_description *desc = &core->description;
    struct rtp_header sent = *header;
    sent.payload = payload;
    for (size_t i = 0; i < desc->n_formats; i++)
        if (desc->formats[i].tx_pt == header->pt) {
            stream_decoder_feed(core->record->sent, desc->formats[i].codec, &sent,
                                stream_now_us(core));
            return;
        }
}

static int16_t add(int16_t a, int16_t b)
{
    return (int16_t)num_max(INT16_MIN, num_min(INT16_MAX, (int64_t)a + b)); /* in its bounds */
}

static void write_block(struct stream_record *record)
{
    int16_t heard[RECORDER_FRAMES], sent[RECORDER_FRAMES], pcm[RECORDER_SAMPLES];
    int64_t now_us = stream_now_us(record->core);
    stream_decoder_pull(record->heard, heard, RECORDER_FRAMES, RECORDER_RATE_HZ, now_us);
    stream_decoder_pull(record->sent, sent, RECORDER_FRAMES, RECORDER_RATE_HZ, now_us);
    for (size_t i = 0; i < RECORDER_FRAMES; i++) {
        if (record->channels == 1) {
            pcm[i] = add(heard[i], sent[i]);
        } else {
            pcm[2 * i] = heard[i];
            pcm[2 * i + 1] = sent[i];
        }
    }
    if (!recorder_write(record->recorder, record->key, pcm, record->channels))
        record->dropped_ms += RECORDER_BLOCK_MS;
}

static void on_due(void *owner)
{
    struct stream_record *record = owner;
    int64_t now_us = media_thread_take_time(record->core->thread);
    for (int n = 0; record->due_us <= now_us && n < CATCH_UP_MAX; n++) {
        write_block(record);
        record->due_us += BLOCK_US;
    }
    int64_t in_us = num_max(record->due_us - now_us, 0);
    loop_timer_start(media_thread_loop(record->core->thread), &record->timer, (in_us + 999) / 1000,
                     on_due, record);
}

void stream_record_stop(struct media_stream_core *core)
{
    struct stream_record *record = core->record;
    if (!record)
        return;
    core->record = NULL;
    core->rx.tones.stage.next = record->stage.next;
    loop_timer_stop(media_thread_loop(core->thread), &record->timer);
    recorder_close(record->recorder, record->key, record->dropped_ms);
    stream_decoder_destroy(record->heard);
    stream_decoder_destroy(record->sent);
    meter_clear(&record->unread);
    mem_free(record);
}

void stream_record_start(struct media_stream_core *core, struct recorder *recorder,
                         struct recorder_key key, unsigned channels)
{
    stream_record_stop(core);
    struct stream_record *record = mem_new(struct stream_record);
    *record = (struct stream_record){ .stage = { take, core->rx.tones.stage.next },
                                      .core = core,
                                      .recorder = recorder,
                                      .key = key,
                                      .channels = channels };
    record->heard = stream_decoder_create(&record->unread);
    record->sent = stream_decoder_create(&record->unread);
    core->rx.tones.stage.next = &record->stage;
    core->record = record;
    record->due_us = stream_now_us(core) + BLOCK_US;
    loop_timer_start(media_thread_loop(core->thread), &record->timer, RECORDER_BLOCK_MS, on_due,
                     record);
}
