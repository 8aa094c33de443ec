#pragma once
/* Writing SIP messages into a buffer: start line, headers in the order of the calls, Content-Length
 * and body at the end. A value with CR, LF or NUL in it spoils the message, so that nobody smuggles
 * headers in; that and overflow are told once, by sip_build_end(). Any thread; owns nothing. */

#include <stdbool.h>

#include "base/buf.h"
#include "net/addr.h"
#include "sip_msg.h"

struct sip_build {
    struct buf *out;
    bool bad; /* a value that may not stand in a header */
};

/** Start a request. `method` is its text; then Via, and so on by the calls below. */
void sip_build_request(struct sip_build *b, struct buf *out, struct slice method, struct slice uri);
/** Start a response; `reason` NULL or "" gives the usual phrase. */
void sip_build_status(struct sip_build *b, struct buf *out, unsigned status, const char *reason);
/**
 * Start the response to `req`: status line; its Vias, the top one with received and rport as
 * §18.2.1 and RFC 3581 §4 say for `source` (NULL: as it came); From; To with `to_tag` unless it has
 * one or the status is 100; Call-ID; CSeq; Record-Route when the response may form a dialog (101 to
 * 299 to INVITE, SUBSCRIBE, REFER); Timestamp in a 100.
 */
void sip_build_response(struct sip_build *b, struct buf *out, const struct sip_msg *req,
                        unsigned status, const char *reason, struct slice to_tag,
                        const struct addr *source);

void sip_build_header(struct sip_build *b, enum sip_header_id id, struct slice value);
void sip_build_text(struct sip_build *b, enum sip_header_id id, const char *value);
void sip_build_printf(struct sip_build *b, enum sip_header_id id, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
void sip_build_named(struct sip_build *b, struct slice name, struct slice value);
void sip_build_via(struct sip_build *b, const struct sip_via *via);
void sip_build_name_addr(struct sip_build *b, enum sip_header_id id,
                         const struct sip_name_addr *addr);
void sip_build_cseq(struct sip_build *b, uint32_t number, struct slice method);
/** Every value that `from` has of that header, one a line. */
void sip_build_copy(struct sip_build *b, const struct sip_msg *from, enum sip_header_id id);

/** Content-Type (when there is a body), Content-Length, the empty line and the body. ERR_LIMIT: the
 * buffer was too small. ERR_INVALID: a value with CR, LF or NUL. */
MUST_CHECK enum err sip_build_end(struct sip_build *b, struct slice content_type,
                                  struct slice body);
