#include "mem.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void *checked(void *ptr, size_t size)
{
    if (!ptr) {
        fprintf(stderr, "out of memory allocating %zu bytes\n", size);
        abort();
    }
    return ptr;
}

void *mem_alloc(size_t size)
{
    return checked(calloc(1, size ? size : 1), size);
}

void *mem_array(size_t count, size_t size)
{
    return checked(calloc(count ? count : 1, size ? size : 1), size);
}

void *mem_resize(void *ptr, size_t size)
{
    return checked(realloc(ptr, size ? size : 1), size);
}

void *mem_copy(const void *ptr, size_t len)
{
    void *copy = mem_alloc(len);
    if (len)
        memcpy(copy, ptr, len);
    return copy;
}

char *mem_copy_text(const char *ptr, size_t len)
{
    char *copy = mem_alloc(len + 1);
    if (len)
        memcpy(copy, ptr, len);
    return copy;
}

void mem_free(void *ptr)
{
    free(ptr);
}

void mem_wipe(void *ptr, size_t len)
{
    volatile unsigned char *bytes = ptr;
    while (len--)
        *bytes++ = 0;
}
