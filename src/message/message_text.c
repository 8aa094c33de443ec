#include "message_text.h"

#include <stdint.h>

#include "base/num.h"

enum { ESCAPE = 0x1B, SURROGATES = 0xD800, SURROGATES_END = 0xE000, REPLACEMENT = 0xFFFD };

/* TS 23.038 §6.2.1; place 0x1B leads to the extension */
static const uint16_t gsm_alphabet[128] = {
    0x40,   0xA3,   0x24,   0xA5,   0xE8,   0xE9, 0xF9,   0xEC,   0xF2,   0xC7,   0x0A,   0xD8,
    0xF8,   0x0D,   0xC5,   0xE5,   0x0394, 0x5F, 0x03A6, 0x0393, 0x039B, 0x03A9, 0x03A0, 0x03A8,
    0x03A3, 0x0398, 0x039E, 0xFFFF, 0xC6,   0xE6, 0xDF,   0xC9,   0x20,   0x21,   0x22,   0x23,
    0xA4,   0x25,   0x26,   0x27,   0x28,   0x29, 0x2A,   0x2B,   0x2C,   0x2D,   0x2E,   0x2F,
    0x30,   0x31,   0x32,   0x33,   0x34,   0x35, 0x36,   0x37,   0x38,   0x39,   0x3A,   0x3B,
    0x3C,   0x3D,   0x3E,   0x3F,   0xA1,   0x41, 0x42,   0x43,   0x44,   0x45,   0x46,   0x47,
    0x48,   0x49,   0x4A,   0x4B,   0x4C,   0x4D, 0x4E,   0x4F,   0x50,   0x51,   0x52,   0x53,
    0x54,   0x55,   0x56,   0x57,   0x58,   0x59, 0x5A,   0xC4,   0xD6,   0xD1,   0xDC,   0xA7,
    0xBF,   0x61,   0x62,   0x63,   0x64,   0x65, 0x66,   0x67,   0x68,   0x69,   0x6A,   0x6B,
    0x6C,   0x6D,   0x6E,   0x6F,   0x70,   0x71, 0x72,   0x73,   0x74,   0x75,   0x76,   0x77,
    0x78,   0x79,   0x7A,   0xE4,   0xF6,   0xF1, 0xFC,   0xE0,
};
/* §6.2.1.1 */
static const struct {
    uint16_t code;
    uint8_t septet;
} extension[] = {
    { 0x0C, 0x0A }, { '^', 0x14 }, { '{', 0x28 }, { '}', 0x29 }, { '\\', 0x2F },
    { '[', 0x3C },  { '~', 0x3D }, { ']', 0x3E }, { '|', 0x40 }, { 0x20AC, 0x65 },
};

/* One character off the front; false: no UTF-8 (RFC 3629 §4). */
static bool next_code(struct slice *rest, uint32_t *code)
{
    static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
    uint8_t first = (uint8_t)rest->ptr[0];
    size_t len = first < 0x80 ? 1 : first < 0xC2 ? 0 : first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4;
    if (len == 0 || first > 0xF4 || len > rest->len)
        return false;
    uint32_t value = len == 1 ? first : first & (0x7FU >> len);
    for (size_t i = 1; i < len; i++) {
        uint8_t byte = (uint8_t)rest->ptr[i];
        if ((byte & 0xC0) != 0x80)
            return false;
        value = value << 6 | (byte & 0x3F);
    }
    if (value < least[len] || value > 0x10FFFF || (value >= SURROGATES && value < SURROGATES_END))
        return false;
    *rest = slice_from(*rest, len);
    *code = value;
    return true;
}

/* The septets of a character: 1 or 2, or 0 when it is not in the alphabet. */
static size_t to_gsm(uint32_t code, uint8_t out[2])
{
    for (size_t i = 0; i < COUNT_OF(gsm_alphabet); i++)
        if (gsm_alphabet[i] == code && i != ESCAPE) {
            out[0] = (uint8_t)i;
            return 1;
        }
    for (size_t i = 0; i < COUNT_OF(extension); i++)
        if (extension[i].code == code) {
            out[0] = ESCAPE;
            out[1] = extension[i].septet;
            return 2;
        }
    return 0;
}

static size_t units_of(uint32_t code, bool is_gsm)
{
    uint8_t septets[2];
    return is_gsm ? to_gsm(code, septets) : code > 0xFFFF ? 2 : 1;
}

/* How many units of `rest` fit into `room`; `rest` moves on. */
static size_t take_units(struct slice *rest, bool is_gsm, size_t room)
{
    size_t used = 0;
    while (rest->len) {
        struct slice ahead = *rest;
        uint32_t code = 0;
        if (!next_code(&ahead, &code))
            break;
        size_t n = units_of(code, is_gsm);
        if (n > room - used)
            break;
        used += n;
        *rest = ahead;
    }
    return used;
}

enum err message_text_measure(struct slice utf8, struct message_size *out)
{
    struct message_size size = { .is_gsm = true, .segments = 1 };
    uint8_t septets[2];
    uint32_t code;
    for (struct slice rest = utf8; rest.len;) {
        if (!next_code(&rest, &code))
            return ERR_PARSE;
        if (!to_gsm(code, septets))
            size.is_gsm = false;
    }
    for (struct slice rest = utf8; rest.len && next_code(&rest, &code);)
        size.units += units_of(code, size.is_gsm);
    if (size.units > (size.is_gsm ? MESSAGE_GSM_ONE : MESSAGE_UCS2_ONE)) {
        size.segments = 0;
        for (struct slice rest = utf8; rest.len; size.segments++)
            (void)take_units(&rest, size.is_gsm,
                             size.is_gsm ? MESSAGE_GSM_PART : MESSAGE_UCS2_PART);
    }
    *out = size;
    return OK;
}

static void put_code(uint32_t code, bool is_gsm, struct buf *out)
{
    uint8_t septets[2];
    if (is_gsm) {
        size_t n = to_gsm(code, septets);
        buf_put(out, slice_make(septets, n));
    } else if (code > 0xFFFF) {
        buf_u16(out, (uint16_t)(0xD800 + ((code - 0x10000) >> 10)));
        buf_u16(out, (uint16_t)(0xDC00 + ((code - 0x10000) & 0x3FF)));
    } else {
        buf_u16(out, (uint16_t)code);
    }
}

void message_text_part(struct slice *rest, bool is_gsm, bool is_one, struct buf *out)
{
    size_t room = is_gsm ? (is_one ? MESSAGE_GSM_ONE : MESSAGE_GSM_PART)
                         : (is_one ? MESSAGE_UCS2_ONE : MESSAGE_UCS2_PART);
    struct slice part = *rest;
    uint32_t code;
    (void)take_units(rest, is_gsm, room);
    part.len -= rest->len;
    while (part.len && next_code(&part, &code))
        put_code(code, is_gsm, out);
}

static void put_utf8(uint32_t code, struct buf *out)
{
    static const uint8_t lead[] = { 0, 0xC0, 0xE0, 0xF0 };
    unsigned more = code < 0x80 ? 0 : code < 0x800 ? 1 : code < 0x10000 ? 2 : 3;
    buf_u8(out, (uint8_t)(lead[more] | code >> (6 * more)));
    while (more--)
        buf_u8(out, (uint8_t)(0x80 | (code >> (6 * more) & 0x3F)));
}

static void read_gsm(struct slice bytes, struct buf *out)
{
    for (size_t i = 0; i < bytes.len; i++) {
        uint8_t septet = (uint8_t)bytes.ptr[i];
        uint32_t code = septet < COUNT_OF(gsm_alphabet) ? gsm_alphabet[septet] : REPLACEMENT;
        if (septet == ESCAPE) {
            code = REPLACEMENT;
            uint8_t next = ++i < bytes.len ? (uint8_t)bytes.ptr[i] : 0xFF;
            for (size_t k = 0; k < COUNT_OF(extension); k++)
                if (extension[k].septet == next)
                    code = extension[k].code;
        }
        put_utf8(code, out);
    }
}

static uint32_t unit_at(struct slice bytes, size_t i)
{
    return (uint32_t)((uint8_t)bytes.ptr[i] << 8 | (uint8_t)bytes.ptr[i + 1]);
}

static void read_latin1(struct slice bytes, struct buf *out)
{
    for (size_t i = 0; i < bytes.len; i++)
        put_utf8((uint8_t)bytes.ptr[i], out);
}

static void read_ucs2(struct slice bytes, struct buf *out)
{
    for (size_t i = 0; i + 1 < bytes.len; i += 2) {
        uint32_t code = unit_at(bytes, i);
        uint32_t low = i + 3 < bytes.len ? unit_at(bytes, i + 2) : 0;
        if (code >= 0xD800 && code < 0xDC00 && low >= 0xDC00 && low < 0xE000) {
            code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00);
            i += 2;
        } else if (code >= SURROGATES && code < SURROGATES_END) {
            code = REPLACEMENT;
        }
        put_utf8(code, out);
    }
}

void message_text_read(struct slice bytes, enum message_alphabet alphabet, struct buf *out)
{
    static void (*const readers[])(struct slice bytes, struct buf * out) = {
        [MESSAGE_GSM] = read_gsm, [MESSAGE_LATIN1] = read_latin1, [MESSAGE_UCS2] = read_ucs2
    };
    readers[alphabet](bytes, out);
}
