#pragma once
/* What the files of the queue share. */

#include "base/list.h"
#include "base/timer.h"
#include "message/message.h"

/* One that is being kept; its owner waits. */
struct message_adding {
    struct list link;
    struct messages *messages;
    struct store_message *row; /* body in the clear */
    message_added_fn fn;
    void *owner;
};

/* One whose row is being changed, or that a sender has. */
struct message_flight {
    struct list link;
    struct messages *messages;
    struct store_message *row; /* body in the clear */
    bool is_told;              /* the sender has answered */
    bool is_news;              /* its status changes */
    bool is_receipt;           /* the next one waits for it */
};

/* A receipt that looks for its row. */
struct message_receipt {
    struct list link;
    struct messages *messages;
    char *target, *id;            /* target NULL: `id` is ours, else the peer's */
    struct message_result result; /* texts are copies */
};

struct messages {
    struct messages_config config;
    struct message_sender senders[MESSAGE_SENDERS_MAX];
    size_t n_senders;
    struct list adding, flights, receipts;
    size_t n_adding, n_flights, n_receipts, n_waiting;
    struct timer wake;
    int64_t wake_at_ms; /* wall; of the timer, when it runs */
    int64_t filled_ms;  /* the bucket of tries */
    unsigned tokens;
    bool is_started, is_stopping, is_claiming, is_reading;
};

/** message.c: see what is due at that time (wall), if nothing is sooner. */
void message_wake_at(struct messages *messages, int64_t at_ms);
/** See how many wait, and wake up for the first. */
void message_count(struct messages *messages);
int64_t message_now_ms(const struct messages *messages);
void message_status(struct messages *messages, const struct store_message *row);
const struct message_sender *message_sender_of(const struct messages *messages, const char *target);
/** message_flight.c: the claimed rows go out. */
void message_fly(struct messages *messages, const struct store_message *row);
/** What was on its way when the last run ended. */
void message_recover(struct messages *messages, const struct store_message *row);
void message_drop_flights(struct messages *messages);
/** "messages:ID" into `out`. */
struct slice message_seal_context(const char *id, char out[64]);
