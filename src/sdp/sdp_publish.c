#include "sdp_publish.h"

#include <inttypes.h>
#include <string.h>

#include "base/mem.h"
#include "sdp_memory.h"

enum err sdp_publish(struct sdp_session_state *state, const char *address, struct buf *body,
                     struct buf *out)
{
    struct sdp_memory *memory = state->memory;
    const char *text = buf_cstr(body);
    bool is_new = !memory->sent || strcmp(memory->sent, text) != 0;
    uint64_t version = state->version + (is_new ? 1 : 0);
    buf_printf(out, "v=0\r\no=- %" PRIu64 " %" PRIu64 " IN %s %s\r\n", state->id, version,
               strchr(address, ':') ? "IP6" : "IP4", address);
    buf_text(out, text);
    if (out->overflow || body->overflow)
        return ERR_LIMIT;
    if (!is_new)
        return OK;
    if (memory->sent)
        mem_wipe(memory->sent, strlen(memory->sent));
    mem_free(memory->sent);
    memory->sent = slice_dup(slice_of(text));
    state->version = version;
    return OK;
}
