#pragma once
/* One thread's event loop: libuv outside, timers and deferred calls inside. A simulated loop has no
 * libuv and no clock: tests advance it, and an hour-long call passes in milliseconds.
 * Every function but loop_stop() belongs to the loop's own thread. */

#include <stdbool.h>
#include <stdint.h>

#include "timer.h"

struct loop;
struct uv_loop_s;
typedef void (*loop_fn)(void *arg);

struct loop *loop_create(void);
struct loop *loop_create_simulated(void);
bool loop_is_simulated(const struct loop *loop);
/** Runs what is deferred, closes the loop's own handles. Every other uv handle must be closed. */
void loop_destroy(struct loop *loop);

/** Until loop_stop(). */
void loop_run(struct loop *loop);
/** Any thread. */
void loop_stop(struct loop *loop);
/** One turn of a real loop, waiting at most `wait_ms` for something to happen: for tests. */
void loop_turn(struct loop *loop, int wait_ms);
/** Simulated: let `ms` pass, firing timers and deferred calls at their times. */
void loop_advance(struct loop *loop, int64_t ms);

/** Monotonic milliseconds, taken once a turn. */
int64_t loop_now_ms(const struct loop *loop);
/** Milliseconds since 1970, for people and databases only. */
int64_t loop_wall_ms(const struct loop *loop);

/** Call `fn(arg)` at the end of this turn: where an object that ended inside a callback dies. */
void loop_defer(struct loop *loop, loop_fn fn, void *arg);
/** Milliseconds from now; moves the timer if it runs. */
void loop_timer_start(struct loop *loop, struct timer *timer, int64_t in_ms, timer_fn fn,
                      void *owner);
void loop_timer_stop(struct loop *loop, struct timer *timer);

/** The libuv loop, for net/ only; a bug on a simulated loop. */
struct uv_loop_s *loop_uv(struct loop *loop);
/** Abort unless called on the thread that runs the loop (or before it runs). */
void loop_assert_here(const struct loop *loop);
