#pragma once
/* Rows of text messages and of the codes of multi-factor authentication. The rules of store_rows.h
 * hold. Control thread. */

#include "store/store.h"

struct store_message {
    const char *id, *project_id; /* project "" for none */
    const char *direction;       /* "outbound-api", "inbound" … */
    const char *from, *to;
    const char *body;                   /* sealed for STORE_MESSAGE_SEAL when `sealed` is not 0 */
    const char *media;                  /* JSON array of URLs, or "" */
    const char *status;                 /* "queued", "initiated", "sent" … */
    const char *kind, *source;          /* "sms", "mms"; "realtime_api", "laml" */
    const char *target;                 /* who takes it there: "user:alice", "trunk:acme", "http" */
    const char *status_url, *variables; /* variables: a JSON object, or "" */
    const char *error_code, *error_message;
    const char *peer_id; /* what the next hop calls it */
    const char *claim;   /* of the try that goes on; "": none does */
    int64_t sealed, segments, tries;
    int64_t next_ms; /* of the next try; 0: none is due */
    int64_t expires_ms, sent_ms, created_ms, updated_ms;
};
/** What a message's body is sealed for: printf with its id. */
#define STORE_MESSAGE_SEAL "messages:%s"

void store_message_add(struct store *, const struct store_message *row, struct store_reply);
void store_message_find(struct store *, const char *id, struct store_reply);
void store_message_find_peer(struct store *, const char *target, const char *peer_id,
                             struct store_reply);
/** Status, body, errors, peer_id, claim, sealed, tries, next_ms, sent_ms and updated_ms of the row
 * with that id. */
void store_message_change(struct store *, const struct store_message *row, struct store_reply);
void store_message_remove(struct store *, const char *id, struct store_reply);

/** Write `claim` on those due at `now_ms`, at most `limit`, and answer with them: one try more, and
 * "initiated" unless they came in. Nobody else gets them. */
void store_message_claim(struct store *, const char *claim, int64_t now_ms, size_t limit,
                         struct store_reply);
/** What waits for that target is due now. */
void store_message_wake(struct store *, const char *target, int64_t now_ms, struct store_reply);
/** Those on which a claim stands: on their way when the program ended. */
void store_message_claimed(struct store *, struct store_reply);

struct store_message_queue {
    int64_t n, next_ms; /* how many wait, and until when the first does; 0: none */
};
void store_message_queue_find(struct store *, struct store_reply);

/** Which ones to list: newest first. Texts "" or NULL: any. */
struct store_message_filter {
    const char *project_id, *from, *to, *status;
    int64_t from_ms, before_ms; /* created; 0: no bound */
    size_t offset, limit;
};
void store_message_list(struct store *, const struct store_message_filter *filter,
                        struct store_reply);
/** Those over and made before `before_ms`: retention. */
void store_message_purge(struct store *, int64_t before_ms, struct store_reply);

struct store_mfa_code {
    const char *id, *project_id;
    const char *party, *channel; /* a number; "sms", "call" */
    const char *salt, *hash;     /* never the code */
    int64_t tries_left, expires_ms, created_ms;
};
/** Forgets those that expired a day before it was made. */
void store_mfa_code_add(struct store *, const struct store_mfa_code *row, struct store_reply);
/** Takes one of its tries and answers with the row as it is then. ERR_NOT_FOUND: unknown, expired
 * at `now_ms`, used up, or of another project ("" or NULL: of any). */
void store_mfa_code_try(struct store *, const char *id, const char *project_id, int64_t now_ms,
                        struct store_reply);
/** The newest for `party` of that channel, in whatever state. */
void store_mfa_code_find(struct store *, const char *party, const char *channel,
                         struct store_reply);
/** Used: it is no code any more. ERR_NOT_FOUND: somebody was faster. */
void store_mfa_code_remove(struct store *, const char *id, struct store_reply);

extern const struct store_table store_message_table, store_message_queue_table,
    store_mfa_code_table;
