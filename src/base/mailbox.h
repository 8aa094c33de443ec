#pragma once
/* The way from one thread to another: a bounded queue of messages copied by value. Any thread
 * posts; the thread of `loop` receives. A pointer in a message gives the object away. */

#include <stdbool.h>
#include <stddef.h>

struct mailbox;
struct loop;
typedef void (*mailbox_fn)(void *owner, const void *msg);

/** `msg_len` bytes a message, at most `cap` waiting. `fn` runs on the loop's thread, once a
 * message. */
struct mailbox *mailbox_create(struct loop *loop, size_t msg_len, size_t cap, mailbox_fn fn,
                               void *owner);
/** Receiver's thread, and nobody may post any more. Waiting messages are delivered first. */
void mailbox_destroy(struct mailbox *box);

/** Copy `*msg` in; false when full: the caller drops media, never control. */
bool mailbox_post(struct mailbox *box, const void *msg);
/** Waits for room instead. For control messages whose receiver cannot be waiting for the sender. */
void mailbox_post_wait(struct mailbox *box, const void *msg);
/** Messages waiting now: a gauge. */
size_t mailbox_depth(struct mailbox *box);
