#include "err.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

static const char *const names[] = {
    "ok", "again",   "parse", "limit",   "not-found",   "exists", "misuse",
    "io", "timeout", "auth",  "refused", "unsupported", "closed", "invalid",
};
_Static_assert(sizeof names / sizeof names[0] == ERR_COUNT, "one name per error code");

const char *err_name(enum err err)
{
    return (unsigned)err < ERR_COUNT ? names[err] : "unknown";
}

enum err fault_set(struct fault *fault, enum err code, const char *where, int line, const char *fmt,
                   ...)
{
    if (!fault)
        return code;
    fault->code = code;
    fault->line = line;
    snprintf(fault->where, sizeof fault->where, "%s", where ? where : "");
    va_list args;
    va_start(args, fmt);
    vsnprintf(fault->text, sizeof fault->text, fmt, args);
    va_end(args);
    return code;
}

void fault_print(const struct fault *fault, char *out, unsigned long cap)
{
    if (fault->where[0] && fault->line > 0)
        snprintf(out, cap, "%s:%d: %s", fault->where, fault->line, fault->text);
    else if (fault->where[0])
        snprintf(out, cap, "%s: %s", fault->where, fault->text);
    else
        snprintf(out, cap, "%s", fault->text);
}

_Noreturn void bug_abort(const char *file, int line, const char *what)
{
    fprintf(stderr, "bug: %s:%d: %s\n", file, line, what);
    abort();
}
