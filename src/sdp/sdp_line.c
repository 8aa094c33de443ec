#include "sdp_line.h"

#include "sdp_match.h"

#define CRLF "\r\n"

static void print_rtpmap(const struct sdp_rtpmap *map, struct buf *out)
{
    buf_printf(out, "a=rtpmap:%u %.*s/%u", (unsigned)map->pt, SLICE_ARG(map->name), map->clock_hz);
    if (map->channels != 1)
        buf_printf(out, "/%u", (unsigned)map->channels);
    buf_text(out, CRLF);
}

static void print_formats(const struct sdp_caps *caps, const struct sdp_line *line, struct buf *out)
{
    for (size_t i = 0; i < line->n_formats; i++) {
        const struct sdp_format *format = &line->formats[i];
        const struct sdp_codec *codec = &caps->codecs[format->codec];
        struct sdp_rtpmap map = sdp_match_codec_map(codec, format->rx_pt);
        print_rtpmap(&map, out);
        if (codec->fmtp)
            buf_printf(out, "a=fmtp:%u %s" CRLF, (unsigned)format->rx_pt, codec->fmtp);
    }
    for (size_t i = 0; i < line->n_dtmf; i++) {
        struct sdp_rtpmap map = sdp_match_dtmf_map(line->dtmf[i].clock_hz, line->dtmf[i].rx_pt);
        print_rtpmap(&map, out);
        /* RFC 4733 §2.4.1: the digits, * # A-D */
        buf_printf(out, "a=fmtp:%u 0-15" CRLF, (unsigned)map.pt);
    }
    if (caps->ptime_ms)
        buf_printf(out, "a=ptime:%u" CRLF, caps->ptime_ms);
    if (caps->maxptime_ms)
        buf_printf(out, "a=maxptime:%u" CRLF, caps->maxptime_ms);
}

static void print_ice(const struct sdp_caps *caps, struct buf *out)
{
    buf_printf(out, "a=ice-ufrag:%s" CRLF "a=ice-pwd:%s" CRLF, caps->ice_ufrag, caps->ice_pwd);
    for (size_t i = 0; i < caps->n_candidates; i++) {
        buf_text(out, "a=");
        sdp_candidate_print(&caps->candidates[i], out);
        buf_text(out, CRLF);
    }
    if (caps->end_of_candidates)
        buf_text(out, "a=end-of-candidates" CRLF);
}

static void print_key(const struct sdp_key *key, uint32_t tag, struct buf *out)
{
    buf_printf(out, "a=crypto:%u %s inline:%s" CRLF, tag, key->suite, key->key);
}

static void print_security(const struct sdp_caps *caps, const struct sdp_line *line,
                           struct buf *out)
{
    if (caps->transport == SDP_RTP_DTLS)
        buf_printf(out, "a=fingerprint:%s %s" CRLF "a=setup:%s" CRLF, caps->fingerprint_hash,
                   caps->fingerprint, sdp_setup_name(line->setup));
    if (caps->transport != SDP_RTP_SDES)
        return;
    if (!line->all_keys) {
        print_key(&caps->keys[line->key], line->key_tag, out);
        return;
    }
    for (size_t i = 0; i < caps->n_keys; i++)
        print_key(&caps->keys[i], (uint32_t)(i + 1), out); /* n_keys ≤ SDP_CAPS_MAX_CRYPTO */
}

static void print_source(const struct sdp_caps *caps, struct buf *out)
{
    if (caps->msid_stream)
        buf_printf(out, "a=msid:%s %s" CRLF, caps->msid_stream,
                   caps->msid_track ? caps->msid_track : "");
    if (caps->ssrc && caps->cname)
        buf_printf(out, "a=ssrc:%u cname:%s" CRLF, caps->ssrc, caps->cname);
}

static void print_rtcp(const struct sdp_caps *caps, const struct sdp_line *line, struct buf *out)
{
    bool usual = !caps->rtcp_port || caps->rtcp_port == caps->port + 1;
    if (!usual && caps->transport != SDP_RTP_DTLS)
        buf_printf(out, "a=rtcp:%u" CRLF, (unsigned)caps->rtcp_port);
    if (line->rtcp_mux)
        buf_text(out, "a=rtcp-mux" CRLF);
    if (line->rtcp_rsize)
        buf_text(out, "a=rtcp-rsize" CRLF);
    if (line->rtcp_xr)
        buf_text(out, "a=rtcp-xr:voip-metrics" CRLF);
}

static void print_audio(const struct sdp_caps *caps, const struct sdp_memory *memory,
                        const struct sdp_line *line, struct buf *out)
{
    buf_printf(out, "m=audio %u %s", (unsigned)caps->port, memory->proto);
    for (size_t i = 0; i < line->n_formats; i++)
        buf_printf(out, " %u", (unsigned)line->formats[i].rx_pt);
    for (size_t i = 0; i < line->n_dtmf; i++)
        buf_printf(out, " %u", (unsigned)line->dtmf[i].rx_pt);
    buf_text(out, CRLF);
    if (memory->mid)
        buf_printf(out, "a=mid:%s" CRLF, memory->mid);
    buf_printf(out, "a=%s" CRLF, sdp_direction_name(line->direction));
    print_formats(caps, line, out);
    print_rtcp(caps, line, out);
    if (line->ice)
        print_ice(caps, out);
    print_security(caps, line, out);
    print_source(caps, out);
}

static void print_video(const struct sdp_caps *audio, const struct sdp_memory *memory,
                        const struct sdp_line *line, struct buf *out)
{
    const struct sdp_video_line *ours = &line->video;
    bool bundled = audio->transport == SDP_RTP_DTLS;
    struct sdp_caps caps = *audio;
    struct sdp_line rest = *line;
    if (!bundled) {
        caps.port = audio->video_port;
        caps.rtcp_port = audio->video_rtcp_port;
        caps.keys = audio->video_keys;
    }
    caps.msid_track = "video";
    rest.rtcp_mux = ours->rtcp_mux;
    rest.rtcp_xr = false; /* VoIP metrics are of voices */
    rest.key = ours->key;
    rest.key_tag = ours->key_tag;
    buf_printf(out, "m=video %u %s", ours->formats.n ? (unsigned)caps.port : 0,
               memory->video_proto);
    for (size_t i = 0; i < ours->formats.n; i++)
        buf_printf(out, " %u", (unsigned)ours->formats.formats[i].rx_pt);
    buf_text(out, ours->formats.n ? CRLF : " 96" CRLF);
    if (memory->video_mid)
        buf_printf(out, "a=mid:%s" CRLF, memory->video_mid);
    if (!ours->formats.n)
        return;
    buf_printf(out, "a=%s" CRLF, sdp_direction_name(ours->direction));
    sdp_video_print(&ours->formats, out);
    print_rtcp(&caps, &rest, out);
    if (line->ice)
        print_ice(&caps, out);
    print_security(&caps, &rest, out);
    print_source(&caps, out);
}

static void print_bundle(const struct sdp_memory *memory, const struct sdp_line *line,
                         struct buf *out)
{
    if (!memory->bundled || !memory->mid)
        return;
    buf_printf(out, "a=group:BUNDLE %s", memory->mid);
    if (line->video.formats.n && memory->video_mid)
        buf_printf(out, " %s", memory->video_mid);
    buf_text(out, CRLF);
}

void sdp_line_print_body(const struct sdp_caps *caps, const struct sdp_memory *memory,
                         const struct sdp_line *line, struct buf *out)
{
    const char *family =
        slice_index(slice_of(caps->address), ':') < slice_of(caps->address).len ? "IP6" : "IP4";
    buf_printf(out, "s=-" CRLF "c=IN %s %s" CRLF "t=0 0" CRLF, family, caps->address);
    print_bundle(memory, line, out);
    if (line->ice && caps->ice_lite)
        buf_text(out, "a=ice-lite" CRLF);
    if (line->ice && caps->ice_trickle)
        buf_text(out, "a=ice-options:trickle" CRLF);
    for (size_t i = 0; i < memory->n_lines; i++) {
        if (i == memory->active)
            print_audio(caps, memory, line, out);
        else if (i == memory->video)
            print_video(caps, memory, line, out);
        else
            buf_text(out, memory->lines[i]);
    }
}
