#include "sender_http.h"

#include <stdio.h>
#include <string.h>

#include "base/hash.h"
#include "base/list.h"
#include "base/mem.h"
#include "base/num.h"
#include "message_template.h"
#include "net/http_client.h"

enum {
    BODY_MAX = 128 << 10,
    URL_MAX = 8 << 10,
    HEADERS_MAX = 34,
    OUR_HEADERS = 2, /* Idempotency-Key, X-Tandem-Signature */
    TEXT_MAX = 200,
    CODE_MAX = 24,
    PEER_MAX = 100,
    ANSWER_MAX = 64 << 10,
    SIGNATURE_MAX = 80,
};

const char sender_http_body[] = "{\"id\":\"{id}\",\"from\":\"{from}\",\"to\":\"{to}\","
                                "\"body\":\"{body}\",\"media\":{media}}";

struct header {
    char *name, *value;
};
struct sender_http {
    struct http_client *http;
    struct messages *messages;
    char *url, *method, *content_type, *body, *user, *ca_file;
    struct secret password, signing_key;
    struct header headers[HEADERS_MAX - OUR_HEADERS];
    size_t n_headers;
    bool takes_media;
    struct list sending;
};

/* A request that has no answer yet. */
struct sending {
    struct list link;
    struct sender_http *sender;
    struct http_client_call *call;
    char id[UUID_TEXT];
};

static char *copy(const char *text)
{
    return mem_copy_text(text ? text : "", text ? strlen(text) : 0);
}

struct sender_http *sender_http_create(const struct sender_http_config *config)
{
    struct sender_http *sender = mem_new(struct sender_http);
    sender->http = config->http;
    sender->url = copy(config->url);
    sender->method = copy(config->method);
    sender->content_type = copy(config->content_type);
    sender->body = copy(config->body && config->body[0] ? config->body : sender_http_body);
    sender->ca_file = copy(config->ca_file);
    sender->user = slice_dup(config->user);
    sender->takes_media = config->takes_media;
    if (config->password)
        secret_set(&sender->password, secret_reveal(config->password));
    if (config->signing_key)
        secret_set(&sender->signing_key, secret_reveal(config->signing_key));
    for (size_t i = 0; i < config->n_headers && i < COUNT_OF(sender->headers); i++)
        sender->headers[sender->n_headers++] =
            (struct header){ copy(config->headers[i].name), copy(config->headers[i].value) };
    list_init(&sender->sending);
    return sender;
}

void sender_http_set_messages(struct sender_http *sender, struct messages *messages)
{
    sender->messages = messages;
}

static void sending_destroy(struct sending *sending)
{
    list_remove(&sending->link);
    mem_free(sending);
}

void sender_http_destroy(struct sender_http *sender)
{
    if (!sender)
        return;
    LIST_EACH(link, &sender->sending)
    {
        struct sending *sending = LIST_ITEM(link, struct sending, link);
        http_client_cancel(sending->call);
        sending_destroy(sending);
    }
    char *const texts[] = { sender->url,  sender->method, sender->content_type,
                            sender->body, sender->user,   sender->ca_file };
    for (size_t i = 0; i < COUNT_OF(texts); i++)
        mem_free(texts[i]);
    for (size_t i = 0; i < sender->n_headers; i++) {
        mem_wipe(sender->headers[i].value, strlen(sender->headers[i].value));
        mem_free(sender->headers[i].name);
        mem_free(sender->headers[i].value);
    }
    secret_clear(&sender->password);
    secret_clear(&sender->signing_key);
    mem_free(sender);
}

/* ---- the answer ---- */

static void take_text(const json_t *value, char *out, size_t cap)
{
    if (json_is_string(value))
        snprintf(out, cap, "%s", json_string_value(value));
    else if (json_is_integer(value))
        snprintf(out, cap, "%lld", (long long)json_integer_value(value));
}

/* The first of these that the answer has; providers have no common names. */
static void find_text(const json_t *json, const char *const *names, size_t n, char *out, size_t cap)
{
    const json_t *inner[] = { json, json_object_get(json, "error"), json_object_get(json, "data"),
                              json_array_get(json_object_get(json, "messages"), 0),
                              json_array_get(json_object_get(json, "errors"), 0) };
    out[0] = '\0';
    for (size_t i = 0; i < COUNT_OF(inner); i++)
        for (size_t k = 0; k < n && !out[0]; k++)
            take_text(json_object_get(inner[i], names[k]), out, cap);
}

static bool is_for_later(int status)
{
    return status == 408 || status == 425 || status == 429 || status >= 500;
}

static int64_t wait_of(const struct http_client_answer *answer)
{
    uint32_t seconds;
    struct slice after = http_client_header(answer, "Retry-After");
    return slice_to_u32(slice_trim(after), 3600, &seconds) ? 0 : (int64_t)seconds * 1000;
}

static void on_answer(void *owner, const struct http_client_answer *answer)
{
    static const char *const ids[] = { "id", "sid", "message_id", "messageId", "message-id" };
    static const char *const codes[] = { "code", "error_code", "errorCode", "type" };
    static const char *const words[] = { "message", "error_message", "description", "detail",
                                         "title" };
    struct sending *sending = owner;
    struct messages *messages = sending->sender->messages;
    char id[UUID_TEXT], peer[PEER_MAX] = "", code[CODE_MAX] = "", said[TEXT_MAX] = "",
                        text[TEXT_MAX + 60];
    memcpy(id, sending->id, sizeof id);
    sending_destroy(sending);
    json_t *json = answer->err ? NULL
                               : json_loadb(answer->body.ptr ? answer->body.ptr : "",
                                            answer->body.len, 0, NULL);
    struct message_result result = { .outcome = MESSAGE_SENT };
    find_text(json, ids, COUNT_OF(ids), peer, sizeof peer);
    if (answer->err || is_for_later(answer->status)) {
        result.outcome = MESSAGE_AGAIN;
        result.wait_ms = answer->err ? 0 : wait_of(answer);
    } else if (answer->status < 200 || answer->status >= 300) {
        result.outcome = MESSAGE_REFUSED;
        find_text(json, codes, COUNT_OF(codes), code, sizeof code);
    }
    if (result.outcome != MESSAGE_SENT) {
        find_text(json, words, COUNT_OF(words), said, sizeof said);
        if (answer->err)
            snprintf(text, sizeof text, "The provider did not answer: %.160s", answer->text);
        else
            snprintf(text, sizeof text, "The provider answered %d%s%s", answer->status,
                     said[0] ? ": " : ".", said);
        result.text = text;
        result.code = code[0] ? code : NULL;
    } else {
        result.peer_id = peer[0] ? peer : NULL;
    }
    json_decref(json);
    messages_tell(messages, id, &result);
}

/* ---- the request ---- */

static size_t put_headers(const struct sender_http *sender, const struct store_message *row,
                          struct slice body, char signature[SIGNATURE_MAX],
                          struct http_header out[HEADERS_MAX])
{
    size_t n = 0;
    uint8_t mac[HASH_MAX];
    char hex[HASH_HEX_MAX];
    for (; n < sender->n_headers; n++)
        out[n] = (struct http_header){ slice_of(sender->headers[n].name),
                                       slice_of(sender->headers[n].value) };
    out[n++] = (struct http_header){ SLICE("Idempotency-Key"), slice_of(row->id) };
    if (secret_empty(&sender->signing_key))
        return n;
    size_t len = hash_hmac(HASH_SHA256, secret_reveal(&sender->signing_key), body, mac);
    hex_print(mac, len, hex);
    snprintf(signature, SIGNATURE_MAX, "sha256=%.64s", hex);
    out[n++] = (struct http_header){ SLICE("X-Tandem-Signature"), slice_of(signature) };
    return n;
}

static void send_row(void *owner, const struct store_message *row)
{
    struct sender_http *sender = owner;
    struct http_header headers[HEADERS_MAX];
    char url_mem[URL_MAX], signature[SIGNATURE_MAX];
    char *body_mem = mem_alloc(BODY_MAX);
    struct buf url = BUF_ON(url_mem), body;
    buf_init(&body, body_mem, BODY_MAX);
    message_template_print(slice_of(sender->url), MESSAGE_FORM_QUERY, row, &url);
    bool has_body = strcmp(sender->method, "GET") != 0;
    if (has_body)
        message_template_print(slice_of(sender->body),
                               message_form_of(slice_of(sender->content_type)), row, &body);
    struct http_client_request request = {
        .method = sender->method,
        .url = body.overflow ? "" : buf_cstr(&url), /* "" is refused */
        .headers = headers,
        .content_type = has_body ? sender->content_type : NULL,
        .body = has_body ? buf_slice(&body) : SLICE_NONE,
        .max_body = ANSWER_MAX,
        .ca_file = sender->ca_file[0] ? sender->ca_file : NULL,
        .user = slice_of(sender->user),
        .password = secret_reveal(&sender->password),
    };
    request.n_headers = put_headers(sender, row, buf_slice(&body), signature, headers);
    struct sending *sending = mem_new(struct sending);
    sending->sender = sender;
    snprintf(sending->id, sizeof sending->id, "%s", row->id);
    list_append(&sender->sending, &sending->link);
    sending->call = http_client_send(sender->http, &request, on_answer, sending);
    mem_wipe(body_mem, BODY_MAX);
    mem_free(body_mem);
}

struct message_sender sender_http_row(struct sender_http *sender)
{
    return (struct message_sender){ .name = "http",
                                    .takes_media = sender->takes_media,
                                    .is_idempotent = true,
                                    .send = send_row,
                                    .owner = sender };
}
