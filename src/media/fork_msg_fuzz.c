#include "media/fork_msg.h"

#include "base/mem.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

/* What a program sends, parsed, printed and parsed again. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    const struct fork_names names = { .stream_id = "s", .codec = FORK_L16 };
    struct fork_msg msg, again;
    if (fork_msg_parse(slice_make(data, len), FORK_L16, &msg) != OK)
        return 0;
    const struct fork_media media = { .pcm = msg.pcm, .n = msg.n };
    char *text = msg.name ? fork_msg_mark(&names, 1, msg.name) : fork_msg_media(&names, 1, &media);
    if (fork_msg_parse(slice_of(text), FORK_L16, &again) == OK)
        BUG_IF(again.n != msg.n);
    mem_free(text);
    fork_msg_clear(&msg);
    fork_msg_clear(&again);
    return 0;
}
