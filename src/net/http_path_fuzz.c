#include "base/mem.h"
#include "net/http_path.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct slice text = slice_make(data, len), back;
    struct http_path_match match;
    struct http_param params[8];
    size_t n = 8, decoded = 0;
    char *mem = mem_alloc(len + 1), *encoded = mem_alloc(3 * len + 1), *again = mem_alloc(len + 1);
    (void)http_path_matches("/a/:b/*", text, &match);
    (void)!http_query_parse(text, mem, len + 1, params, &n);
    if (http_path_decode(text, false, mem, len, &decoded) == OK) {
        back = slice_make(mem, decoded);
        BUG_IF(!http_path_encode(back, encoded, 3 * len + 1));
        if (slice_index(back, '\0') == back.len) { /* which is never decoded from %00 */
            BUG_IF(http_path_decode(slice_of(encoded), false, again, len, &n));
            BUG_IF(!slice_eq(slice_make(again, n), back));
        }
    }
    mem_free(mem), mem_free(encoded), mem_free(again);
    return 0;
}
