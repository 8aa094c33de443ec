#pragma once
/* Memory that is there or the program is not: allocation failure aborts with a line. Any thread. */

#include <stddef.h>

/** `size` zeroed bytes; never NULL. The caller checks peer-controlled sizes against a limit first.
 */
void *mem_alloc(size_t size);
/** `count` × `size` zeroed bytes; aborts on overflow. */
void *mem_array(size_t count, size_t size);
/** Grow or shrink; new bytes are not zeroed. */
void *mem_resize(void *ptr, size_t size);
/** Copies of `len` bytes plus a terminator. */
char *mem_copy_text(const char *ptr, size_t len);
void *mem_copy(const void *ptr, size_t len);
void mem_free(void *ptr); /* NULL is fine */
/** Overwrite with zeros in a way that the compiler keeps. */
void mem_wipe(void *ptr, size_t len);

#define mem_new(type) ((type *)mem_alloc(sizeof(type)))
