/* What /metrics shows: one row a family. A new figure is a row and its collector. */
#include <stdio.h>
#include <string.h>

#include "api/api.h"
#include "api/metrics.h"
#include "base/log_tail.h"
#include "base/loop_lag.h"
#include "base/num.h"
#include "base/process.h"
#include "call/call_stats.h"
#include "daemon/daemon_priv.h"
#include "legs/bridge_face.h"
#include "legs/presence.h"
#include "legs/registrar.h"
#include "legs/trunks.h"
#include "media/media.h"
#include "net/http_request.h"
#include "net/http_server.h"
#include "sip/sip_agent.h"
#include "sip/sip_names.h"
#include "store/store.h"

/* Taken once, for all collectors of one scrape. */
struct scrape {
    const struct daemon *daemon;
    const struct sip_agent_stats *sip;
    struct call_figures calls;
    struct process_figures process;
    json_t *trunks, *registrations;
};

static void add_row(void *out, const char *a, const char *b, uint64_t n)
{
    metrics_add(out, (double)n, a, b);
}

#define CALL_TABLE(name, table)                                              \
    static void name(struct metrics *out, void *source)                      \
    {                                                                        \
        const struct scrape *scrape = source;                                \
        calls_each_figure(scrape->daemon->env.calls, (table), add_row, out); \
    }
CALL_TABLE(calls_live, CALL_STATS_LIVE)
CALL_TABLE(call_attempts, CALL_STATS_ATTEMPTS)
CALL_TABLE(call_results, CALL_STATS_RESULTS)
CALL_TABLE(legs_live, CALL_STATS_LEGS)

/* One sample without labels. */
#define ONE(name, value)                                \
    static void name(struct metrics *out, void *source) \
    {                                                   \
        const struct scrape *scrape = source;           \
        metrics_add(out, (double)(value), NULL, NULL);  \
    }
ONE(answered, scrape->calls.answered)
ONE(talk_seconds, scrape->calls.talk_s)
ONE(setup_seconds, scrape->calls.setup_s)
ONE(transcoding, scrape->calls.transcoding)
ONE(sip_transactions, scrape->sip->txns)
ONE(sip_sessions, scrape->sip->sessions)
ONE(sip_keepalives, scrape->sip->keepalives)
ONE(sip_subscriptions, presence_watches(scrape->daemon->presence))
ONE(sip_banned, registrar_banned(scrape->daemon->registrar))
ONE(bridge_sockets, bridge_face_sockets(scrape->daemon->bridge))
ONE(http_connections, http_server_connections(scrape->daemon->http))
ONE(lag_seconds, (double)loop_lag_ms(scrape->daemon->lag) / 1000)
ONE(store_queue, store_in_flight(scrape->daemon->env.store))
ONE(cpu_seconds, scrape->process.cpu_s)
ONE(resident_bytes, scrape->process.resident_bytes)
ONE(virtual_bytes, scrape->process.virtual_bytes)
ONE(open_fds, scrape->process.open_fds)
ONE(max_fds, scrape->process.max_fds)
ONE(threads, scrape->process.threads)
ONE(start_seconds, (double)scrape->daemon->started_wall_ms / 1000)

static void build_info(struct metrics *out, void *source)
{
    (void)source;
    metrics_add(out, 1, TANDEM_VERSION, NULL);
}

static void registrations(struct metrics *out, void *source)
{
    const struct scrape *scrape = source;
    static const char *const kinds[] = { "page", "phone", "trunk" };
    size_t counts[COUNT_OF(kinds)] = { 0 };
    size_t i;
    const json_t *row;
    json_array_foreach(scrape->registrations, i, row)
    {
        const char *kind = json_string_value(json_object_get(row, "kind"));
        const char *state = json_string_value(json_object_get(row, "state"));
        for (size_t k = 0; k < COUNT_OF(kinds); k++)
            counts[k] +=
                kind && state && strcmp(kind, kinds[k]) == 0 && strcmp(state, "registered") == 0;
    }
    for (size_t k = 0; k < COUNT_OF(kinds); k++)
        metrics_add(out, (double)counts[k], kinds[k], NULL);
}

/* A sample for each trunk from its row of the table that people see. */
static void each_trunk(struct metrics *out, const struct scrape *scrape,
                       bool (*value_of)(const json_t *row, double *value))
{
    size_t i;
    const json_t *row;
    json_array_foreach(scrape->trunks, i, row)
    {
        double value;
        if (value_of(row, &value))
            metrics_add(out, value, json_string_value(json_object_get(row, "name")), NULL);
    }
}

static bool is_text(const json_t *row, const char *key, const char *text)
{
    const char *value = json_string_value(json_object_get(row, key));
    return value && strcmp(value, text) == 0;
}
static bool up_of(const json_t *row, double *value)
{
    *value = is_text(row, "state", "alive") || is_text(row, "state", "connected");
    return !is_text(row, "state", "unknown") && !is_text(row, "state", "connecting");
}
static bool registered_of(const json_t *row, double *value)
{
    *value = is_text(row, "registration", "registered");
    return !is_text(row, "registration", "none");
}
static bool rtt_of(const json_t *row, double *value)
{
    const json_t *rtt_ms = json_object_get(row, "rtt_ms");
    *value = json_number_value(rtt_ms) / 1000;
    return json_is_number(rtt_ms);
}
static bool calls_of(const json_t *row, double *value)
{
    *value = json_number_value(json_object_get(row, "calls"));
    return true;
}
static bool total_of(const json_t *row, double *value)
{
    *value = json_number_value(json_object_get(row, "total_calls"));
    return true;
}

#define TRUNK(name, value_of)                           \
    static void name(struct metrics *out, void *source) \
    {                                                   \
        each_trunk(out, source, value_of);              \
    }
TRUNK(trunk_up, up_of)
TRUNK(trunk_registered, registered_of)
TRUNK(trunk_rtt, rtt_of)
TRUNK(trunk_calls, calls_of)
TRUNK(trunk_calls_total, total_of)

static void sip_requests(struct metrics *out, void *source)
{
    const struct scrape *scrape = source;
    for (enum sip_method i = SIP_UNKNOWN; i < SIP_METHOD_COUNT; i++) {
        const char *method = i == SIP_UNKNOWN ? "other" : sip_method_name(i);
        if (scrape->sip->requests_in[i])
            metrics_add(out, (double)scrape->sip->requests_in[i], "in", method);
        if (scrape->sip->requests_out[i])
            metrics_add(out, (double)scrape->sip->requests_out[i], "out", method);
    }
}

static void sip_responses(struct metrics *out, void *source)
{
    static const char *const classes[] = { "1xx", "2xx", "3xx", "4xx", "5xx", "6xx" };
    const struct scrape *scrape = source;
    for (size_t i = 0; i < COUNT_OF(classes); i++) {
        metrics_add(out, (double)scrape->sip->responses_in[i + 1], "in", classes[i]);
        metrics_add(out, (double)scrape->sip->responses_out[i + 1], "out", classes[i]);
    }
}

/* Samples whose labels are known beforehand. */
struct sample {
    const char *a, *b;
    double value;
};

static void add_all(struct metrics *out, const struct sample *samples, size_t n)
{
    for (size_t i = 0; i < n; i++)
        metrics_add(out, samples[i].value, samples[i].a, samples[i].b);
}
#define ADD_ALL(...)                                     \
    add_all(out, (const struct sample[]){ __VA_ARGS__ }, \
            sizeof((const struct sample[]){ __VA_ARGS__ }) / sizeof(struct sample))

static void sip_retransmissions(struct metrics *out, void *source)
{
    const struct sip_agent_stats *sip = ((const struct scrape *)source)->sip;
    ADD_ALL({ "in", NULL, (double)sip->retransmissions_in },
            { "out", NULL, (double)sip->retransmissions_out });
}

static void sip_dropped(struct metrics *out, void *source)
{
    const struct sip_agent_stats *sip = ((const struct scrape *)source)->sip;
    ADD_ALL({ "junk", NULL, (double)sip->junk }, { "limited", NULL, (double)sip->limited },
            { "loop", NULL, (double)sip->loops }, { "malformed", NULL, (double)sip->malformed },
            { "overload", NULL, (double)sip->overload },
            { "send_error", NULL, (double)sip->send_errors },
            { "stray", NULL, (double)sip->stray });
}

static void rtp_packets(struct metrics *out, void *source)
{
    const struct call_figures *calls = &((const struct scrape *)source)->calls;
    ADD_ALL({ "received", NULL, (double)calls->received.packets },
            { "sent", NULL, (double)calls->sent.packets });
}

static void rtp_bytes(struct metrics *out, void *source)
{
    const struct call_figures *calls = &((const struct scrape *)source)->calls;
    ADD_ALL({ "received", NULL, (double)calls->received.bytes },
            { "sent", NULL, (double)calls->sent.bytes });
}

static void rtp_lost(struct metrics *out, void *source)
{
    const struct call_figures *calls = &((const struct scrape *)source)->calls;
    ADD_ALL({ "received", NULL, (double)calls->received.lost },
            { "sent", NULL, (double)calls->sent.lost });
}

static void rtp_dropped(struct metrics *out, void *source)
{
    const struct scrape *scrape = source;
    const struct call_figures *calls = &scrape->calls;
    uint64_t strangers = calls->dropped_stranger + media_unclaimed(scrape->daemon->env.media);
    ADD_ALL({ "auth", NULL, (double)calls->dropped_auth }, { "stranger", NULL, (double)strangers });
}

static void rtp_jitter(struct metrics *out, void *source)
{
    const struct call_figures *calls = &((const struct scrape *)source)->calls;
    if (calls->n_jitter)
        ADD_ALL({ "max", NULL, calls->jitter_max_s }, { "mean", NULL, calls->jitter_mean_s });
}

static void rtp_mos(struct metrics *out, void *source)
{
    const struct call_figures *calls = &((const struct scrape *)source)->calls;
    if (calls->n_mos)
        ADD_ALL({ "mean", NULL, calls->mos_mean }, { "min", NULL, calls->mos_min });
}

static void mailboxes(struct metrics *out, void *source)
{
    const struct media *media = ((const struct scrape *)source)->daemon->env.media;
    metrics_add(out, (double)media_events_waiting(media), "control", NULL);
    for (unsigned i = 0; i < media_threads(media); i++) {
        char name[24];
        snprintf(name, sizeof name, "media-%u", i);
        metrics_add(out, (double)media_commands_waiting(media, i), name, NULL);
    }
}

static void busy_media(struct metrics *out, void *source)
{
    const struct media *media = ((const struct scrape *)source)->daemon->env.media;
    for (unsigned i = 0; i < media_threads(media); i++) {
        char name[24];
        snprintf(name, sizeof name, "media-%u", i);
        if (media_busy(media, i) >= 0)
            metrics_add(out, media_busy(media, i), name, NULL);
    }
}

static void log_lines(struct metrics *out, void *source)
{
    struct log_tail *tail = ((const struct scrape *)source)->daemon->log_tail;
    for (enum log_level level = LOG_ERROR; level <= LOG_DEBUG; level++)
        metrics_add(out, (double)log_tail_count(tail, level), log_level_name(level), NULL);
}

#define COUNTER METRIC_COUNTER
#define GAUGE METRIC_GAUGE

/* clang-format off */
static const struct metric table[] = { /* sorted by name */
    { "process_cpu_seconds_total", COUNTER, "User and system time of the process.", { 0 }, cpu_seconds },
    { "process_max_fds", GAUGE, "File descriptors that the process may open.", { 0 }, max_fds },
    { "process_open_fds", GAUGE, "File descriptors that are open.", { 0 }, open_fds },
    { "process_resident_memory_bytes", GAUGE, "Memory that is in RAM.", { 0 }, resident_bytes },
    { "process_start_time_seconds", GAUGE, "When the process began, since 1970.", { 0 }, start_seconds },
    { "process_threads", GAUGE, "Threads of the process.", { 0 }, threads },
    { "process_virtual_memory_bytes", GAUGE, "Memory that is mapped.", { 0 }, virtual_bytes },
    { "tandem_bridge_sockets", GAUGE, "Open WebSockets of browser pages on the bridge.", { 0 }, bridge_sockets },
    { "tandem_build_info", GAUGE, "Always 1; the version is the label.", { "version" }, build_info },
    { "tandem_call_answered_total", COUNTER, "Calls that were answered, counted when they are over.", { 0 }, answered },
    { "tandem_call_attempts_total", COUNTER, "Calls that began.", { "face", "direction" }, call_attempts },
    { "tandem_call_results_total", COUNTER, "Calls that are over, by cause and by the trunk that they used.", { "cause", "trunk" }, call_results },
    { "tandem_call_setup_seconds_total", COUNTER, "Time until the answer, of the answered calls that are over.", { 0 }, setup_seconds },
    { "tandem_call_talk_seconds_total", COUNTER, "Time after the answer, of the answered calls that are over.", { 0 }, talk_seconds },
    { "tandem_calls", GAUGE, "Calls now.", { "face", "direction" }, calls_live },
    { "tandem_http_connections", GAUGE, "Open connections of HTTP and every WebSocket.", { 0 }, http_connections },
    { "tandem_legs", GAUGE, "Legs of calls now.", { "kind", "state" }, legs_live },
    { "tandem_log_lines_total", COUNTER, "Lines that were logged.", { "level" }, log_lines },
    { "tandem_loop_lag_seconds", GAUGE, "How late the control thread was at worst in the last 15 to 30 s.", { 0 }, lag_seconds },
    { "tandem_media_busy_ratio", GAUGE, "Share of its time that a media thread is at work.", { "thread" }, busy_media },
    { "tandem_mailbox_depth", GAUGE, "Messages that wait for a thread.", { "thread" }, mailboxes },
    { "tandem_registrations", GAUGE, "Registrations that stand: pages and phones at us, ours at trunks.", { "kind" }, registrations },
    { "tandem_rtp_bytes_total", COUNTER, "Bytes of RTP.", { "direction" }, rtp_bytes },
    { "tandem_rtp_dropped_total", COUNTER, "RTP packets that were refused: not authentic, or from a stranger.", { "reason" }, rtp_dropped },
    { "tandem_rtp_jitter_seconds", GAUGE, "Interarrival jitter (RFC 3550) over the legs now.", { "over" }, rtp_jitter },
    { "tandem_rtp_lost_total", COUNTER, "RTP packets lost on the way to us, and as far ends report on the way to them.", { "direction" }, rtp_lost },
    { "tandem_rtp_mos", GAUGE, "Listening quality (E-model, 1 to 4.41) over the legs now.", { "over" }, rtp_mos },
    { "tandem_rtp_packets_total", COUNTER, "RTP packets.", { "direction" }, rtp_packets },
    { "tandem_sip_banned", GAUGE, "Addresses that are banned for guessing SIP passwords.", { 0 }, sip_banned },
    { "tandem_sip_dropped_total", COUNTER, "SIP messages that led nowhere.", { "reason" }, sip_dropped },
    { "tandem_sip_keepalives_total", COUNTER, "Keep-alives of SIP clients (RFC 5626).", { 0 }, sip_keepalives },
    { "tandem_sip_requests_total", COUNTER, "SIP requests, without retransmissions.", { "direction", "method" }, sip_requests },
    { "tandem_sip_responses_total", COUNTER, "SIP responses, without retransmissions.", { "direction", "class" }, sip_responses },
    { "tandem_sip_retransmissions_total", COUNTER, "SIP messages that came, or were sent, again.", { "direction" }, sip_retransmissions },
    { "tandem_sip_sessions", GAUGE, "SIP sessions (INVITE dialogs) now.", { 0 }, sip_sessions },
    { "tandem_sip_subscriptions", GAUGE, "Subscriptions of phones (presence, lamps) now.", { 0 }, sip_subscriptions },
    { "tandem_sip_transactions", GAUGE, "SIP transactions now.", { 0 }, sip_transactions },
    { "tandem_store_queue_depth", GAUGE, "Requests to the database that are not answered yet.", { 0 }, store_queue },
    { "tandem_transcoding_legs", GAUGE, "Legs whose audio is decoded and encoded anew.", { 0 }, transcoding },
    { "tandem_trunk_calls", GAUGE, "Outgoing calls through the trunk now.", { "trunk" }, trunk_calls },
    { "tandem_trunk_calls_total", COUNTER, "Outgoing calls through the trunk.", { "trunk" }, trunk_calls_total },
    { "tandem_trunk_registered", GAUGE, "1: registered at the trunk; only trunks that we register with.", { "trunk" }, trunk_registered },
    { "tandem_trunk_rtt_seconds", GAUGE, "Round trip of the last OPTIONS.", { "trunk" }, trunk_rtt },
    { "tandem_trunk_up", GAUGE, "1: the trunk answers; absent until that is known.", { "trunk" }, trunk_up },
};
/* clang-format on */

static void reply(struct daemon *daemon, struct http_request *request)
{
    struct metrics *out = metrics_create();
    struct scrape scrape = { .daemon = daemon,
                             .sip = sip_agent_stats(daemon->env.agent),
                             .process = process_measure(),
                             .trunks = trunks_json(daemon->trunks),
                             .registrations = daemon_registrations(daemon) };
    calls_measure(daemon->env.calls, &scrape.calls);
    for (size_t i = 0; i < COUNT_OF(table); i++)
        metrics_collect(out, &table[i], &scrape);
    http_reply(request, 200, METRICS_CONTENT_TYPE, metrics_text(out));
    json_decref(scrape.trunks);
    json_decref(scrape.registrations);
    metrics_destroy(out);
}

void daemon_serve_metrics(struct daemon *daemon, struct http_request *request)
{
    (void)!http_reply_header(request, "Cache-Control", SLICE("no-store"));
    if (api_may_measure(daemon->api, request)) {
        reply(daemon, request);
        return;
    }
    (void)!http_reply_header(request, "WWW-Authenticate", SLICE("Bearer realm=\"tandem\""));
    http_reply(request, 401, "text/plain; charset=utf-8",
               SLICE("Figures are for this machine, or with the admin token as Bearer.\n"));
}
