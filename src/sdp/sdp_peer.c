#include "sdp_peer.h"

#include "base/num.h"

enum { ICE_UFRAG_MAX = 256, ICE_PWD_MAX = 256 }; /* RFC 8839 §5.4 */

bool sdp_peer_transport(const struct sdp_session *session, const struct sdp_media *media,
                        enum sdp_transport *out)
{
    static const struct {
        const char *proto;
        enum sdp_transport transport;
    } protos[] = {
        { "RTP/AVP", SDP_RTP_PLAIN },         { "RTP/AVPF", SDP_RTP_PLAIN },
        { "RTP/SAVP", SDP_RTP_SDES },         { "RTP/SAVPF", SDP_RTP_SDES },
        { "UDP/TLS/RTP/SAVP", SDP_RTP_DTLS }, { "UDP/TLS/RTP/SAVPF", SDP_RTP_DTLS },
    };
    for (size_t i = 0; i < COUNT_OF(protos); i++) {
        if (!slice_iis(media->proto, protos[i].proto))
            continue;
        *out = protos[i].transport;
        /* RFC 8829 §5.1.2: older WebRTC ends write RTP/SAVPF and mean DTLS */
        if (*out == SDP_RTP_SDES && !sdp_find(&media->attributes, "crypto") &&
            sdp_find_in(session, media, "fingerprint"))
            *out = SDP_RTP_DTLS;
        return true;
    }
    return false;
}

bool sdp_peer_is_rejected(const struct sdp_media *media)
{
    return media->port == 0 && !sdp_find(&media->attributes, "bundle-only");
}

/* The line whose transport a bundled line shares: the first of the group (RFC 9143 §7). */
static const struct sdp_media *bundle_head(const struct sdp_session *session,
                                           const struct sdp_media *media)
{
    struct slice mid = sdp_mid(media);
    if (!mid.len || !sdp_group_has(session, "BUNDLE", mid))
        return media;
    struct slice first = sdp_group_first(session, "BUNDLE");
    for (size_t i = 0; i < session->n_media; i++)
        if (slice_eq(sdp_mid(&session->media[i]), first))
            return &session->media[i];
    return media;
}

/* Under the line, else under the bundle's first line, else in the session part. */
static const struct sdp_attribute *find_transport(const struct sdp_session *session,
                                                  const struct sdp_media *media, const char *name)
{
    const struct sdp_attribute *a = sdp_find(&media->attributes, name);
    return a ? a : sdp_find_in(session, bundle_head(session, media), name);
}

static struct slice transport_value(const struct sdp_session *session,
                                    const struct sdp_media *media, const char *name)
{
    const struct sdp_attribute *a = find_transport(session, media, name);
    return a ? slice_trim(a->value) : SLICE_NONE;
}

static void read_address(const struct sdp_session *session, const struct sdp_media *media,
                         struct sdp_result *result)
{
    struct slice address = sdp_connection_of(session, media)->address;
    result->address = slice_cut(&address, '/'); /* a multicast time to live */
    result->port = media->port;
    result->rtcp_address = result->address;
    result->rtcp_port = media->port;
    struct sdp_rtcp rtcp;
    if (result->rtcp_mux)
        return;
    if (!sdp_rtcp_find(media, &rtcp)) {
        if (media->port && media->port < UINT16_MAX)
            result->rtcp_port = (uint16_t)(media->port + 1); /* < UINT16_MAX was checked */
        return;
    }
    result->rtcp_port = rtcp.port;
    if (rtcp.address.len)
        result->rtcp_address = rtcp.address;
}

static void read_candidates(const struct sdp_media *media, struct sdp_result *result)
{
    const struct sdp_attribute *a = NULL;
    while ((a = sdp_find_next(&media->attributes, "candidate", a)))
        if (result->n_candidates < SDP_RESULT_MAX_CANDIDATES &&
            sdp_candidate_parse(a->value, &result->candidates[result->n_candidates]) == OK)
            result->n_candidates++;
}

static enum err read_ice(const struct sdp_session *session, const struct sdp_media *media,
                         struct sdp_result *result, struct fault *fault)
{
    const struct sdp_media *head = bundle_head(session, media);
    result->ice_ufrag = transport_value(session, media, "ice-ufrag");
    result->ice_pwd = transport_value(session, media, "ice-pwd");
    if (result->ice_ufrag.len > ICE_UFRAG_MAX || result->ice_pwd.len > ICE_PWD_MAX)
        return fault_set(fault, ERR_PARSE, "sdp", 0, "ice-ufrag or ice-pwd is over 256 characters");
    if (!result->ice_ufrag.len || !result->ice_pwd.len)
        result->ice_ufrag = result->ice_pwd = SLICE_NONE;
    result->ice_lite = sdp_find(&session->attributes, "ice-lite") != NULL;
    result->ice_trickle =
        sdp_ice_option(session, media, "trickle") || sdp_ice_option(session, head, "trickle");
    read_candidates(media, result);
    if (!result->n_candidates && head != media)
        read_candidates(head, result);
    result->end_of_candidates = find_transport(session, media, "end-of-candidates") != NULL;
    return OK;
}

static void read_fingerprints(const struct sdp_attributes *list, struct sdp_result *result)
{
    const struct sdp_attribute *a = NULL;
    while ((a = sdp_find_next(list, "fingerprint", a)))
        if (result->n_fingerprints < SDP_RESULT_MAX_FINGERPRINTS &&
            sdp_fingerprint_parse(a->value, &result->fingerprints[result->n_fingerprints]) == OK)
            result->n_fingerprints++;
}

static enum err read_security(const struct sdp_caps *caps, const struct sdp_session *session,
                              const struct sdp_media *media, struct sdp_result *result,
                              struct fault *fault)
{
    if (result->transport != SDP_RTP_DTLS)
        return OK;
    read_fingerprints(&media->attributes, result);
    if (!result->n_fingerprints)
        read_fingerprints(&bundle_head(session, media)->attributes, result);
    if (!result->n_fingerprints)
        read_fingerprints(&session->attributes, result);
    if (!result->n_fingerprints)
        return fault_set(fault, ERR_PARSE, "sdp", 0,
                         "the far end's audio has no readable a=fingerprint, which DTLS needs");
    if (caps->ice_ufrag && !result->ice_ufrag.len)
        return fault_set(fault, ERR_PARSE, "sdp", 0,
                         "the far end's audio has no a=ice-ufrag and a=ice-pwd, which we need");
    return OK;
}

/* RFC 3264 §8.4: c=0.0.0.0 was the old way to say "do not send to me". An ICE end writes it while
 * its candidates are still coming. */
static bool is_null_address(const struct sdp_result *result)
{
    return !result->ice_ufrag.len &&
           (slice_is(result->address, "0.0.0.0") || slice_is(result->address, "::"));
}

static void read_wishes(const struct sdp_caps *caps, const struct sdp_session *session,
                        const struct sdp_media *media, struct sdp_result *result)
{
    unsigned theirs = (unsigned)sdp_direction_of(session, media);
    if (is_null_address(result))
        theirs |= SDP_SENDONLY;
    result->held = !sdp_can_receive((enum sdp_direction)theirs);
    unsigned ours =
        (unsigned)caps->direction | (unsigned)sdp_direction_reverse((enum sdp_direction)theirs);
    result->direction = (enum sdp_direction)ours;
    unsigned max_ms = sdp_maxptime(media);
    result->maxptime_ms = max_ms;
    result->ptime_ms = sdp_ptime(media);
    if (!result->ptime_ms)
        result->ptime_ms = caps->ptime_ms ? caps->ptime_ms : 20;
    if (max_ms && result->ptime_ms > max_ms)
        result->ptime_ms = max_ms;
}

/* RFC 3611 §5.1: formats with spaces between, some with a value. */
static bool takes_voip_metrics(const struct sdp_attribute *xr)
{
    struct slice rest = xr ? xr->value : SLICE_NONE;
    while (rest.len) {
        struct slice format = slice_word(&rest);
        if (slice_iis(slice_cut(&format, '='), "voip-metrics"))
            return true;
    }
    return false;
}

enum err sdp_peer_read(const struct sdp_caps *caps, const struct sdp_session *session, size_t i,
                       struct sdp_result *result, struct fault *fault)
{
    const struct sdp_media *media = &session->media[i];
    result->line = i;
    result->mid = sdp_mid(media);
    result->transport = caps->transport;
    bool mux_here = caps->rtcp_mux || caps->transport == SDP_RTP_DTLS;
    result->rtcp_mux = mux_here && find_transport(session, media, "rtcp-mux");
    result->rtcp_rsize = caps->rtcp_rsize && sdp_find_in(session, media, "rtcp-rsize");
    result->rtcp_xr = takes_voip_metrics(sdp_find_in(session, media, "rtcp-xr"));
    read_address(session, media, result);
    enum err err = read_ice(session, media, result, fault);
    if (!err)
        err = read_security(caps, session, media, result, fault);
    if (!err && !result->address.len && !result->ice_ufrag.len)
        err = fault_set(fault, ERR_PARSE, "sdp", 0, "the far end's audio has no c= address");
    if (!err)
        read_wishes(caps, session, media, result);
    return err;
}

enum sdp_setup sdp_peer_setup(const struct sdp_session *session, const struct sdp_media *media)
{
    return sdp_setup_parse(transport_value(session, media, "setup"));
}

/* A key we can use as it stands: no MKI, no second key, and no session parameter that changes what
 * is encrypted. Those starting with "-" may be ignored (RFC 4568 §6.3.7), WSH is only a hint. */
static bool is_plain_key(const struct sdp_crypto *crypto)
{
    struct slice rest = crypto->params;
    if (rest.len && rest.ptr[0] != ' ' && rest.ptr[0] != '\t') {
        struct slice lifetime = slice_word(&rest);
        if (lifetime.ptr[0] != '|' || slice_index(lifetime, ':') < lifetime.len ||
            slice_index(lifetime, ';') < lifetime.len)
            return false;
    }
    for (struct slice word; (word = slice_word(&rest)).len;)
        if (word.ptr[0] != '-' && !slice_istarts(word, SLICE("WSH=")))
            return false;
    return true;
}

enum err sdp_peer_choose_key(const struct sdp_caps *caps, const struct sdp_media *media,
                             bool is_answer, struct sdp_result *result)
{
    const struct sdp_attribute *a = NULL;
    while ((a = sdp_find_next(&media->attributes, "crypto", a))) {
        struct sdp_crypto crypto;
        if (sdp_crypto_parse(a->value, &crypto) != OK || !is_plain_key(&crypto))
            continue;
        for (size_t i = 0; i < caps->n_keys; i++) {
            if (!slice_is(crypto.suite, caps->keys[i].suite) || (is_answer && crypto.tag != i + 1))
                continue;
            result->key = i;
            result->crypto = crypto;
            return OK;
        }
    }
    return ERR_UNSUPPORTED;
}
