#pragma once
/* Rows in and out of a database. SQL runs on the store's own thread; every call here is made on the
 * control thread and answered there by a callback, in the order of the calls. The store knows no
 * calls, phones or scopes: it keeps what others mean. What a row is: store_rows.h. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/slice.h"

struct loop;
struct store;
struct store_table; /* the columns of one kind of row */

enum {
    STORE_MAX_IN_FLIGHT = 4096, /* requests not yet answered; more are answered ERR_LIMIT */
    STORE_MAX_ROWS = 100000,    /* of one answer; lists end there */
    STORE_MAX_TEXT = 1 << 20,   /* bytes of one text */
};

/** Valid until the callback returns. */
struct store_answer {
    enum err err; /* OK, ERR_NOT_FOUND, ERR_EXISTS (a unique value is taken), ERR_INVALID (refers to
                     nobody), ERR_LIMIT, ERR_IO (the line is in the log) */
    const struct store_table *table;
    const void *rows; /* of the table's struct: use STORE_ROWS() */
    size_t n;
    int64_t changed; /* rows added, updated or removed */
};

/** The rows as `const struct TYPE *`; a bug if the answer holds another kind. A find has one row or
 * ERR_NOT_FOUND. */
#define STORE_ROWS(answer, type) ((const struct type *)store_answer_rows((answer), &type##_table))
const void *store_answer_rows(const struct store_answer *answer, const struct store_table *table);

typedef void (*store_fn)(void *owner, const struct store_answer *answer);

/** Whom to tell. `fn` NULL: nobody; a failure is logged. */
struct store_reply {
    store_fn fn;
    void *owner;
};
#define STORE_NOBODY ((struct store_reply){ NULL, NULL })

struct store_config {
    struct loop *loop; /* control's; a simulated one makes every request run at once, answered at
                          the end of the turn */
    const char *url;   /* NULL or "": sqlite in state_dir; "sqlite:PATH"; ":memory:" */
    const char *state_dir;
};

/** Open, bring the schema up to date, start the thread. Blocks: for the start of the program only.
 * ERR_IO: unreadable, locked or no database; ERR_UNSUPPORTED: written by a newer tandem, or a
 * database nobody knows. */
MUST_CHECK enum err store_open(struct store **out, const struct store_config *config,
                               struct fault *fault);
/** Finishes what was asked, tells nobody any more, ends the thread. NULL is fine. */
void store_close(struct store *store);
/** No callback for this owner any more: before an owner with open requests is destroyed. */
void store_forget(struct store *store, const void *owner);

size_t store_in_flight(const struct store *store);
/** "sqlite" or "memory", for people. */
const char *store_backend(const struct store *store);
