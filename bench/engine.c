/* Our media engine without signalling: a process that opens a WebRTC stream and an RTP stream for
 * each request and links them. One media thread, as rtpengine gets one. */
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <uv.h>

#include "base/err.h"
#include "base/loop.h"
#include "bench/bench.h"
#include "media/codecs.h"
#include "media/media.h"
#include "media/rtp_transport.h"
#include "rtc/rtc_transport.h"

enum { OPUS_PT = 111, PCMU_PT = 0, EVENT_PT = 101 };

struct asked {
    size_t index;
    bool heard; /* only counters are wanted */
    struct addr a, b;
    char key[SRTP_SDES_TEXT];
    char ufrag[CREDENTIAL_MAX], pwd[CREDENTIAL_MAX], fingerprint[FINGERPRINT_MAX];
};
struct engine {
    struct loop *loop;
    struct media *media;
    struct rtc *rtc;
    enum bench_kind kind;
    bool shared;
    struct {
        struct media_stream *a, *b;
    } calls[CALLS_MAX];
};
struct answered {
    struct heard a, b;
};

static void describe(struct media_stream *stream, const struct codec *codec, uint8_t pt)
{
    struct media_description description = { .n_formats = 1, .send = true, .receive = true };
    description.formats[0] = (struct media_format){ .codec = codec, .tx_pt = pt, .rx_pt = pt };
    description.n_dtmf = 1; /* as in every call today: nobody listens for tones */
    description.dtmf[0] = (struct media_dtmf_format){ 8000, EVENT_PT, EVENT_PT };
    media_stream_describe(stream, &description);
}

static void say_failed(void *owner, enum err err, const char *text)
{
    (void)owner;
    fprintf(stderr, "engine: %s: %s\n", err_name(err), text);
}

static const struct media_events events = { .on_failed = say_failed };

static struct media_stream *open_rtp(struct engine *engine, const struct rtp_remote *remote,
                                     bool shared, struct addr *bound)
{
    struct rtp_local local;
    struct media_transport *transport = NULL;
    BUG_IF(shared ? rtp_transport_create_shared(&transport, engine->media, 0, &local, NULL)
                  : rtp_transport_create(&transport, engine->media, &local, NULL));
    struct media_stream *stream = media_stream_create(engine->media, 0, transport, &events, NULL);
    rtp_transport_set_remote(stream, remote);
    *bound = local.rtp;
    return stream;
}

static struct media_stream *open_rtc(struct engine *engine, const struct asked *asked,
                                     struct offer *offer)
{
    struct rtc_local local;
    struct media_transport *transport = rtc_transport_create(engine->rtc, 0, &local);
    struct media_stream *a = media_stream_create(engine->media, 0, transport, &events, NULL);
    struct rtc_remote remote = { .fingerprint_hash = "sha-256", .local_setup = RTC_SETUP_PASSIVE };
    snprintf(remote.ufrag, sizeof remote.ufrag, "%s", asked->ufrag);
    snprintf(remote.pwd, sizeof remote.pwd, "%s", asked->pwd);
    snprintf(remote.fingerprint, sizeof remote.fingerprint, "%.*s", RTC_FINGERPRINT_MAX,
             asked->fingerprint);
    rtc_transport_set_remote(a, &remote);
    offer->a = addr_loopback4(rtc_port(engine->rtc, 0));
    snprintf(offer->ufrag, sizeof offer->ufrag, "%s", local.ufrag);
    snprintf(offer->pwd, sizeof offer->pwd, "%s", local.pwd);
    snprintf(offer->fingerprint, sizeof offer->fingerprint, "%s", rtc_fingerprint(engine->rtc));
    return a;
}

static void open_streams(struct engine *engine, const struct asked *asked, struct offer *offer)
{
    struct rtp_remote to_a = { .rtp = asked->a, .rtcp_mux = true };
    struct rtp_remote to_b = { .rtp = asked->b, .rtcp_mux = true };
    *offer = (struct offer){ 0 };
    if (engine->kind == BENCH_RELAY_SRTP) {
        enum srtp_profile profile;
        to_b.srtp.on = true;
        to_b.srtp.profile = SRTP_AES128_CM_SHA1_80;
        srtp_sdes_make(&to_b.srtp.tx, to_b.srtp.profile, offer->key);
        BUG_IF(srtp_sdes_parse(&to_b.srtp.rx, &profile, SLICE("AES_CM_128_HMAC_SHA1_80"),
                               slice_of(asked->key), SLICE_NONE));
    }
    struct media_stream *b = open_rtp(engine, &to_b, engine->shared, &offer->b);
    struct media_stream *a = engine->kind == BENCH_RELAY_RTP
                                 ? open_rtp(engine, &to_a, false, &offer->a)
                                 : open_rtc(engine, asked, offer);
    if (engine->kind == BENCH_TRANSCODE)
        describe(a, &codec_opus, OPUS_PT);
    else
        describe(a, &codec_pcmu, PCMU_PT);
    describe(b, &codec_pcmu, PCMU_PT);
    media_link(a, b);
    engine->calls[asked->index].a = a;
    engine->calls[asked->index].b = b;
}

static struct heard heard_of(const struct media_stream *stream)
{
    const struct media_flow_stats *rx = &media_stream_stats(stream)->rx;
    return (struct heard){ rx->packets, rx->lost, rx->reordered, rx->jitter_us };
}

static bool answer(struct engine *engine, int control, const struct asked *asked)
{
    struct offer offer;
    if (!asked->heard) {
        open_streams(engine, asked, &offer);
        return send(control, &offer, sizeof offer, 0) > 0;
    }
    const struct answered answered = { heard_of(engine->calls[asked->index].a),
                                       heard_of(engine->calls[asked->index].b) };
    return send(control, &answered, sizeof answered, 0) > 0;
}

/* As signalling would: control sleeps until it is asked something. */
static void on_asked(uv_poll_t *poll, int status, int events_seen)
{
    struct engine *engine = poll->data;
    struct asked asked;
    int control = -1;
    (void)events_seen;
    if (status || uv_fileno((const uv_handle_t *)poll, &control) ||
        recv(control, &asked, sizeof asked, 0) != sizeof asked)
        _exit(0);
    if (!answer(engine, control, &asked))
        _exit(1);
}

static void serve(int control, enum bench_kind kind, bool shared)
{
    static struct engine engine;
    static uv_poll_t poll;
    engine.loop = loop_create();
    engine.kind = kind;
    engine.shared = shared;
    /* 0.0.0.0, as a gateway binds, though only loopback is used */
    const struct media_config media = { .threads = 1 };
    const struct rtc_config rtc = { .bind = addr_any4(0) };
    BUG_IF(media_create(&engine.media, engine.loop, &media, NULL));
    BUG_IF(rtc_create(&engine.rtc, engine.media, &rtc, NULL));
    BUG_IF(uv_poll_init(loop_uv(engine.loop), &poll, control));
    poll.data = &engine;
    BUG_IF(uv_poll_start(&poll, UV_READABLE, on_asked));
    loop_run(engine.loop);
    _exit(1);
}

static bool open_call(struct subject *subject, size_t index, const struct ends *ends,
                      struct offer *offer)
{
    struct asked asked = { .index = index, .a = ends->a, .b = ends->b };
    snprintf(asked.key, sizeof asked.key, "%s", ends->key);
    snprintf(asked.ufrag, sizeof asked.ufrag, "%s", ends->ufrag);
    snprintf(asked.pwd, sizeof asked.pwd, "%s", ends->pwd);
    snprintf(asked.fingerprint, sizeof asked.fingerprint, "%s", ends->fingerprint);
    if (send(subject->fd, &asked, sizeof asked, 0) != sizeof asked)
        return false;
    return recv(subject->fd, offer, sizeof *offer, 0) == sizeof *offer;
}

static bool ask_heard(struct subject *subject, size_t index, struct heard *a, struct heard *b)
{
    const struct asked asked = { .index = index, .heard = true };
    struct answered answered;
    if (send(subject->fd, &asked, sizeof asked, 0) != sizeof asked ||
        recv(subject->fd, &answered, sizeof answered, 0) != sizeof answered)
        return false;
    *a = answered.a;
    *b = answered.b;
    return true;
}

bool engine_start(struct subject *subject, enum bench_kind kind, bool shared)
{
    *subject =
        (struct subject){ .name = "tandem", .kind = kind, .open = open_call, .heard = ask_heard };
    subject->pid = process_fork(&subject->fd);
    if (subject->pid == 0)
        serve(subject->fd, kind, shared);
    return subject->pid > 0;
}
