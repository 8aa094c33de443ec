#include "fork_socket.h"

#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "base/log.h"
#include "base/loop.h"
#include "base/mem.h"
#include "media/media_fork.h"
#include "net/dns.h"
#include "net/tls.h"
#include "net/ws_client.h"

enum { HOST_MAX = 255, TARGET_MAX = 4096, TOKEN_MAX = 4096 };

struct place { /* of a URL */
    bool is_tls;
    struct slice host, target;
    uint16_t port;
};

struct fork_socket {
    struct fork_socket_config config;
    const struct fork_socket_events *events;
    void *owner;
    struct place place; /* of `config.url` */
    struct tls_context *tls;
    struct dns_query *query;
    struct ws_client *ws;
    struct media_fork *fork; /* once it is open */
    uint64_t seq, chunks[MEDIA_FORK_TRACKS];
    struct timer over;
    enum err err;
    char text[160];
};

static enum err parse_place(struct slice url, struct place *out)
{
    struct slice rest = url;
    struct addr number = { 0 };
    *out = (struct place){ .is_tls = slice_istarts(url, SLICE("wss://")) };
    if (!out->is_tls && !slice_istarts(url, SLICE("ws://")))
        return ERR_INVALID;
    rest = slice_from(rest, out->is_tls ? 6 : 5);
    size_t end = 0;
    while (end < rest.len && !memchr("/?#", rest.ptr[end], 3))
        end++;
    struct slice where = slice_sub(rest, 0, end);
    out->target = slice_from(rest, end);
    out->port = out->is_tls ? 443 : 80;
    out->host = where;
    if (addr_parse(where, out->port, &number) == OK) {
        out->port = addr_port(&number);
        if (slice_starts(where, SLICE("[")))
            out->host = slice_sub(where, 1, slice_index(where, ']') - 1);
        else if (number.sa.sa_family == AF_INET)
            out->host = slice_cut(&where, ':');
    } else if (slice_index(where, ':') < where.len) {
        out->host = slice_cut(&where, ':');
        unsigned long port = 0;
        char text[8], *stop = text;
        if (slice_copy(where, text, sizeof text))
            port = strtoul(text, &stop, 10);
        if (stop == text || *stop || port < 1 || port > UINT16_MAX)
            return ERR_INVALID;
        out->port = (uint16_t)port;
    }
    return out->host.len && out->host.len <= HOST_MAX && out->target.len <= TARGET_MAX &&
                   slice_index(out->host, '@') == out->host.len
               ? OK
               : ERR_INVALID;
}

/* Is this a URL that could be connected to? ERR_INVALID. */
static enum err fork_socket_check(struct slice url, struct fault *fault)
{
    struct place place;
    return parse_place(url, &place)
               ? fault_set(fault, ERR_INVALID, "url", 0,
                           "expected ws://HOST[:PORT]/… or wss://…, not '%.80s'",
                           url.len ? "this" : "")
               : OK;
}

static void on_end(void *owner)
{
    struct fork_socket *socket = owner;
    socket->events->on_over(socket->owner, socket->err, socket->text);
}

static void end(struct fork_socket *socket, enum err err, const char *text)
{
    if (timer_is_running(&socket->over))
        return;
    socket->err = err;
    snprintf(socket->text, sizeof socket->text, "%s", text);
    loop_timer_start(socket->config.loop, &socket->over, 0, on_end, socket);
}

/* What the program reads too slowly is left out. */
static void send_take(struct fork_socket *socket, char *take_text)
{
    if (socket->ws && ws_client_is_open(socket->ws) &&
        ws_client_send(socket->ws, slice_of(take_text)) != OK)
        log_debug(NULL, "fork message dropped");
    mem_free(take_text);
}

static void on_audio(void *owner, enum media_fork_track track, const int16_t *pcm, size_t n,
                     uint64_t at_ms)
{
    struct fork_socket *socket = owner;
    const struct fork_media media = { .is_outbound = track == MEDIA_FORK_OUTBOUND,
                                      .chunk = ++socket->chunks[track],
                                      .at_ms = at_ms,
                                      .pcm = pcm,
                                      .n = n };
    send_take(socket, fork_msg_media(&socket->config.names, ++socket->seq, &media));
}

static void on_mark(void *owner, const char *name)
{
    struct fork_socket *socket = owner;
    send_take(socket, fork_msg_mark(&socket->config.names, ++socket->seq, name));
}

static void on_gone(void *owner)
{
    end(owner, OK, "the call is over");
}

static const struct media_fork_events fork_events = { on_audio, on_mark, on_gone };

static void on_ws_open(void *owner, struct ws_client *ws)
{
    struct fork_socket *socket = owner;
    const struct fork_names *names = &socket->config.names;
    (void)ws;
    send_take(socket, fork_msg_connected());
    send_take(socket, fork_msg_start(names, ++socket->seq));
    const struct media_fork_config config = { .rate_hz = names->rate_hz,
                                              .tracks = { names->inbound, names->outbound } };
    socket->fork = media_fork_create(socket->config.media, socket->config.stream, &config,
                                     &fork_events, socket);
    socket->events->on_open(socket->owner);
}

static void on_ws_text(void *owner, struct ws_client *ws, struct slice text)
{
    struct fork_socket *socket = owner;
    struct fork_msg msg;
    (void)ws;
    if (fork_msg_parse(text, socket->config.names.codec, &msg) != OK) {
        log_debug(NULL, "fork message not understood len=%zu", text.len);
        fork_msg_clear(&msg);
        return;
    }
    enum err err = OK;
    switch (msg.kind) {
    case FORK_MSG_MEDIA:
        err = media_fork_play(socket->fork, msg.pcm, msg.n);
        break;
    case FORK_MSG_MARK:
        err = media_fork_mark(socket->fork, slice_of(msg.name));
        break;
    case FORK_MSG_CLEAR:
        media_fork_clear(socket->fork);
        break;
    case FORK_MSG_OTHER:
        break;
    }
    if (err)
        log_debug(NULL, "fork audio dropped err=%s", err_name(err));
    fork_msg_clear(&msg);
}

static void on_ws_close(void *owner, struct ws_client *ws, const struct ws_client_end *why)
{
    (void)ws;
    end(owner, why->err, why->text);
}

static const struct ws_client_events ws_events = { on_ws_open, on_ws_text, on_ws_close };

static void on_resolved(void *owner, const struct dns_answer *answer)
{
    struct fork_socket *socket = owner;
    struct fork_socket_config *config = &socket->config;
    socket->query = NULL;
    if (answer->err || !answer->n_records) {
        end(socket, answer->err ? answer->err : ERR_NOT_FOUND, "its host has no address");
        return;
    }
    struct addr remote = answer->records[0].addr;
    addr_set_port(&remote, socket->place.port);
    if (config->may_reach && !config->may_reach(config->reach_owner, &remote)) {
        end(socket, ERR_MISUSE, "the egress policy does not allow its address");
        return;
    }
    char value[TOKEN_MAX];
    snprintf(value, sizeof value, "Bearer %s", config->token ? config->token : "");
    const struct http_header bearer = { SLICE("Authorization"), slice_of(value) };
    const struct ws_client_config ws = { .remote = remote,
                                         .tls = socket->tls,
                                         .host = socket->place.host,
                                         .port = socket->place.port,
                                         .target = socket->place.target,
                                         .headers = config->token ? &bearer : NULL,
                                         .n_headers = config->token ? 1 : 0,
                                         .max_message = FORK_MSG_MAX };
    socket->ws = ws_client_connect(config->loop, &ws, &ws_events, socket);
    mem_wipe(value, sizeof value);
}

static char *copy(const char *text)
{
    return text ? slice_dup(slice_of(text)) : NULL;
}

static void copy_config(struct fork_socket *socket, const struct fork_socket_config *config)
{
    struct fork_names *names = &socket->config.names;
    socket->config = *config;
    socket->config.url = copy(config->url);
    socket->config.token = copy(config->token);
    names->stream_id = copy(config->names.stream_id);
    names->call_id = copy(config->names.call_id);
    names->account_id = copy(config->names.account_id);
    names->name = copy(config->names.name);
    names->custom = config->names.custom ? json_deep_copy(config->names.custom) : NULL;
    BUG_IF(parse_place(slice_of(socket->config.url), &socket->place) != OK); /* checked before */
}

enum err fork_socket_create(struct fork_socket **out, const struct fork_socket_config *config,
                            const struct fork_socket_events *events, void *owner,
                            struct fault *fault)
{
    enum err err = fork_socket_check(slice_of(config->url), fault);
    struct tls_context *tls = NULL;
    if (!err && slice_istarts(slice_of(config->url), SLICE("wss:")))
        err = tls_context_create_client(&tls, &(struct tls_client_config){ 0 }, fault);
    if (err)
        return err;
    struct fork_socket *socket = mem_new(struct fork_socket);
    copy_config(socket, config);
    socket->tls = tls;
    socket->events = events;
    socket->owner = owner;
    socket->query = dns_resolve_host(config->dns, socket->place.host, DNS_ANY, on_resolved, socket);
    *out = socket;
    return OK;
}

void fork_socket_destroy(struct fork_socket *socket)
{
    if (!socket)
        return;
    struct fork_socket_config *config = &socket->config;
    if (socket->fork)
        send_take(socket, fork_msg_stop(&config->names, ++socket->seq));
    if (socket->query)
        dns_cancel(socket->query);
    ws_client_destroy(socket->ws);
    media_fork_destroy(socket->fork);
    loop_timer_stop(config->loop, &socket->over);
    tls_context_destroy(socket->tls);
    if (config->token)
        mem_wipe((char *)(uintptr_t)config->token, strlen(config->token));
    const char *texts[] = { config->url,           config->token,
                            config->names.call_id, config->names.stream_id,
                            config->names.name,    config->names.account_id };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        mem_free((char *)(uintptr_t)texts[i]);
    json_decref((json_t *)(uintptr_t)config->names.custom);
    mem_free(socket);
}

void fork_socket_dtmf(struct fork_socket *socket, char digit)
{
    if (socket->fork)
        send_take(socket, fork_msg_dtmf(&socket->config.names, ++socket->seq, digit));
}
