#pragma once
/* Begin to load memory that is needed soon, without waiting for it. */

#include <stddef.h>

static inline void warm(const void *object, size_t len)
{
    enum { LINE = 64 };
    for (size_t at = 0; at < len; at += LINE)
        __builtin_prefetch((const char *)object + at);
}
