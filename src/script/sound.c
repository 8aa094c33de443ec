#include "script/sound.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/loop.h"
#include "base/mem.h"
#include "base/rand.h"
#include "base/worker.h"
#include "media/sound_file.h"
#include "media/speech.h"
#include "script/script_priv.h"

enum { PATH_MAX_LEN = 1024, FETCH_TIMEOUT_MS = 20000, FETCH_MAX_BYTES = 64 << 20 };

struct sound_job {
    struct scripts *scripts;
    enum sound_kind kind;
    char *text;   /* to say; of a file, its path */
    bool is_ours; /* a downloaded file: to be removed */
    char project_id[SCRIPT_ID_TEXT];
    struct http_client_call *call;
    int16_t *pcm;
    size_t samples;
    uint32_t rate_hz;
    struct fault fault;
    sound_fn fn; /* NULL: cancelled while a worker has it */
    void *owner;
    struct timer later;
};

/* --- what a text means --- */

static enum err parse_seconds(struct slice text, double *out)
{
    char copy[32], *end;
    if (!text.len || !slice_copy(text, copy, sizeof copy) ||
        strspn(copy, "0123456789.") != text.len)
        return ERR_PARSE;
    *out = strtod(copy, &end);
    return *end || *out > 86400 ? ERR_LIMIT : OK;
}

/* ring:us, ring:5:us, ring:5.5:us */
static enum err parse_ring(struct slice rest, struct sound_spec *out)
{
    size_t colon = slice_index(rest, ':');
    int16_t *pcm = NULL;
    size_t samples;
    if (colon < rest.len) {
        if (parse_seconds(slice_sub(rest, 0, colon), &out->seconds))
            return ERR_PARSE;
        rest = slice_from(rest, colon + 1);
    }
    out->kind = SOUND_RING;
    out->text = slice_dup(slice_trim(rest));
    enum err err = sound_ring(out->text, &pcm, &samples);
    mem_free(pcm);
    return err;
}

enum err sound_spec_parse(const char *text, struct sound_spec *out, struct fault *fault)
{
    struct slice all = slice_of(text), rest = all;
    struct slice scheme = slice_cut(&rest, ':');
    enum err err = OK;
    *out = (struct sound_spec){ .kind = SOUND_FILE };
    if (slice_is(scheme, "say") && scheme.len < all.len) {
        out->kind = SOUND_SAY;
        out->text = slice_dup(slice_trim(rest));
    } else if (slice_is(scheme, "silence") && scheme.len < all.len) {
        out->kind = SOUND_SILENCE;
        err = parse_seconds(slice_trim(rest), &out->seconds);
    } else if (slice_is(scheme, "ring") && scheme.len < all.len) {
        err = parse_ring(slice_trim(rest), out);
    } else if (slice_istarts(all, SLICE("http://")) || slice_istarts(all, SLICE("https://"))) {
        out->text = slice_dup(all);
    } else {
        err = ERR_UNSUPPORTED;
    }
    if (!err)
        return OK;
    sound_spec_clear(out);
    return fault_set(fault, ERR_INVALID, "play", 0,
                     "relay_script_method_parameter_invalid_value: '%.80s' is nothing to play: "
                     "http(s)://…, say:…, silence:SECONDS or ring:[SECONDS:]COUNTRY",
                     text);
}

void sound_spec_clear(struct sound_spec *spec)
{
    mem_free(spec->text);
    spec->text = NULL;
}

/* --- making it --- */

static void release(struct sound_job *job)
{
    mem_free(job->pcm);
    mem_free(job->text);
    mem_free(job);
}

static void report(void *owner)
{
    struct sound_job *job = owner;
    int16_t *pcm = job->pcm;
    if (job->fn) {
        job->pcm = NULL; /* his */
        job->fn(job->owner, pcm, job->samples, job->rate_hz, &job->fault);
    }
    release(job);
}

/* On a worker. */
static void work(void *arg)
{
    struct sound_job *job = arg;
    enum err err = OK;
    if (job->kind == SOUND_SAY) {
        err = speech_render(slice_of(job->text), &job->pcm, &job->samples, &job->rate_hz);
        if (err)
            fault_set(&job->fault, err, "", 0, "this text cannot be said: %s", err_name(err));
    } else {
        err = sound_file_read(job->text, &job->pcm, &job->samples, &job->rate_hz, &job->fault);
        if (job->is_ours)
            unlink(job->text);
    }
    if (err)
        job->pcm = NULL;
}

static void run(struct sound_job *job)
{
    if (!loop_is_simulated(job->scripts->config.loop)) {
        worker_run(job->scripts->config.loop, work, report, job);
        return;
    }
    work(job); /* tests in simulated time have no threads to wait for */
    loop_timer_start(job->scripts->config.loop, &job->later, 0, report, job);
}

static void fail_later(struct sound_job *job)
{
    loop_timer_start(job->scripts->config.loop, &job->later, 0, report, job);
}

static void on_answer(void *owner, const struct http_client_answer *answer)
{
    struct sound_job *job = owner;
    char path[PATH_MAX_LEN], name[UUID_TEXT];
    job->call = NULL;
    rand_uuid(name);
    snprintf(path, sizeof path, "%s/fetched-%s", job->scripts->config.record_dir, name);
    if (answer->err)
        fault_set(&job->fault, answer->err, "", 0, "%s", answer->text);
    else if (answer->status != 200)
        fault_set(&job->fault, ERR_REFUSED, "", 0, "the server of the audio file answered %d",
                  answer->status);
    else if (!file_write_private(path, answer->body, &job->fault)) {
        mem_free(job->text);
        job->text = slice_dup(slice_of(path));
        job->is_ours = true;
        run(job);
        return;
    }
    fail_later(job);
}

/* A recording of ours is a file here already. */
static bool local_path(const struct scripts *scripts, const char *url, char *path, size_t cap)
{
    const char *base = scripts->public_url;
    char prefix[PATH_MAX_LEN];
    snprintf(prefix, sizeof prefix, "%s/recordings/", base);
    struct slice rest = slice_of(url);
    if (!base[0] || !slice_starts(rest, slice_of(prefix)))
        return false;
    rest = slice_from(rest, strlen(prefix));
    if (slice_index(rest, '/') < rest.len || slice_starts(rest, SLICE(".")))
        return false;
    return snprintf(path, cap, "%s/%.*s", scripts->config.record_dir, SLICE_ARG(rest)) < (int)cap;
}

static void fetch(struct sound_job *job)
{
    char path[PATH_MAX_LEN];
    if (local_path(job->scripts, job->text, path, sizeof path)) {
        mem_free(job->text);
        job->text = slice_dup(slice_of(path));
        run(job);
        return;
    }
    const struct script_request request = {
        .http = { .url = job->text,
                  .timeout_ms = FETCH_TIMEOUT_MS,
                  .max_body = FETCH_MAX_BYTES,
                  .follow = true },
        .project_id = job->project_id,
    };
    job->call = scripts_send(job->scripts, &request, on_answer, job, &job->fault);
    if (!job->call)
        fail_later(job);
}

static void ring(struct sound_job *job, double seconds)
{
    int16_t *once = NULL;
    size_t samples = 0;
    enum err err = sound_ring(job->text, &once, &samples);
    BUG_IF(err != OK); /* the country was checked */
    job->rate_hz = SOUND_RING_HZ;
    job->samples =
        seconds > 0 ? (size_t)(fmin(seconds, SOUND_FILE_MAX_S) * SOUND_RING_HZ) : samples;
    job->pcm = mem_array(job->samples + 1, sizeof *job->pcm);
    for (size_t i = 0; i < job->samples; i++)
        job->pcm[i] = once[i % samples];
    mem_free(once);
    fail_later(job); /* later, though it did not fail */
}

struct sound_job *sound_start(struct scripts *scripts, const struct sound_spec *spec,
                              const char *project_id, sound_fn fn, void *owner)
{
    struct sound_job *job = mem_new(struct sound_job);
    job->scripts = scripts;
    job->kind = spec->kind;
    job->text = slice_dup(slice_of(spec->text));
    job->fn = fn;
    job->owner = owner;
    snprintf(job->project_id, sizeof job->project_id, "%s", project_id);
    switch (spec->kind) {
    case SOUND_FILE:
        fetch(job);
        break;
    case SOUND_SAY:
        run(job);
        break;
    case SOUND_RING:
        ring(job, spec->seconds);
        break;
    case SOUND_SILENCE:
        BUG_IF(spec->kind == SOUND_SILENCE); /* is not made but waited for */
    }
    return job;
}

void sound_cancel(struct sound_job *job)
{
    if (!job)
        return;
    job->fn = NULL;
    if (job->call) {
        http_client_cancel(job->call);
        release(job);
    } else if (timer_is_running(&job->later)) {
        loop_timer_stop(job->scripts->config.loop, &job->later);
        release(job);
    }
}
