#pragma once
/* The one-statement requests that most rows need, and how a table is written down. Private to this
 * folder. Control thread. */

#include <stddef.h>

#include "store/store_priv.h"
#include "store/store_rows.h"

/* a column named like its field */
#define TEXT(noun, field) \
    .name = #field, .offset = offsetof(struct store_##noun, field), .type = STORE_TEXT
#define NUMBER(noun, field) \
    .name = #field, .offset = offsetof(struct store_##noun, field), .type = STORE_NUMBER
/* a column whose name SQL or a field has taken */
#define NAMED(noun, field, column) \
    .name = column, .offset = offsetof(struct store_##noun, field), .type = STORE_TEXT
#define TABLE(noun, sql_name, sql_from)               \
    const struct store_table store_##noun##_table = { \
        .name = sql_name,                             \
        .from = sql_from,                             \
        .row_size = sizeof(struct store_##noun),      \
        .columns = noun##_columns,                    \
        .n_columns = COUNT_OF(noun##_columns),        \
    }

/* a token that still counts, for store_change_row() */
#define UNREVOKED "AND revoked_ms = 0"

void store_add_row(struct store *store, const struct store_table *table, const void *row,
                   struct store_reply reply);
/** Adds, or replaces the row with the same key. */
void store_set_row(struct store *store, const struct store_table *table, const void *row,
                   struct store_reply reply);
/** One row, `key` being $1 in `tail`; else ERR_NOT_FOUND. */
void store_find_row(struct store *store, const struct store_table *table, const char *tail,
                    const char *key, struct store_reply reply);
void store_list_rows(struct store *store, const struct store_table *table, const char *tail,
                     struct store_reply reply);
/** Writes `columns` ("name options") of the row with the same key; ERR_NOT_FOUND when there is
 * none, or none with `also` ("AND revoked_ms = 0", or ""). */
void store_change_row(struct store *store, const struct store_table *table, const void *row,
                      const char *columns, const char *also, struct store_reply reply);
/** `key` being $1 in `sql`; ERR_NOT_FOUND when nothing changed. */
void store_remove_row(struct store *store, const char *sql, const char *key,
                      struct store_reply reply);
