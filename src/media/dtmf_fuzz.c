#include "base/wire.h"
#include "media/dtmf.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void on_digit(void *owner, char digit, unsigned duration_ms)
{
    (void)owner;
    (void)duration_ms;
    BUG_IF(dtmf_event_of(digit) < 0);
}

/* Packets of 8 bytes: a timestamp and an event. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    static const struct dtmf_events events = { .on_digit = on_digit };
    struct dtmf_receiver receiver;
    dtmf_receiver_init(&receiver, &events, NULL);
    struct wire w = wire_of(slice_make(data, len));
    for (int64_t now_ms = 0; w.rest.len >= 4; now_ms += 20) {
        uint32_t ts = wire_u32(&w);
        struct slice payload = wire_bytes(&w, w.rest.len < 4 ? w.rest.len : 4);
        enum err err = dtmf_receiver_feed(&receiver, 8000, ts, payload, now_ms);
        BUG_IF(err != (payload.len < 4 ? ERR_PARSE : OK));
        dtmf_receiver_tick(&receiver, now_ms + ts % 512);
    }
    return 0;
}
