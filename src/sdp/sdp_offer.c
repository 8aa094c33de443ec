#include "sdp_offer.h"

#include <string.h>

#include "base/mem.h"
#include "base/num.h"
#include "sdp_line.h"
#include "sdp_match.h"
#include "sdp_memory.h"
#include "sdp_offer_video.h"
#include "sdp_peer.h"
#include "sdp_publish.h"

/* How a first offer spells its transport. */
static const char *const protos[] = { "RTP/AVP", "RTP/SAVP", "UDP/TLS/RTP/SAVPF" };
_Static_assert(COUNT_OF(protos) == SDP_RTP_DTLS + 1, "one word per transport");

void sdp_result_clear(struct sdp_result *result)
{
    sdp_session_destroy(result->remote);
    mem_free(result->video);
    *result = (struct sdp_result){ 0 };
}

void sdp_session_state_init(struct sdp_session_state *state, uint64_t id)
{
    *state = (struct sdp_session_state){ .id = id, .memory = sdp_memory_create() };
}

void sdp_session_state_clear(struct sdp_session_state *state)
{
    sdp_memory_destroy(state->memory);
    *state = (struct sdp_session_state){ 0 };
}

static enum err publish(struct sdp_session_state *state, const struct sdp_caps *caps,
                        const struct sdp_line *line, struct buf *out)
{
    char *mem = mem_alloc(SDP_MAX_BYTES);
    struct buf body;
    buf_init(&body, mem, SDP_MAX_BYTES);
    sdp_line_print_body(caps, state->memory, line, &body);
    enum err err = sdp_publish(state, caps->address, &body, out);
    mem_wipe(mem, body.len); /* a=crypto lines carry keys */
    mem_free(mem);
    return err;
}

/* --- our offer --- */

static void add_dtmf_clock(struct sdp_memory *memory, uint32_t clock_hz, struct sdp_line *line)
{
    /* 101 is what nearly every phone expects for 8000, 110 what browsers use for 48000 */
    uint8_t wish = clock_hz == 48000 ? 110 : 101;
    for (size_t i = 0; i < line->n_dtmf; i++)
        if (line->dtmf[i].clock_hz == clock_hz)
            return;
    if (line->n_dtmf == SDP_RESULT_MAX_DTMF)
        return;
    struct sdp_rtpmap map = sdp_match_dtmf_map(clock_hz, 0);
    uint8_t pt = sdp_memory_choose_pt(memory, &map, wish);
    line->dtmf[line->n_dtmf++] = (struct sdp_dtmf){ clock_hz, pt, pt };
}

static void offer_formats(const struct sdp_caps *caps, struct sdp_memory *memory,
                          struct sdp_line *line)
{
    BUG_IF(!caps->n_codecs || caps->n_codecs > SDP_CAPS_MAX_CODECS);
    for (size_t i = 0; i < caps->n_codecs; i++) {
        struct sdp_rtpmap map = sdp_match_codec_map(&caps->codecs[i], 0);
        uint8_t pt = sdp_memory_choose_pt(memory, &map, caps->codecs[i].pt);
        line->formats[line->n_formats++] = (struct sdp_format){ .codec = i, .rx_pt = pt };
    }
    for (size_t i = 0; caps->dtmf && i < caps->n_codecs; i++)
        add_dtmf_clock(memory, caps->codecs[i].clock_hz, line);
}

enum err sdp_offer_print(struct sdp_session_state *state, const struct sdp_caps *caps,
                         struct buf *out)
{
    struct sdp_memory *memory = state->memory;
    bool dtls = caps->transport == SDP_RTP_DTLS;
    if (!memory->n_lines)
        sdp_memory_first_line(memory, protos[caps->transport], dtls ? "0" : NULL);
    struct sdp_line line = { .direction = caps->direction,
                             .rtcp_mux = dtls || caps->rtcp_mux,
                             .rtcp_rsize = caps->rtcp_rsize,
                             .rtcp_xr = caps->rtcp_xr,
                             .ice = caps->ice_ufrag != NULL,
                             .setup = SDP_SETUP_ACTPASS,
                             .all_keys = true };
    offer_formats(caps, memory, &line);
    sdp_offer_video(caps, memory, &line);
    return publish(state, caps, &line, out);
}

/* --- our answer --- */

static enum err read_text(struct slice text, struct sdp_session **out, struct fault *fault)
{
    enum err err = sdp_parse(out, text);
    if (err == ERR_LIMIT)
        return fault_set(fault, err, "sdp", 0, "the far end's SDP is too large");
    if (err)
        return fault_set(fault, err, "sdp", 0, "the far end's SDP is malformed");
    return OK;
}

static enum err no_common_codec(const struct sdp_caps *caps, const struct sdp_media *media,
                                struct fault *fault)
{
    char theirs_mem[192];
    char ours_mem[160];
    struct buf theirs = BUF_ON(theirs_mem);
    struct buf ours = BUF_ON(ours_mem);
    sdp_match_print_theirs(media, &theirs);
    sdp_match_print_ours(caps, &ours);
    return fault_set(fault, ERR_UNSUPPORTED, "sdp", 0,
                     "no common codec: the far end has %.*s%s; we have %.*s%s",
                     SLICE_ARG(buf_slice(&theirs)), theirs.overflow ? "…" : "",
                     SLICE_ARG(buf_slice(&ours)), ours.overflow ? "…" : "");
}

/* Take line `i` into `result`, or say why not. */
static enum err accept_line(const struct sdp_caps *caps, const struct sdp_session *session,
                            size_t i, bool is_answer, struct sdp_result *result,
                            struct fault *fault)
{
    const struct sdp_media *media = &session->media[i];
    enum sdp_transport transport;
    bool known = sdp_peer_transport(session, media, &transport);
    if (!known || transport != caps->transport)
        return fault_set(fault, ERR_UNSUPPORTED, "sdp", 0,
                         "the far end's audio is %.*s, ours is %s", SLICE_ARG(media->proto),
                         protos[caps->transport]);
    /* in an answer the first format is the one to use (RFC 3264 §6.1) */
    enum sdp_prefer prefer = is_answer ? SDP_PREFER_REMOTE : caps->prefer;
    if (sdp_match_formats(caps, prefer, media, result))
        return no_common_codec(caps, media, fault);
    if (transport == SDP_RTP_SDES && sdp_peer_choose_key(caps, media, is_answer, result))
        return fault_set(fault, ERR_UNSUPPORTED, "sdp", 0,
                         "no a=crypto line of the far end has a suite and parameters that we do");
    return sdp_peer_read(caps, session, i, result, fault);
}

/* The first audio line that works; the fault tells about the first one that did not. */
static enum err pick_line(const struct sdp_caps *caps, const struct sdp_session *offer,
                          struct sdp_result *result, struct fault *fault)
{
    struct sdp_result none = { 0 };
    enum err first = OK;
    for (size_t i = 0; i < offer->n_media; i++) {
        const struct sdp_media *media = &offer->media[i];
        if (media->kind != SDP_AUDIO || sdp_peer_is_rejected(media))
            continue;
        *result = none;
        enum err err = accept_line(caps, offer, i, false, result, first ? NULL : fault);
        if (!err)
            return OK;
        if (!first)
            first = err;
    }
    if (first)
        return first;
    return fault_set(fault, ERR_UNSUPPORTED, "sdp", 0, "the offer has no audio line");
}

static void note_formats(const struct sdp_caps *caps, struct sdp_memory *memory,
                         const struct sdp_result *result)
{
    for (size_t i = 0; i < result->n_formats; i++) {
        const struct sdp_format *format = &result->formats[i];
        struct sdp_rtpmap map = sdp_match_codec_map(&caps->codecs[format->codec], format->rx_pt);
        sdp_memory_note_pt(memory, &map);
    }
    for (size_t i = 0; i < result->n_dtmf; i++) {
        struct sdp_rtpmap map = sdp_match_dtmf_map(result->dtmf[i].clock_hz, result->dtmf[i].rx_pt);
        sdp_memory_note_pt(memory, &map);
    }
}

/* Our role as the answerer (RFC 4145 §4.1, RFC 5763 §5). An association that is up keeps its roles.
 */
static enum sdp_setup answer_setup(const struct sdp_caps *caps, const struct sdp_memory *memory,
                                   enum sdp_setup theirs)
{
    if (theirs == SDP_SETUP_PASSIVE)
        return SDP_SETUP_ACTIVE;
    if (theirs != SDP_SETUP_ACTPASS)
        return SDP_SETUP_PASSIVE;
    if (memory->setup != SDP_SETUP_NONE)
        return memory->setup;
    return caps->setup == SDP_SETUP_ACTIVE ? SDP_SETUP_ACTIVE : SDP_SETUP_PASSIVE;
}

static struct sdp_line line_of(const struct sdp_caps *caps, const struct sdp_result *result)
{
    struct sdp_line line = { .n_formats = result->n_formats,
                             .n_dtmf = result->n_dtmf,
                             .direction = result->direction,
                             .rtcp_mux = result->rtcp_mux,
                             .rtcp_rsize = result->rtcp_rsize,
                             .rtcp_xr = result->rtcp_xr,
                             .ice = caps->ice_ufrag && result->ice_ufrag.len,
                             .setup = result->setup,
                             .key = result->key,
                             .key_tag = result->crypto.tag };
    memcpy(line.formats, result->formats, sizeof line.formats);
    memcpy(line.dtmf, result->dtmf, sizeof line.dtmf);
    return line;
}

enum err sdp_offer_answer(struct sdp_session_state *state, const struct sdp_caps *caps,
                          struct slice offer_text, struct buf *out, struct sdp_result *result,
                          struct fault *fault)
{
    struct sdp_session *offer = NULL;
    struct sdp_result found = { 0 };
    enum err err = read_text(offer_text, &offer, fault);
    if (!err)
        err = pick_line(caps, offer, &found, fault);
    if (err)
        goto out;
    if (found.transport == SDP_RTP_DTLS)
        found.setup =
            answer_setup(caps, state->memory, sdp_peer_setup(offer, &offer->media[found.line]));
    found.video = sdp_offer_video_pick(caps, state->memory, offer, found.line);
    sdp_memory_keep_lines(state->memory, offer, found.line,
                          found.video ? found.video->line.line : SDP_NO_LINE);
    struct sdp_line line = line_of(caps, &found);
    sdp_offer_video_answer(caps, state->memory, &found, &line);
    err = publish(state, caps, &line, out);
    if (err) {
        (void)fault_set(fault, err, "sdp", 0, "our answer does not fit its buffer");
        goto out;
    }
    note_formats(caps, state->memory, &found);
    state->memory->setup = found.setup;
    sdp_result_clear(result);
    *result = found;
    result->remote = offer;
    found.video = NULL;
    offer = NULL;
out:
    mem_free(found.video);
    sdp_session_destroy(offer);
    return err;
}

/* --- their answer --- */

/* What we receive comes under the numbers of our offer, whatever their answer uses. */
static void restore_rx_numbers(const struct sdp_caps *caps, const struct sdp_memory *memory,
                               struct sdp_result *result)
{
    for (size_t i = 0; i < result->n_formats; i++) {
        struct sdp_format *format = &result->formats[i];
        struct sdp_rtpmap map = sdp_match_codec_map(&caps->codecs[format->codec], 0);
        (void)sdp_memory_find_pt(memory, &map, &format->rx_pt);
    }
    for (size_t i = 0; i < result->n_dtmf; i++) {
        struct sdp_rtpmap map = sdp_match_dtmf_map(result->dtmf[i].clock_hz, 0);
        (void)sdp_memory_find_pt(memory, &map, &result->dtmf[i].rx_pt);
    }
}

/* We offered actpass. "actpass" in an answer is wrong; such a peer waits for our ClientHello. */
static enum sdp_setup offerer_setup(enum sdp_setup theirs)
{
    return theirs == SDP_SETUP_PASSIVE || theirs == SDP_SETUP_ACTPASS ? SDP_SETUP_ACTIVE
                                                                      : SDP_SETUP_PASSIVE;
}

static enum err read_answer(const struct sdp_session_state *state, const struct sdp_caps *caps,
                            const struct sdp_session *answer, struct sdp_result *result,
                            struct fault *fault)
{
    size_t at = state->memory->active;
    if (at >= answer->n_media || answer->media[at].kind != SDP_AUDIO)
        return fault_set(fault, ERR_PARSE, "sdp", 0,
                         "line %zu of our offer is audio, and the answer has none there", at + 1);
    if (sdp_peer_is_rejected(&answer->media[at]))
        return fault_set(fault, ERR_REFUSED, "sdp", 0, "the far end rejected our audio");
    enum err err = accept_line(caps, answer, at, true, result, fault);
    if (err)
        return err;
    restore_rx_numbers(caps, state->memory, result);
    if (result->transport == SDP_RTP_DTLS)
        result->setup = offerer_setup(sdp_peer_setup(answer, &answer->media[at]));
    result->video = sdp_offer_video_read(caps, state->memory, answer);
    return OK;
}

enum err sdp_offer_feed_answer(struct sdp_session_state *state, const struct sdp_caps *caps,
                               struct slice answer_text, struct sdp_result *result,
                               struct fault *fault)
{
    struct sdp_session *answer = NULL;
    struct sdp_result found = { 0 };
    if (!state->memory->sent)
        return fault_set(fault, ERR_MISUSE, "sdp", 0, "an answer came, but we offered nothing");
    enum err err = read_text(answer_text, &answer, fault);
    if (!err)
        err = read_answer(state, caps, answer, &found, fault);
    if (err) {
        sdp_session_destroy(answer);
        return err;
    }
    state->memory->setup = found.setup;
    sdp_result_clear(result);
    *result = found;
    result->remote = answer;
    return OK;
}

enum err sdp_offer_transport(struct slice offer_text, enum sdp_transport *out)
{
    struct sdp_session *offer = NULL;
    enum err err = sdp_parse(&offer, offer_text);
    if (err)
        return err;
    err = ERR_UNSUPPORTED;
    for (size_t i = 0; i < offer->n_media && err; i++)
        if (offer->media[i].kind == SDP_AUDIO && !sdp_peer_is_rejected(&offer->media[i]) &&
            sdp_peer_transport(offer, &offer->media[i], out))
            err = OK;
    sdp_session_destroy(offer);
    return err;
}
