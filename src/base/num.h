#pragma once
/* Arithmetic that cannot overflow unseen. Any thread. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** a + b into `*out`; false when it would wrap. */
static inline bool num_add(size_t a, size_t b, size_t *out)
{
    return !__builtin_add_overflow(a, b, out);
}
static inline bool num_mul(size_t a, size_t b, size_t *out)
{
    return !__builtin_mul_overflow(a, b, out);
}
static inline int64_t num_min(int64_t a, int64_t b)
{
    return a < b ? a : b;
}
static inline int64_t num_max(int64_t a, int64_t b)
{
    return a > b ? a : b;
}
#define COUNT_OF(array) (sizeof(array) / sizeof(array)[0])
