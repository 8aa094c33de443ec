#pragma once
/* Every option is a row: its names, type, default, help. Reading, checking, the sample file and
 * --help all come from the rows, so a new option is one line in options.c. Any thread. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "config/config.h"

enum option_type {
    OPTION_TEXT,
    OPTION_SECRET,
    OPTION_SECRET_FILE, /* a path, whose first line becomes the secret at the offset */
    OPTION_BOOL,
    OPTION_NUMBER,    /* int; "auto" is CONFIG_AUTO where `has_auto` */
    OPTION_WORD,      /* one of `words`; int or enum, the index */
    OPTION_LIST,      /* struct config_list */
    OPTION_BINDS,     /* struct config_binds */
    OPTION_HTTP_PORT, /* replaces the port of the bind number `index` at the offset */
    OPTION_RANGE,     /* struct config_range */
    OPTION_PAIRS,     /* struct config_pair * and, behind it, size_t */
};

/** Is this one value fine? If not, `*expected` is set to what was expected. */
typedef bool (*option_check_fn)(struct slice value, const char **expected);

struct option {
    const char *key;  /* in tandem.yaml, "listen.sip.udp"; NULL: not there */
    const char *env;  /* variable; NULL: none */
    const char *flag; /* of `tandem serve`, "--log-level"; NULL: only --set KEY=VALUE */
    enum option_type type;
    size_t offset;     /* in the struct of its table */
    const char *value; /* default as text; NULL: nothing */
    const char *help;
    option_check_fn check; /* text, and items of lists */
    const char *const *words;
    int low, high; /* number */
    bool has_auto;
    bool is_reloadable; /* takes effect without a restart */
    const char *host;   /* binds: the address when only a port is given */
    size_t index;
};

struct option_table {
    const struct option *rows;
    size_t n;
};
extern const struct option_table options_top, options_trunk, options_route, options_user;
/** Variables of the trunk "kandy"; its keys are those of options_trunk. */
extern const struct option_table options_kandy;

const struct option *option_find(const struct option_table *table, struct slice key);
const struct option *option_find_env(struct slice name); /* in any table */
const struct option *option_find_flag(struct slice flag);

/** Where a value came from, for messages. */
struct option_source {
    const char *file; /* "tandem.yaml", ".env", "environment", "command line" */
    int line;
    const char *key; /* as it is written there */
};

/** The rest is option_values.c. `base` is the struct of the row's table. Lists are emptied by reset
 * and grown by put, which also takes several items separated by commas. Values starting with
 * "your_" are refused as placeholders. ERR_INVALID, ERR_LIMIT; the value of a secret is never in
 * the fault. */
void option_reset(const struct option *row, void *base);
MUST_CHECK enum err option_put(const struct option *row, void *base, struct slice value,
                               const struct option_source *source, struct fault *fault);
MUST_CHECK enum err option_put_pair(const struct option *row, void *base, struct slice name,
                                    struct slice value, const struct option_source *source,
                                    struct fault *fault);
/** All rows to their defaults. */
void options_init(const struct option_table *table, void *base);
void options_clear(const struct option_table *table, void *base);

/** A tandem.yaml with every option, its default and what it means; loading it changes nothing. */
void options_print_sample(struct buf *out);
/** .env.example: every variable, commented out; the five that a provider needs come first. */
void options_print_env(struct buf *out);
/** The variables, for `tandem help variables` and docs. */
void options_print_variables(struct buf *out);
