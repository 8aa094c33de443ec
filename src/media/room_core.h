#pragma once
/* A conference on its media thread: reads a pipe per member, mixes by the clock, writes a pipe per
 * member. Each message of control (media_room.c) is a struct room_cmd on the heap, given away. */

#include "media/media_priv.h"
#include "media/media_room.h"

struct pcm_pipe;
struct room_core;

struct room_cmd {
    struct room_core *room;
    uint32_t member;
    struct media_member settings;
    struct stream_id stream;       /* to whom it is told that it talks */
    struct pcm_pipe *heard, *play; /* the reading and the writing end */
    int16_t *pcm;
    size_t samples;
    uint32_t rate_hz;
    struct recorder *recorder; /* of a recording; NULL: its end */
    struct recorder_key record_key;
    enum media_record_pause record_pause;
};
typedef void (*room_core_fn)(struct media_thread *thread, void *take_cmd);

/** On control; from room_core_run_start() on it is the thread's. */
struct room_core *room_core_create(uint32_t rate_hz);
void room_core_run_start(struct media_thread *thread, void *take_cmd);
void room_core_run_add(struct media_thread *thread, void *take_cmd);
void room_core_run_remove(struct media_thread *thread, void *take_cmd);
void room_core_run_set(struct media_thread *thread, void *take_cmd);
void room_core_run_play(struct media_thread *thread, void *take_cmd);
void room_core_run_record(struct media_thread *thread, void *take_cmd);
void room_core_run_record_pause(struct media_thread *thread, void *take_cmd);
void room_core_run_destroy(struct media_thread *thread, void *take_cmd);
