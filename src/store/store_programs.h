#pragma once
/* Rows of what programs keep: subprojects, tokens they change, resources, pages of call records,
 * texts and codes. The rules of store_rows.h hold. Control thread. */

#include "store/store_rows.h"

/** Name, options and updated_ms of the row. */
void store_project_change(struct store *, const struct store_project *row, struct store_reply);
void store_project_set_key(struct store *, const char *id, const char *signing_key, int64_t now_ms,
                           struct store_reply);
/** The project itself and those directly below it. */
void store_project_list_tree(struct store *, const char *id, struct store_reply);
/** Name and scopes of a token that was not revoked. */
void store_token_change(struct store *, const struct store_token *row, struct store_reply);

struct store_resource {
    const char *id, *project_id;
    const char *type, *name; /* "swml_script" … */
    const char *body;        /* JSON object */
    const char *ref;         /* a device's id, or "" */
    int64_t created_ms, updated_ms;
};
void store_resource_set(struct store *, const struct store_resource *row, struct store_reply);
void store_resource_find(struct store *, const char *id, struct store_reply);
/** Of one project (NULL: all) and type (NULL: any), newest first. */
void store_resource_list(struct store *, const char *project_id, const char *type,
                         struct store_reply);
void store_resource_remove(struct store *, const char *id, struct store_reply);

/** What to show of a long list: newest first. */
struct store_page {
    const char *project_id;
    int64_t from_ms, before_ms; /* created; 0: no bound */
    int64_t offset, limit;
};
void store_call_page(struct store *, const struct store_page *page, struct store_reply);

struct store_message {
    const char *id, *project_id;
    const char *direction;              /* "outbound", "inbound" */
    const char *from, *to, *body;       /* sealed or plain as the caller means it */
    const char *media;                  /* JSON array of URLs */
    const char *status;                 /* "queued", "sent" … */
    const char *kind, *source;          /* "sms"; "realtime_api" */
    const char *status_url, *variables; /* JSON object, or "" */
    const char *error_code, *error_message;
    int64_t segments, tries, next_ms; /* next_ms 0: nothing more to do */
    int64_t created_ms, updated_ms;
};
void store_message_add(struct store *, const struct store_message *row, struct store_reply);
/** Status, errors, body, tries, next_ms and updated_ms of the row. */
void store_message_change(struct store *, const struct store_message *row, struct store_reply);
void store_message_find(struct store *, const char *id, struct store_reply);
void store_message_page(struct store *, const struct store_page *page, struct store_reply);
/** Those that are due at `now_ms`, oldest first. */
void store_message_due(struct store *, int64_t now_ms, int64_t limit, struct store_reply);

struct store_code {
    const char *id, *project_id;
    const char *party, *channel; /* a number; "sms", "call" */
    const char *hash;            /* never the code */
    int64_t tries_left, expires_ms, created_ms;
};
/** Forgets those that expired a day ago. */
void store_code_add(struct store *, const struct store_code *row, struct store_reply);
/** Takes one of its tries and answers with the row as it is then: ERR_NOT_FOUND when it is expired
 * at `now_ms`, used up or unknown. */
void store_code_try(struct store *, const char *id, int64_t now_ms, struct store_reply);
/** The newest for `party`, in whatever state. */
void store_code_find_party(struct store *, const char *party, struct store_reply);
void store_code_remove(struct store *, const char *id, struct store_reply);

extern const struct store_table store_resource_table, store_message_table, store_code_table;
