/* Lists of codecs: joined in the order that avoids transcoding. */
#include "legs/leg_media.h"
#include "media/codecs.h"
#include "sdp/sdp.h"

bool leg_codecs_have(const struct leg_codecs *codecs, const struct codec *codec)
{
    for (size_t i = 0; i < codecs->n; i++)
        if (codecs->list[i] == codec)
            return true;
    return false;
}

void leg_codecs_add(struct leg_codecs *codecs, const struct codec *codec)
{
    if (codecs->n < LEG_CODECS_MAX && !leg_codecs_have(codecs, codec))
        codecs->list[codecs->n++] = codec;
}

struct leg_codecs leg_codecs_merge(const struct leg_codecs *wanted, const struct leg_codecs *mine)
{
    struct leg_codecs out = { 0 };
    for (size_t i = 0; i < wanted->n; i++)
        if (leg_codecs_have(mine, wanted->list[i]))
            leg_codecs_add(&out, wanted->list[i]);
    for (size_t i = 0; i < mine->n; i++)
        leg_codecs_add(&out, mine->list[i]);
    return out;
}

struct leg_codecs leg_codecs_common(const struct leg_codecs *wanted, const struct leg_codecs *mine)
{
    struct leg_codecs out = { 0 };
    for (size_t i = 0; i < wanted->n; i++)
        if (leg_codecs_have(mine, wanted->list[i]))
            leg_codecs_add(&out, wanted->list[i]);
    return out.n ? out : *mine;
}

/* Both lists in words: which codec to switch on is the question. */
static enum err no_known_codec(const struct sdp_media *line, struct fault *fault)
{
    char theirs_mem[160] = "", ours_mem[120];
    struct buf theirs = BUF_ON(theirs_mem), ours = BUF_ON(ours_mem);
    for (size_t i = 0; line && i < line->n_formats; i++) {
        uint32_t pt;
        struct sdp_rtpmap map;
        if (!slice_to_u32(line->formats[i], 127, &pt) && sdp_rtpmap_find(line, (uint8_t)pt, &map))
            buf_printf(&theirs, "%s%.*s", theirs.len ? ", " : "", SLICE_ARG(map.name));
    }
    size_t n;
    const struct codec *const *all = codecs_all(&n);
    for (size_t i = 0; i < n; i++)
        buf_printf(&ours, "%s%s", i ? ", " : "", all[i]->name);
    return fault_set(fault, ERR_UNSUPPORTED, "sdp", 0,
                     "no common codec: the far end has %.*s; we have %.*s",
                     SLICE_ARG(theirs.len ? buf_slice(&theirs) : SLICE("no audio")),
                     SLICE_ARG(buf_slice(&ours)));
}

static void add_known(const struct sdp_media *line, struct leg_codecs *out)
{
    for (size_t i = 0; i < line->n_formats; i++) {
        uint32_t pt;
        struct sdp_rtpmap map;
        if (slice_to_u32(line->formats[i], 127, &pt) || !sdp_rtpmap_find(line, (uint8_t)pt, &map))
            continue;
        const struct codec *codec = codecs_find(map.name, map.clock_hz, map.channels);
        if (codec)
            leg_codecs_add(out, codec);
    }
}

enum err leg_media_offered(struct slice offer, struct leg_codecs *out, struct fault *fault)
{
    struct sdp_session *session;
    const struct sdp_media *audio = NULL;
    struct leg_codecs found = { 0 };
    enum err err = sdp_parse(&session, offer);
    if (err)
        return fault_set(fault, err, "sdp", 0, "not a session description");
    for (size_t i = 0; i < session->n_media && !audio; i++)
        if (session->media[i].kind == SDP_AUDIO && session->media[i].port != 0)
            audio = &session->media[i]; /* the first usable line is the one that is answered */
    if (audio)
        add_known(audio, &found);
    if (found.n)
        *out = found;
    else
        err = no_known_codec(audio, fault);
    sdp_session_destroy(session);
    return err;
}
