/* Our media engine without signalling: a process that opens a WebRTC stream and an RTP stream for
 * each request and links them. One media thread, as rtpengine gets one. */
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/err.h"
#include "base/loop.h"
#include "bench/bench.h"
#include "media/codecs.h"
#include "media/media.h"
#include "media/rtp_transport.h"
#include "rtc/rtc_transport.h"

enum { OPUS_PT = 111, PCMU_PT = 0, EVENT_PT = 101, TURN_MS = 1 };

struct asked {
    struct addr b;
    char ufrag[CREDENTIAL_MAX], pwd[CREDENTIAL_MAX], fingerprint[FINGERPRINT_MAX];
};
struct engine {
    struct loop *loop;
    struct media *media;
    struct rtc *rtc;
    enum bench_kind kind;
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

static void open_streams(struct engine *engine, const struct asked *asked, struct offer *offer)
{
    static const struct media_events events = { .on_failed = say_failed };
    struct rtc_local local;
    struct rtp_local rtp;
    struct media_transport *transport = NULL;
    BUG_IF(rtp_transport_create(&transport, engine->media, &rtp, NULL));
    struct media_stream *b = media_stream_create(engine->media, 0, transport, &events, NULL);
    transport = rtc_transport_create(engine->rtc, 0, &local);
    struct media_stream *a = media_stream_create(engine->media, 0, transport, &events, NULL);

    struct rtc_remote remote = { .fingerprint_hash = "sha-256", .local_setup = RTC_SETUP_PASSIVE };
    snprintf(remote.ufrag, sizeof remote.ufrag, "%s", asked->ufrag);
    snprintf(remote.pwd, sizeof remote.pwd, "%s", asked->pwd);
    snprintf(remote.fingerprint, sizeof remote.fingerprint, "%.*s", RTC_FINGERPRINT_MAX,
             asked->fingerprint);
    rtc_transport_set_remote(a, &remote);
    rtp_transport_set_remote(b, &(struct rtp_remote){ .rtp = asked->b, .rtcp_mux = true });
    if (engine->kind == BENCH_TRANSCODE)
        describe(a, &codec_opus, OPUS_PT);
    else
        describe(a, &codec_pcmu, PCMU_PT);
    describe(b, &codec_pcmu, PCMU_PT);
    media_link(a, b);

    *offer = (struct offer){ .a = addr_loopback4(rtc_port(engine->rtc, 0)), .b = rtp.rtp };
    snprintf(offer->ufrag, sizeof offer->ufrag, "%s", local.ufrag);
    snprintf(offer->pwd, sizeof offer->pwd, "%s", local.pwd);
    snprintf(offer->fingerprint, sizeof offer->fingerprint, "%s", rtc_fingerprint(engine->rtc));
}

static void serve(int control, enum bench_kind kind)
{
    struct engine engine = { .loop = loop_create(), .kind = kind };
    /* 0.0.0.0, as a gateway binds, though only loopback is used */
    const struct media_config media = { .threads = 1 };
    const struct rtc_config rtc = { .bind = addr_any4(0) };
    struct asked asked;
    struct offer offer;
    BUG_IF(media_create(&engine.media, engine.loop, &media, NULL));
    BUG_IF(rtc_create(&engine.rtc, engine.media, &rtc, NULL));
    for (;;) {
        ssize_t n = recv(control, &asked, sizeof asked, MSG_DONTWAIT);
        if (n == 0)
            _exit(0);
        if (n == sizeof asked) {
            open_streams(&engine, &asked, &offer);
            if (send(control, &offer, sizeof offer, 0) < 0)
                _exit(1);
        } else {
            loop_turn(engine.loop, TURN_MS);
        }
    }
}

static bool open_call(struct subject *subject, size_t index, const struct ends *ends,
                      struct offer *offer)
{
    (void)index;
    struct asked asked = { .b = ends->b };
    snprintf(asked.ufrag, sizeof asked.ufrag, "%s", ends->ufrag);
    snprintf(asked.pwd, sizeof asked.pwd, "%s", ends->pwd);
    snprintf(asked.fingerprint, sizeof asked.fingerprint, "%s", ends->fingerprint);
    if (send(subject->fd, &asked, sizeof asked, 0) != sizeof asked)
        return false;
    return recv(subject->fd, offer, sizeof *offer, 0) == sizeof *offer;
}

bool engine_start(struct subject *subject, enum bench_kind kind)
{
    *subject = (struct subject){ .name = "tandem", .kind = kind, .open = open_call };
    subject->pid = process_fork(&subject->fd);
    if (subject->pid == 0)
        serve(subject->fd, kind);
    return subject->pid > 0;
}
