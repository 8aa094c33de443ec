#include "legs/leg_media.h"

#include <stdio.h>

#include "base/mem.h"
#include "base/num.h"
#include "base/rand.h"
#include "call/call.h"
#include "legs/leg_env.h"
#include "legs/leg_media_ice.h"
#include "legs/leg_media_video.h"
#include "media/media.h"
#include "sdp/sdp.h"

enum { LEG_CANDIDATES_MAX = 16, LEG_FIRST_DYNAMIC_PT = 96 };

/* Everything that struct sdp_caps borrows, for the length of one call into sdp/. */
struct caps_room {
    struct sdp_codec codecs[LEG_CODECS_MAX];
    struct sdp_candidate candidates[LEG_CANDIDATES_MAX];
    char texts[LEG_CANDIDATES_MAX][ADDR_TEXT];
    char related[LEG_CANDIDATES_MAX][ADDR_TEXT];
    char foundations[LEG_CANDIDATES_MAX][RTC_FOUNDATION_TEXT];
    char address[ADDR_TEXT];
    struct sdp_key keys[LEG_SDES_KEYS];
    struct leg_video_room video;
};

static bool is_webrtc(const struct leg_media *media)
{
    return media->kind == LEG_MEDIA_WEBRTC || media->kind == LEG_MEDIA_ICE;
}

static enum err make_transport(struct leg_media *media, unsigned thread,
                               const struct rtc_ice_config *ice, struct media_transport **out,
                               struct fault *fault)
{
    const struct leg_env *env = media->env;
    if (!is_webrtc(media))
        return media->shares_port
                   ? rtp_transport_create_shared(out, env->media, thread, &media->rtp, fault)
                   : rtp_transport_create(out, env->media, &media->rtp, fault);
    if (media->kind == LEG_MEDIA_ICE) {
        *out = rtc_transport_create_full(env->rtc, thread, ice, &media->rtc);
        return OK;
    }
    *out = rtc_transport_create(env->rtc, thread, &media->rtc);
    media->rtc_port = rtc_port(env->rtc, thread);
    return OK;
}

void leg_media_make_keys(struct leg_sdes_key *keys)
{
    static const enum srtp_profile profiles[] = { SRTP_AES128_CM_SHA1_80, SRTP_AEAD_AES_128_GCM,
                                                  SRTP_AES128_CM_SHA1_32, SRTP_AEAD_AES_256_GCM };
    _Static_assert(COUNT_OF(profiles) == LEG_SDES_KEYS, "a key for each profile");
    for (size_t i = 0; i < LEG_SDES_KEYS; i++) {
        keys[i].profile = profiles[i];
        srtp_sdes_make(&keys[i].master, profiles[i], keys[i].text);
    }
}

void leg_media_describe_anew(struct leg_media *media, enum leg_media_kind kind)
{
    uint64_t id;
    rand_bytes(&id, sizeof id);
    media->kind = kind;
    sdp_session_state_clear(&media->sdp);
    sdp_session_state_init(&media->sdp, id >> 2);
    if (kind == LEG_MEDIA_SDES)
        leg_media_make_keys(media->keys);
}

static enum err start(struct leg_media *media, const struct rtc_ice_config *ice,
                      struct fault *fault)
{
    struct media_transport *transport;
    struct leg *leg = media->leg;
    unsigned thread = call_media_thread(leg->call);
    enum err err = make_transport(media, thread, ice, &transport, fault);
    if (err) {
        media->kind = LEG_MEDIA_NONE;
        return err;
    }
    media->shares_port = media->shares_port && !is_webrtc(media);
    leg_media_describe_anew(media, media->kind);
    leg->stream = media_stream_create(media->env->media, thread, transport, &leg_media_events, leg);
    return OK;
}

enum err leg_media_open(struct leg_media *media, const struct leg_env *env, struct leg *leg,
                        enum leg_media_kind kind, const struct addr *address,
                        const struct addr *signalling, struct fault *fault)
{
    *media = (struct leg_media){ .env = env,
                                 .leg = leg,
                                 .kind = kind,
                                 .address = *address,
                                 .signalling = *signalling,
                                 .policy = media->policy,
                                 .nets = media->nets,
                                 .dtmf = media->dtmf,
                                 .ptime_ms = media->ptime_ms,
                                 .shares_port = media->shares_port,
                                 .passes_video = media->passes_video };
    return start(media, NULL, fault);
}

enum err leg_media_open_ice(struct leg_media *media, const struct leg_env *env, struct leg *leg,
                            const struct rtc_ice_config *ice, struct fault *fault)
{
    *media = (struct leg_media){ .env = env,
                                 .leg = leg,
                                 .kind = LEG_MEDIA_ICE,
                                 .address = addr_any4(0),
                                 .policy = media->policy,
                                 .nets = media->nets,
                                 .dtmf = media->dtmf,
                                 .ice = leg_ice_create() };
    return start(media, ice, fault);
}

enum err leg_media_reopen(struct leg_media *media, unsigned thread, struct fault *fault)
{
    struct leg *leg = media->leg;
    struct media_transport *transport;
    if (media->kind == LEG_MEDIA_NONE || is_webrtc(media))
        return fault_set(fault, ERR_UNSUPPORTED, "", 0, "this kind of media stays on its thread");
    enum err err = make_transport(media, thread, NULL, &transport, fault);
    if (err)
        return err;
    leg_video_stop(media);
    media_stream_destroy(leg->stream);
    leg->stream = media_stream_create(media->env->media, thread, transport, &leg_media_events, leg);
    return OK;
}

enum err leg_media_leave_shared(struct leg_media *media, struct fault *fault)
{
    enum err err =
        rtp_transport_leave_shared(media->leg->stream, media->env->media, &media->rtp, fault);
    if (!err)
        media->shares_port = false;
    return err;
}

void leg_media_close(struct leg_media *media)
{
    if (media->leg)
        leg_video_stop(media);
    if (media->kind == LEG_MEDIA_NONE)
        return;
    media_stream_destroy(media->leg->stream);
    media->leg->stream = NULL;
    sdp_result_clear(&media->result);
    sdp_session_state_clear(&media->sdp);
    leg_ice_destroy(media->ice);
    media->ice = NULL;
    mem_wipe(media->keys, sizeof media->keys);
    mem_wipe(media->video_keys, sizeof media->video_keys);
    media->kind = LEG_MEDIA_NONE;
}

static void add_candidate(struct sdp_caps *caps, struct caps_room *room, const struct addr *addr,
                          uint16_t port)
{
    if (caps->n_candidates == LEG_CANDIDATES_MAX)
        return;
    size_t i = caps->n_candidates++;
    addr_print_ip(addr, room->texts[i]);
    rtc_candidate_foundation(RTC_CANDIDATE_HOST, addr, room->foundations[i]);
    room->candidates[i] = (struct sdp_candidate){
        .foundation = slice_of(room->foundations[i]),
        .component = 1,
        .transport = SLICE("udp"),
        .priority = rtc_candidate_priority(RTC_CANDIDATE_HOST, (uint16_t)(65535 - i), 1),
        .address = slice_of(room->texts[i]),
        .port = port,
        .type = SDP_CANDIDATE_HOST,
    };
}

/* The public address first, then every local one; loopback only to those who came by it. */
static void add_candidates(const struct leg_media *media, struct sdp_caps *caps,
                           struct caps_room *room)
{
    struct addr local[LEG_CANDIDATES_MAX * 2];
    bool from_loopback = addr_is_loopback(&media->signalling);
    if (addr_is_set(&media->env->public_ip))
        add_candidate(caps, room, &media->env->public_ip, media->rtc_port);
    size_t n = addr_local_list(local, COUNT_OF(local));
    for (size_t i = 0; i < n; i++) {
        bool usable = !addr_is_v6(&local[i]) && !addr_same_ip(&local[i], &media->env->public_ip);
        if (usable && (from_loopback || !addr_is_loopback(&local[i])))
            add_candidate(caps, room, &local[i], media->rtc_port);
    }
    caps->candidates = room->candidates;
}

/* Everything that was gathered, and the likeliest to work as the address of the line. */
static void add_gathered(const struct leg_ice *ice, struct sdp_caps *caps, struct caps_room *room)
{
    static const enum sdp_candidate_type types[] = {
        [RTC_CANDIDATE_HOST] = SDP_CANDIDATE_HOST,
        [RTC_CANDIDATE_PRFLX] = SDP_CANDIDATE_PRFLX,
        [RTC_CANDIDATE_SRFLX] = SDP_CANDIDATE_SRFLX,
        [RTC_CANDIDATE_RELAY] = SDP_CANDIDATE_RELAY,
    };
    for (size_t i = 0; i < leg_ice_count(ice) && i < LEG_CANDIDATES_MAX; i++) {
        const struct rtc_event *ours = leg_ice_at(ice, i);
        struct sdp_candidate *out = &room->candidates[caps->n_candidates++];
        *out =
            (struct sdp_candidate){ .foundation = slice_of(ours->foundation),
                                    .component = 1,
                                    .transport = SLICE("udp"),
                                    .priority = ours->priority,
                                    .address = slice_of(addr_print_ip(&ours->addr, room->texts[i])),
                                    .port = addr_port(&ours->addr),
                                    .type = types[ours->type] };
        if (addr_is_set(&ours->related)) {
            out->related_address = slice_of(addr_print_ip(&ours->related, room->related[i]));
            out->related_port = addr_port(&ours->related);
        }
    }
    caps->candidates = room->candidates;
    struct addr address = leg_ice_default(ice);
    if (addr_is_set(&address)) {
        caps->address = addr_print_ip(&address, room->address);
        caps->port = addr_port(&address);
    }
}

static void fill_codecs(const struct leg_codecs *codecs, struct sdp_caps *caps,
                        struct caps_room *room)
{
    uint8_t next_pt = LEG_FIRST_DYNAMIC_PT;
    for (size_t i = 0; i < codecs->n; i++) {
        const struct codec *codec = codecs->list[i];
        uint8_t pt = codec->static_pt == CODEC_PT_DYNAMIC ? next_pt++ : codec->static_pt;
        room->codecs[i] = (struct sdp_codec){ .name = codec->name,
                                              .clock_hz = codec->clock_hz,
                                              .channels = codec->sdp_channels,
                                              .pt = pt,
                                              .fmtp = codec->fmtp,
                                              .ref = codec };
    }
    caps->codecs = room->codecs;
    caps->n_codecs = codecs->n;
}

static void fill_keys(const struct leg_media *media, struct sdp_caps *caps, struct caps_room *room)
{
    caps->transport = media->kind == LEG_MEDIA_SDES ? SDP_RTP_SDES : SDP_RTP_PLAIN;
    for (size_t i = 0; media->kind == LEG_MEDIA_SDES && i < LEG_SDES_KEYS; i++)
        room->keys[caps->n_keys++] =
            (struct sdp_key){ .suite = srtp_profile_info(media->keys[i].profile)->name,
                              .key = media->keys[i].text };
    caps->keys = room->keys;
}

static struct sdp_caps make_caps(struct leg_media *media, struct caps_room *room)
{
    struct sdp_caps caps = { .prefer = SDP_PREFER_LOCAL,
                             .dtmf = true,
                             .direction = media->hold ? SDP_SENDONLY : SDP_SENDRECV,
                             .ptime_ms = media->ptime_ms ? media->ptime_ms : 20 };
    fill_codecs(&media->caps, &caps, room);
    caps.address = addr_print_ip(&media->address, room->address);
    if (!is_webrtc(media)) {
        fill_keys(media, &caps, room);
        caps.rtcp_xr = true; /* no browser has them to tell */
        caps.port = addr_port(&media->rtp.rtp);
        caps.rtcp_port = addr_port(&media->rtp.rtcp);
        leg_video_fill(media, &caps, &room->video);
        return caps;
    }
    caps.transport = SDP_RTP_DTLS;
    caps.port = media->rtc_port;
    caps.rtcp_mux = true;
    caps.ice_ufrag = media->rtc.ufrag;
    caps.ice_pwd = media->rtc.pwd;
    caps.ice_lite = media->kind == LEG_MEDIA_WEBRTC;
    caps.end_of_candidates = true;
    caps.fingerprint_hash = "sha-256";
    caps.fingerprint = rtc_fingerprint(media->env->rtc);
    caps.setup = SDP_SETUP_PASSIVE;
    caps.msid_stream = "tandem";
    caps.msid_track = "audio";
    if (media->ice)
        add_gathered(media->ice, &caps, room);
    else
        add_candidates(media, &caps, room);
    leg_video_fill(media, &caps, &room->video);
    return caps;
}

/* The keys that were agreed on: ours of the suite in use, theirs out of the line. */
static enum err agree_keys(const struct leg_media *media, const struct sdp_result *result,
                           const struct leg_sdes_key *keys, struct srtp_sdes *out,
                           struct fault *fault)
{
    const struct leg_sdes_key *ours = &keys[result->key];
    enum srtp_profile profile;
    if (media->kind != LEG_MEDIA_SDES)
        return OK;
    enum err err = srtp_sdes_parse(&out->rx, &profile, result->crypto.suite, result->crypto.key,
                                   result->crypto.params);
    if (err || profile != ours->profile)
        return fault_set(fault, ERR_UNSUPPORTED, "a=crypto", 0, "the key cannot be used");
    out->on = true;
    out->profile = profile;
    out->tx = ours->master;
    return OK;
}

enum err leg_media_tell_rtp(const struct leg_media *media, struct media_stream *stream,
                            const struct sdp_result *result, const struct leg_sdes_key *keys,
                            struct fault *fault)
{
    struct rtp_remote remote = { .rtcp_mux = result->rtcp_mux };
    enum err err = leg_media_find_remote(media, result->address, result->port, &remote, fault);
    if (err)
        return err;
    if (result->rtcp_port)
        (void)!addr_parse_ip(result->rtcp_address, result->rtcp_port, &remote.rtcp);
    err = agree_keys(media, result, keys, &remote.srtp, fault);
    if (!err)
        rtp_transport_set_remote(stream, &remote);
    srtp_sdes_wipe(&remote.srtp);
    return err;
}

static const struct sdp_fingerprint *best_fingerprint(const struct sdp_result *result)
{
    static const char *const order[] = { "sha-256", "sha-512", "sha-384", "sha-1" };
    for (size_t k = 0; k < COUNT_OF(order); k++)
        for (size_t i = 0; i < result->n_fingerprints; i++)
            if (slice_iis(result->fingerprints[i].hash, order[k]))
                return &result->fingerprints[i];
    return NULL;
}

static enum err tell_rtc(struct leg_media *media, struct fault *fault)
{
    const struct sdp_result *result = &media->result;
    const struct sdp_fingerprint *fingerprint = best_fingerprint(result);
    struct rtc_remote remote = { .local_setup = result->setup == SDP_SETUP_ACTIVE
                                                    ? RTC_SETUP_ACTIVE
                                                    : RTC_SETUP_PASSIVE };
    if (!fingerprint || !result->ice_ufrag.len)
        return fault_set(fault, ERR_UNSUPPORTED, "sdp", 0,
                         "a=fingerprint (sha-256) and a=ice-ufrag are needed");
    bool fits =
        slice_copy(result->ice_ufrag, remote.ufrag, sizeof remote.ufrag) &&
        slice_copy(result->ice_pwd, remote.pwd, sizeof remote.pwd) &&
        slice_copy(fingerprint->hash, remote.fingerprint_hash, sizeof remote.fingerprint_hash) &&
        slice_copy(fingerprint->value, remote.fingerprint, sizeof remote.fingerprint);
    if (!fits)
        return fault_set(fault, ERR_LIMIT, "sdp", 0, "ICE or DTLS parameters are too long");
    remote.ice_lite = result->ice_lite;
    rtc_transport_set_remote(media->leg->stream, &remote);
    if (media->ice)
        leg_ice_tell_remote(media->ice, media->leg->stream, result);
    return OK;
}

static bool describes(const struct media_description *description, const struct codec *codec)
{
    for (size_t i = 0; i < description->n_formats; i++)
        if (description->formats[i].codec == codec)
            return true;
    return false;
}

/* Who offers must be ready for every format of the offer (RFC 3264 §5.1): Chromium sends the first
 * of them that it knows even when its answer leaves that one out. */
static void add_offered(const struct leg_media *media, struct media_description *description)
{
    struct caps_room room;
    struct sdp_caps caps = { 0 };
    fill_codecs(&media->caps, &caps, &room);
    for (size_t i = 0; i < caps.n_codecs && description->n_formats < MEDIA_FORMATS_MAX; i++)
        if (!describes(description, caps.codecs[i].ref))
            description->formats[description->n_formats++] = (struct media_format){
                .codec = caps.codecs[i].ref, .tx_pt = MEDIA_PT_NONE, .rx_pt = caps.codecs[i].pt
            };
}

static void describe(struct leg_media *media, bool we_offered)
{
    const struct sdp_result *result = &media->result;
    struct media_description description = {
        .ptime_ms = result->ptime_ms,
        .maxptime_ms = result->maxptime_ms,
        .xr_voip = result->rtcp_xr,
        .send = !media->is_paused && sdp_can_send(result->direction),
        .receive = !media->is_paused && sdp_can_receive(result->direction),
    };
    media->leg->chosen = (struct leg_codecs){ 0 };
    for (size_t i = 0; i < result->n_formats && i < MEDIA_FORMATS_MAX; i++) {
        const struct sdp_format *format = &result->formats[i];
        description.formats[description.n_formats++] = (struct media_format){
            .codec = format->ref,
            .tx_pt = format->tx_pt,
            .rx_pt = format->rx_pt,
            .params = codec_parse_fmtp(format->ref, format->fmtp),
        };
        leg_codecs_add(&media->leg->chosen, format->ref);
    }
    for (size_t i = 0; i < result->n_dtmf && i < MEDIA_DTMF_MAX; i++)
        description.dtmf[description.n_dtmf++] =
            (struct media_dtmf_format){ .clock_hz = result->dtmf[i].clock_hz,
                                        .tx_pt = result->dtmf[i].tx_pt,
                                        .rx_pt = result->dtmf[i].rx_pt };
    media->dtmf_by_info =
        media->dtmf == LEG_DTMF_INFO || (media->dtmf == LEG_DTMF_AUTO && description.n_dtmf == 0);
    if (media->dtmf_by_info)
        description.dtmf_send = MEDIA_DTMF_SEND_NONE;
    else if (media->dtmf == LEG_DTMF_EVENTS)
        description.dtmf_send = MEDIA_DTMF_SEND_EVENTS;
    else if (media->dtmf == LEG_DTMF_TONES)
        description.dtmf_send = MEDIA_DTMF_SEND_TONES;
    if (we_offered)
        add_offered(media, &description);
    media_stream_describe(media->leg->stream, &description);
    media->described = true;
}

static enum err apply(struct leg_media *media, bool we_offered, struct fault *fault)
{
    enum err err = is_webrtc(media) ? tell_rtc(media, fault)
                                    : leg_media_tell_rtp(media, media->leg->stream, &media->result,
                                                         media->keys, fault);
    if (err)
        return err;
    media->is_paused = false;
    describe(media, we_offered);
    return leg_video_apply(media, fault);
}

void leg_media_pause(struct leg_media *media)
{
    media->is_paused = true;
    describe(media, false);
}

enum err leg_media_offer(struct leg_media *media, const struct leg_codecs *codecs, struct buf *out)
{
    struct caps_room room;
    media->caps = *codecs;
    struct sdp_caps caps = make_caps(media, &room);
    media->offers_video = caps.video != NULL;
    return sdp_offer_print(&media->sdp, &caps, out);
}

enum err leg_media_answer(struct leg_media *media, const struct leg_codecs *codecs,
                          struct slice offer, struct buf *out, struct fault *fault)
{
    struct caps_room room;
    media->caps = *codecs;
    if (media->ice && leg_ice_restarts(media->ice, offer)) /* RFC 8839 §4.4.3.1.1: so do we */
        rtc_transport_restart(media->leg->stream, &media->rtc);
    struct sdp_caps caps = make_caps(media, &room);
    enum err err = sdp_offer_answer(&media->sdp, &caps, offer, out, &media->result, fault);
    if (!err && media->result.video)
        media->leg->refused_video = false;
    return err ? err : apply(media, false, fault);
}

enum err leg_media_take_answer(struct leg_media *media, struct slice answer, struct fault *fault)
{
    struct caps_room room;
    struct sdp_caps caps = make_caps(media, &room);
    enum err err = sdp_offer_feed_answer(&media->sdp, &caps, answer, &media->result, fault);
    media->offers_video = false;
    if (!err)
        media->leg->refused_video = caps.video && !media->result.video;
    return err ? err : apply(media, true, fault);
}

void leg_media_offer_refused(struct leg_media *media)
{
    media->offers_video = false;
    if (!media->has_video)
        leg_video_stop(media);
}
