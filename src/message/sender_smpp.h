#pragma once
/* Messages by SMPP 3.4: one bound transceiver to a centre, opened again when it ends. Long texts go
 * as parts with a user data header (TS 23.040 §9.2.3.24.1); receipts and texts that come in are
 * told. Control thread. */

#include "base/secret.h"
#include "message/message.h"

struct dns;
struct sender_smpp;

struct sender_smpp_events {
    /** Somebody writes; borrowed. Numbers are as the centre gave them. */
    void (*on_text)(void *owner, const char *from, const char *to, const char *body);
};
struct sender_smpp_config {
    struct loop *loop;
    struct dns *dns;
    const char *host;
    uint16_t port;
    const char *system_id, *system_type;
    const struct secret *password;
    bool has_tls;        /* its certificate is verified, for `host` */
    const char *ca_file; /* PEM; NULL or "": the system's */
};

/** Copies everything. ERR_INVALID: `fault` says what is wrong with the CA file. */
MUST_CHECK enum err sender_smpp_create(struct sender_smpp **out,
                                       const struct sender_smpp_config *config,
                                       const struct sender_smpp_events *events, void *owner,
                                       struct fault *fault);
void sender_smpp_destroy(struct sender_smpp *sender); /* unbinds; NULL is fine */
/** Its row of messages_config.senders, under the name "smpp". */
struct message_sender sender_smpp_row(struct sender_smpp *sender);
/** Whom it tells; it connects from here on. */
void sender_smpp_set_messages(struct sender_smpp *sender, struct messages *messages);
