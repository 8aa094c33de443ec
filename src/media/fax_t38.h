#pragma once
/* A fax terminal that speaks T.38 over UDPTL, by spandsp: datagrams in, datagrams out, time as an
 * argument. An engine, on the thread of the fax machines. */

#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"
#include "media/fax.h"

struct fax_t38;
struct t30_state_s;

typedef void (*fax_t38_fn)(void *owner, struct slice datagram);

/** Each datagram goes to `send`. */
struct fax_t38 *fax_t38_create(bool is_sender, const struct fax_remote *remote, fax_t38_fn send,
                               void *owner);
void fax_t38_destroy(struct fax_t38 *t38); /* NULL is fine */
/** The session of T.30 that runs on it, to be prepared before the first tick. */
struct t30_state_s *fax_t38_session(struct fax_t38 *t38);
/** One of the far end's. Malformed ones are passed over. */
void fax_t38_feed(struct fax_t38 *t38, struct slice datagram);
/** How many messages of T.30 went out to their end: a frame of control, or several in a row. */
unsigned fax_t38_messages(const struct fax_t38 *t38);
/** So much time has passed. */
void fax_t38_tick(struct fax_t38 *t38, unsigned ms);
