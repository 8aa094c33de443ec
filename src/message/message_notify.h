#pragma once
/* Status callbacks: whoever added a message with a status_url hears of each state, those of one
 * message in order, each told three times at most; no message ever waits for them. JSON with
 * X-SignalWire-Signature, or, for messages that came by LaML, a form with the signature of forms.
 * Control thread. */

#include "net/http_client.h"
#include "store/store_messages.h"

struct loop;
struct message_notify;

struct message_notify_config {
    struct loop *loop;
    /** Send it within the egress policy, as http_client_send(). */
    struct http_client_call *(*send)(void *owner, const struct http_client_request *request,
                                     http_client_fn fn, void *fn_owner);
    /** The key of a project, borrowed until return; empty: unsigned. */
    struct slice (*signing_key)(void *owner, const char *project_id);
    void *owner;
};

struct message_notify *message_notify_create(const struct message_notify_config *config);
/** What was not told yet is lost. NULL is fine. */
void message_notify_destroy(struct message_notify *notify);
/** Post the row as it is now to its status_url, if it has one. */
void message_notify_add(struct message_notify *notify, const struct store_message *row,
                        int64_t now_ms);
