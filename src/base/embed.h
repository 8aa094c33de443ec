#pragma once
/* A file built into the program by tools/embed. Constant; any thread. */

#include <stddef.h>

struct embed {
    const char *name;          /* without its folder, or relative to the folder given */
    const unsigned char *data; /* one zero byte follows, so that text can be used as it is */
    size_t len;
};
