#pragma once
/* Random bytes from the kernel. Any thread. */

#include <stddef.h>
#include <stdint.h>

void rand_bytes(void *out, size_t len);
uint32_t rand_u32(void);
/** `len` characters of [A-Za-z0-9] and a terminator: `out` holds len + 1. 5.95 bits a character. */
void rand_token(char *out, size_t len);

enum { UUID_TEXT = 37 };
/** A version 4 UUID in text (RFC 9562 §5.4), terminated. */
void rand_uuid(char out[UUID_TEXT]);
