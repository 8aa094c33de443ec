#include "stream_core.h"

#include <string.h>

#include "base/loop.h"
#include "base/mem.h"
#include "media/stream_decoder.h"
#include "media/stream_priv.h"
#include "media/stream_video.h"
#include "media/transport.h"
#include "media/warm.h"

struct stream_id stream_core_id(const struct media_stream_core *core)
{
    return core->id;
}

void stream_post(struct media_stream_core *core, struct media_event *event)
{
    event->stream = core->id;
    media_thread_post_event(core->thread, event);
}

void stream_core_tick(struct media_stream_core *core)
{
    core->transport->ops->tick(core->transport, stream_now_us(core) / 1000);
    stream_rx_tick(core);
    stream_rtcp_tick(core);
    stream_watch_tick(core);
    if (stream_feeds_are_active(core))
        stream_pace_wake(core);
}

static void unlink_both(struct media_stream_core *core)
{
    struct media_stream_core *peer = core->peer;
    core->peer = NULL;
    if (peer)
        peer->peer = NULL;
}

/* What was decoded for a partner is of no use to the next. */
static void forget_audio(struct media_stream_core *core)
{
    stream_decoder_destroy(core->rx.decoder);
    core->rx.decoder = NULL;
}

/* Messages */

void stream_core_run_create(struct media_thread *thread, struct media_stream_core *none,
                            const struct media_cmd *cmd)
{
    (void)none;
    struct media_stream_core *core = mem_new(struct media_stream_core);
    core->thread = thread;
    core->id = cmd->peer;
    core->transport = cmd->give;
    core->transport->stream = core;
    list_init(&core->ears.list);
    list_init(&core->feeds);
    stream_rx_init(core);
    stream_tx_init(core);
    stream_rtcp_init(core);
    media_thread_add_core(thread, core);
    core->transport->ops->start(core->transport, thread);
}

void stream_core_run_destroy(struct media_thread *thread, struct media_stream_core *core,
                             const struct media_cmd *cmd)
{
    (void)cmd;
    unlink_both(core);
    stream_video_clear(core);
    stream_rtcp_bye(core);
    media_thread_remove_core(thread, core);
    stream_pace_clear(core);
    stream_record_stop(core);
    stream_ears_clear(core);
    stream_feeds_clear(core);
    core->transport->ops->destroy(core->transport);
    stream_tx_clear(core);
    stream_rx_clear(core);
    mem_free(core);
}

void stream_core_run_describe(struct media_thread *thread, struct media_stream_core *core,
                              const struct media_cmd *cmd)
{
    (void)thread;
    core->description = cmd->description;
    core->described = true;
    stream_rx_describe(core);
    stream_pace_wake(core);
}

void stream_core_run_tell(struct media_thread *thread, struct media_stream_core *core,
                          const struct media_cmd *cmd)
{
    (void)thread;
    core->transport->ops->tell(core->transport, cmd->give);
}

void stream_core_run_link(struct media_thread *thread, struct media_stream_core *core,
                          const struct media_cmd *cmd)
{
    struct media_stream_core *peer = media_thread_find_core(thread, cmd->peer);
    if (!peer || core->peer == peer)
        return;
    unlink_both(core);
    unlink_both(peer);
    forget_audio(core);
    forget_audio(peer);
    core->echo = peer->echo = false;
    core->peer = peer;
    peer->peer = core;
    stream_pace_wake(core);
    stream_pace_wake(peer);
    stream_video_linked(core);
    stream_video_linked(peer);
}

void stream_core_run_unlink(struct media_thread *thread, struct media_stream_core *core,
                            const struct media_cmd *cmd)
{
    (void)thread;
    (void)cmd;
    unlink_both(core);
}

void stream_core_run_echo(struct media_thread *thread, struct media_stream_core *core,
                          const struct media_cmd *cmd)
{
    (void)thread;
    if (cmd->on)
        unlink_both(core);
    core->echo = cmd->on;
    forget_audio(core);
    stream_pace_wake(core);
}

void stream_core_run_mute(struct media_thread *thread, struct media_stream_core *core,
                          const struct media_cmd *cmd)
{
    (void)thread;
    core->mute_send = cmd->mute.send;
    core->mute_receive = cmd->mute.receive;
    stream_pace_wake(core);
    if (stream_partner(core))
        stream_pace_wake(stream_partner(core));
}

/* What ears hold back at most: a jitter buffer, and a block. */
enum { HELD_US = 400000 };

void stream_core_run_hide(struct media_thread *thread, struct media_stream_core *core,
                          const struct media_cmd *cmd)
{
    (void)thread;
    core->hidden_until_us = cmd->on ? INT64_MAX : stream_now_us(core) + HELD_US;
}

void stream_core_run_denoise(struct media_thread *thread, struct media_stream_core *core,
                             const struct media_cmd *cmd)
{
    (void)thread;
    core->denoise = cmd->on;
    if (core->rx.decoder)
        stream_decoder_denoise(core->rx.decoder, cmd->on);
    stream_ears_denoise(core);
}

void stream_core_run_play(struct media_thread *thread, struct media_stream_core *core,
                          const struct media_cmd *cmd)
{
    (void)thread;
    player_play(&core->pace.player, cmd->play.id, cmd->give, cmd->play.samples, cmd->play.rate_hz);
    core->pace.player.mixes = cmd->play.mixes;
    stream_pace_wake(core);
}

/* The clip that a message means; NULL: another plays, or none. */
static struct player *player_of(struct media_stream_core *core, const struct media_cmd *cmd)
{
    struct player *player = &core->pace.player;
    return player->state == PLAYER_CLIP && player->play_id == cmd->player.id ? player : NULL;
}

void stream_core_run_play_pause(struct media_thread *thread, struct media_stream_core *core,
                                const struct media_cmd *cmd)
{
    (void)thread;
    struct player *player = player_of(core, cmd);
    if (player)
        player->paused = cmd->player.pause;
    stream_pace_wake(core);
}

void stream_core_run_play_gain(struct media_thread *thread, struct media_stream_core *core,
                               const struct media_cmd *cmd)
{
    (void)thread;
    struct player *player = player_of(core, cmd);
    if (player)
        player_set_gain(player, cmd->player.gain_db);
}

void stream_core_run_play_seek(struct media_thread *thread, struct media_stream_core *core,
                               const struct media_cmd *cmd)
{
    (void)thread;
    struct player *player = player_of(core, cmd);
    if (player)
        player_seek(player, cmd->player.at_ms);
}

void stream_core_run_tone(struct media_thread *thread, struct media_stream_core *core,
                          const struct media_cmd *cmd)
{
    (void)thread;
    player_tone(&core->pace.player, cmd->tone.hz, cmd->tone.level_dbm0);
    stream_pace_wake(core);
}

void stream_core_run_play_stop(struct media_thread *thread, struct media_stream_core *core,
                               const struct media_cmd *cmd)
{
    (void)thread;
    (void)cmd;
    player_clear(&core->pace.player);
}

void stream_core_run_dtmf(struct media_thread *thread, struct media_stream_core *core,
                          const struct media_cmd *cmd)
{
    (void)thread;
    char *digits = cmd->give;
    stream_pace_send_dtmf(core, slice_of(digits), cmd->dtmf.duration_ms, cmd->dtmf.gap_ms);
    mem_free(digits);
}

void stream_core_run_record(struct media_thread *thread, struct media_stream_core *core,
                            const struct media_cmd *cmd)
{
    (void)thread;
    if (cmd->record.recorder)
        stream_record_start(core, cmd->record.recorder, cmd->record.key, cmd->record.channels);
    else
        stream_record_stop(core);
}

void media_stream_core_warm(const struct media_stream_core *core, unsigned step)
{
    const struct media_stream_core *peer = core->peer;
    if (step == 0)
        warm(core, sizeof *core);
    else if (step == 1 && peer)
        warm(peer, sizeof *peer);
    else if (step > 1 && peer)
        peer->transport->ops->warm(peer->transport, step - 2);
}

/* What the transport tells; media_stream_core_receive() is in stream_rx.c */

void media_stream_core_connected(struct media_stream_core *core, const struct addr *remote)
{
    core->remote = *remote;
    if (core->connected)
        return;
    core->connected = true;
    stream_post(core, &(struct media_event){ .kind = MEDIA_EVENT_CONNECTED });
    stream_pace_wake(core);
}

void media_stream_core_failed(struct media_stream_core *core, enum err err, const char *text)
{
    if (core->watch.failed)
        return;
    core->watch.failed = true;
    struct media_event event = { .kind = MEDIA_EVENT_FAILED };
    event.failed.err = err;
    snprintf(event.failed.text, sizeof event.failed.text, "%s", text);
    stream_post(core, &event);
}

void media_stream_core_step(struct media_stream_core *core, const char *step, const char *detail)
{
    struct media_event event = { .kind = MEDIA_EVENT_STEP };
    snprintf(event.step.step, sizeof event.step.step, "%s", step);
    snprintf(event.step.detail, sizeof event.step.detail, "%s", detail);
    stream_post(core, &event);
}

void media_stream_core_tell(struct media_stream_core *core, const void *msg, size_t len)
{
    struct media_event event = { .kind = MEDIA_EVENT_TRANSPORT };
    BUG_IF(len > sizeof event.transport);
    memcpy(event.transport, msg, len);
    stream_post(core, &event);
}

void media_stream_core_dropped(struct media_stream_core *core, unsigned auth, unsigned stranger)
{
    core->dropped_auth += auth;
    core->dropped_stranger += stranger;
}
