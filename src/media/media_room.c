/* A conference as control holds it: its calls become messages to the room's thread and to the
 * streams', which are connected by pipes (stream_pipes.c). The mixing half is room_core.c. */
#include "media_room.h"

#include "base/mem.h"
#include "base/num.h"
#include "media/media.h"
#include "media/media_priv.h"
#include "media/media_thread.h"
#include "media/pcm_pipe.h"
#include "media/room_core.h"
#include "media/tone.h"

enum { RATE_HZ = 16000, PIPE_MS = 400, BEEP_HZ = 8000, BEEP_MS = 150 };

struct media_room {
    struct media *media;
    unsigned thread;
    uint32_t rate_hz;
    struct room_core *core; /* of that thread; here only a name */
    uint32_t members;       /* ids given so far */
};

static void post(struct media_room *room, room_core_fn fn, const struct room_cmd *cmd)
{
    struct room_cmd *copy = mem_new(struct room_cmd);
    *copy = *cmd;
    copy->room = room->core;
    media_thread_run(room->media, room->thread, fn, copy);
}

struct media_room *media_room_create(struct media *media, const struct media_room_config *config)
{
    struct media_room *room = mem_new(struct media_room);
    room->media = media;
    room->thread = config->thread;
    room->rate_hz = config->rate_hz ? config->rate_hz : RATE_HZ;
    room->core = room_core_create(room->rate_hz);
    post(room, room_core_run_start, &(struct room_cmd){ 0 });
    return room;
}

void media_room_destroy(struct media_room *room)
{
    if (!room)
        return;
    post(room, room_core_run_destroy, &(struct room_cmd){ 0 });
    mem_free(room);
}

uint32_t media_room_add(struct media_room *room, struct media_stream *stream,
                        const struct media_member *settings)
{
    size_t samples = room->rate_hz / 1000 * PIPE_MS;
    struct pcm_pipe *heard = pcm_pipe_create(samples), *play = pcm_pipe_create(samples);
    struct room_cmd cmd = {
        .member = ++room->members, .stream = media_stream_id(stream), .heard = heard, .play = play
    };
    const struct media_pipes pipes = {
        .heard = heard, .play = play, .rate_hz = room->rate_hz, .steady = true
    };
    if (settings)
        cmd.settings = *settings;
    media_unlink(stream);
    media_reserve(room->media, media_stream_thread(stream)); /* it is decoded and encoded */
    media_stream_pipes(stream, &pipes);
    post(room, room_core_run_add, &cmd);
    return cmd.member;
}

void media_room_remove(struct media_room *room, uint32_t member)
{
    post(room, room_core_run_remove, &(struct room_cmd){ .member = member });
}

void media_room_set(struct media_room *room, uint32_t member, const struct media_member *settings)
{
    post(room, room_core_run_set, &(struct room_cmd){ .member = member, .settings = *settings });
}

/* Mono PCM, given away, to everybody: announcements, the tone when one joins or leaves. Replaces
 * what plays. */
static void media_room_play(struct media_room *room, int16_t *take_pcm, size_t samples,
                            uint32_t rate_hz)
{
    post(room, room_core_run_play,
         &(struct room_cmd){ .pcm = take_pcm, .samples = samples, .rate_hz = rate_hz });
}

void media_room_record(struct media_room *room, const char *path)
{
    struct room_cmd cmd = { 0 };
    BUG_IF(room->rate_hz != RECORDER_RATE_HZ);
    cmd.recorder =
        media_record_open(room->media, (struct stream_id){ 0 }, 0, path, 1, &cmd.record_key);
    post(room, room_core_run_record, &cmd);
}

void media_room_record_stop(struct media_room *room)
{
    post(room, room_core_run_record, &(struct room_cmd){ 0 });
}

void media_room_record_pause(struct media_room *room, enum media_record_pause pause)
{
    post(room, room_core_run_record_pause, &(struct room_cmd){ .record_pause = pause });
}

void media_room_beep(struct media_room *room, enum media_room_tone tone)
{
    static const double hz[][2] = {
        [MEDIA_ROOM_JOINED] = { 440, 660 }, [MEDIA_ROOM_LEFT] = { 660, 440 }
    };
    size_t half = BEEP_HZ / 1000 * BEEP_MS;
    int16_t *pcm = mem_array(2 * half, sizeof *pcm);
    struct tone sine;
    for (size_t i = 0; i < COUNT_OF(hz[tone]); i++) {
        tone_init(&sine, BEEP_HZ, hz[tone][i], -18);
        tone_render(&sine, pcm + i * half, half);
    }
    media_room_play(room, pcm, 2 * half, BEEP_HZ);
}
