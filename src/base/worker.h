#pragma once
/* The few blocking calls left (speech, files) on libuv's pool, and signals on the loop. Control
 * thread. */

#include "base/loop.h"

struct worker_job;

/** `work(arg)` on a pool thread, then `done(arg)` on the loop. Not cancelled: who goes away first
 * marks `arg` so, and `done` frees it. The loop must run until every job is done. */
void worker_run(struct loop *loop, loop_fn work, loop_fn done, void *arg);

struct signal_watch;
/** `fn(arg)` on the loop whenever the process gets `signum`. */
struct signal_watch *signal_watch_create(struct loop *loop, int signum, loop_fn fn, void *arg);
void signal_watch_destroy(struct signal_watch *watch); /* NULL is fine */
