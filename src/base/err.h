#pragma once
/* Error codes shared by every floor, and the fault: an error that a person has to act on. Any
 * thread. */

#define MUST_CHECK __attribute__((warn_unused_result))

enum err {
    OK = 0,
    ERR_AGAIN,       /* more bytes or more time needed */
    ERR_PARSE,       /* malformed input */
    ERR_LIMIT,       /* over a named limit */
    ERR_NOT_FOUND,   /* nobody by that name */
    ERR_EXISTS,      /* the name is taken */
    ERR_MISUSE,      /* not allowed in this state */
    ERR_IO,          /* the operating system refused; errno tells */
    ERR_TIMEOUT,     /* nobody answered in time */
    ERR_AUTH,        /* wrong credentials, MAC or fingerprint */
    ERR_REFUSED,     /* the far end said no */
    ERR_UNSUPPORTED, /* valid, but not something we do */
    ERR_CLOSED,      /* the connection or object is gone */
    ERR_INVALID,     /* a value outside its range */
    ERR_COUNT
};

/** The code as a word for logs: "timeout". Never NULL. */
const char *err_name(enum err err);

enum { FAULT_TEXT_MAX = 400, FAULT_WHERE_MAX = 200 };

/** What is wrong and where: `where` is a file, a JSON path or a field; `line` is 0 when there is
 * none. */
struct fault {
    enum err code;
    int line;
    char where[FAULT_WHERE_MAX];
    char text[FAULT_TEXT_MAX];
};

/** Fill `fault` (which may be NULL) and return `code`, so that `return fault_set(…)` reads well. */
enum err fault_set(struct fault *fault, enum err code, const char *where, int line, const char *fmt,
                   ...) __attribute__((format(printf, 5, 6)));
/** "file:12: text", "where: text" or "text", into `out` of `cap` bytes; always terminated. */
void fault_print(const struct fault *fault, char *out, unsigned long cap);

/** A broken invariant is a bug: say where and abort, in release builds too. */
#define BUG_IF(cond)                              \
    do {                                          \
        if (__builtin_expect(!!(cond), 0))        \
            bug_abort(__FILE__, __LINE__, #cond); \
    } while (0)
_Noreturn void bug_abort(const char *file, int line, const char *what);
