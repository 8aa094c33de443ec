#pragma once
/* One fax machine on the thread of all of them: spandsp between two pipes of PCM, or, once it is
 * told to, between the datagrams of T.38. */

#include "media/fax.h"
#include "media/fax_t38.h"
#include "media/pcm_pipe.h"

struct fax_machine;

enum {
    FAX_RATE_HZ = 8000,
    FAX_FRAME_MS = 20,
    FAX_FRAME = FAX_RATE_HZ / 1000 * FAX_FRAME_MS,
};

struct fax_machine_config {
    bool is_sender;
    const char *path, *identity, *header; /* as of fax_config */
    struct pcm_pipe *take_heard;          /* its reading end */
    struct pcm_pipe *take_play;           /* its writing end */
};

struct fax_machine *fax_machine_create(const struct fax_machine_config *config);
/** The file is complete after it. */
void fax_machine_destroy(struct fax_machine *machine);
/** Hear and say what is due. The time counts for T.38 alone: audio is a clock. */
void fax_machine_tick(struct fax_machine *machine, int64_t now_ms);
/** Begin anew, by T.38. Nothing where that has happened already, or pages are through. */
void fax_machine_go_t38(struct fax_machine *machine, const struct fax_remote *remote,
                        fax_t38_fn send, void *owner);
/** A datagram of its far end; one that speaks audio has no use for it. */
void fax_machine_feed(struct fax_machine *machine, struct slice datagram);
/** The far end is gone, or is to be left. */
void fax_machine_stop(struct fax_machine *machine);
unsigned fax_machine_pages(const struct fax_machine *machine);
bool fax_machine_is_done(const struct fax_machine *machine);
struct fax_result fax_machine_result(const struct fax_machine *machine);
