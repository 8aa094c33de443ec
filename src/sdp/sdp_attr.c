#include "sdp_attr.h"

#include "base/num.h"
#include "sdp/sdp.h"

static enum err read_u16(struct slice text, uint16_t *out)
{
    uint32_t wide;
    enum err err = slice_to_u32(text, UINT16_MAX, &wide);
    if (!err)
        *out = (uint16_t)wide; /* ≤ UINT16_MAX was checked */
    return err;
}

static enum err read_u8(struct slice text, uint8_t max, uint8_t *out)
{
    uint32_t wide;
    enum err err = slice_to_u32(text, max, &wide);
    if (!err)
        *out = (uint8_t)wide; /* ≤ max, which is 8 bits */
    return err;
}

/* --- direction --- */

static const char *const directions[] = { "sendrecv", "sendonly", "recvonly", "inactive" };

enum sdp_direction sdp_direction_reverse(enum sdp_direction direction)
{
    unsigned bits = (unsigned)direction;
    return (enum sdp_direction)((bits >> 1 | bits << 1) & SDP_INACTIVE);
}

const char *sdp_direction_name(enum sdp_direction direction)
{
    return directions[direction];
}

static bool direction_in(const struct sdp_attributes *list, enum sdp_direction *out)
{
    for (size_t i = 0; i < list->n; i++)
        for (unsigned d = 0; d < COUNT_OF(directions); d++)
            if (slice_is(list->items[i].name, directions[d])) {
                *out = (enum sdp_direction)d;
                return true;
            }
    return false;
}

enum sdp_direction sdp_direction_of(const struct sdp_session *session,
                                    const struct sdp_media *media)
{
    enum sdp_direction direction = SDP_SENDRECV;
    if (!direction_in(&media->attributes, &direction))
        (void)direction_in(&session->attributes, &direction);
    return direction;
}

/* --- formats --- */

/* RFC 3551 §6, the audio types that are still met */
static const struct {
    uint8_t pt;
    const char *name;
    uint32_t clock_hz;
    uint8_t channels;
} static_types[] = {
    { 0, "PCMU", 8000, 1 },   { 3, "GSM", 8000, 1 },    { 4, "G723", 8000, 1 },
    { 5, "DVI4", 8000, 1 },   { 6, "DVI4", 16000, 1 },  { 7, "LPC", 8000, 1 },
    { 8, "PCMA", 8000, 1 },   { 9, "G722", 8000, 1 },   { 10, "L16", 44100, 2 },
    { 11, "L16", 44100, 1 },  { 12, "QCELP", 8000, 1 }, { 13, "CN", 8000, 1 },
    { 14, "MPA", 90000, 1 },  { 15, "G728", 8000, 1 },  { 16, "DVI4", 11025, 1 },
    { 17, "DVI4", 22050, 1 }, { 18, "G729", 8000, 1 },
};

enum err sdp_rtpmap_parse(struct slice value, struct sdp_rtpmap *out)
{
    struct sdp_rtpmap map = { .channels = 1 };
    if (read_u8(slice_word(&value), 127, &map.pt))
        return ERR_PARSE;
    struct slice encoding = slice_trim(value);
    map.name = slice_cut(&encoding, '/');
    struct slice clock = slice_trim(slice_cut(&encoding, '/'));
    if (!map.name.len || slice_to_u32(clock, UINT32_MAX, &map.clock_hz) || !map.clock_hz)
        return ERR_PARSE;
    encoding = slice_trim(encoding);
    if (encoding.len && (read_u8(encoding, UINT8_MAX, &map.channels) || !map.channels))
        return ERR_PARSE;
    *out = map;
    return OK;
}

bool sdp_rtpmap_static(uint8_t pt, struct sdp_rtpmap *out)
{
    for (size_t i = 0; i < COUNT_OF(static_types); i++)
        if (static_types[i].pt == pt) {
            *out = (struct sdp_rtpmap){ pt, slice_of(static_types[i].name),
                                        static_types[i].clock_hz, static_types[i].channels };
            return true;
        }
    return false;
}

bool sdp_rtpmap_find(const struct sdp_media *media, uint8_t pt, struct sdp_rtpmap *out)
{
    const struct sdp_attribute *a = NULL;
    while ((a = sdp_find_next(&media->attributes, "rtpmap", a))) {
        struct sdp_rtpmap map;
        if (sdp_rtpmap_parse(a->value, &map) == OK && map.pt == pt) {
            *out = map;
            return true;
        }
    }
    return sdp_rtpmap_static(pt, out);
}

struct slice sdp_fmtp_find(const struct sdp_media *media, uint8_t pt)
{
    const struct sdp_attribute *a = NULL;
    while ((a = sdp_find_next(&media->attributes, "fmtp", a))) {
        struct slice rest = a->value;
        uint8_t which;
        if (read_u8(slice_word(&rest), 127, &which) == OK && which == pt)
            return slice_trim(rest);
    }
    return SLICE_NONE;
}

struct slice sdp_fmtp_param(struct slice fmtp, const char *name)
{
    while (fmtp.len) {
        struct slice value = slice_cut(&fmtp, ';');
        struct slice key = slice_trim(slice_cut(&value, '='));
        if (slice_iis(key, name))
            return slice_trim(value);
    }
    return SLICE_NONE;
}

static unsigned milliseconds(const struct sdp_media *media, const char *name)
{
    const struct sdp_attribute *a = sdp_find(&media->attributes, name);
    uint32_t ms = 0;
    /* RFC 4566 allowed fractions: the whole part is near enough */
    struct slice value = a ? slice_trim(a->value) : SLICE_NONE;
    if (slice_to_u32(slice_cut(&value, '.'), 1000, &ms))
        return 0;
    return ms;
}

unsigned sdp_ptime(const struct sdp_media *media)
{
    return milliseconds(media, "ptime");
}

unsigned sdp_maxptime(const struct sdp_media *media)
{
    return milliseconds(media, "maxptime");
}

bool sdp_rtcp_find(const struct sdp_media *media, struct sdp_rtcp *out)
{
    const struct sdp_attribute *a = sdp_find(&media->attributes, "rtcp");
    struct slice rest = a ? slice_trim(a->value) : SLICE_NONE;
    struct sdp_rtcp rtcp = { 0 };
    if (read_u16(slice_word(&rest), &rtcp.port))
        return false;
    (void)slice_word(&rest); /* IN */
    (void)slice_word(&rest); /* IP4 or IP6: the address tells */
    rtcp.address = slice_word(&rest);
    *out = rtcp;
    return true;
}

/* --- DTLS and SDES --- */

enum err sdp_fingerprint_parse(struct slice value, struct sdp_fingerprint *out)
{
    value = slice_trim(value);
    struct sdp_fingerprint f = { .hash = slice_word(&value) };
    f.value = slice_trim(value);
    if (!f.hash.len || !f.value.len)
        return ERR_PARSE;
    for (size_t i = 0; i < f.value.len; i++) {
        char c = f.value.ptr[i];
        bool hex = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
        if (i % 3 == 2 ? c != ':' : !hex)
            return ERR_PARSE;
    }
    if (f.value.len % 3 != 2)
        return ERR_PARSE;
    *out = f;
    return OK;
}

static const char *const setups[] = { "", "actpass", "active", "passive", "holdconn" };

enum sdp_setup sdp_setup_parse(struct slice value)
{
    value = slice_trim(value);
    for (unsigned i = SDP_SETUP_ACTPASS; i < COUNT_OF(setups); i++)
        if (slice_iis(value, setups[i]))
            return (enum sdp_setup)i;
    return SDP_SETUP_NONE;
}

const char *sdp_setup_name(enum sdp_setup setup)
{
    return setups[setup];
}

enum err sdp_crypto_parse(struct slice value, struct sdp_crypto *out)
{
    value = slice_trim(value);
    struct sdp_crypto crypto = { 0 };
    /* RFC 4568 §9.1: a tag has at most nine digits */
    if (slice_to_u32(slice_word(&value), 999999999, &crypto.tag))
        return ERR_PARSE;
    crypto.suite = slice_word(&value);
    value = slice_trim(value);
    if (!crypto.suite.len || !slice_istarts(value, SLICE("inline:")))
        return ERR_PARSE;
    value = slice_from(value, sizeof "inline:" - 1);
    size_t end = 0;
    while (end < value.len && value.ptr[end] != '|' && value.ptr[end] != ' ' &&
           value.ptr[end] != ';')
        end++;
    crypto.key = slice_sub(value, 0, end);
    crypto.params = slice_from(value, end);
    if (!crypto.key.len)
        return ERR_PARSE;
    *out = crypto;
    return OK;
}

/* --- sources and extensions --- */

enum err sdp_ssrc_parse(struct slice value, struct sdp_ssrc *out)
{
    struct sdp_ssrc ssrc = { 0 };
    value = slice_trim(value);
    if (slice_to_u32(slice_word(&value), UINT32_MAX, &ssrc.ssrc))
        return ERR_PARSE;
    value = slice_trim(value);
    ssrc.attribute = slice_cut(&value, ':');
    ssrc.value = value;
    *out = ssrc;
    return ssrc.attribute.len ? OK : ERR_PARSE;
}

bool sdp_msid_find(const struct sdp_media *media, struct sdp_msid *out)
{
    const struct sdp_attribute *a = sdp_find(&media->attributes, "msid");
    if (!a)
        return false;
    struct slice rest = slice_trim(a->value);
    out->stream = slice_word(&rest);
    out->track = slice_word(&rest);
    return true;
}

enum err sdp_extmap_parse(struct slice value, struct sdp_extmap *out)
{
    struct sdp_extmap map = { 0 };
    value = slice_trim(value);
    struct slice direction = slice_word(&value);
    struct slice id = slice_cut(&direction, '/');
    if (read_u16(id, &map.id) || map.id == 0)
        return ERR_PARSE;
    while (direction.len && map.direction <= SDP_INACTIVE &&
           !slice_is(direction, directions[map.direction])) {
        if (map.direction == SDP_INACTIVE)
            return ERR_PARSE;
        map.direction++;
    }
    map.uri = slice_word(&value);
    map.attributes = slice_trim(value);
    if (!map.uri.len)
        return ERR_PARSE;
    *out = map;
    return OK;
}

/* --- groups --- */

struct slice sdp_mid(const struct sdp_media *media)
{
    const struct sdp_attribute *a = sdp_find(&media->attributes, "mid");
    return a ? slice_trim(a->value) : SLICE_NONE;
}

static bool next_group(const struct sdp_session *session, const char *semantics,
                       const struct sdp_attribute **at, struct slice *mids)
{
    while ((*at = sdp_find_next(&session->attributes, "group", *at))) {
        *mids = slice_trim((*at)->value);
        if (slice_iis(slice_word(mids), semantics))
            return true;
    }
    return false;
}

bool sdp_group_has(const struct sdp_session *session, const char *semantics, struct slice mid)
{
    const struct sdp_attribute *at = NULL;
    struct slice mids;
    while (next_group(session, semantics, &at, &mids))
        for (struct slice each; (each = slice_word(&mids)).len;)
            if (slice_eq(each, mid))
                return true;
    return false;
}

struct slice sdp_group_first(const struct sdp_session *session, const char *semantics)
{
    const struct sdp_attribute *at = NULL;
    struct slice mids;
    return next_group(session, semantics, &at, &mids) ? slice_word(&mids) : SLICE_NONE;
}

static bool has_word(const struct sdp_attributes *list, const char *name, const char *word)
{
    const struct sdp_attribute *a = NULL;
    while ((a = sdp_find_next(list, name, a))) {
        struct slice rest = slice_trim(a->value);
        for (struct slice each; (each = slice_word(&rest)).len;)
            if (slice_is(each, word))
                return true;
    }
    return false;
}

bool sdp_ice_option(const struct sdp_session *session, const struct sdp_media *media,
                    const char *word)
{
    return (media && has_word(&media->attributes, "ice-options", word)) ||
           has_word(&session->attributes, "ice-options", word);
}
