/* The audio of a far end on a program's WebSocket, and back. */
#include <string.h>

#include "base/mem.h"
#include "base/rand.h"
#include "call/call.h"
#include "media/fork_socket.h"
#include "script/line.h"
#include "script/script_priv.h"

struct stream {
    struct line_op op; /* first */
    struct fork_socket *socket;
    char *url, *name;
};

static void tell(struct stream *stream, const char *state)
{
    json_t *params = json_pack("{s:s, s:s}", "state", state, "url", stream->url);
    if (stream->name)
        json_object_set_new(params, "name", json_string(stream->name));
    line_op_tell(&stream->op, "calling.call.stream", params);
}

static void finish(struct stream *stream, enum line_end how)
{
    if (stream->op.ended)
        return;
    fork_socket_destroy(stream->socket);
    stream->socket = NULL;
    tell(stream, "finished");
    line_op_end(&stream->op, how, NULL);
}

static void on_open(void *owner)
{
    tell(owner, "streaming");
}

static void on_over(void *owner, enum err err, const char *text)
{
    struct stream *stream = owner;
    if (err)
        log_warn(NULL, "script stream failed url=%s reason=\"%s\"", stream->url, text);
    finish(stream, err ? LINE_FAILED : LINE_FINISHED);
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
    finish((struct stream *)op, LINE_STOPPED);
}

static void over(struct line_op *op)
{
    finish((struct stream *)op, LINE_OVER);
}

static void destroy(struct line_op *op)
{
    struct stream *stream = (struct stream *)op;
    fork_socket_destroy(stream->socket);
    mem_free(stream->url);
    mem_free(stream->name);
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
    stream->url = slice_dup(slice_of(config->url));
    stream->name = config->name ? slice_dup(slice_of(config->name)) : NULL;
    line_op_begin(&stream->op, line, &kind, config->control_id, config->status_url, NULL, NULL);
    *out = &stream->op;
    return OK;
}
