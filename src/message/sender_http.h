#pragma once
/* Messages by a provider's HTTP API: one request each, as configured. The message's id goes along
 * as Idempotency-Key, for a try that comes again after a restart. 2xx took it; 408, 429 and 5xx are
 * tried again, when Retry-After says so; other answers refuse it. Control thread. */

#include "base/secret.h"
#include "message/message.h"

struct http_client;
struct sender_http;

struct sender_http_config {
    struct http_client *http;
    const char *url;          /* may have places, too: message_template.h */
    const char *method;       /* "POST" */
    const char *content_type; /* of the body */
    const char *body;         /* template; "": sender_http_body */
    struct slice user;        /* Basic authentication; empty: none */
    const struct secret *password;
    /** X-Tandem-Signature: sha256=HEX of the body under it (HMAC-SHA-256); empty: not sent. */
    const struct secret *signing_key;
    const struct sender_http_header {
        const char *name, *value;
    } * headers;
    size_t n_headers;
    const char *ca_file; /* "": the system's */
    bool takes_media;
};

/** The body unless configured: {"id","from","to","body","media"}. */
extern const char sender_http_body[];

/** Copies everything. */
struct sender_http *sender_http_create(const struct sender_http_config *config);
/** What it sends ends without an answer. NULL is fine. */
void sender_http_destroy(struct sender_http *sender);
/** Its row of messages_config.senders, under the name "http". */
struct message_sender sender_http_row(struct sender_http *sender);
/** Whom it tells; before anything is sent. */
void sender_http_set_messages(struct sender_http *sender, struct messages *messages);
