#pragma once
/* Rows of what programs keep: subprojects, tokens they change, resources, pages of call records.
 * The rules of store_rows.h hold. Control thread. */

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
    const char *from, *to;      /* "" or NULL: any */
    int64_t from_ms, before_ms; /* created; 0: no bound */
    int64_t offset, limit;
};
void store_call_page(struct store *, const struct store_page *page, struct store_reply);
/** With its timeline. */
void store_call_remove(struct store *, const char *id, struct store_reply);

extern const struct store_table store_resource_table;
