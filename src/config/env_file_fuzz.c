/* Whatever parses must print to text that parses to the same entries. */
#include <stdint.h>

#include "base/mem.h"
#include "env_file.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct env_file *first = NULL;
    struct env_file *again = NULL;
    if (env_file_parse(&first, slice_make(data, size), "fuzz", NULL, NULL, NULL))
        return 0;
    size_t cap = 4 << 20;
    struct buf text = { .ptr = mem_alloc(cap), .cap = cap };
    env_file_print(first, &text);
    if (!text.overflow && text.len <= ENV_FILE_MAX_BYTES) {
        BUG_IF(env_file_parse(&again, buf_slice(&text), "fuzz", NULL, NULL, NULL));
        BUG_IF(env_file_count(first) != env_file_count(again));
        for (size_t i = 0; i < env_file_count(first); i++)
            BUG_IF(strcmp(env_file_at(first, i)->value, env_file_at(again, i)->value) != 0);
    }
    mem_free(text.ptr);
    env_file_destroy(first);
    env_file_destroy(again);
    return 0;
}
