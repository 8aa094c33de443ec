/* The audio of a far end on a program's WebSocket, and back. */
#include <stdio.h>
#include <string.h>

#include "base/loop.h"
#include "base/mem.h"
#include "base/rand.h"
#include "call/call.h"
#include "call/leg.h"
#include "media/fork_socket.h"
#include "script/laml_form.h"
#include "script/line.h"
#include "script/script_priv.h"

struct stream {
    struct line_op op; /* first */
    struct fork_socket *socket;
    char id[UUID_TEXT], *url, *name, *method;
    bool is_laml;
    bool is_outbound; /* the far end is one that we called */
};

/* What LaML's forms have of it; NULL: they are not wanted. */
static json_t *form_of(const struct stream *stream, const char *event, const char *error)
{
    const struct line *line = stream->op.line;
    const struct laml_party party = { .call = line_call(line),
                                      .far = line_leg(line),
                                      .project_id = line_project(line),
                                      .is_outbound = stream->is_outbound };
    const struct laml_stream news = {
        .id = stream->id,
        .name = stream->name,
        .event = event,
        .error = error,
        .wall_ms = loop_wall_ms(line_scripts(line)->config.loop),
    };
    return stream->is_laml ? laml_form_of_stream(&party, &news) : NULL;
}

/* `event` is LaML's word for the state. */
static void tell(struct stream *stream, const char *state, const char *event, const char *error)
{
    const struct line_op *op = &stream->op;
    json_t *params = json_pack("{s:s, s:s}", "state", state, "url", stream->url);
    json_t *form = form_of(stream, event, error);
    const struct script_note note = { .type = "calling.call.stream",
                                      .control_id = op->control_id,
                                      .url = op->status_url,
                                      .method = stream->method,
                                      .form = form };
    if (stream->name)
        json_object_set_new(params, "name", json_string(stream->name));
    scripts_tell(line_scripts(op->line), line_call(op->line), line_project(op->line), &note,
                 params);
    json_decref(form);
}

/* `error` is NULL when nothing went wrong. */
static void finish(struct stream *stream, enum line_end how, const char *error)
{
    if (stream->op.ended)
        return;
    tell(stream, "finished", error ? "stream-error" : "stream-stopped", error);
    fork_socket_destroy(stream->socket); /* `error` was its own */
    stream->socket = NULL;
    line_op_end(&stream->op, how, NULL);
}

static void on_open(void *owner)
{
    tell(owner, "streaming", "stream-started", NULL);
}

static void on_over(void *owner, enum err err, const char *text)
{
    struct stream *stream = owner;
    if (err)
        log_warn(NULL, "script stream failed url=%s reason=\"%s\"", stream->url, text);
    finish(stream, err ? LINE_FAILED : LINE_FINISHED, err ? text : NULL);
}

static const struct fork_socket_events events = { on_open, on_over };

static void on_key(struct line_op *op, char key)
{
    struct stream *stream = (struct stream *)op;
    if (stream->socket && !line_leg(op->line)->hides_keys)
        fork_socket_dtmf(stream->socket, key);
}

static void stop(struct line_op *op)
{
    finish((struct stream *)op, LINE_STOPPED, NULL);
}

static void over(struct line_op *op)
{
    finish((struct stream *)op, LINE_OVER, NULL);
}

static void destroy(struct line_op *op)
{
    struct stream *stream = (struct stream *)op;
    fork_socket_destroy(stream->socket);
    mem_free(stream->url);
    mem_free(stream->name);
    mem_free(stream->method);
    mem_free(stream);
}

static const struct line_kind kind = {
    .name = "stream",
    .stop = stop,
    .destroy = destroy,
    .on_key = on_key,
    .on_over = over,
};

struct fork_socket_config line_fork_socket(const struct line *line,
                                           const struct line_fork_config *config,
                                           const char *stream_id)
{
    const struct scripts_config *scripts = &line_scripts(line)->config;
    return (struct fork_socket_config){ .loop = scripts->loop,
                                        .media = scripts->media,
                                        .stream = line_stream(line),
                                        .dns = scripts->dns,
                                        .url = config->url,
                                        .token = config->token,
                                        .may_reach = scripts->may_reach,
                                        .reach_owner = scripts->reach_owner,
                                        .names = { .stream_id = stream_id,
                                                   .call_id = call_id(line_call(line)),
                                                   .account_id = line_project(line),
                                                   .name = config->name,
                                                   .custom = config->custom,
                                                   .inbound = config->inbound,
                                                   .outbound = config->outbound,
                                                   .codec = config->codec,
                                                   .rate_hz = config->rate_hz } };
}

/* The number before h is the rate. */
bool line_fork_codec(const char *text, enum fork_codec *codec, uint32_t *rate_hz)
{
    static const uint32_t rates[] = { 8000, 16000, 24000, 48000 };
    struct slice rest = slice_of(text), name = slice_cut(&rest, '@'), part;
    unsigned long asked = 8000;
    while ((part = slice_cut(&rest, '@')).len) {
        char number[16], *end = number;
        if (!slice_copy(part, number, sizeof number))
            return false;
        unsigned long value = strtoul(number, &end, 10);
        if (*end == 'h')
            asked = value;
    }
    *codec = slice_is(name, "L16") ? FORK_L16 : FORK_ULAW;
    for (size_t i = 0; i < sizeof rates / sizeof *rates; i++)
        if (rates[i] == asked) {
            *rate_hz = rates[i];
            return *codec == FORK_L16 || (slice_is(name, "PCMU") && asked == 8000);
        }
    return false;
}

enum err line_fork(struct line *line, const struct line_fork_config *config, struct line_op **out,
                   struct fault *fault)
{
    char id[UUID_TEXT];
    rand_uuid(id);
    if (config->stream_id)
        (void)slice_copy(slice_of(config->stream_id), id, sizeof id);
    const struct fork_socket_config socket = line_fork_socket(line, config, id);
    if (!socket.stream || !socket.dns)
        return fault_set(fault, ERR_MISUSE, "", 0, "this call has no audio to stream");
    struct fork_socket *opened = NULL;
    struct stream *stream = mem_new(struct stream);
    enum err err = fork_socket_create(&opened, &socket, &events, stream, fault);
    if (err) {
        mem_free(stream);
        return err;
    }
    stream->socket = opened;
    snprintf(stream->id, sizeof stream->id, "%s", id);
    stream->method = slice_dup(slice_of(config->status_method ? config->status_method : "POST"));
    stream->is_laml = config->is_laml;
    stream->is_outbound = line_leg(line) && !line_leg(line)->incoming;
    stream->url = slice_dup(slice_of(config->url));
    stream->name = config->name ? slice_dup(slice_of(config->name)) : NULL;
    line_op_begin(&stream->op, line, &kind, config->control_id, config->status_url, NULL, NULL);
    stream->op.name = stream->name;
    *out = &stream->op;
    return OK;
}
