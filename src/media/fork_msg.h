#pragma once
/* The messages in which audio goes to a program's WebSocket and comes back: JSON with event
 * connected, start, media, dtmf, mark, stop; media, mark and clear come back. The form that users
 * of Twilio's Media Streams and of SignalWire's stream know. Any thread. */

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/slice.h"

enum fork_codec { FORK_ULAW, FORK_L16 /* little endian */ };
enum {
    FORK_MSG_MAX = 512 << 10, /* of one that comes back */
    FORK_NAME_MAX = 256,      /* of a mark */
    FORK_PAYLOAD_MAX = FORK_MSG_MAX * 3 / 4,
};

struct fork_names { /* borrowed */
    const char *stream_id, *call_id, *account_id;
    const char *name;     /* NULL: none */
    const json_t *custom; /* an object; NULL: {} */
    bool inbound, outbound;
    enum fork_codec codec;
    uint32_t rate_hz;
};

/* Each is a text on the heap, the caller's; `seq` counts all but `connected`, from 1. */
char *fork_msg_connected(void);
char *fork_msg_start(const struct fork_names *names, uint64_t seq);
/** `chunk` counts those of a track from 1. */
struct fork_media {
    bool is_outbound;
    uint64_t chunk, at_ms;
    const int16_t *pcm;
    size_t n;
};
char *fork_msg_media(const struct fork_names *names, uint64_t seq, const struct fork_media *media);
char *fork_msg_dtmf(const struct fork_names *names, uint64_t seq, char digit);
char *fork_msg_mark(const struct fork_names *names, uint64_t seq, const char *name);
char *fork_msg_stop(const struct fork_names *names, uint64_t seq);

enum fork_msg_kind { FORK_MSG_MEDIA, FORK_MSG_MARK, FORK_MSG_CLEAR, FORK_MSG_OTHER };
struct fork_msg {
    enum fork_msg_kind kind;
    int16_t *pcm; /* media */
    size_t n;
    char *name; /* mark */
};
/** What came back. ERR_PARSE: no JSON object with an event, or its fields are not what they must
 * be.  ERR_LIMIT: over FORK_MSG_MAX. */
MUST_CHECK enum err fork_msg_parse(struct slice text, enum fork_codec codec, struct fork_msg *out);
void fork_msg_clear(struct fork_msg *msg);
