/* Texts that come in: for a number that a program answers its document runs, for a user's number
 * the text goes on to his phones, else it is kept in the log. And what a provider with an HTTP API
 * posts here: texts, and what became of ours. */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/hash.h"
#include "base/log.h"
#include "base/loop.h"
#include "base/mem.h"
#include "base/num.h"
#include "base/secret.h"
#include "config/config.h"
#include "daemon/daemon_priv.h"
#include "daemon/number_handlers.h"
#include "message/message.h"
#include "net/http_path.h"
#include "net/http_request.h"
#include "script/script.h"
#include "script/text_script.h"
#include "store/store_rows.h"

enum { FIELDS_MAX = 40, NAME_MAX_LEN = 40, PAIR_MAX = 512, FULL_MAX = 80 };

/* --- numbers that programs answer --- */

static const char *text_of(const json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));
    return text ? text : "";
}

void daemon_note_text_handlers(struct daemon *daemon, const struct store_number *rows, size_t n)
{
    json_decref(daemon->text_handlers);
    daemon->text_handlers = json_object();
    for (size_t i = 0; i < n; i++) {
        json_t *handler = number_text_handler(&rows[i], daemon->resources);
        if (handler)
            json_object_set_new(daemon->text_handlers, rows[i].number, handler);
    }
}

/* Providers and centres write the same number with and without its plus. */
static const json_t *handler_for(const struct daemon *daemon, const char *number)
{
    char full[FULL_MAX];
    const json_t *handler = json_object_get(daemon->text_handlers, number);
    snprintf(full, sizeof full, "+%s", number);
    return handler ? handler : json_object_get(daemon->text_handlers, full);
}

/* --- one that came in --- */

static json_t *message_json(const struct store_message *row)
{
    json_t *media = json_array(), *urls = row->media[0] ? json_loads(row->media, 0, NULL) : NULL;
    char when[32];
    time_t seconds = (time_t)(row->created_ms / 1000);
    struct tm tm;
    gmtime_r(&seconds, &tm);
    strftime(when, sizeof when, "%Y-%m-%dT%H:%M:%SZ", &tm);
    for (size_t i = 0; i < json_array_size(urls); i++)
        json_array_append_new(media, json_pack("{s:O}", "url", json_array_get(urls, i)));
    json_t *message =
        json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:o, s:I, s:s}", "message_id", row->id,
                  "project_id", row->project_id, "direction", "inbound", "type", row->kind, "from",
                  row->from, "to", row->to, "body", row->body, "media", media, "segments",
                  (json_int_t)row->segments, "timestamp", when);
    json_decref(urls);
    return message;
}

/* It is kept: now its number's program runs. */
static void on_kept(void *owner, enum err err, const struct store_message *row)
{
    struct daemon *daemon = owner;
    const json_t *handler = row ? handler_for(daemon, row->to) : NULL;
    if (err || !handler)
        return;
    struct slice target = slice_of(text_of(handler, "target"));
    bool is_web = slice_find(target, SLICE("://")) < target.len;
    struct slice kind = slice_cut(&target, ':');
    const char *stored = target.len && !is_web ? daemon_stored_script(daemon, target) : NULL;
    json_t *message = message_json(row);
    const struct text_script_start start = {
        .project_id = row->project_id,
        .url = is_web ? target.ptr : NULL,
        .method = text_of(handler, "method"),
        .fallback = text_of(handler, "fallback"),
        .fallback_method = text_of(handler, "fallback_method"),
        .text = slice_of(stored),
        .is_laml = slice_is(kind, "laml"),
        .message = message,
    };
    text_script_run(daemon->scripts, &start);
    json_decref(message);
}

bool daemon_take_text(struct daemon *daemon, const struct message_new *text, bool *is_programs)
{
    struct fault fault = { 0 };
    struct message_new message = *text;
    const json_t *handler = handler_for(daemon, text->to);
    message.direction = "inbound";
    message.target = "";
    *is_programs = handler != NULL;
    if (!handler)
        return false;
    message.project_id = text_of(handler, "project");
    if (!messages_receive(daemon->messages, &message, on_kept, daemon, &fault))
        return true;
    log_warn(NULL, "message that came in was dropped: %s", fault.text);
    return false;
}

void daemon_text_came(struct daemon *daemon, const struct message_new *text)
{
    struct fault fault = { 0 };
    char way[MESSAGE_TARGET];
    struct message_new message = *text;
    bool is_programs;
    if (daemon_take_text(daemon, text, &is_programs) || is_programs)
        return;
    message.direction = "inbound";
    bool is_users =
        daemon_route_text(daemon, &message, way) && slice_starts(slice_of(way), SLICE("user:"));
    message.target = is_users ? way : "";
    enum err err = is_users ? messages_add(daemon->messages, &message, NULL, NULL, &fault)
                            : messages_receive(daemon->messages, &message, NULL, NULL, &fault);
    if (err)
        log_warn(NULL, "message that came in was dropped: %s", fault.text);
}

/* --- what a provider posts --- */

static json_t *form_json(struct slice text)
{
    struct http_param params[FIELDS_MAX];
    size_t n = FIELDS_MAX;
    char name[NAME_MAX_LEN];
    json_t *body = NULL;
    char *mem = mem_alloc(text.len + 1);
    if (!http_query_parse(text, mem, text.len + 1, params, &n)) {
        body = json_object();
        for (size_t i = 0; i < n; i++) {
            json_t *value =
                json_stringn(params[i].value.ptr ? params[i].value.ptr : "", params[i].value.len);
            if (value && slice_copy(params[i].name, name, sizeof name))
                json_object_set_new(body, name, value);
            else
                json_decref(value);
        }
    }
    mem_free(mem);
    return body;
}

/* The first of these that is there: providers have names of their own. */
static const char *any_of(const json_t *body, const char *const *names)
{
    const char *text = "";
    for (; *names && !text[0]; names++)
        text = text_of(body, *names);
    return text;
}

/* "Basic" with the account of messages.http, or X-Tandem-Signature under its signing key: whoever
 * has neither posts no texts here. */
static bool is_provider(const struct daemon *daemon, const struct http_request *request)
{
    const struct config *config = daemon->config;
    struct slice given = http_request_header(request, "Authorization");
    struct slice signature = http_request_header(request, "X-Tandem-Signature");
    uint8_t bytes[PAIR_MAX];
    size_t len = sizeof bytes;
    if (!secret_empty(&config->message_key) && signature.len) {
        uint8_t mac[HASH_MAX];
        char hex[2 * HASH_MAX + 1];
        size_t n = hash_hmac(HASH_SHA256, secret_reveal(&config->message_key),
                             http_request_body(request), mac);
        hex_print(mac, n, hex);
        slice_cut(&signature, '='); /* "sha256=" */
        return hash_same(signature, slice_of(hex));
    }
    struct slice value = slice_trim(given);
    if (!config->message_user[0] || secret_empty(&config->message_password) ||
        !slice_iis(slice_cut(&value, ' '), "Basic") || base64_parse(slice_trim(value), bytes, &len))
        return false;
    struct slice password = slice_make(bytes, len);
    bool is_user = slice_is(slice_cut(&password, ':'), config->message_user);
    bool is_it = secret_is(&config->message_password, password) && is_user;
    mem_wipe(bytes, sizeof bytes);
    return is_it;
}

static int take_text(struct daemon *daemon, const json_t *body)
{
    static const char *const from[] = { "from", "From", "sender", NULL },
                             *const to[] = { "to", "To", "recipient", NULL },
                             *const text[] = { "body", "Body", "text", "message", NULL };
    json_t *media = json_object_get(body, "media");
    const struct message_new message = { .from = any_of(body, from),
                                         .to = any_of(body, to),
                                         .body = any_of(body, text),
                                         .media = json_is_array(media) ? media : NULL };
    if (!message.from[0] || !message.to[0] || (!message.body[0] && !message.media))
        return 422;
    daemon_text_came(daemon, &message);
    return 202;
}

static int take_receipt(struct daemon *daemon, const json_t *body)
{
    static const struct {
        const char *word;
        enum message_outcome outcome;
    } words[] = {
        { "sent", MESSAGE_SENT },           { "delivered", MESSAGE_DELIVERED },
        { "delivrd", MESSAGE_DELIVERED },   { "undelivered", MESSAGE_UNDELIVERED },
        { "undeliv", MESSAGE_UNDELIVERED }, { "failed", MESSAGE_UNDELIVERED },
        { "rejected", MESSAGE_REFUSED },    { "expired", MESSAGE_UNDELIVERED },
    };
    static const char *const own[] = { "idempotency_key", "reference", NULL },
                             *const peer[] = { "id", "message_id", "MessageSid", NULL },
                             *const status[] = { "status", "MessageStatus", NULL },
                             *const code[] = { "error_code", "ErrorCode", NULL };
    const char *word = any_of(body, status);
    for (size_t i = 0; i < COUNT_OF(words); i++) {
        if (!slice_iis(slice_of(word), words[i].word))
            continue;
        const struct message_result result = { .outcome = words[i].outcome,
                                               .code = any_of(body, code),
                                               .text = text_of(body, "error_message") };
        if (any_of(body, own)[0])
            messages_tell(daemon->messages, any_of(body, own), &result);
        else
            messages_tell_peer(daemon->messages, "http", any_of(body, peer), &result);
        return 202;
    }
    return 422;
}

bool daemon_serve_provider(struct daemon *daemon, struct http_request *request)
{
    static const struct {
        const char *path;
        int (*take)(struct daemon *daemon, const json_t *body);
    } paths[] = { { "/messages/inbound", take_text }, { "/messages/receipt", take_receipt } };
    size_t i = 0;
    while (i < COUNT_OF(paths) && !slice_is(http_request_path(request), paths[i].path))
        i++;
    if (i == COUNT_OF(paths) || !daemon->config->message_url[0])
        return false;
    int status = 401;
    if (http_request_method(request) != HTTP_POST) {
        status = 405;
    } else if (is_provider(daemon, request)) {
        struct slice text = slice_trim(http_request_body(request));
        bool is_json = text.len && text.ptr[0] == '{';
        json_t *body = is_json ? json_loadb(text.ptr, text.len, 0, NULL) : form_json(text);
        status = json_is_object(body) ? paths[i].take(daemon, body) : 400;
        json_decref(body);
    }
    http_reply(request, status, NULL, SLICE_NONE);
    return true;
}
