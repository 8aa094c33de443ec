#pragma once
/* Text messages: a queue in the database. Whoever adds one hears when it is kept; from then on it
 * is tried until its next hop takes it, refuses it, or its time is over, restarts included. A row
 * that was on its way when the program ended is tried again only by senders whose peers know a
 * message that comes twice; the others' end as "undelivered", because nobody can tell. What a
 * message goes by is a table of senders; who takes it for whom is the owner's answer. Control
 * thread. */

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/rand.h"
#include "base/slice.h"
#include "store/store_messages.h"

struct loop;
struct messages;
struct seal;

enum {
    MESSAGE_BODY_MAX = 10000,    /* bytes */
    MESSAGE_MEDIA_MAX = 8,       /* URLs */
    MESSAGE_BACKLOG_MAX = 10000, /* waiting; more are refused */
    MESSAGE_TARGET = 120,        /* "trunk:acme", terminated */
    MESSAGE_SENDERS_MAX = 8,
    MESSAGE_VALID_S = 14400, /* unless told */
};

/** One that is to be sent, or that came in; borrowed. */
struct message_new {
    const char *id; /* a UUID; NULL: a new one */
    const char *project_id;
    const char *from, *to, *body;
    const json_t *media;     /* array of URLs; may be NULL */
    const json_t *variables; /* object; may be NULL */
    const char *direction;   /* NULL: "outbound-api" */
    const char *source;      /* "realtime_api" (NULL) or "laml" */
    const char *status_url;  /* asked to be told of every state; may be NULL */
    const char *target;      /* NULL: as messages_ops.route says */
    unsigned valid_s;        /* 0: MESSAGE_VALID_S */
    bool is_sensitive;       /* its text holds a code: sealed at rest, gone when it is over */
    bool as_mms;             /* also without media */
};

/** How one try ended. */
enum message_outcome {
    MESSAGE_SENT,        /* the next hop has it; it may say more later */
    MESSAGE_DELIVERED,   /* the far end has it */
    MESSAGE_UNDELIVERED, /* the far end will never have it */
    MESSAGE_REFUSED,     /* the next hop will never take it */
    MESSAGE_AGAIN,       /* not now */
};
struct message_result {
    enum message_outcome outcome;
    const char *code, *text; /* of a failure: "30003", a sentence; may be NULL */
    const char *peer_id;     /* what the next hop calls it; may be NULL */
    int64_t wait_ms;         /* MESSAGE_AGAIN: when it was told, else 0 */
};

/** A way out. */
struct message_sender {
    const char *name; /* the target's part before ':' */
    bool takes_media;
    bool is_idempotent; /* the peer knows a message that comes twice */
    /** Send `row`, body opened; then messages_tell() once, not before this returns. */
    void (*send)(void *owner, const struct store_message *row);
    void *owner;
};

struct messages_ops {
    /** Who takes a message to `row->to` ("user:alice", "http"); false: nobody does. */
    bool (*route)(void *owner, const struct message_new *message, char out[MESSAGE_TARGET]);
    /** A row changed its status, or is new; borrowed. In the order of the changes, after they are
     * kept. May be NULL. */
    void (*on_status)(void *owner, const struct store_message *row);
};

struct messages_config {
    struct loop *loop;
    struct store *store;
    struct seal *seal; /* borrowed */
    const struct messages_ops *ops;
    void *owner;
    const struct message_sender *senders; /* copied */
    size_t n_senders;
    unsigned per_second; /* tries; 0: 10 */
};

struct messages *messages_create(const struct messages_config *config);
/** Look after those of the last run and begin to send: once the senders work. */
void messages_start(struct messages *messages);
/** Begin nothing new; what is on its way may still end. */
void messages_stop(struct messages *messages);
/** No callback any more. NULL is fine. */
void messages_destroy(struct messages *messages);

/** `row` is as it was kept, NULL with `err`: ERR_IO and what the store says else. */
typedef void (*message_added_fn)(void *owner, enum err err, const struct store_message *row);
/** Check, keep, answer, send. `fn` is called once, later, unless forgotten; it may be NULL.
 * ERR_INVALID: neither text nor media.  ERR_LIMIT: too long, or the backlog is full.
 * ERR_NOT_FOUND: nobody takes it.  ERR_UNSUPPORTED: media, and who takes it does not. `fault` has
 * the field in `where`. */
MUST_CHECK enum err messages_add(struct messages *messages, const struct message_new *message,
                                 message_added_fn fn, void *owner, struct fault *fault);
/** One that came in is kept as "received"; nothing is sent. As messages_add(). */
MUST_CHECK enum err messages_receive(struct messages *messages, const struct message_new *message,
                                     message_added_fn fn, void *owner, struct fault *fault);
/** That owner's fn is not called any more. */
void messages_forget(struct messages *messages, const void *owner);
/** What became of the message with that id: from senders, also once more, for a receipt. */
void messages_tell(struct messages *messages, const char *id, const struct message_result *result);
/** The same for what the next hop calls it. */
void messages_tell_peer(struct messages *messages, const char *target, const char *peer_id,
                        const struct message_result *result);
/** Somebody came back: what waits for "user:alice" is tried now. */
void messages_wake(struct messages *messages, const char *target);
/** How many wait. */
size_t messages_waiting(const struct messages *messages);
