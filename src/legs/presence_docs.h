#pragma once
/* The documents of event packages as text: PIDF (RFC 3863, RFC 4480), dialog-info (RFC 4235),
 * reginfo (RFC 3680), message-summary (RFC 3842). Any thread; owns nothing. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/slice.h"

void presence_print_pidf(struct slice entity, bool is_there, bool is_talking, struct buf *out);

struct presence_dialog {
    const char *call;                         /* its id */
    uint32_t leg;                             /* of it */
    bool is_initiator;                        /* the phone called */
    const char *state;                        /* "trying", "early", "confirmed" */
    struct slice remote, remote_name, domain; /* who is at the other end */
};
void presence_open_dialogs(struct slice entity, uint32_t version, struct buf *out);
void presence_add_dialog(const struct presence_dialog *dialog, struct slice entity,
                         struct buf *out);
void presence_close_dialogs(struct buf *out);

struct presence_contact {
    struct slice uri;
    uint64_t number;
    int64_t expires_s;
    unsigned q; /* thousandths */
};
void presence_print_reg(struct slice entity, uint32_t version,
                        const struct presence_contact *contacts, size_t n, struct buf *out);

void presence_print_messages(struct slice entity, unsigned fresh, unsigned old, struct buf *out);
