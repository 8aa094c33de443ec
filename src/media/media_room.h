#pragma once
/* A conference of streams: each far end hears the others mixed, whatever codecs and rates they
 * have and whichever media threads they are on. A member's stream is not linked meanwhile; playing
 * to it, recording and keys work as ever. Who talks comes as on_heard of its stream
 * (MEDIA_HEARD_VOICE, MEDIA_HEARD_SILENCE). Control thread. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "media/media.h"

struct media_room;

struct media_room_config {
    unsigned thread;  /* where it is mixed: media_pick_thread() */
    uint32_t rate_hz; /* of the mix: 8000, 16000, 24000 or 48000; 0: 16000 */
};

struct media_member {
    bool muted;       /* nobody hears it; that it talks is still told */
    bool deaf;        /* it hears nobody */
    double gain_db;   /* of what it says */
    uint32_t coaches; /* only that member hears it; 0: everybody */
};

struct media_room *media_room_create(struct media *media, const struct media_room_config *config);
/** The members are alone then. NULL is fine. */
void media_room_destroy(struct media_room *room);

/** Join with these settings (NULL: zeroed): unlinks the stream. The id is the room's, never 0. */
uint32_t media_room_add(struct media_room *room, struct media_stream *stream,
                        const struct media_member *settings);
/** A stream that is destroyed leaves by itself. Unknown ids are fine. */
void media_room_remove(struct media_room *room, uint32_t member);
void media_room_set(struct media_room *room, uint32_t member, const struct media_member *settings);

/** Write what all members hear together, announcements too, to a WAV file; in a room of 16000 Hz. A
 * slow disk costs gaps in it, never packets. It ends with the room; another one replaces it. */
void media_room_record(struct media_room *room, const char *path);
/** The file is complete a moment later. Nothing to do is fine. */
void media_room_record_stop(struct media_room *room);

/** What is said meanwhile is left out of the file, or is silence in it. */
void media_room_record_pause(struct media_room *room, enum media_record_pause pause);

enum media_room_tone { MEDIA_ROOM_JOINED, MEDIA_ROOM_LEFT };
/** A short tone to everybody: one has come or gone. */
void media_room_beep(struct media_room *room, enum media_room_tone tone);
