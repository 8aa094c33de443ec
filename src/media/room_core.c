#include "room_core.h"

#include <string.h>

#include "base/loop.h"
#include "base/mem.h"
#include "base/num.h"
#include "media/media_thread.h"
#include "media/mixer.h"
#include "media/pcm_pipe.h"
#include "media/player.h"

_Static_assert((int)RECORDER_BLOCK_MS == (int)MIXER_BLOCK_MS, "blocks go on as they are");

enum {
    BLOCK_US = MIXER_BLOCK_MS * 1000,
    CATCH_UP_MAX = 5,
    PRIME_MS = 5,     /* more than a block before a member is heard */
    HELD_MAX_MS = 80, /* more than this is delay for nothing */
};

struct room_member {
    struct mixer_member mixed; /* first */
    uint32_t id, coaches;
    struct stream_id stream;
    struct pcm_pipe *heard, *play;
    bool primed;
};

struct room_core {
    struct media_thread *thread;
    struct mixer mixer;
    struct player player;
    struct timer timer;
    int64_t due_us;
    struct recorder *recorder; /* NULL: nobody records */
    struct recorder_key record_key;
    enum media_record_pause record_pause;
    unsigned dropped_ms; /* that are not in the recording */
};

static struct room_member *member_of(struct list *link)
{
    return (struct room_member *)(void *)LIST_ITEM(link, struct mixer_member, link);
}

static struct room_member *find(struct room_core *room, uint32_t id)
{
    LIST_EACH(link, &room->mixer.members)
    if (member_of(link)->id == id)
        return member_of(link);
    return NULL;
}

struct room_core *room_core_create(uint32_t rate_hz)
{
    struct room_core *room = mem_new(struct room_core);
    mixer_init(&room->mixer, rate_hz);
    return room;
}

static void remove_member(struct room_core *room, struct room_member *member)
{
    mixer_remove(&room->mixer, &member->mixed);
    pcm_pipe_close(member->heard);
    pcm_pipe_close(member->play);
    mem_free(member);
}

/* The next block that it says; silence if there is none. */
static void read_block(const struct room_core *room, struct room_member *member, int16_t *pcm)
{
    size_t n = room->mixer.block, ms = room->mixer.rate_hz / 1000;
    size_t held = pcm_pipe_held(member->heard), got = 0;
    member->primed = held >= (member->primed ? n : n + ms * PRIME_MS);
    if (held > n + ms * HELD_MAX_MS)
        pcm_pipe_read(member->heard, NULL, held - n - ms * PRIME_MS);
    if (member->primed)
        got = pcm_pipe_read(member->heard, pcm, n);
    memset(pcm + got, 0, (n - got) * sizeof *pcm);
}

static void tell_talking(struct room_core *room, const struct room_member *member)
{
    struct media_event event = { .kind = MEDIA_EVENT_HEARD, .stream = member->stream };
    event.heard.kind = member->mixed.voice.talking ? MEDIA_HEARD_VOICE : MEDIA_HEARD_SILENCE;
    event.heard.after_ms = member->mixed.voice.change_ms;
    media_thread_post_event(room->thread, &event);
}

/* What somebody who says nothing would hear. */
static void record_block(struct room_core *room)
{
    static const struct mixer_member nobody;
    int16_t pcm[MIXER_SAMPLES_MAX] = { 0 };
    if (!room->recorder || room->record_pause == MEDIA_RECORD_SKIP)
        return;
    if (room->record_pause == MEDIA_RECORD_ON)
        mixer_take(&room->mixer, &nobody, pcm);
    if (!recorder_write(room->recorder, room->record_key, pcm, 1))
        room->dropped_ms += MIXER_BLOCK_MS;
}

static void stop_record(struct room_core *room)
{
    if (room->recorder)
        recorder_close(room->recorder, room->record_key, room->dropped_ms);
    room->recorder = NULL;
}

static void mix_block(struct room_core *room)
{
    int16_t pcm[MIXER_SAMPLES_MAX];
    struct mixer *mixer = &room->mixer;
    LIST_EACH(link, &mixer->members)
    {
        struct room_member *member = member_of(link);
        if (pcm_pipe_is_alone(member->heard)) { /* the stream is gone */
            remove_member(room, member);
            continue;
        }
        read_block(room, member, pcm);
        if (mixer_put(mixer, &member->mixed, pcm))
            tell_talking(room, member);
    }
    bool plays = player_is_busy(&room->player);
    if (plays)
        player_render(&room->player, pcm, mixer->block, mixer->rate_hz);
    mixer_mix(mixer, plays ? pcm : NULL);
    LIST_EACH(link, &mixer->members)
    {
        struct room_member *member = member_of(link);
        mixer_take(mixer, &member->mixed, pcm);
        pcm_pipe_write(member->play, pcm, mixer->block);
    }
    record_block(room);
    mixer_end(mixer);
}

static void on_due(void *owner)
{
    struct room_core *room = owner;
    int64_t now_us = media_thread_take_time(room->thread);
    for (int n = 0; room->due_us <= now_us && n < CATCH_UP_MAX; n++) {
        mix_block(room);
        room->due_us += BLOCK_US;
    }
    if (room->due_us <= now_us)
        room->due_us = now_us + BLOCK_US; /* too far behind: the rest is left out */
    int64_t in_us = room->due_us - now_us;
    loop_timer_start(media_thread_loop(room->thread), &room->timer, (in_us + 999) / 1000, on_due,
                     room);
}

void room_core_run_start(struct media_thread *thread, void *take_cmd)
{
    struct room_cmd *cmd = take_cmd;
    struct room_core *room = cmd->room;
    room->thread = thread;
    room->due_us = media_thread_now_us(thread) + BLOCK_US;
    loop_timer_start(media_thread_loop(thread), &room->timer, MIXER_BLOCK_MS, on_due, room);
    mem_free(cmd);
}

/* Who coaches whom is known by id until both are there. */
static void find_coached(struct room_core *room)
{
    LIST_EACH(link, &room->mixer.members)
    {
        struct room_member *member = member_of(link);
        struct room_member *to = member->coaches ? find(room, member->coaches) : NULL;
        member->mixed.coaches = to ? &to->mixed : NULL;
        if (member->coaches && !to)
            member->coaches = 0; /* gone: it is a member like the others */
    }
}

static void set(struct room_core *room, struct room_member *member,
                const struct media_member *settings)
{
    member->mixed.muted = settings->muted;
    member->mixed.deaf = settings->deaf;
    member->mixed.gain_db = settings->gain_db;
    member->coaches = settings->coaches;
    find_coached(room);
}

void room_core_run_add(struct media_thread *thread, void *take_cmd)
{
    (void)thread;
    struct room_cmd *cmd = take_cmd;
    struct room_member *member = mem_new(struct room_member);
    member->id = cmd->member;
    member->stream = cmd->stream;
    member->heard = cmd->heard;
    member->play = cmd->play;
    mixer_add(&cmd->room->mixer, &member->mixed);
    set(cmd->room, member, &cmd->settings);
    mem_free(cmd);
}

void room_core_run_remove(struct media_thread *thread, void *take_cmd)
{
    (void)thread;
    struct room_cmd *cmd = take_cmd;
    struct room_member *member = find(cmd->room, cmd->member);
    if (member)
        remove_member(cmd->room, member);
    mem_free(cmd);
}

void room_core_run_set(struct media_thread *thread, void *take_cmd)
{
    (void)thread;
    struct room_cmd *cmd = take_cmd;
    struct room_member *member = find(cmd->room, cmd->member);
    if (member)
        set(cmd->room, member, &cmd->settings);
    mem_free(cmd);
}

void room_core_run_play(struct media_thread *thread, void *take_cmd)
{
    (void)thread;
    struct room_cmd *cmd = take_cmd;
    player_play(&cmd->room->player, 0, cmd->pcm, cmd->samples, cmd->rate_hz);
    mem_free(cmd);
}

void room_core_run_record(struct media_thread *thread, void *take_cmd)
{
    (void)thread;
    struct room_cmd *cmd = take_cmd;
    stop_record(cmd->room);
    cmd->room->recorder = cmd->recorder;
    cmd->room->record_key = cmd->record_key;
    cmd->room->record_pause = MEDIA_RECORD_ON;
    cmd->room->dropped_ms = 0;
    mem_free(cmd);
}

void room_core_run_record_pause(struct media_thread *thread, void *take_cmd)
{
    (void)thread;
    struct room_cmd *cmd = take_cmd;
    cmd->room->record_pause = cmd->record_pause;
    mem_free(cmd);
}

void room_core_run_destroy(struct media_thread *thread, void *take_cmd)
{
    struct room_cmd *cmd = take_cmd;
    struct room_core *room = cmd->room;
    LIST_EACH(link, &room->mixer.members)
    remove_member(room, member_of(link));
    loop_timer_stop(media_thread_loop(thread), &room->timer);
    player_clear(&room->player);
    stop_record(room);
    mem_free(room);
    mem_free(cmd);
}
