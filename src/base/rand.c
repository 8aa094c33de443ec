#include "rand.h"

#include <errno.h>
#include <stdio.h>
#include <sys/random.h>

#include "err.h"

void rand_bytes(void *out, size_t len)
{
    unsigned char *at = out;
    while (len) {
        ssize_t n = getrandom(at, len, 0);
        if (n < 0 && errno == EINTR) /* a signal while the pool is not seeded yet */
            continue;
        BUG_IF(n <= 0); /* cannot fail otherwise */
        at += n;
        len -= (size_t)n;
    }
}

uint32_t rand_u32(void)
{
    uint32_t v;
    rand_bytes(&v, sizeof v);
    return v;
}

void rand_token(char *out, size_t len)
{
    static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    enum { LETTERS = sizeof alphabet - 1, FAIR = 256 - 256 % LETTERS };
    size_t done = 0;
    while (done < len) {
        unsigned char pool[64];
        rand_bytes(pool, sizeof pool);
        for (size_t i = 0; i < sizeof pool && done < len; i++)
            if (pool[i] < FAIR) /* without this some letters come more often */
                out[done++] = alphabet[pool[i] % LETTERS];
    }
    out[len] = '\0';
}

void rand_uuid(char out[UUID_TEXT])
{
    unsigned char b[16];
    rand_bytes(b, sizeof b);
    b[6] = (unsigned char)((b[6] & 0x0f) | 0x40);
    b[8] = (unsigned char)((b[8] & 0x3f) | 0x80);
    snprintf(out, UUID_TEXT, "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x",
             b[0], b[1], b[2], b[3], b[4], b[5], b[6], b[7], b[8], b[9], b[10], b[11], b[12], b[13],
             b[14], b[15]);
}
