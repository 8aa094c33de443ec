#pragma once
/* SMPP 3.4 as bytes: the PDUs that a client who sends and receives needs. Any thread. */

#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"

enum {
    SMPP_HEADER = 16,
    SMPP_PDU_MAX = 70000,
    SMPP_ID_MAX = 65, /* message_id, terminated (§5.2.23) */
    SMPP_SHORT_MAX = 254,
};
enum smpp_command { /* §5.1.2.1 */
                    SMPP_SUBMIT = 0x04,
                    SMPP_DELIVER = 0x05,
                    SMPP_UNBIND = 0x06,
                    SMPP_BIND = 0x09, /* bind_transceiver */
                    SMPP_ENQUIRE = 0x15,
};
#define SMPP_RESP 0x80000000U
#define SMPP_NACK 0x80000000U /* generic_nack */
enum { SMPP_ESM_UDH = 0x40, SMPP_ESM_RECEIPT = 0x04, SMPP_BAD_COMMAND = 3 };
enum { /* data_coding (§5.2.19); 0: the centre's own, GSM's by custom */
       SMPP_CODING_ASCII = 1,
       SMPP_CODING_LATIN1 = 3,
       SMPP_CODING_UCS2 = 8,
};

struct smpp_pdu {
    uint32_t command, status, sequence;
    struct slice body; /* borrows the bytes */
};
/** One off the front; `*used` bytes are eaten. ERR_AGAIN: more needed.  ERR_PARSE: a length that
 * cannot be.  ERR_LIMIT: over SMPP_PDU_MAX. */
MUST_CHECK enum err smpp_parse(struct slice bytes, struct smpp_pdu *out, size_t *used);
void smpp_print(const struct smpp_pdu *pdu, struct buf *out);
/** The C-octet string at the front of a response's body: message_id, system_id. */
struct slice smpp_text(struct slice body);

struct smpp_login {
    const char *system_id, *system_type;
    struct slice password;
};
void smpp_print_bind(const struct smpp_login *login, uint32_t sequence, struct buf *out);

/** Of which long text it is a part; total 0: it is whole. */
struct smpp_part {
    uint16_t reference;
    uint8_t total, number;
};
/** A text on its way, in either direction. */
struct smpp_text_pdu {
    struct slice from, to;
    bool is_from_full, is_to_full; /* international (§5.2.5), as they came; told without their + */
    uint8_t esm_class, coding;
    struct slice text;    /* short_message or message_payload, user data header included */
    struct slice receipt; /* receipted_message_id; empty: not given (§5.3.2.12) */
    uint8_t state;        /* message_state; 0: not given (§5.2.28) */
    struct smpp_part sar; /* sar_msg_ref_num and its like (§5.3.2.22 to 24) */
};
/** ERR_LIMIT: over SMPP_SHORT_MAX.  ERR_INVALID: an address that does not fit. */
MUST_CHECK enum err smpp_print_submit(const struct smpp_text_pdu *text, uint32_t sequence,
                                      struct buf *out);
/** Of a deliver_sm's body. ERR_PARSE. */
MUST_CHECK enum err smpp_parse_deliver(struct slice body, struct smpp_text_pdu *out);

/** The text of a deliver_sm without its user data header, and what that header (TS 23.040
 * §9.2.3.24.1, §9.2.3.24.8) or the sar_ fields say of its place. */
struct slice smpp_user_data(const struct smpp_text_pdu *text, struct smpp_part *part);

enum smpp_fate { SMPP_FATE_UNKNOWN, SMPP_FATE_DELIVERED, SMPP_FATE_LOST, SMPP_FATE_WAITS };
/** What a receipt says, by its fields or by its text "id:… stat:DELIVRD err:000" (Appendix B);
 * `*id` borrows. */
enum smpp_fate smpp_receipt(const struct smpp_text_pdu *text, struct slice *id);
