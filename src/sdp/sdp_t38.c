#include "sdp_t38.h"

#include "base/num.h"
#include "sdp.h"
#include "sdp_memory.h"
#include "sdp_offer.h"
#include "sdp_publish.h"

enum { BIT_RATE = 14400, VERSION = 0, BUFFER = 2000 };

static bool is_t38(const struct sdp_media *media)
{
    return media->kind == SDP_IMAGE && media->port && slice_iis(media->proto, "udptl") &&
           media->n_formats && slice_iis(media->formats[0], "t38");
}

static size_t find_line(const struct sdp_session *session)
{
    size_t i = 0;
    while (i < session->n_media && !is_t38(&session->media[i]))
        i++;
    return i;
}

static uint32_t number(struct slice value, uint32_t max, uint32_t otherwise)
{
    uint32_t n;
    return slice_to_u32(slice_trim(value), max, &n) ? otherwise : n;
}

static void read_version(struct slice value, struct sdp_t38 *out)
{
    out->version = (uint8_t)number(value, UINT8_MAX, VERSION);
}

static void read_bit_rate(struct slice value, struct sdp_t38 *out)
{
    out->max_bit_rate = number(value, UINT32_MAX, 0);
}

static void read_management(struct slice value, struct sdp_t38 *out)
{
    out->is_local_tcf = slice_iis(slice_trim(value), "localTCF");
}

static void read_datagram(struct slice value, struct sdp_t38 *out)
{
    uint32_t n = number(value, UINT32_MAX, SDP_T38_DATAGRAM);
    if (n >= SDP_T38_DATAGRAM_MIN)
        out->max_datagram = (uint16_t)num_min(n, SDP_T38_DATAGRAM_MAX);
}

/* Who can correct by parity reads what is repeated: annex D lets the answer step down to that. */
static void read_correction(struct slice value, struct sdp_t38 *out)
{
    value = slice_trim(value);
    out->repeats = slice_iis(value, "t38UDPRedundancy") || slice_iis(value, "t38UDPFEC");
}

/* Case is ignored: T38MaxBitRate has been T38maxBitRate. What is not here changes nothing for us:
 * T38FaxMaxBuffer, T38FaxFillBitRemoval, T38FaxTranscodingMMR and JBIG, T38VendorInfo. */
static const struct {
    const char *name;
    void (*read)(struct slice value, struct sdp_t38 *out);
} attributes[] = {
    { "T38FaxVersion", read_version },           { "T38MaxBitRate", read_bit_rate },
    { "T38FaxRateManagement", read_management }, { "T38FaxMaxDatagram", read_datagram },
    { "T38FaxUdpEC", read_correction },
};

static enum err read_line(const struct sdp_session *session, size_t at, struct sdp_t38 *out,
                          struct fault *fault)
{
    const struct sdp_media *media = &session->media[at];
    struct sdp_t38 found = { .port = media->port, .max_datagram = SDP_T38_DATAGRAM };
    struct slice address = sdp_connection_of(session, media)->address;
    if (!address.len || !slice_copy(address, found.address, sizeof found.address))
        return fault_set(fault, ERR_UNSUPPORTED, "c=", 0, "the T.38 line has no usable address");
    for (size_t i = 0; i < media->attributes.n; i++)
        for (size_t k = 0; k < COUNT_OF(attributes); k++)
            if (slice_iis(media->attributes.items[i].name, attributes[k].name))
                attributes[k].read(media->attributes.items[i].value, &found);
    *out = found;
    return OK;
}

bool sdp_t38_is_in(struct slice text)
{
    struct sdp_session *session;
    if (sdp_parse(&session, text))
        return false;
    bool is_in = find_line(session) < session->n_media;
    sdp_session_destroy(session);
    return is_in;
}

static void print_line(const struct sdp_t38 *ours, const char *mid, struct buf *out)
{
    buf_printf(out, "m=image %u udptl t38\r\n", (unsigned)ours->port);
    if (mid)
        buf_printf(out, "a=mid:%s\r\n", mid);
    buf_printf(out,
               "a=T38FaxVersion:%u\r\na=T38MaxBitRate:%u\r\na=T38FaxRateManagement:%s\r\n"
               "a=T38FaxMaxBuffer:%d\r\na=T38FaxMaxDatagram:%d\r\n",
               (unsigned)ours->version, (unsigned)ours->max_bit_rate,
               ours->is_local_tcf ? "localTCF" : "transferredTCF", BUFFER, SDP_T38_DATAGRAM);
    if (ours->repeats)
        buf_text(out, "a=T38FaxUdpEC:t38UDPRedundancy\r\n");
}

static void print_no_video(const struct sdp_memory *memory, struct buf *out)
{
    buf_printf(out, "m=video 0 %s 96\r\n", memory->video_proto);
    if (memory->video_mid)
        buf_printf(out, "a=mid:%s\r\n", memory->video_mid);
}

static enum err print(struct sdp_session_state *state, const struct sdp_t38 *ours, struct buf *out)
{
    const struct sdp_memory *memory = state->memory;
    char mem[4096];
    struct buf body = BUF_ON(mem);
    bool is_v6 = slice_index(slice_of(ours->address), ':') < slice_of(ours->address).len;
    buf_printf(&body, "s=-\r\nc=IN %s %s\r\nt=0 0\r\n", is_v6 ? "IP6" : "IP4", ours->address);
    for (size_t i = 0; i < memory->n_lines; i++) {
        if (i == memory->active)
            print_line(ours, memory->mid, &body);
        else if (memory->lines[i])
            buf_text(&body, memory->lines[i]);
        else
            print_no_video(memory, &body);
    }
    return sdp_publish(state, ours->address, &body, out);
}

enum err sdp_t38_offer(struct sdp_session_state *state, const struct sdp_t38 *ours, struct buf *out)
{
    struct sdp_t38 all = *ours;
    BUG_IF(!state->memory->n_lines); /* it takes the place of audio */
    all.version = VERSION;
    all.max_bit_rate = BIT_RATE;
    all.repeats = true;
    return print(state, &all, out);
}

enum err sdp_t38_answer(struct sdp_session_state *state, const struct sdp_t38 *ours,
                        struct slice offer_text, struct buf *out, struct sdp_t38 *theirs,
                        struct fault *fault)
{
    struct sdp_session *offer;
    struct sdp_t38 line = *ours, found;
    if (sdp_parse(&offer, offer_text))
        return fault_set(fault, ERR_PARSE, "sdp", 0, "the far end's SDP is malformed");
    size_t at = find_line(offer);
    enum err err = at < offer->n_media ? read_line(offer, at, &found, fault)
                                       : fault_set(fault, ERR_UNSUPPORTED, "sdp", 0,
                                                   "the offer has no line for T.38");
    if (err)
        goto out;
    sdp_memory_keep_image(state->memory, offer, at);
    /* no more than was offered (T.38 §D.2.3) */
    line.version = VERSION;
    line.max_bit_rate =
        found.max_bit_rate ? (uint32_t)num_min(found.max_bit_rate, BIT_RATE) : BIT_RATE;
    line.is_local_tcf = found.is_local_tcf;
    line.repeats = found.repeats;
    err = print(state, &line, out);
    if (!err)
        *theirs = found;
out:
    sdp_session_destroy(offer);
    return err;
}

enum err sdp_t38_feed_answer(struct slice answer_text, struct sdp_t38 *theirs, struct fault *fault)
{
    struct sdp_session *answer;
    if (sdp_parse(&answer, answer_text))
        return fault_set(fault, ERR_PARSE, "sdp", 0, "the far end's SDP is malformed");
    size_t at = find_line(answer);
    enum err err = at < answer->n_media ? read_line(answer, at, theirs, fault)
                                        : fault_set(fault, ERR_REFUSED, "sdp", 0,
                                                    "the far end's answer has no T.38");
    sdp_session_destroy(answer);
    return err;
}
