/* Speech to text by a service or program that has the transcription API many have: POST
 * /v1/audio/transcriptions, a form (RFC 7578) with the sound as a WAV file, answered by {"text":
 * …}. */
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/num.h"
#include "base/rand.h"
#include "base/secret.h"
#include "media/recognizer_priv.h"
#include "media/utterance.h"
#include "net/http_client.h"

enum {
    TIMEOUT_MS = 30000,
    ANSWER_MAX = 1 << 20,
    AT_ONCE_MAX = 64, /* requests under way */
    WAV_HEADER = 44,
    BOUNDARY = 32,
    FORM_MAX = 4096, /* all but the sound and the hints */
    HINTS_TEXT_MAX = 2000,
    URL_MAX = 1024,
};

struct http_engine {
    struct http_client *client;
    char url[URL_MAX];
    struct secret key;
    char *model, *ca_file;
    unsigned under_way;
};

static void *open(const struct recognizer_config *config, struct fault *fault)
{
    if (!config->url[0]) {
        fault_set(fault, ERR_NOT_FOUND, "speech.http.url", 0, "speech.http.url is not given");
        return NULL;
    }
    struct http_engine *http = mem_new(struct http_engine);
    http->client = config->http;
    snprintf(http->url, sizeof http->url, "%s", config->url);
    secret_set(&http->key, config->key);
    http->model = slice_dup(slice_of(config->model));
    http->ca_file = slice_dup(slice_of(config->ca_file));
    return http;
}

static void close(void *state)
{
    struct http_engine *http = state;
    secret_clear(&http->key);
    mem_free(http->model);
    mem_free(http->ca_file);
    mem_free(http);
}

static void put_le(struct buf *out, uint32_t value, unsigned bytes)
{
    for (unsigned i = 0; i < bytes; i++)
        buf_u8(out, (uint8_t)(value >> (8 * i) & 0xff));
}

/* Mono PCM of 16 bits, as every program reads it. */
static void put_wav(struct buf *out, const struct recognizer_job *job)
{
    uint32_t bytes = (uint32_t)(job->samples * sizeof *job->pcm); /* UTTERANCE_MAX_MS at most */
    buf_text(out, "RIFF");
    put_le(out, bytes + WAV_HEADER - 8, 4);
    buf_text(out, "WAVEfmt ");
    put_le(out, 16, 4);
    put_le(out, 1, 2); /* PCM */
    put_le(out, 1, 2); /* channels */
    put_le(out, UTTERANCE_RATE_HZ, 4);
    put_le(out, UTTERANCE_RATE_HZ * 2, 4);
    put_le(out, 2, 2);
    put_le(out, 16, 2);
    buf_text(out, "data");
    put_le(out, bytes, 4);
    for (size_t i = 0; i < job->samples; i++)
        put_le(out, (uint16_t)job->pcm[i], 2);
}

static void put_field(struct buf *out, const char *boundary, const char *name, struct slice value)
{
    buf_printf(out, "--%s\r\nContent-Disposition: form-data; name=\"%s\"\r\n\r\n", boundary, name);
    buf_put(out, value);
    buf_text(out, "\r\n");
}

/* "en-US" is "en" there (ISO 639-1). */
static struct slice short_language(const char *language)
{
    struct slice rest = slice_of(language);
    return slice_cut(&rest, '-');
}

static void put_form(struct buf *out, const struct http_engine *http,
                     const struct recognizer_job *job, const char *boundary)
{
    char hints[HINTS_TEXT_MAX];
    struct buf prompt = BUF_ON(hints);
    for (size_t i = 0; i < job->n_hints; i++)
        if (prompt.cap - prompt.len > strlen(job->hints[i]) + 2)
            buf_printf(&prompt, "%s%s", i ? ", " : "", job->hints[i]);
    if (http->model[0])
        put_field(out, boundary, "model", slice_of(http->model));
    put_field(out, boundary, "language", short_language(job->language));
    put_field(out, boundary, "response_format", SLICE("json"));
    put_field(out, boundary, "temperature", SLICE("0"));
    if (prompt.len)
        put_field(out, boundary, "prompt", buf_slice(&prompt));
    buf_printf(out,
               "--%s\r\nContent-Disposition: form-data; name=\"file\"; "
               "filename=\"audio.wav\"\r\nContent-Type: audio/wav\r\n\r\n",
               boundary);
    put_wav(out, job);
    buf_printf(out, "\r\n--%s--\r\n", boundary);
}

/* What an engine says about how sure it is stands, if anywhere, in the segments. */
static double confidence_of(const json_t *body)
{
    const json_t *segments = json_object_get(body, "segments"), *segment;
    double sum = 0, n = 0;
    size_t i;
    json_array_foreach(segments, i, segment)
    {
        const json_t *log = json_object_get(segment, "avg_logprob");
        if (!json_is_number(log))
            continue;
        sum += exp(fmin(json_number_value(log), 0));
        n++;
    }
    return n > 0 ? sum / n : 1;
}

static void read_answer(struct recognizer_job *job, const struct http_client_answer *answer)
{
    if (answer->err) {
        fault_set(&job->fault, answer->err, "", 0, "the speech service: %s", answer->text);
        return;
    }
    if (answer->status != 200) {
        fault_set(&job->fault,
                  answer->status == 401 || answer->status == 403 ? ERR_AUTH : ERR_REFUSED, "", 0,
                  "the speech service answered %d", answer->status);
        return;
    }
    json_t *body = json_loadb(answer->body.ptr, answer->body.len, 0, NULL);
    const char *text = json_string_value(json_object_get(body, "text"));
    struct slice words = slice_trim(slice_of(text));
    if (!text)
        fault_set(&job->fault, ERR_PARSE, "", 0, "the speech service sent no text");
    else if (!slice_copy(words, job->text, sizeof job->text))
        fault_set(&job->fault, ERR_LIMIT, "", 0, "the speech service sent %zu bytes of text",
                  words.len);
    job->confidence = confidence_of(body);
    json_decref(body);
}

static void on_answer(void *owner, const struct http_client_answer *answer)
{
    struct recognizer_job *job = owner;
    struct http_engine *http = job->state;
    http->under_way--;
    read_answer(job, answer);
    recognizer_job_end(job);
}

static void hear(void *state, struct recognizer_job *job)
{
    struct http_engine *http = state;
    char boundary[BOUNDARY + 1], type[BOUNDARY + 40];
    if (http->under_way >= AT_ONCE_MAX) {
        recognizer_job_fail(job, ERR_LIMIT, "too many utterances wait for the speech service");
        return;
    }
    rand_token(boundary, BOUNDARY);
    snprintf(type, sizeof type, "multipart/form-data; boundary=%s", boundary);
    size_t cap = job->samples * sizeof *job->pcm + WAV_HEADER + HINTS_TEXT_MAX + FORM_MAX;
    char *bytes = mem_alloc(cap);
    struct buf form = { .ptr = bytes, .cap = cap };
    put_form(&form, http, job, boundary);
    BUG_IF(form.overflow);
    struct slice key = secret_reveal(&http->key);
    size_t bearer_len = key.len + sizeof "Bearer ";
    char *bearer = mem_alloc(bearer_len);
    snprintf(bearer, bearer_len, "Bearer %.*s", SLICE_ARG(key));
    const struct http_header authorization = { SLICE("Authorization"), slice_of(bearer) };
    const struct http_client_request request = { .method = "POST",
                                                 .url = http->url,
                                                 .headers = &authorization,
                                                 .n_headers = key.len ? 1 : 0,
                                                 .content_type = type,
                                                 .body = buf_slice(&form),
                                                 .timeout_ms = TIMEOUT_MS,
                                                 .max_body = ANSWER_MAX,
                                                 .ca_file =
                                                     http->ca_file[0] ? http->ca_file : NULL };
    http->under_way++;
    job->call = http_client_send(http->client, &request, on_answer, job);
    mem_wipe(bearer, bearer_len);
    mem_free(bearer);
    mem_free(bytes);
}

static void cancel(void *state, struct recognizer_job *job)
{
    struct http_engine *http = state;
    http->under_way--;
    http_client_cancel(job->call);
    recognizer_job_free(job);
}

const struct recognizer_engine recognizer_http = {
    .name = "http", .open = open, .close = close, .hear = hear, .cancel = cancel
};
