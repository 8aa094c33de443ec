#pragma once
/* SDP text as structs and back (RFC 8866). Parsing keeps one copy of the text and every slice
 * points into it; unknown lines and attributes are kept or skipped, never an error, but sizes are
 * bounded. What attributes mean is in sdp_attr.h, offer and answer in sdp_offer.h. Any thread. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/slice.h"

enum {
    SDP_MAX_BYTES = 64 * 1024,
    SDP_MAX_MEDIA = 32,
    SDP_MAX_FORMATS = 64,     /* in one m= line */
    SDP_MAX_ATTRIBUTES = 512, /* in the session part or under one m= line */
    SDP_MAX_BANDWIDTHS = 4
};

enum sdp_kind {
    SDP_AUDIO,
    SDP_VIDEO,
    SDP_APPLICATION,
    SDP_IMAGE,
    SDP_TEXT,
    SDP_MESSAGE,
    SDP_OTHER
};

struct sdp_attribute { /* a=name:value; a property attribute has an empty value */
    struct slice name, value;
    bool has_value;
};
struct sdp_attributes { /* in the order of the text */
    struct sdp_attribute *items;
    size_t n;
};
struct sdp_connection { /* c=IN IP4 192.0.2.1; empty address: there was none */
    struct slice net_type, addr_type, address; /* address as written: a /ttl stays */
};
struct sdp_bandwidth { /* b=TIAS:64000 */
    struct slice type, value;
};
struct sdp_bandwidths {
    struct sdp_bandwidth items[SDP_MAX_BANDWIDTHS];
    size_t n;
};
struct sdp_origin { /* o=; all empty when the line is missing */
    struct slice username, id, version, net_type, addr_type, address;
};
struct sdp_media { /* m= and what follows it */
    enum sdp_kind kind;
    struct slice kind_text;
    uint16_t port;
    uint16_t count; /* of "port/count"; 1 unless given */
    struct slice proto;
    struct slice formats[SDP_MAX_FORMATS];
    size_t n_formats;
    struct slice info;
    struct sdp_connection connection; /* of its own; sdp_connection_of() looks above too */
    struct sdp_bandwidths bandwidths;
    struct sdp_attributes attributes;
};
struct sdp_session {
    struct sdp_origin origin;
    struct slice name, info, uri, email, phone;
    struct sdp_connection connection;
    struct sdp_bandwidths bandwidths;
    struct slice time; /* of the first t= line: "0 0" */
    struct sdp_attributes attributes;
    struct sdp_media *media;
    size_t n_media;
    char *text;                 /* owned: what the slices point into */
    struct sdp_attribute *pool; /* owned: the one array that all sections share */
};

/**
 * Parse a session description; the caller destroys it. Lines may end in LF alone, and o=, s=, c=
 * and t= may be missing (the missing ones are empty). ERR_PARSE: no v=0, a malformed m= line, a NUL
 * byte.  ERR_LIMIT: over SDP_MAX_….
 */
MUST_CHECK enum err sdp_parse(struct sdp_session **out, struct slice text);
void sdp_session_destroy(struct sdp_session *session); /* NULL is fine */

/** The description in RFC 8866 §5 order with CRLF; lines that are absent and required get their
 * usual null value. What does not fit shows in `out->overflow`. */
void sdp_print(const struct sdp_session *session, struct buf *out);

/** The m= line's own c= line, else the session's. */
const struct sdp_connection *sdp_connection_of(const struct sdp_session *session,
                                               const struct sdp_media *media);
/** The first attribute of that name (case matters, RFC 8866 §6), or NULL. */
const struct sdp_attribute *sdp_find(const struct sdp_attributes *attributes, const char *name);
/** The next one of that name behind `after`; NULL `after` starts. For walking a=candidate lines. */
const struct sdp_attribute *sdp_find_next(const struct sdp_attributes *attributes, const char *name,
                                          const struct sdp_attribute *after);
/** Under the m= line, else in the session part, or NULL. `media` may be NULL. */
const struct sdp_attribute *sdp_find_in(const struct sdp_session *session,
                                        const struct sdp_media *media, const char *name);
