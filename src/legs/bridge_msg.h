#pragma once
/* The JSON messages of the bridge socket, from text to values (docs of the protocol:
 * docs/bridge.md). Unknown types are a kind of their own and never an error: an old page or a newer
 * one may send them. */

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/slice.h"

enum bridge_type {
    BRIDGE_UNKNOWN,
    BRIDGE_OFFER,
    BRIDGE_ANSWER,
    BRIDGE_REJECT,
    BRIDGE_HANGUP,
    BRIDGE_CANDIDATE,
    BRIDGE_DTMF,
    BRIDGE_MUTE,
    BRIDGE_UNMUTE,
    BRIDGE_HOLD,
    BRIDGE_RESUME,
    BRIDGE_TRANSFER,
    BRIDGE_RECORD_START,
    BRIDGE_RECORD_STOP,
    BRIDGE_STATS,
    BRIDGE_PING,
    BRIDGE_AUTH,
    BRIDGE_REGISTER,
    BRIDGE_UNREGISTER,
};

enum {
    BRIDGE_SDP_MAX = 64 << 10,
    BRIDGE_DESTINATION_MAX = 512,
    BRIDGE_HEADERS_MAX = 8 << 10, /* names and values together */
    BRIDGE_DIGITS_MAX = 64,
    BRIDGE_CALL_ID_MAX = 128,
    BRIDGE_DTMF_MIN_MS = 40,
    BRIDGE_DTMF_MAX_MS = 6000,
};

/** Slices point into `root`. */
struct bridge_msg {
    json_t *root; /* owned */
    enum bridge_type type;
    struct slice type_text;
    struct slice call_id; /* the client's own; empty: none */
    struct slice sdp;
    struct slice destination, from, display_name;
    json_t
        *headers; /* object of text, owned; objects given as values are JSON-encoded on one line */
    struct slice candidate; /* "candidate:…"; empty ends the list */
    struct slice digits;
    unsigned duration_ms, gap_ms;
    bool mute_send, mute_receive;
    int code; /* reject; 0: none given */
    struct slice reason, token;
    struct slice replaces; /* transfer: the page's other call; empty: to `destination` */
    bool stereo;           /* record-start */
    json_t *t;             /* ping's, borrowed from root; may be NULL */
};

/** ERR_PARSE (not JSON: the parser's words), ERR_INVALID (a field: its name in fault->where),
 * ERR_LIMIT. On an error nothing is owned. */
MUST_CHECK enum err bridge_msg_parse(struct bridge_msg *out, struct slice text,
                                     struct fault *fault);
void bridge_msg_clear(struct bridge_msg *msg);
