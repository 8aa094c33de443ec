#include "media/srtp.h"

#include "base/mem.h"
#include "base/num.h"
#include "base/wire.h"
#include "media/media_packet.h"
#include "media/rtcp.h"
#include "media/rtp.h"
#include "media/srtp_priv.h"
#include "media/warm.h"

enum {
    WINDOW = 128,      /* packets remembered against replay; RFC 3711 §3.3.2 wants 64 */
    FIRST_STREAMS = 4, /* room for SSRCs at first */
    INDEX_LEN = 4,     /* E flag and SRTCP index */
    KDF_SALT_LEN = 14,
};
#define ENCRYPTED 0x80000000U
#define RTCP_INDEX_MAX 0x7fffffffU
#define RTP_INDEX_MAX 0xffffffffffffULL

static const struct srtp_profile_info profiles[] = {
    { SRTP_AEAD_AES_128_GCM, 0x0007, "SRTP_AEAD_AES_128_GCM", "AEAD_AES_128_GCM", 16, 12, 16, 16 },
    { SRTP_AEAD_AES_256_GCM, 0x0008, "SRTP_AEAD_AES_256_GCM", "AEAD_AES_256_GCM", 32, 12, 16, 16 },
    { SRTP_AES128_CM_SHA1_80, 0x0001, "SRTP_AES128_CM_SHA1_80", "AES_CM_128_HMAC_SHA1_80", 16, 14,
      10, 10 },
    /* reports keep the long tag (RFC 5764 §4.1.2) */
    { SRTP_AES128_CM_SHA1_32, 0x0002, "SRTP_AES128_CM_SHA1_32", "AES_CM_128_HMAC_SHA1_32", 16, 14,
      4, 10 },
};
_Static_assert(COUNT_OF(profiles) == SRTP_PROFILES, "a row per profile");

struct window {
    bool used;
    uint64_t top;           /* highest index so far */
    unsigned __int128 seen; /* bit n: top - n */
};

struct stream { /* one SSRC */
    uint32_t ssrc;
    struct window windows[SRTP_CHANNELS];
};

struct srtp_session {
    const struct srtp_profile_info *info;
    enum srtp_direction direction;
    const struct srtp_cipher_ops *ops;
    struct srtp_cipher *cipher;
    uint8_t salts[SRTP_CHANNELS][SRTP_SALT_MAX];
    struct stream *streams;
    size_t n_streams, cap_streams;
};

const struct srtp_profile_info *srtp_profile_info(enum srtp_profile profile)
{
    BUG_IF(profile >= SRTP_PROFILES);
    return &profiles[profile];
}

const struct srtp_profile_info *srtp_profile_find(struct slice name)
{
    for (size_t i = 0; i < COUNT_OF(profiles); i++)
        if (slice_iis(name, profiles[i].name))
            return &profiles[i];
    return NULL;
}

const struct srtp_profile_info *srtp_profile_find_dtls(uint16_t dtls_id)
{
    for (size_t i = 0; i < COUNT_OF(profiles); i++)
        if (profiles[i].dtls_id == dtls_id)
            return &profiles[i];
    return NULL;
}

/* Labels 0 to 2 are SRTP's, 3 to 5 SRTCP's: cipher, authentication, salt (RFC 3711 §4.3.1-2). */
void srtp_derive(const struct srtp_cipher_ops *ops, const struct srtp_profile_info *info,
                 struct slice master_key, struct slice master_salt,
                 struct srtp_keys keys[SRTP_CHANNELS])
{
    for (uint8_t label = 0; label < 3 * SRTP_CHANNELS; label++) {
        struct srtp_keys *to = &keys[label / 3];
        uint8_t *const out[] = { to->cipher, to->auth, to->salt };
        const size_t len[] = { info->key_len, SRTP_AUTH_KEY_LEN, info->salt_len };
        uint8_t iv[SRTP_CTR_IV] = { 0 };
        memcpy(iv, master_salt.ptr, master_salt.len);
        iv[KDF_SALT_LEN - 7] ^= label;
        ops->keystream((const uint8_t *)master_key.ptr, master_key.len, iv, out[label % 3],
                       len[label % 3]);
        mem_wipe(iv, sizeof(iv));
    }
}

struct srtp_session *srtp_create_from_keys(enum srtp_profile profile, enum srtp_direction direction,
                                           const struct srtp_keys keys[SRTP_CHANNELS])
{
    struct srtp_session *session = mem_new(struct srtp_session);
    session->info = srtp_profile_info(profile);
    session->direction = direction;
    session->ops = &srtp_openssl;
    session->cipher = session->ops->create(session->info, direction, keys);
    for (int i = 0; i < SRTP_CHANNELS; i++)
        memcpy(session->salts[i], keys[i].salt, SRTP_SALT_MAX);
    session->cap_streams = FIRST_STREAMS;
    session->streams = mem_array(session->cap_streams, sizeof(*session->streams));
    return session;
}

enum err srtp_create(struct srtp_session **out, enum srtp_profile profile,
                     enum srtp_direction direction, struct slice master_key,
                     struct slice master_salt)
{
    const struct srtp_profile_info *info = srtp_profile_info(profile);
    if (master_key.len != info->key_len || master_salt.len != info->salt_len)
        return ERR_INVALID;
    struct srtp_keys keys[SRTP_CHANNELS] = { 0 };
    srtp_derive(&srtp_openssl, info, master_key, master_salt, keys);
    *out = srtp_create_from_keys(profile, direction, keys);
    mem_wipe(keys, sizeof(keys));
    return OK;
}

void srtp_follow(struct srtp_session *session, const struct srtp_session *old)
{
    BUG_IF(session->n_streams || session->direction != old->direction);
    session->streams = mem_resize(session->streams, old->cap_streams * sizeof(*session->streams));
    session->cap_streams = old->cap_streams;
    session->n_streams = old->n_streams;
    for (size_t i = 0; i < old->n_streams; i++) {
        struct stream *stream = &session->streams[i];
        *stream = old->streams[i];
        stream->windows[SRTP_CHANNEL_RTP].seen = 0;
        /* a peer may count its reports from 0 again; ours must only be other than before */
        if (session->direction == SRTP_UNPROTECT)
            stream->windows[SRTP_CHANNEL_RTCP] = (struct window){ 0 };
    }
}

void srtp_destroy(struct srtp_session *session)
{
    if (!session)
        return;
    session->ops->destroy(session->cipher);
    mem_free(session->streams);
    mem_wipe(session, sizeof(*session));
    mem_free(session);
}

static struct stream *find_stream(const struct srtp_session *session, uint32_t ssrc)
{
    for (size_t i = 0; i < session->n_streams; i++)
        if (session->streams[i].ssrc == ssrc)
            return &session->streams[i];
    return NULL;
}

static bool is_full(const struct srtp_session *session)
{
    return session->n_streams == SRTP_MAX_SSRCS;
}

/* Grows once per new SSRC at most, never per packet. */
static struct stream *add_stream(struct srtp_session *session, uint32_t ssrc)
{
    if (session->n_streams == session->cap_streams) {
        session->cap_streams *= 2;
        session->streams =
            mem_resize(session->streams, session->cap_streams * sizeof(*session->streams));
    }
    struct stream *stream = &session->streams[session->n_streams++];
    *stream = (struct stream){ .ssrc = ssrc };
    return stream;
}

static bool window_has(const struct window *window, uint64_t index)
{
    if (!window->used || index > window->top)
        return false;
    uint64_t age = window->top - index;
    return age >= WINDOW || (window->seen >> age & 1) != 0;
}

static void window_add(struct window *window, uint64_t index)
{
    if (!window->used || index > window->top) {
        uint64_t ahead = window->used ? index - window->top : WINDOW;
        window->seen = ahead >= WINDOW ? 1 : window->seen << ahead | 1;
        window->top = index;
        window->used = true;
        return;
    }
    window->seen |= (unsigned __int128)1 << (window->top - index);
}

/* The index whose lower half is `seq` and that is nearest to the highest so far (RFC 3711 §3.3.1,
 * §A). False: it would be before the beginning or after the end. */
static bool guess_index(const struct window *window, uint16_t seq, uint64_t *out)
{
    if (!window->used) {
        *out = seq;
        return true;
    }
    /* the distance on the circle of sequence numbers, -32768 to 32767 */
    int64_t index = (int64_t)window->top + (int16_t)(uint16_t)(seq - (uint16_t)window->top);
    if (index < 0 || index > (int64_t)RTP_INDEX_MAX)
        return false;
    *out = (uint64_t)index;
    return true;
}

static void xor_u32(uint8_t *out, uint32_t v)
{
    for (int i = 0; i < 4; i++)
        out[i] ^= (uint8_t)(v >> (24 - 8 * i));
}

/* The salt, SSRC and index: RFC 3711 §4.1.1 for counter mode, whose last 16 bits count blocks;
 * RFC 7714 §8.1 and §9.1 have the same 48-bit index behind the SSRC. */
static void make_iv(const struct srtp_session *session, enum srtp_channel channel, uint32_t ssrc,
                    uint64_t index, uint8_t iv[SRTP_CTR_IV])
{
    memset(iv, 0, SRTP_CTR_IV);
    memcpy(iv, session->salts[channel], session->info->salt_len);
    size_t at = srtp_is_gcm(session->info) ? 2 : 4;
    xor_u32(iv + at, ssrc);
    iv[at + 4] ^= (uint8_t)(index >> 40);
    iv[at + 5] ^= (uint8_t)(index >> 32);
    xor_u32(iv + at + 6, (uint32_t)index);
}

static size_t room_behind(const struct media_packet *packet)
{
    return (size_t)(packet->room + sizeof(packet->room) - packet->data) - packet->len;
}

/* One packet being worked on. */
struct work {
    uint32_t ssrc;
    uint64_t index;
    struct stream *stream; /* NULL: the first packet of its SSRC */
    struct srtp_job job;
};

/* ERR_EXISTS, ERR_LIMIT, or fine. */
static enum err check_stream(const struct srtp_session *session, enum srtp_channel channel,
                             const struct work *work)
{
    if (!work->stream)
        return is_full(session) ? ERR_LIMIT : OK;
    return window_has(&work->stream->windows[channel], work->index) ? ERR_EXISTS : OK;
}

static void remember(struct srtp_session *session, enum srtp_channel channel, struct work *work)
{
    struct stream *stream = work->stream ? work->stream : add_stream(session, work->ssrc);
    window_add(&stream->windows[channel], work->index);
}

/* `len`: of the packet without its tag. */
static enum err rtp_work(struct srtp_session *session, struct media_packet *packet, size_t len,
                         struct work *work)
{
    static const struct window none;
    size_t head_len;
    if (rtp_header_len(slice_make(packet->data, len), &head_len))
        return ERR_PARSE;
    struct wire w = wire_of(slice_make(packet->data, len));
    wire_skip(&w, 2);
    uint16_t seq = wire_u16(&w);
    wire_skip(&w, 4);
    work->ssrc = wire_u32(&w);
    work->stream = find_stream(session, work->ssrc);
    const struct window *window = work->stream ? &work->stream->windows[SRTP_CHANNEL_RTP] : &none;
    if (!guess_index(window, seq, &work->index))
        return session->direction == SRTP_PROTECT ? ERR_MISUSE : ERR_EXISTS;
    enum err err = check_stream(session, SRTP_CHANNEL_RTP, work);
    if (err)
        return err;
    struct srtp_job *job = &work->job;
    job->head = packet->data;
    job->head_len = head_len;
    job->body_len = len - head_len;
    job->tag = packet->data + len;
    job->tag_len = session->info->rtp_tag_len;
    job->extra_len = srtp_is_gcm(session->info) ? 0 : sizeof(job->extra);
    wire_put_u32(job->extra, (uint32_t)(work->index >> 16)); /* the roll-over counter */
    make_iv(session, SRTP_CHANNEL_RTP, work->ssrc, work->index, job->iv);
    return OK;
}

/* The trailer is tag and index for GCM (RFC 7714 §9), index and tag otherwise (RFC 3711 §3.4). */
static uint8_t *rtcp_layout(const struct srtp_session *session, struct media_packet *packet,
                            size_t len, struct srtp_job *job)
{
    bool gcm = srtp_is_gcm(session->info);
    uint8_t *trailer = packet->data + len;
    job->head = packet->data;
    job->tag_len = session->info->rtcp_tag_len;
    job->tag = gcm ? trailer : trailer + INDEX_LEN;
    job->extra_len = INDEX_LEN;
    return gcm ? trailer + job->tag_len : trailer;
}

static void rtcp_split(struct srtp_job *job, size_t len, bool encrypted)
{
    job->head_len = encrypted ? RTCP_HEADER_LEN : len;
    job->body_len = len - job->head_len;
}

static enum err rtcp_ssrc(const struct media_packet *packet, size_t len, uint32_t *out)
{
    if (len < RTCP_HEADER_LEN || packet->data[0] >> 6 != 2)
        return ERR_PARSE;
    struct wire w = wire_of(slice_make(packet->data + 4, 4));
    *out = wire_u32(&w);
    return OK;
}

static enum err protect_rtp(struct srtp_session *session, struct media_packet *packet)
{
    struct work work;
    enum err err = rtp_work(session, packet, packet->len, &work);
    if (err)
        return err;
    session->ops->seal(session->cipher, SRTP_CHANNEL_RTP, &work.job);
    remember(session, SRTP_CHANNEL_RTP, &work);
    packet->len += session->info->rtp_tag_len;
    return OK;
}

static enum err protect_rtcp(struct srtp_session *session, struct media_packet *packet)
{
    struct work work = { 0 };
    enum err err = rtcp_ssrc(packet, packet->len, &work.ssrc);
    if (err)
        return err;
    work.stream = find_stream(session, work.ssrc);
    if (!work.stream && is_full(session))
        return ERR_LIMIT;
    if (work.stream && work.stream->windows[SRTP_CHANNEL_RTCP].used)
        work.index = work.stream->windows[SRTP_CHANNEL_RTCP].top + 1;
    if (work.index > RTCP_INDEX_MAX)
        return ERR_MISUSE;
    uint8_t *index = rtcp_layout(session, packet, packet->len, &work.job);
    rtcp_split(&work.job, packet->len, true);
    wire_put_u32(work.job.extra, ENCRYPTED | (uint32_t)work.index); /* 31 bits, checked above */
    make_iv(session, SRTP_CHANNEL_RTCP, work.ssrc, work.index, work.job.iv);
    session->ops->seal(session->cipher, SRTP_CHANNEL_RTCP, &work.job);
    memcpy(index, work.job.extra, INDEX_LEN);
    remember(session, SRTP_CHANNEL_RTCP, &work);
    packet->len += INDEX_LEN + session->info->rtcp_tag_len;
    return OK;
}

void srtp_warm(const struct srtp_session *session, unsigned step)
{
    if (step == 0) {
        warm(session, sizeof *session);
        return;
    }
    if (step == 1)
        warm(session->streams, sizeof *session->streams);
    session->ops->warm(session->cipher, step - 1);
}

enum err srtp_protect(struct srtp_session *session, struct media_packet *packet)
{
    if (session->direction != SRTP_PROTECT)
        return ERR_MISUSE;
    if (room_behind(packet) < SRTP_MAX_OVERHEAD)
        return ERR_LIMIT;
    return packet->is_rtcp ? protect_rtcp(session, packet) : protect_rtp(session, packet);
}

static enum err unprotect_rtp(struct srtp_session *session, struct media_packet *packet)
{
    if (packet->len < session->info->rtp_tag_len)
        return ERR_PARSE;
    size_t len = packet->len - session->info->rtp_tag_len;
    struct work work;
    enum err err = rtp_work(session, packet, len, &work);
    if (err)
        return err;
    err = session->ops->open(session->cipher, SRTP_CHANNEL_RTP, &work.job);
    if (err)
        return err;
    remember(session, SRTP_CHANNEL_RTP, &work);
    packet->len = (uint32_t)len; /* shorter than it was */
    return OK;
}

static enum err unprotect_rtcp(struct srtp_session *session, struct media_packet *packet)
{
    size_t trailer = INDEX_LEN + session->info->rtcp_tag_len;
    if (packet->len < trailer)
        return ERR_PARSE;
    size_t len = packet->len - trailer;
    struct work work = { 0 };
    enum err err = rtcp_ssrc(packet, len, &work.ssrc);
    if (err)
        return err;
    const uint8_t *index = rtcp_layout(session, packet, len, &work.job);
    struct wire w = wire_of(slice_make(index, INDEX_LEN));
    uint32_t word = wire_u32(&w);
    work.index = word & RTCP_INDEX_MAX;
    work.stream = find_stream(session, work.ssrc);
    err = check_stream(session, SRTP_CHANNEL_RTCP, &work);
    if (err)
        return err;
    rtcp_split(&work.job, len, (word & ENCRYPTED) != 0);
    memcpy(work.job.extra, index, INDEX_LEN);
    make_iv(session, SRTP_CHANNEL_RTCP, work.ssrc, work.index, work.job.iv);
    err = session->ops->open(session->cipher, SRTP_CHANNEL_RTCP, &work.job);
    if (err)
        return err;
    remember(session, SRTP_CHANNEL_RTCP, &work);
    packet->len = (uint32_t)len; /* shorter than it was */
    return OK;
}

enum err srtp_unprotect(struct srtp_session *session, struct media_packet *packet)
{
    if (session->direction != SRTP_UNPROTECT)
        return ERR_MISUSE;
    return packet->is_rtcp ? unprotect_rtcp(session, packet) : unprotect_rtp(session, packet);
}
