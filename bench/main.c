/* bench NAME: ramps each subject up until it loses packets, and prints what it found as JSON. */
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#include "base/err.h"
#include "base/mem.h"
#include "base/num.h"
#include "bench/bench.h"

enum { STEPS_MAX = 16, STEP_MS = 1500, SECONDS = 60, SOAK_SECONDS = 600, SOAK_CALLS = 100 };
enum { PACKETS_A_CALL = 2 * PACKETS_A_SECOND };

/* what is packed anew by a clock of its own may be some packets off at the edges of a measurement
 */
#define REPACKED_SHARE 0.01

/* added delay beyond this at the 99th percentile is loss to a jitter buffer, if not to a counter */
#define DELAY_MAX_US 20000

struct options {
    enum bench_kind kind;
    const char *name;
    int64_t seconds;
    unsigned first_calls, max_calls;
    const char *only; /* the subject to measure; NULL: all of them */
    bool shared;      /* our B ends on one port */
};
struct outcome {
    struct step steps[STEPS_MAX];
    size_t n_steps, best; /* the last without loss or much delay */
    bool bounded;         /* by time, calls or the generator: it could do more */
    int64_t rss_kb_per_call;
    unsigned setups; /* calls set up, and the CPU that took */
    int64_t setup_cpu_ns;
};

static const unsigned ramp_relay[] = {
    100, 250, 500, 750, 1000, 1250, 1500, 1750, 2000, 2500, 3000
};
static const unsigned ramp_transcode[] = { 10, 20, 40, 60, 80, 100, 120, 140, 160, 180, 200, 250 };

/* A try at a load; once more if it lost something, for the machine has other things to do. */
static bool try_step(struct generator *generator, bool relay, struct step *step)
{
    for (int tries = 0; tries < 2; tries++) {
        generator_run(generator, STEP_MS, step);
        double allowed = relay ? 0 : REPACKED_SHARE * (double)step->sent;
        if ((double)step->lost <= allowed && step->delay_p99_us < DELAY_MAX_US)
            return true;
    }
    return false;
}

static void ramp(struct generator *generator, const struct subject *subject,
                 const struct options *options, int64_t seconds, struct outcome *out)
{
    bool relay = options->kind != BENCH_TRANSCODE;
    const unsigned *loads = relay ? ramp_relay : ramp_transcode;
    size_t n_loads = relay ? COUNT_OF(ramp_relay) : COUNT_OF(ramp_transcode);
    int64_t end_ns = now_ns() + seconds * 1000000000;
    int64_t empty_kb = process_rss_kb(subject->pid);
    out->bounded = true;
    for (size_t i = 0; i < n_loads && loads[i] <= options->max_calls && now_ns() < end_ns; i++) {
        struct step *step = &out->steps[out->n_steps];
        if (loads[i] < options->first_calls)
            continue;
        int64_t cpu_ns = process_cpu_ns(subject->pid);
        if (!generator_grow(generator, loads[i])) {
            fprintf(stderr, "  %u calls: cannot be set up\n", loads[i]);
            return;
        }
        out->setup_cpu_ns += process_cpu_ns(subject->pid) - cpu_ns;
        out->setups = loads[i];
        bool good = try_step(generator, relay, step);
        fprintf(stderr,
                "  %4u calls: lost %llu of %llu, busy %.0f %%, %.0f ns a packet, p99 %lld us%s\n",
                step->calls, (unsigned long long)step->lost, (unsigned long long)step->sent,
                100 * step->busy, step->ns_per_packet, (long long)step->delay_p99_us,
                step->generator_late ? " (generator late)" : "");
        int64_t rss_kb = process_rss_kb(subject->pid);
        out->rss_kb_per_call = (rss_kb - empty_kb) / step->calls;
        out->n_steps++;
        if (!good) {
            out->bounded = step->generator_late && step->busy < 0.95;
            return;
        }
        out->best = out->n_steps - 1;
    }
}

static bool measure(struct subject *subject, const struct options *options, int64_t seconds,
                    struct outcome *out)
{
    if (options->only && strcmp(options->only, subject->name) != 0) {
        process_end(subject);
        return false;
    }
    fprintf(stderr, "%s\n", subject->name);
    struct generator *generator = generator_create(subject, CALLS_MAX);
    ramp(generator, subject, options, seconds, out);
    generator_destroy(generator);
    process_end(subject);
    return out->n_steps > 0 && out->steps[0].sent > 0;
}

/* At the load nearest to half of the best. */
static const struct step *half_load(const struct outcome *out)
{
    const struct step *half = &out->steps[0];
    for (size_t i = 0; i <= out->best; i++)
        if (2 * out->steps[i].calls <= out->steps[out->best].calls)
            half = &out->steps[i];
    return half;
}

static double calls_a_core(const struct outcome *out)
{
    return 1e9 / (out->steps[out->best].ns_per_packet * PACKETS_A_CALL);
}

/* ICE, DTLS and ports of a call; the forwarder has none of them. */
static double setups_a_second(const struct outcome *out)
{
    return out->setup_cpu_ns > 0 ? floor(1e9 * out->setups / (double)out->setup_cpu_ns) : 0;
}

static json_t *us(int64_t value)
{
    return value < 0 ? json_null() : json_integer(value);
}

static json_t *print(const struct subject *subject, const struct outcome *out)
{
    const struct step *best = &out->steps[out->best], *half = half_load(out);
    json_t *steps = json_array();
    for (size_t i = 0; i < out->n_steps; i++)
        json_array_append_new(
            steps,
            json_pack("{s:i, s:I, s:I, s:f, s:f, s:b}", "calls", out->steps[i].calls, "sent",
                      (json_int_t)out->steps[i].sent, "lost", (json_int_t)out->steps[i].lost,
                      "busy", out->steps[i].busy, "ns_per_packet", out->steps[i].ns_per_packet,
                      "generator_late", out->steps[i].generator_late));
    return json_pack("{s:s, s:i, s:b, s:f, s:f, s:f, s:I, s:f, s:{s:i, s:o, s:o, s:o}, s:o}",
                     "name", subject->name, "calls_without_loss", best->calls, "could_do_more",
                     out->bounded, "busy", best->busy, "cpu_ns_per_packet", best->ns_per_packet,
                     "calls_per_core", floor(calls_a_core(out)), "rss_kb_per_call",
                     (json_int_t)out->rss_kb_per_call, "setups_per_core_second",
                     setups_a_second(out), "delay_us_at_half_load", "calls", half->calls, "p50",
                     us(half->delay_p50_us), "p99", us(half->delay_p99_us), "max",
                     us(half->delay_max_us), "steps", steps);
}

json_t *machine(void)
{
    char cpu[128] = "unknown", line[256], date[32];
    struct utsname name;
    time_t now = time(NULL);
    struct tm utc;
    FILE *file = fopen("/proc/cpuinfo", "r");
    while (file && fgets(line, sizeof line, file))
        if (sscanf(line, "model name : %127[^\n]", cpu) == 1)
            break;
    if (file)
        fclose(file);
    uname(&name);
    strftime(date, sizeof date, "%Y-%m-%d", gmtime_r(&now, &utc));
    return json_pack("{s:s, s:i, s:s, s:s, s:s}", "cpu", cpu, "cores",
                     (int)sysconf(_SC_NPROCESSORS_ONLN), "kernel", name.release, "tandem",
                     TANDEM_VERSION, "date", date);
}

/* What the codec libraries take alone, as if they were a subject: the limit of transcoding. */
static json_t *codec_limit(double *calls)
{
    struct sounds *sounds = mem_new(struct sounds);
    sounds_make(sounds);
    *calls = 1e9 / (sounds->codec_ns * PACKETS_A_SECOND);
    json_t *limit =
        json_pack("{s:s, s:f, s:f}", "name", "the codec libraries alone", "ns_per_packet_pair",
                  sounds->codec_ns, "calls_per_core", floor(*calls));
    mem_free(sounds);
    return limit;
}

/* How much less CPU we take than another, at the greatest load that both carried: what waking up
 * costs is shared by more packets the greater the load is. */
static json_t *ratio(const struct outcome *ours, const struct outcome *other)
{
    json_t *found = NULL;
    if (!other->n_steps || !ours->n_steps)
        return json_null();
    for (size_t i = 0; i <= ours->best; i++)
        for (size_t k = 0; k <= other->best; k++)
            if (ours->steps[i].calls == other->steps[k].calls) {
                json_decref(found);
                found = json_real(other->steps[k].ns_per_packet / ours->steps[i].ns_per_packet);
            }
    return found ? found : json_null();
}

static int run(const struct options *options)
{
    struct subject subject;
    struct outcome ours = { 0 }, peer = { 0 }, limit = { 0 };
    double codec_calls = 0;
    int64_t seconds = options->only ? options->seconds : options->seconds / 3;
    json_t *result =
        json_pack("{s:s, s:s}", "name", options->name, "rtp", options->shared ? "shared" : "own");
    if (engine_start(&subject, options->kind, options->shared) &&
        measure(&subject, options, seconds, &ours))
        json_object_set_new(result, "ours", print(&subject, &ours));
    if (rtpengine_start(&subject, options->kind) && measure(&subject, options, seconds, &peer))
        json_object_set_new(result, "peer", print(&subject, &peer));
    json_object_set_new(result, "ratio_to_peer", ratio(&ours, &peer));
    if (options->kind == BENCH_TRANSCODE) {
        json_object_set_new(result, "limit", codec_limit(&codec_calls));
        if (ours.n_steps)
            json_object_set_new(result, "ratio_to_limit",
                                json_real(calls_a_core(&ours) / codec_calls));
    } else if (forwarder_start(&subject, options->kind) &&
               measure(&subject, options, seconds, &limit)) {
        json_object_set_new(result, "limit", print(&subject, &limit));
        json_object_set_new(result, "ratio_to_limit", ratio(&ours, &limit));
    }
    json_object_set_new(result, "machine", machine());
    json_dumpf(result, stdout, JSON_INDENT(2) | JSON_REAL_PRECISION(4));
    putchar('\n');
    json_decref(result);
    return 0;
}

static int usage(void)
{
    fprintf(stderr,
            "usage: bench/run relay|relay-rtp|relay-srtp|transcode|soak|sockets [--seconds N] "
            "[--from N] [--calls N] [--rtp own|shared] "
            "[--only tandem|rtpengine|recvmmsg/sendmmsg]\n");
    return 2;
}

static bool set_option(struct options *options, const char *name, const char *value)
{
    long number = strtol(value, NULL, 10);
    if (!strcmp(name, "--only"))
        options->only = value;
    else if (!strcmp(name, "--rtp") && (!strcmp(value, "own") || !strcmp(value, "shared")))
        options->shared = value[0] == 's';
    else if (!strcmp(name, "--seconds") && number > 0)
        options->seconds = number;
    else if (!strcmp(name, "--from") && number > 0 && number <= CALLS_MAX)
        options->first_calls = (unsigned)number;
    else if (!strcmp(name, "--calls") && number > 0 && number <= CALLS_MAX)
        options->max_calls = (unsigned)number;
    else
        return false;
    return true;
}

static bool find_kind(const char *name, enum bench_kind *out)
{
    static const char *const names[] = { [BENCH_RELAY] = "relay",
                                         [BENCH_RELAY_RTP] = "relay-rtp",
                                         [BENCH_RELAY_SRTP] = "relay-srtp",
                                         [BENCH_TRANSCODE] = "transcode" };
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        if (strcmp(name, names[i]) != 0)
            continue;
        *out = (enum bench_kind)i;
        return true;
    }
    return false;
}

int main(int argc, char **argv)
{
    struct options options = { .seconds = SECONDS, .max_calls = CALLS_MAX };
    if (argc < 2)
        return usage();
    options.name = argv[1];
    if (!strcmp(argv[1], "sockets") && argc == 2) {
        process_pin(0);
        return sockets_run();
    }
    bool soak = !strcmp(argv[1], "soak");
    if (soak)
        options = (struct options){ .seconds = SOAK_SECONDS, .max_calls = SOAK_CALLS };
    else if (!find_kind(argv[1], &options.kind))
        return usage();
    for (int i = 2; i < argc; i += 2)
        if (i + 1 == argc || !set_option(&options, argv[i], argv[i + 1]))
            return usage();
    process_pin(0);
    return soak ? soak_run(options.seconds, options.max_calls) : run(&options);
}
