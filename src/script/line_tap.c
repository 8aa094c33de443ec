/* The audio of a far end for somebody else to listen to: RTP, or a WebSocket. */
#include "base/mem.h"
#include "base/rand.h"
#include "call/call.h"
#include "media/codec.h"
#include "media/fork_socket.h"
#include "media/rtp_tap.h"
#include "script/line.h"
#include "script/script_priv.h"

struct tap {
    struct line_op op; /* first */
    struct rtp_tap *rtp;
    struct fork_socket *socket;
    json_t *described; /* what events say of it */
};

static void tell(struct tap *tap, const char *state)
{
    json_t *params = json_deep_copy(tap->described);
    json_object_set_new(params, "state", json_string(state));
    line_op_tell(&tap->op, "calling.call.tap", params);
}

static void finish(struct tap *tap, enum line_end how)
{
    if (tap->op.ended)
        return;
    fork_socket_destroy(tap->socket);
    rtp_tap_destroy(tap->rtp);
    tap->socket = NULL;
    tap->rtp = NULL;
    tell(tap, "finished");
    line_op_end(&tap->op, how, NULL);
}

static void on_open(void *owner)
{
    tell(owner, "tapping");
}

static void on_socket_over(void *owner, enum err err, const char *text)
{
    if (err)
        log_warn(NULL, "script tap failed reason=\"%s\"", text);
    finish(owner, err ? LINE_FAILED : LINE_FINISHED);
}

static const struct fork_socket_events socket_events = { on_open, on_socket_over };

static void on_rtp_over(void *owner)
{
    finish(owner, LINE_FINISHED);
}

static const struct rtp_tap_events rtp_events = { on_rtp_over };

static void stop(struct line_op *op)
{
    finish((struct tap *)op, LINE_STOPPED);
}

static void over(struct line_op *op)
{
    finish((struct tap *)op, LINE_OVER);
}

static void destroy(struct line_op *op)
{
    struct tap *tap = (struct tap *)op;
    json_decref(tap->described);
    mem_free(tap);
}

static const struct line_kind kind = {
    .name = "tap", .stop = stop, .destroy = destroy, .on_over = over
};

static const char *direction_of(const struct line_tap_config *config)
{
    return config->heard && config->sent ? "both" : config->heard ? "speak" : "listen";
}

static json_t *describe(const struct line_tap_config *config)
{
    json_t *device;
    char text[ADDR_TEXT];
    if (config->uri)
        device = json_pack("{s:s, s:{s:s, s:s, s:i}}", "type", "ws", "params", "uri", config->uri,
                           "codec", config->codec->name, "rate", (int)config->codec->clock_hz);
    else
        device = json_pack("{s:s, s:{s:s, s:i, s:s, s:i, s:i}}", "type", "rtp", "params", "addr",
                           addr_print_ip(&config->remote, text), "port", addr_port(&config->remote),
                           "codec", config->codec->name, "ptime", (int)config->ptime_ms, "rate",
                           (int)config->codec->clock_hz);
    return json_pack("{s:{s:s, s:{s:s}}, s:o}", "tap", "type", "audio", "params", "direction",
                     direction_of(config), "device", device);
}

static enum err open_rtp(struct tap *tap, struct line *line, const struct line_tap_config *config,
                         struct fault *fault)
{
    const struct scripts_config *scripts = &line_scripts(line)->config;
    const struct rtp_tap_config rtp = { .loop = scripts->loop,
                                        .media = scripts->media,
                                        .stream = line_stream(line),
                                        .remote = config->remote,
                                        .codec = config->codec,
                                        .ptime_ms = config->ptime_ms,
                                        .heard = config->heard,
                                        .sent = config->sent };
    if (scripts->may_reach && !scripts->may_reach(scripts->reach_owner, &config->remote))
        return fault_set(fault, ERR_INVALID, "device", 0,
                         "the egress policy does not allow this address");
    return rtp_tap_create(&tap->rtp, &rtp, &rtp_events, tap, fault);
}

static enum err open_socket(struct tap *tap, struct line *line,
                            const struct line_tap_config *config, struct fault *fault)
{
    char id[UUID_TEXT];
    const struct line_fork_config fork = { .url = config->uri,
                                           .inbound = config->heard,
                                           .outbound = config->sent,
                                           .codec = FORK_ULAW,
                                           .rate_hz = 8000 };
    rand_uuid(id);
    const struct fork_socket_config socket = line_fork_socket(line, &fork, id);
    if (!socket.dns)
        return fault_set(fault, ERR_MISUSE, "", 0, "there are no WebSockets here");
    return fork_socket_create(&tap->socket, &socket, &socket_events, tap, fault);
}

enum err line_tap(struct line *line, const struct line_tap_config *config, struct line_op **out,
                  struct fault *fault)
{
    if (!line_stream(line))
        return fault_set(fault, ERR_MISUSE, "", 0, "this call has no audio to tap");
    struct tap *tap = mem_new(struct tap);
    enum err err =
        config->uri ? open_socket(tap, line, config, fault) : open_rtp(tap, line, config, fault);
    if (err) {
        mem_free(tap);
        return err;
    }
    tap->described = describe(config);
    line_op_begin(&tap->op, line, &kind, config->control_id, config->status_url, NULL, NULL);
    *out = &tap->op;
    if (tap->rtp)
        tell(tap, "tapping");
    return OK;
}

const struct addr *line_tap_source(const struct line_op *op)
{
    const struct tap *tap = (const struct tap *)op;
    return tap->rtp ? rtp_tap_local(tap->rtp) : NULL;
}
