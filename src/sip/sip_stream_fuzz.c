/* The same bytes in one piece and in many give the same items; whole messages are whole. */
#include "base/buf.h"
#include "sip_msg.h"
#include "sip_stream.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

enum { FUZZ_TEXT = 1 << 20 };

/* What comes out, as text, when `wire` comes in steps. */
static void print_items(struct slice wire, size_t step, struct buf *out)
{
    struct sip_stream s = { 0 };
    enum sip_stream_item item = SIP_STREAM_MORE;
    while (wire.len && item != SIP_STREAM_BROKEN) {
        sip_stream_put(&s, slice_sub(wire, 0, step));
        wire = slice_from(wire, step);
        do {
            struct slice bytes;
            size_t whole = 0;
            item = sip_stream_next(&s, &bytes);
            BUG_IF(item == SIP_STREAM_MESSAGE &&
                   (sip_msg_frame(bytes, &whole) || whole != bytes.len));
            if (item != SIP_STREAM_MORE)
                buf_printf(out, "%d %.*s\n", item,
                           SLICE_ARG(item == SIP_STREAM_BROKEN ? SLICE_NONE : bytes));
        } while (item != SIP_STREAM_MORE && item != SIP_STREAM_BROKEN);
    }
    sip_stream_clear(&s);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    static char mem[2][FUZZ_TEXT];
    struct slice wire = slice_make(data, len);
    struct buf whole = BUF_ON(mem[0]), parts = BUF_ON(mem[1]);
    size_t step = len ? data[0] % 16 + 1 : 1;
    print_items(slice_sub(wire, 0, SIP_STREAM_STEP), SIP_STREAM_STEP, &whole);
    print_items(slice_sub(wire, 0, SIP_STREAM_STEP), step, &parts);
    BUG_IF(!slice_eq(buf_slice(&whole), buf_slice(&parts)));
    return 0;
}
