#include "secret.h"

#include "hash.h"
#include "mem.h"

void secret_set(struct secret *secret, struct slice value)
{
    char *copy = slice_dup(value);
    secret_clear(secret);
    secret->ptr = copy;
    secret->len = value.len;
}

void secret_clear(struct secret *secret)
{
    if (secret->ptr)
        mem_wipe(secret->ptr, secret->len);
    mem_free(secret->ptr);
    *secret = (struct secret){ 0 };
}

struct slice secret_reveal(const struct secret *secret)
{
    return (struct slice){ secret->ptr, secret->len };
}

bool secret_is(const struct secret *secret, struct slice guess)
{
    return hash_same(secret_reveal(secret), guess);
}
