#include "stream_ear.h"

#include <string.h>

#include "base/loop.h"
#include "base/mem.h"
#include "base/num.h"
#include "media/meter.h"
#include "media/stream_decoder.h"
#include "media/stream_priv.h"

enum { BLOCK_US = STREAM_EAR_BLOCK_MS * 1000, CATCH_UP_MAX = 50 };

struct stream_ear {
    struct list link;
    struct media_stream_core *core;
    struct stream_ear_config config;
    struct stream_decoder *heard, *sent; /* NULL: not wanted */
    struct meter unread;                 /* decoders want one */
    struct timer timer;
    int64_t due_us;
};

static void take(struct stage *stage, struct stage_item *items, size_t n)
{
    struct stream_ears *ears = (struct stream_ears *)(void *)stage; /* its first member */
    LIST_EACH(link, &ears->list)
    {
        struct stream_ear *ear = LIST_ITEM(link, struct stream_ear, link);
        for (size_t i = 0; ear->heard && i < n; i++)
            if (items[i].format)
                stream_decoder_feed(ear->heard, items[i].format->codec, &items[i].header,
                                    stream_now_us(ear->core));
    }
    stage_pass(stage, items, n);
}

void stream_ears_sent(struct media_stream_core *core, const struct rtp_header *header,
                      struct slice payload)
{
    struct rtp_header sent = *header;
    sent.payload = payload;
    const struct media_format *format = stream_format_sent(core, header->pt);
    if (!format)
        return;
    LIST_EACH(link, &core->ears.list)
    {
        struct stream_ear *ear = LIST_ITEM(link, struct stream_ear, link);
        if (ear->sent)
            stream_decoder_feed(ear->sent, format->codec, &sent, stream_now_us(core));
    }
}

static bool hear_block(struct stream_ear *ear)
{
    int16_t heard[STREAM_EAR_SAMPLES_MAX], sent[STREAM_EAR_SAMPLES_MAX];
    uint32_t rate_hz = ear->config.rate_hz;
    size_t n = rate_hz / 1000 * STREAM_EAR_BLOCK_MS;
    int64_t now_us = stream_now_us(ear->core);
    if (ear->heard)
        stream_decoder_pull(ear->heard, heard, n, rate_hz, now_us);
    if (ear->sent)
        stream_decoder_pull(ear->sent, sent, n, rate_hz, now_us);
    if (now_us < ear->core->hidden_until_us) {
        memset(heard, 0, sizeof heard);
        memset(sent, 0, sizeof sent);
    }
    return ear->config.on_block(ear->config.owner, ear->heard ? heard : NULL,
                                ear->sent ? sent : NULL, n);
}

static void on_due(void *owner)
{
    struct stream_ear *ear = owner;
    int64_t now_us = media_thread_take_time(ear->core->thread);
    for (int n = 0; ear->due_us <= now_us && n < CATCH_UP_MAX; n++) {
        if (!hear_block(ear)) {
            stream_ear_close(ear);
            return;
        }
        ear->due_us += BLOCK_US;
    }
    int64_t in_us = num_max(ear->due_us - now_us, 0);
    loop_timer_start(media_thread_loop(ear->core->thread), &ear->timer, (in_us + 999) / 1000,
                     on_due, ear);
}

struct stream_ear *stream_ear_open(struct media_stream_core *core,
                                   const struct stream_ear_config *config)
{
    struct stream_ear *ear = mem_new(struct stream_ear);
    BUG_IF(config->rate_hz / 1000 * STREAM_EAR_BLOCK_MS > STREAM_EAR_SAMPLES_MAX);
    ear->core = core;
    ear->config = *config;
    ear->heard = config->heard ? stream_decoder_create(&ear->unread) : NULL;
    ear->sent = config->sent ? stream_decoder_create(&ear->unread) : NULL;
    if (ear->heard) {
        stream_decoder_denoise(ear->heard, core->denoise);
        stream_decoder_fix_delay(ear->heard, config->late_ms);
    }
    if (list_empty(&core->ears.list)) {
        core->ears.stage = (struct stage){ take, core->rx.tones.stage.next };
        core->rx.tones.stage.next = &core->ears.stage;
    }
    list_append(&core->ears.list, &ear->link);
    ear->due_us = stream_now_us(core) + BLOCK_US;
    loop_timer_start(media_thread_loop(core->thread), &ear->timer, STREAM_EAR_BLOCK_MS, on_due,
                     ear);
    return ear;
}

void stream_ear_close(struct stream_ear *ear)
{
    struct media_stream_core *core = ear->core;
    list_remove(&ear->link);
    if (list_empty(&core->ears.list))
        core->rx.tones.stage.next = core->ears.stage.next;
    loop_timer_stop(media_thread_loop(core->thread), &ear->timer);
    stream_decoder_destroy(ear->heard);
    stream_decoder_destroy(ear->sent);
    meter_clear(&ear->unread);
    struct stream_ear_config config = ear->config;
    mem_free(ear);
    config.on_closed(config.owner);
}

void stream_ears_denoise(struct media_stream_core *core)
{
    LIST_EACH(link, &core->ears.list)
    {
        struct stream_ear *ear = LIST_ITEM(link, struct stream_ear, link);
        if (ear->heard)
            stream_decoder_denoise(ear->heard, core->denoise);
    }
}

void stream_ears_clear(struct media_stream_core *core)
{
    while (!list_empty(&core->ears.list))
        stream_ear_close(LIST_ITEM(core->ears.list.next, struct stream_ear, link));
}
