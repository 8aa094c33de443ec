/* Texts and the daemon: who takes a message for whom, the ways out by SIP, and what phones sent to
 * users who were away. */
#include "daemon/daemon_priv.h"

#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "base/loop.h"
#include "base/mem.h"
#include "base/num.h"
#include "call/route.h"
#include "config/config.h"
#include "legs/registrar.h"
#include "legs/sip_texts.h"
#include "legs/trunks.h"
#include "message/message.h"
#include "message/message_notify.h"
#include "message/message_template.h"
#include "message/sender_http.h"
#include "message/sender_smpp.h"
#include "net/http_client.h"

enum { AWAY_WAIT_MS = 15000, TEXT_MAX = 200, HEADERS_MAX = 32 };
static const char text_type[] = "text/plain;charset=UTF-8";

/* A message that SIP has. */
struct texting {
    struct list link;
    struct daemon *daemon;
    struct sip_request *request; /* by a trunk; NULL: to phones, or over */
    char id[UUID_TEXT];
};

static struct texting *texting_create(struct daemon *daemon, const struct store_message *row)
{
    struct texting *texting = mem_new(struct texting);
    texting->daemon = daemon;
    snprintf(texting->id, sizeof texting->id, "%s", row->id);
    list_append(&daemon->texting, &texting->link);
    return texting;
}

static void texting_destroy(struct texting *texting)
{
    list_remove(&texting->link);
    mem_free(texting);
}

/* What a status of RFC 3428 means for the queue; `is_last`: a 200 is the far end's own. */
static void tell(struct texting *texting, int status, bool is_last, const char *why)
{
    struct daemon *daemon = texting->daemon;
    char text[TEXT_MAX];
    bool is_passing = status == 408 || status == 429 || status == 480 || status == 486 ||
                      (status >= 500 && status < 600);
    struct message_result result = { .outcome = MESSAGE_REFUSED };
    if (status >= 200 && status < 300)
        result.outcome = is_last && status != 202 ? MESSAGE_DELIVERED : MESSAGE_SENT;
    else if (is_passing)
        result.outcome = MESSAGE_AGAIN;
    if (status >= 300) {
        snprintf(text, sizeof text, "SIP %d%s%.150s", status, why[0] ? ": " : "", why);
        result.text = text;
    }
    if (is_last && result.outcome == MESSAGE_AGAIN)
        result.wait_ms = AWAY_WAIT_MS;
    if (daemon->messages)
        messages_tell(daemon->messages, texting->id, &result);
    texting_destroy(texting);
}

/* ---- to phones of ours ---- */

static void on_phones(void *owner, int status)
{
    tell(owner, status, true, status == 480 ? "nobody is registered" : "");
}

static struct slice name_of(const struct store_message *row)
{
    struct slice rest = slice_of(row->target);
    slice_cut(&rest, ':');
    return rest;
}

static void send_to_user(void *owner, const struct store_message *row)
{
    struct daemon *daemon = owner;
    const struct sip_text text = { .from = slice_of(row->from),
                                   .to = slice_of(row->to),
                                   .user = name_of(row),
                                   .type = slice_of(text_type),
                                   .body = slice_of(row->body) };
    sip_texts_send(daemon->texts, &text, on_phones, texting_create(daemon, row));
}

/* ---- to trunks ---- */

static void on_trunk(void *owner, const struct sip_outcome *outcome)
{
    struct texting *texting = owner;
    texting->request = NULL; /* it ends by itself */
    tell(texting, outcome->status, false, outcome->text ? outcome->text : "");
}

static void on_no_trunk(void *owner)
{
    tell(owner, 503, false, "the trunk takes no texts, or has no address yet");
}

static void send_to_trunk(void *owner, const struct store_message *row)
{
    struct daemon *daemon = owner;
    const struct trunk_text text = { .number = slice_of(row->to),
                                     .from = slice_of(row->from),
                                     .body = { slice_of(text_type), slice_of(row->body) } };
    struct texting *texting = texting_create(daemon, row);
    if (trunks_send_text(daemon->trunks, name_of(row).ptr, &text, on_trunk, texting,
                         &texting->request))
        loop_defer(daemon->env.loop, on_no_trunk, texting);
}

/* ---- who takes it ---- */

static struct slice plain_name(struct slice to)
{
    static const char *const schemes[] = { "sip:", "sips:", "client:", "verto:", "user:" };
    for (size_t i = 0; i < COUNT_OF(schemes); i++)
        if (slice_istarts(to, slice_of(schemes[i]))) {
            to = slice_from(to, strlen(schemes[i]));
            return slice_cut(&to, '@');
        }
    return to;
}

bool daemon_route_text(void *owner, const struct message_new *message, char out[MESSAGE_TARGET])
{
    struct daemon *daemon = owner;
    const struct route_query query = { .face = SLICE("sip"),
                                       .from = slice_of(message->from),
                                       .dialled = plain_name(slice_of(message->to)),
                                       .may_use_trunks = true };
    struct route_plan plan;
    struct cause cause = { 0 };
    const char *way = daemon->config->message_to;
    bool found = router_find(daemon->router, &query, &plan, &cause) == OK;
    struct slice kind = slice_of(found ? plan.targets[0].kind : "");
    if (slice_is(kind, "user") || (slice_is(kind, "trunk") && !way[0]))
        snprintf(out, MESSAGE_TARGET, "%.*s:%s", SLICE_ARG(kind), plan.targets[0].name);
    else
        snprintf(out, MESSAGE_TARGET, "%s", way);
    return out[0] != '\0';
}

static void on_status(void *owner, const struct store_message *row)
{
    struct daemon *daemon = owner;
    message_notify_add(daemon->message_notify, row, loop_wall_ms(daemon->env.loop));
}

static const struct messages_ops ops = { .route = daemon_route_text, .on_status = on_status };

/* ---- from phones, for users who are away ---- */

static bool is_plain(struct slice type)
{
    return slice_iis(slice_trim(slice_cut(&type, ';')), "text/plain");
}

static bool keep(void *owner, const struct sip_text *text)
{
    struct daemon *daemon = owner;
    struct fault fault;
    char target[MESSAGE_TARGET];
    /* what we send ourselves is in the queue already */
    if ((!text->from_user.len && !text->trunk.len) || !is_plain(text->type))
        return false;
    char *from = slice_dup(text->from), *to = slice_dup(text->to), *body = slice_dup(text->body);
    snprintf(target, sizeof target, "user:%.*s", SLICE_ARG(text->user));
    const struct message_new message = {
        .direction = "inbound", .from = from, .to = to, .body = body, .target = target
    };
    enum err err = messages_add(daemon->messages, &message, NULL, NULL, &fault);
    mem_free(from);
    mem_free(to);
    mem_free(body);
    return err == OK;
}

/* To a number that a program answers. */
static bool program(void *owner, const struct sip_text *text, bool *is_programs)
{
    if (!is_plain(text->type))
        return *is_programs = false;
    char *from = slice_dup(text->from), *to = slice_dup(text->to), *body = slice_dup(text->body);
    const struct message_new message = { .from = from, .to = to, .body = body };
    bool is_taken = daemon_take_text(owner, &message, is_programs);
    mem_free(from);
    mem_free(to);
    mem_free(body);
    return is_taken;
}

/* ---- from scripts ---- */

static const char *text_of(const json_t *params, const char *name)
{
    const char *text = json_string_value(json_object_get(params, name));
    return text ? text : "";
}

enum err daemon_send_sms(void *owner, const char *project_id, const json_t *params,
                         char id[UUID_TEXT], struct fault *fault)
{
    struct daemon *daemon = owner;
    const char *direction = text_of(params, "direction"); /* of a text's answer */
    rand_uuid(id);
    const struct message_new message = {
        .id = id,
        .project_id = project_id,
        .direction = direction[0] ? direction : "outbound-call",
        .from = text_of(params, "from_number"),
        .to = text_of(params, "to_number"),
        .body = text_of(params, "body"),
        .media = json_object_get(params, "media"),
        .status_url = text_of(params, "status_callback"),
    };
    if (!daemon->messages)
        return fault_set(fault, ERR_CLOSED, "", 0, "the program ends");
    return messages_add(daemon->messages, &message, NULL, NULL, fault);
}

/* ---- together ---- */

/* A phone came: what waits for its user need not wait longer. */
static void on_phone(void *owner, struct slice user)
{
    struct daemon *daemon = owner;
    char target[MESSAGE_TARGET];
    snprintf(target, sizeof target, "user:%.*s", SLICE_ARG(user));
    if (user.len && messages_waiting(daemon->messages))
        messages_wake(daemon->messages, target);
}

static struct http_client_call *send_notice(void *owner, const struct http_client_request *request,
                                            http_client_fn fn, void *fn_owner)
{
    struct daemon *daemon = owner;
    struct http_client_request http = *request;
    http.may_reach = egress_allows;
    http.reach_owner = &daemon->egress;
    return http_client_send(daemon->http_client, &http, fn, fn_owner);
}

static void open_provider(struct daemon *daemon)
{
    const struct config *config = daemon->config;
    struct sender_http_header headers[HEADERS_MAX];
    size_t n = (size_t)num_min((int64_t)config->message_headers.n, HEADERS_MAX);
    for (size_t i = 0; i < n; i++)
        headers[i] = (struct sender_http_header){ config->message_headers.items[i].name,
                                                  config->message_headers.items[i].value };
    const struct sender_http_config http = {
        .http = daemon->http_client,
        .url = config->message_url,
        .method = config->message_method,
        .content_type = config->message_type,
        .body = config->message_body,
        .user = slice_of(config->message_user),
        .password = &config->message_password,
        .signing_key = &config->message_key,
        .headers = headers,
        .n_headers = n,
        .ca_file = config->message_ca_file,
        .takes_media = config->message_media,
    };
    daemon->sender_http = sender_http_create(&http);
}

static void on_text(void *owner, const char *from, const char *to, const char *body)
{
    daemon_text_came(owner, &(struct message_new){ .from = from, .to = to, .body = body });
}

static enum err open_centre(struct daemon *daemon, struct fault *fault)
{
    static const struct sender_smpp_events events = { on_text };
    const struct config *config = daemon->config;
    const struct sender_smpp_config smpp = { .loop = daemon->env.loop,
                                             .dns = daemon->env.dns,
                                             .host = config->smpp_host,
                                             .port = (uint16_t)config->smpp_port,
                                             .system_id = config->smpp_id,
                                             .system_type = config->smpp_type,
                                             .password = &config->smpp_password,
                                             .has_tls = config->smpp_tls,
                                             .ca_file = config->smpp_ca_file };
    return sender_smpp_create(&daemon->sender_smpp, &smpp, &events, daemon, fault);
}

enum err daemon_open_messages(struct daemon *daemon, struct fault *fault)
{
    struct slice unknown;
    const struct config *config = daemon->config;
    enum err err;
    if (!message_template_check(slice_of(config->message_body), &unknown))
        return fault_set(fault, ERR_INVALID, "messages.http.body", 0,
                         "%.*s is none of {from}, {to}, {body}, {id} and {media}",
                         SLICE_ARG(unknown));
    const struct message_notify_config notify = { .loop = daemon->env.loop,
                                                  .send = send_notice,
                                                  .signing_key = daemon_signing_key,
                                                  .owner = daemon };
    daemon->message_notify = message_notify_create(&notify);
    struct message_sender senders[MESSAGE_SENDERS_MAX] = {
        { .name = "user", .is_idempotent = true, .send = send_to_user, .owner = daemon },
        { .name = "trunk", .is_idempotent = true, .send = send_to_trunk, .owner = daemon },
    };
    size_t n = 2;
    if (config->message_url[0]) {
        open_provider(daemon);
        senders[n++] = sender_http_row(daemon->sender_http);
    }
    if (config->smpp_host[0]) {
        err = open_centre(daemon, fault);
        if (err)
            return err;
        senders[n++] = sender_smpp_row(daemon->sender_smpp);
    }
    const struct messages_config messages = { .loop = daemon->env.loop,
                                              .store = daemon->env.store,
                                              .seal = daemon->env.seal,
                                              .ops = &ops,
                                              .owner = daemon,
                                              .senders = senders,
                                              .n_senders = n,
                                              .per_second = (unsigned)config->message_rate };
    daemon->messages = messages_create(&messages);
    if (daemon->sender_http)
        sender_http_set_messages(daemon->sender_http, daemon->messages);
    if (daemon->sender_smpp)
        sender_smpp_set_messages(daemon->sender_smpp, daemon->messages);
    registrar_watch(daemon->registrar, on_phone, daemon);
    sip_texts_set_hook(daemon->texts, &(struct sip_texts_hook){ keep, program, daemon });
    return OK;
}

void daemon_close_messages(struct daemon *daemon)
{
    sender_http_destroy(daemon->sender_http);
    sender_smpp_destroy(daemon->sender_smpp);
    /* what SIP still has is told to nobody: the rows stay claimed, and the next run finds them */
    LIST_EACH(link, &daemon->texting)
    {
        struct texting *texting = LIST_ITEM(link, struct texting, link);
        if (!texting->request)
            continue; /* it is called back once more */
        sip_request_destroy(texting->request);
        texting_destroy(texting);
    }
    if (daemon->texts)
        sip_texts_set_hook(daemon->texts, NULL);
    if (daemon->messages)
        registrar_watch(daemon->registrar, NULL, daemon);
    messages_destroy(daemon->messages);
    daemon->messages = NULL;
    message_notify_destroy(daemon->message_notify);
}
