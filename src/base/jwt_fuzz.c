/* Any bytes as a token; and as claims, which come back as they were. */
#include "base/jwt.h"
#include "base/mem.h"

static size_t find_key(const void *owner, struct slice id, uint8_t key[JWT_KEY_MAX])
{
    (void)owner;
    return id.len ? 0 : (memset(key, 7, 32), 32);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct jwt_check check = { .find_key = find_key };
    json_t *claims = json_loadb((const char *)data, len, JSON_REJECT_DUPLICATES, NULL), *again;
    char *token = NULL;
    if (jwt_parse(&again, slice_make(data, len), &check) == OK)
        json_decref(again);
    if (json_is_object(claims) && jwt_print(&token, claims, JWT_HS256, NULL, SLICE("key")) == OK) {
        BUG_IF(jwt_peek(&again, slice_of(token)) || !json_equal(again, claims));
        json_decref(again);
    }
    json_decref(claims);
    mem_free(token);
    return 0;
}
