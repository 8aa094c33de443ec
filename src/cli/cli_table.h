#pragma once
/* JSON rows as an aligned table for people, and an object as lines. Text of peers is cleaned of
 * what steers a terminal. */

#include "cli/cli.h"

enum cli_column_kind {
    CLI_TEXT,
    CLI_STATE,   /* a word with a colour */
    CLI_NUMBER,  /* to the right */
    CLI_TIME_MS, /* milliseconds since 1970, shown in local time */
    CLI_SPAN_MS, /* a duration: 1:05 */
};

struct cli_column {
    const char *key, *title;
    enum cli_column_kind kind;
};

/** `rows` is an array of objects; `nothing` is printed when it is empty. Columns end with a NULL
 * key. */
void cli_table_print(struct cli *cli, const struct cli_column *columns, const json_t *rows,
                     const char *nothing);
/** "key: value" lines, keys aligned; objects and arrays inside are left out. */
void cli_table_print_object(struct cli *cli, const json_t *object);
