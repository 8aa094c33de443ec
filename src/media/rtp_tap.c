#include "media/rtp_tap.h"

#include <string.h>

#include "base/mem.h"
#include "base/rand.h"
#include "media/codec.h"
#include "media/media_fork.h"
#include "media/pcm_fifo.h"
#include "media/rtp.h"
#include "media/rtp_sender.h"
#include "net/udp.h"

enum { STEP_MS = 10, PT_DYNAMIC = 96 };

struct rtp_tap {
    const struct rtp_tap_events *events;
    void *owner;
    struct udp *udp;
    struct addr remote;
    struct media_fork *fork;
    struct codec_encoder *encoder;
    struct rtp_sender sender;
    unsigned packet_ms, step_ms; /* `step_ms` is what the encoder takes at once */
    uint64_t sent_ms;
    struct pcm_fifo tracks[MEDIA_FORK_TRACKS];
    bool wanted[MEDIA_FORK_TRACKS];
};

static size_t encode(struct rtp_tap *tap, const int16_t *pcm, uint8_t *out, size_t cap)
{
    const size_t step = tap->encoder->rate_hz / 1000 * tap->step_ms;
    size_t done = 0;
    for (unsigned ms = 0; ms < tap->packet_ms; ms += tap->step_ms, pcm += step) {
        size_t len = cap - done;
        if (codec_encode(tap->encoder, pcm, step, out + done, &len) != OK)
            return 0;
        done += len;
    }
    return done;
}

static void send_packet(struct rtp_tap *tap, const int16_t *pcm)
{
    const struct codec *codec = tap->encoder->codec;
    uint8_t packet[RTP_HEADER_LEN + CODEC_MAX_BYTES];
    struct rtp_header header = { 0 };
    size_t len = encode(tap, pcm, packet + RTP_HEADER_LEN, CODEC_MAX_BYTES);
    rtp_sender_make(&tap->sender, codec->clock_hz / 1000 * tap->packet_ms,
                    (int64_t)tap->sent_ms * 1000, &header);
    tap->sent_ms += tap->packet_ms;
    header.pt = codec->static_pt == CODEC_PT_DYNAMIC ? PT_DYNAMIC : codec->static_pt;
    rtp_print(&header, packet);
    if (len) /* else the encoder made nothing of it; what is lost on the way is lost */
        (void)!udp_send(tap->udp, &tap->remote, NULL, slice_make(packet, RTP_HEADER_LEN + len));
}

/* Is there a packet's worth of everything that is wanted? */
static bool has_packet(const struct rtp_tap *tap, size_t n)
{
    for (size_t i = 0; i < MEDIA_FORK_TRACKS; i++)
        if (tap->wanted[i] && tap->tracks[i].n_held < n)
            return false;
    return true;
}

static void on_audio(void *owner, enum media_fork_track track, const int16_t *pcm, size_t n,
                     uint64_t at_ms)
{
    struct rtp_tap *tap = owner;
    const size_t need = tap->encoder->rate_hz / 1000 * tap->packet_ms;
    (void)at_ms;
    pcm_fifo_feed(&tap->tracks[track], pcm, n);
    while (has_packet(tap, need)) {
        int16_t mix[CODEC_MAX_SAMPLES] = { 0 }, one[CODEC_MAX_SAMPLES];
        for (size_t i = 0; i < MEDIA_FORK_TRACKS; i++) {
            size_t got = tap->wanted[i] ? pcm_fifo_take(&tap->tracks[i], one, need) : 0;
            for (size_t k = 0; k < got; k++)
                mix[k] = pcm_add(mix[k], one[k]);
        }
        send_packet(tap, mix);
    }
}

static void on_over(void *owner)
{
    struct rtp_tap *tap = owner;
    tap->events->on_over(tap->owner);
}

static const struct media_fork_events fork_events = { .on_audio = on_audio, .on_over = on_over };

/* Nobody answers a tap. */
static void on_packet(void *owner, const struct addr *from, const struct addr *to,
                      struct slice bytes)
{
    (void)owner, (void)from, (void)to, (void)bytes;
}

static const struct udp_events udp_events = { .on_packet = on_packet };

static enum err open_socket(struct rtp_tap *tap, const struct rtp_tap_config *config,
                            struct fault *fault)
{
    struct addr local;
    enum err err = addr_local_toward(&config->remote, &local);
    if (err)
        return fault_set(fault, ERR_IO, "", 0, "there is no way to that address");
    addr_set_port(&local, 0);
    return udp_create(&tap->udp, config->loop, &local, &udp_events, tap, fault);
}

enum err rtp_tap_create(struct rtp_tap **out, const struct rtp_tap_config *config,
                        const struct rtp_tap_events *events, void *owner, struct fault *fault)
{
    const struct codec *codec = config->codec;
    const unsigned ptime_ms = config->ptime_ms;
    if (ptime_ms < RTP_TAP_PTIME_MIN_MS || ptime_ms > RTP_TAP_PTIME_MAX_MS || ptime_ms % STEP_MS)
        return fault_set(fault, ERR_INVALID, "ptime", 0, "expected 10 to 120 ms in steps of 10");
    struct rtp_tap *tap = mem_new(struct rtp_tap);
    enum err err = open_socket(tap, config, fault);
    if (err) {
        mem_free(tap);
        return err;
    }
    tap->events = events;
    tap->owner = owner;
    tap->remote = config->remote;
    tap->step_ms = codec->packets_ms ? codec_packet_ms(codec, ptime_ms) : STEP_MS;
    tap->packet_ms = codec->packets_ms ? tap->step_ms : ptime_ms;
    tap->encoder = codec_encoder_create(codec, NULL, codec->rate_hz);
    rtp_sender_init(&tap->sender, rand_u32(), rand_u32() & 0x7fff, rand_u32(), codec->clock_hz);
    tap->wanted[MEDIA_FORK_INBOUND] = config->heard;
    tap->wanted[MEDIA_FORK_OUTBOUND] = config->sent;
    for (size_t i = 0; i < MEDIA_FORK_TRACKS; i++)
        pcm_fifo_set_rates(&tap->tracks[i], codec->rate_hz, codec->rate_hz);
    const struct media_fork_config fork = { .rate_hz = codec->rate_hz,
                                            .tracks = { config->heard, config->sent } };
    tap->fork = media_fork_create(config->media, config->stream, &fork, &fork_events, tap);
    *out = tap;
    return OK;
}

void rtp_tap_destroy(struct rtp_tap *tap)
{
    if (!tap)
        return;
    media_fork_destroy(tap->fork);
    udp_destroy(tap->udp);
    codec_encoder_destroy(tap->encoder);
    for (size_t i = 0; i < MEDIA_FORK_TRACKS; i++)
        pcm_fifo_clear(&tap->tracks[i]);
    mem_free(tap);
}

const struct addr *rtp_tap_local(const struct rtp_tap *tap)
{
    return udp_local(tap->udp);
}
