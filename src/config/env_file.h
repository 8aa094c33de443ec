#pragma once
/* The .env file: KEY=value lines as dotenv and docker compose read them. An engine over bytes; who
 * asks decides which keys matter. Any thread.
 *   KEY=value # comment       unquoted: trimmed, " #" starts a comment, ${NAME} is expanded
 *   KEY="a\tb ${NAME}"        escapes \n \r \t \" \\ \$ and ${NAME}
 *   KEY='as it is'            nothing is special
 *   export KEY=value          the word is ignored */

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/slice.h"

struct env_file;

enum {
    ENV_FILE_MAX_BYTES = 256 << 10,
    ENV_FILE_MAX_ENTRIES = 2000,
    ENV_FILE_MAX_VALUE = 16 << 10, /* bytes, expanded */
};

struct env_entry {
    char *name, *value;
    int line;
    int first_line; /* where the same name stood before, 0 for nowhere: the last wins */
    bool is_used;   /* by ${NAME}, here or elsewhere */
};

/** The value of a variable, or NULL. */
typedef const char *(*env_lookup_fn)(void *owner, struct slice name);

/** ${NAME} is looked up by `lookup` (may be NULL: nothing there) and then in the lines above. On an
 * error `fault` names `file` and line. ERR_PARSE, ERR_LIMIT, ERR_NOT_FOUND (${NAME} is not set). */
MUST_CHECK enum err env_file_parse(struct env_file **out, struct slice text, const char *file,
                                   env_lookup_fn lookup, void *owner, struct fault *fault);
void env_file_destroy(struct env_file *file); /* values are wiped; NULL is fine */
size_t env_file_count(const struct env_file *file);
struct env_entry *env_file_at(struct env_file *file, size_t i);
struct env_entry *env_file_find(struct env_file *file, struct slice name);
/** Text that parses to the same entries. */
void env_file_print(const struct env_file *file, struct buf *out);

/** `text` with every ${NAME} replaced; "$${" stands for "${". ERR_NOT_FOUND with `*missing` set;
 * ERR_PARSE: "${" without its end. */
MUST_CHECK enum err env_expand(struct slice text, env_lookup_fn lookup, void *owner,
                               struct buf *out, struct slice *missing);
