#pragma once
/* One SIP message, parsed: RFC 3261 §7. It keeps one copy of the wire and its slices point into
 * that copy (folded lines are unfolded there); header table, message and bytes are one block.
 * Reference counted on one thread (control). What it is not: it knows no transaction, dialog or
 * transport. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/slice.h"
#include "sip_hdr.h"
#include "sip_names.h"
#include "sip_uri.h"

enum {
    SIP_MAX_MESSAGE = 65535, /* all of it; bytes */
    SIP_MAX_HEAD = 32768,    /* start line and headers; bytes */
    SIP_MAX_HEADERS = 256,   /* values, after lists were split */
    SIP_MAX_FORWARDS = 70,   /* what a request without the header counts as: §16.6 */
};

struct sip_msg;

struct sip_header {
    enum sip_header_id id;
    struct slice name;  /* as written */
    struct slice value; /* trimmed; one of several when the header is a list */
};

/** Why a message was refused, and what to answer: 400 "Bad Request: no Call-ID". */
struct sip_fault {
    unsigned status;
    const char *reason; /* static text */
};

/**
 * Parse a datagram; `*used` is its length. Without Content-Length the rest is the body; bytes
 * behind Content-Length are dropped. The caller holds one reference. ERR_PARSE: malformed.
 * ERR_UNSUPPORTED: another SIP version.  ERR_LIMIT: too long, or too many headers.  ERR_NOT_FOUND:
 * only CRLF (a keep-alive, RFC 5626 §3.5.1), or nothing.
 */
MUST_CHECK enum err sip_msg_parse(struct sip_msg **out, struct slice wire, size_t *used);
/**
 * Parse one message from the front of a stream; `*used` is the number of bytes eaten, leading CRLFs
 * included, and is set on ERR_NOT_FOUND too (only CRLFs so far). Content-Length must be there
 * (§18.3). ERR_AGAIN: more bytes needed, none eaten. Other errors as above: the stream cannot be
 * followed any further.
 */
MUST_CHECK enum err sip_msg_parse_stream(struct sip_msg **out, struct slice wire, size_t *used);
/**
 * The length of the message at the front of a stream, without a look at what it says. ERR_AGAIN:
 * more bytes needed; `*len` is then what it needs in all, or 0 while that is unknown. ERR_PARSE: no
 * Content-Length or a malformed one. ERR_LIMIT as above.
 */
MUST_CHECK enum err sip_msg_frame(struct slice wire, size_t *len);
/**
 * After one of the above failed: as much of a request as it takes to answer it (a top Via, From,
 * To, Call-ID and CSeq that can be copied), and the answer. ERR_PARSE when it cannot be answered: a
 * response, an ACK, or one of those headers is missing or more than one. Use it for
 * sip_build_response() only.
 */
MUST_CHECK enum err sip_msg_parse_broken(struct sip_msg **out, struct slice wire,
                                         struct sip_fault *fault);
struct sip_msg *sip_msg_ref(struct sip_msg *msg);
void sip_msg_unref(struct sip_msg *msg); /* NULL is fine */

bool sip_msg_is_request(const struct sip_msg *msg);
/** Of a response: that of its CSeq. */
enum sip_method sip_msg_method(const struct sip_msg *msg);
struct slice sip_msg_method_text(const struct sip_msg *msg);
/** The Request-URI; of a response all empty. `.text` is as written. */
const struct sip_uri *sip_msg_uri(const struct sip_msg *msg);
unsigned sip_msg_status(const struct sip_msg *msg); /* 0 for a request */
struct slice sip_msg_reason(const struct sip_msg *msg);

/* Always there in a message that parsed (checked: mandatory, single, well-formed). */
const struct sip_via *sip_msg_via(const struct sip_msg *msg); /* the top one */
const struct sip_cseq *sip_msg_cseq(const struct sip_msg *msg);
const struct sip_name_addr *sip_msg_from(const struct sip_msg *msg);
const struct sip_name_addr *sip_msg_to(const struct sip_msg *msg);
struct slice sip_msg_from_tag(const struct sip_msg *msg);
struct slice sip_msg_to_tag(const struct sip_msg *msg); /* empty: none */
struct slice sip_msg_call_id(const struct sip_msg *msg);
unsigned sip_msg_max_forwards(const struct sip_msg *msg); /* 0…255 */
struct slice sip_msg_body(const struct sip_msg *msg);
/** The session description in it: the body, or that part of a multipart one (RFC 5621 §3.1). Empty
 * when there is none. */
struct slice sip_msg_sdp(const struct sip_msg *msg);
/** The bytes of the message, folded lines unfolded. */
struct slice sip_msg_wire(const struct sip_msg *msg);

/** The first of that header, or NULL; the n-th from 0; by any name (long, compact, unknown). */
const struct sip_header *sip_msg_header(const struct sip_msg *msg, enum sip_header_id id);
const struct sip_header *sip_msg_header_nth(const struct sip_msg *msg, enum sip_header_id id,
                                            size_t n);
const struct sip_header *sip_msg_header_named(const struct sip_msg *msg, struct slice name);
/** The first value, or the empty slice. */
struct slice sip_msg_value(const struct sip_msg *msg, enum sip_header_id id);
size_t sip_msg_count(const struct sip_msg *msg, enum sip_header_id id);
/** All of them in their order, `i` below sip_msg_total(). */
size_t sip_msg_total(const struct sip_msg *msg);
const struct sip_header *sip_msg_header_at(const struct sip_msg *msg, size_t i);
/** Whether a list header (Require, Supported, Allow…) holds that word, case ignored. */
bool sip_msg_lists(const struct sip_msg *msg, enum sip_header_id id, const char *word);

/** The message as text: long names, one value a line, Content-Length as the body is. */
void sip_msg_print(const struct sip_msg *msg, struct buf *out);
