#include "smpp.h"

#include <ctype.h>
#include <string.h>

#include "base/num.h"
#include "base/wire.h"

enum { VERSION = 0x34, ADDRESS_MAX = 20, TON_INTERNATIONAL = 1, TON_ALPHANUMERIC = 5 };
enum {
    TAG_RECEIPTED_ID = 0x001E,
    TAG_SAR_REFERENCE = 0x020C,
    TAG_SAR_TOTAL = 0x020E,
    TAG_SAR_NUMBER = 0x020F,
    TAG_PAYLOAD = 0x0424,
    TAG_STATE = 0x0427,
};

enum err smpp_parse(struct slice bytes, struct smpp_pdu *out, size_t *used)
{
    struct wire wire = wire_of(bytes);
    if (bytes.len < 4)
        return ERR_AGAIN;
    uint32_t len = wire_u32(&wire);
    if (len < SMPP_HEADER)
        return ERR_PARSE;
    if (len > SMPP_PDU_MAX)
        return ERR_LIMIT;
    if (bytes.len < len)
        return ERR_AGAIN;
    out->command = wire_u32(&wire);
    out->status = wire_u32(&wire);
    out->sequence = wire_u32(&wire);
    out->body = wire_bytes(&wire, len - SMPP_HEADER);
    *used = len;
    return OK;
}

void smpp_print(const struct smpp_pdu *pdu, struct buf *out)
{
    buf_u32(out, (uint32_t)(SMPP_HEADER + pdu->body.len)); /* at most SMPP_PDU_MAX */
    buf_u32(out, pdu->command);
    buf_u32(out, pdu->status);
    buf_u32(out, pdu->sequence);
    buf_put(out, pdu->body);
}

struct slice smpp_text(struct slice body)
{
    return slice_sub(body, 0, slice_index(body, '\0'));
}

static void put_text(struct buf *out, struct slice text)
{
    buf_put(out, text);
    buf_u8(out, 0);
}

void smpp_print_bind(const struct smpp_login *login, uint32_t sequence, struct buf *out)
{
    char mem[120];
    struct buf body = BUF_ON(mem);
    put_text(&body, slice_sub(slice_of(login->system_id), 0, 15)); /* §5.2.1 */
    put_text(&body, slice_sub(login->password, 0, 8));             /* §5.2.2 */
    put_text(&body, slice_sub(slice_of(login->system_type), 0, 12));
    buf_u8(&body, VERSION);
    buf_u16(&body, 0); /* addr_ton, addr_npi: the centre knows */
    put_text(&body, SLICE_NONE);
    smpp_print(&(struct smpp_pdu){ SMPP_BIND, 0, sequence, buf_slice(&body) }, out);
}

/* "+1555…" is international (1, 1), "12345" unknown (0, 1), "Shop" alphanumeric (5, 0): §5.2.5 */
static void put_address(struct buf *out, struct slice address)
{
    bool is_number = address.len > 0;
    bool is_full = slice_starts(address, SLICE("+"));
    struct slice digits = slice_from(address, is_full ? 1 : 0);
    for (size_t i = 0; i < digits.len; i++)
        is_number = is_number && isdigit((unsigned char)digits.ptr[i]);
    buf_u8(out, is_number ? (is_full ? TON_INTERNATIONAL : 0) : TON_ALPHANUMERIC);
    buf_u8(out, is_number ? 1 : 0);
    put_text(out, is_number ? digits : address);
}

enum err smpp_print_submit(const struct smpp_text_pdu *text, uint32_t sequence, struct buf *out)
{
    char mem[400];
    struct buf body = BUF_ON(mem);
    if (text->from.len > ADDRESS_MAX || text->to.len > ADDRESS_MAX)
        return ERR_INVALID;
    if (text->text.len > SMPP_SHORT_MAX)
        return ERR_LIMIT;
    put_text(&body, SLICE_NONE); /* service_type */
    put_address(&body, text->from);
    put_address(&body, text->to);
    buf_u8(&body, text->esm_class);
    buf_u16(&body, 0);           /* protocol_id, priority_flag */
    put_text(&body, SLICE_NONE); /* schedule_delivery_time */
    put_text(&body, SLICE_NONE); /* validity_period: the centre's */
    buf_u8(&body, 1);            /* registered_delivery: a receipt, please */
    buf_u8(&body, 0);            /* replace_if_present_flag */
    buf_u8(&body, text->coding);
    buf_u8(&body, 0); /* sm_default_msg_id */
    buf_u8(&body, (uint8_t)text->text.len);
    buf_put(&body, text->text);
    smpp_print(&(struct smpp_pdu){ SMPP_SUBMIT, 0, sequence, buf_slice(&body) }, out);
    return OK;
}

static struct slice take_text(struct wire *wire)
{
    size_t len = slice_index(wire->rest, '\0');
    struct slice text = wire_bytes(wire, len);
    wire_skip(wire, 1);
    return text;
}

/* addr_ton and addr_npi: is the number international? */
static bool take_type(struct wire *wire)
{
    bool is_full = wire_u8(wire) == TON_INTERNATIONAL;
    wire_skip(wire, 1);
    return is_full;
}

static void take_byte(uint16_t tag, uint8_t byte, struct smpp_text_pdu *out)
{
    if (tag == TAG_STATE)
        out->state = byte;
    else if (tag == TAG_SAR_TOTAL)
        out->sar.total = byte;
    else if (tag == TAG_SAR_NUMBER)
        out->sar.number = byte;
}

static void take_fields(struct wire *wire, struct smpp_text_pdu *out)
{
    while (wire->rest.len >= 4 && !wire->short_read) {
        uint16_t tag = wire_u16(wire);
        struct slice value = wire_bytes(wire, wire_u16(wire));
        if (tag == TAG_PAYLOAD)
            out->text = value;
        else if (tag == TAG_RECEIPTED_ID)
            out->receipt = smpp_text(value);
        else if (tag == TAG_SAR_REFERENCE && value.len == 2)
            out->sar.reference = wire_u16(&(struct wire){ .rest = value });
        else if (value.len == 1)
            take_byte(tag, (uint8_t)value.ptr[0], out);
    }
}

enum err smpp_parse_deliver(struct slice body, struct smpp_text_pdu *out)
{
    struct wire wire = wire_of(body);
    *out = (struct smpp_text_pdu){ 0 };
    (void)take_text(&wire); /* service_type */
    out->is_from_full = take_type(&wire);
    out->from = take_text(&wire);
    out->is_to_full = take_type(&wire);
    out->to = take_text(&wire);
    out->esm_class = wire_u8(&wire);
    wire_skip(&wire, 2);
    (void)take_text(&wire); /* schedule_delivery_time */
    (void)take_text(&wire); /* validity_period */
    wire_skip(&wire, 2);
    out->coding = wire_u8(&wire);
    wire_skip(&wire, 1);
    out->text = wire_bytes(&wire, wire_u8(&wire));
    take_fields(&wire, out);
    return wire.short_read ? ERR_PARSE : OK;
}

struct slice smpp_user_data(const struct smpp_text_pdu *text, struct smpp_part *part)
{
    enum { PART_8 = 0, PART_16 = 8 }; /* the information elements */
    struct wire all = wire_of(text->text);
    *part = text->sar;
    if (!(text->esm_class & SMPP_ESM_UDH))
        return text->text;
    struct wire header = wire_of(wire_bytes(&all, wire_u8(&all)));
    if (all.short_read) /* no header at all, whatever its class says */
        return text->text;
    while (header.rest.len >= 2 && !header.short_read) {
        uint8_t name = wire_u8(&header);
        struct slice value = wire_bytes(&header, wire_u8(&header));
        struct wire fields = wire_of(value);
        bool is_16 = name == PART_16 && value.len == 4;
        if (!is_16 && !(name == PART_8 && value.len == 3))
            continue;
        part->reference = is_16 ? wire_u16(&fields) : wire_u8(&fields);
        part->total = wire_u8(&fields);
        part->number = wire_u8(&fields);
    }
    return all.rest;
}

/* What stands behind "name:" up to the next space. */
static struct slice word_of(struct slice text, const char *name)
{
    size_t at = slice_find(text, slice_of(name));
    struct slice rest = slice_from(text, at + strlen(name));
    return at < text.len ? slice_cut(&rest, ' ') : SLICE_NONE;
}

enum smpp_fate smpp_receipt(const struct smpp_text_pdu *text, struct slice *id)
{
    static const struct {
        const char *word;
        uint8_t state; /* §5.2.28 */
        enum smpp_fate fate;
    } states[] = {
        { "ENROUTE", 1, SMPP_FATE_WAITS }, { "DELIVRD", 2, SMPP_FATE_DELIVERED },
        { "EXPIRED", 3, SMPP_FATE_LOST },  { "DELETED", 4, SMPP_FATE_LOST },
        { "UNDELIV", 5, SMPP_FATE_LOST },  { "ACCEPTD", 6, SMPP_FATE_WAITS },
        { "UNKNOWN", 7, SMPP_FATE_LOST },  { "REJECTD", 8, SMPP_FATE_LOST },
    };
    *id = text->receipt.len ? text->receipt : word_of(text->text, "id:");
    struct slice word = word_of(text->text, "stat:");
    for (size_t i = 0; i < COUNT_OF(states); i++)
        if (text->state ? text->state == states[i].state : slice_iis(word, states[i].word))
            return states[i].fate;
    return SMPP_FATE_UNKNOWN;
}
