#pragma once
/* Finds messages and keep-alives in the bytes of a stream (RFC 3261 §18.3, RFC 5626 §4.4.1). An
 * engine: no socket, no clock. It looks at what it takes to find the end of a message, no more. */

#include <stdbool.h>
#include <stddef.h>

#include "base/slice.h"

enum { SIP_STREAM_STEP = 64 << 10 }; /* at most so many bytes with one put */

enum sip_stream_item {
    SIP_STREAM_MORE,    /* nothing whole is left */
    SIP_STREAM_MESSAGE, /* by its length; whether it is SIP is not known yet */
    SIP_STREAM_PING,    /* CRLF CRLF */
    SIP_STREAM_PONG,    /* CRLF; told when it was awaited only */
    SIP_STREAM_BROKEN,  /* where the next message begins cannot be known any more */
};

struct sip_stream { /* zero-initialised is fine */
    char *bytes;
    size_t len, cap, at; /* the next item begins at `at` */
    size_t need;         /* before so many are there, looking again is of no use */
    bool awaits_pong;    /* the caller sent a ping: set by him */
    bool broken;
};

void sip_stream_clear(struct sip_stream *stream);
/** Up to SIP_STREAM_STEP bytes; then call sip_stream_next() until SIP_STREAM_MORE or _BROKEN. */
void sip_stream_put(struct sip_stream *stream, struct slice bytes);
/** `*out` holds the bytes of a message, or, when broken, what there is: until the next
 * call. */
enum sip_stream_item sip_stream_next(struct sip_stream *stream, struct slice *out);
/** A message has begun and is not whole. */
bool sip_stream_is_waiting(const struct sip_stream *stream);
