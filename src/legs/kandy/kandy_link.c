/* Kandy Link's REST (section 4 of the protocol page), and Kandy UC, which is the same behind a
 * token (section 5). */
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/num.h"
#include "legs/kandy/kandy_dialect.h"
#include "legs/kandy/kandy_number.h"

enum { ADDRESS_MAX = 300 };

/* One operation: a method, a path below the user's, a body. */
struct link_op {
    const char *method;
    void (*path)(const struct kandy_grant *grant, const struct kandy_op *op, struct buf *out);
    json_t *(*body)(const struct kandy_identity *who, const struct kandy_op *op);
};

static bool has_domain(const char *user)
{
    return strchr(user, '@') != NULL;
}

static const char *domain_of(const struct kandy_identity *who)
{
    const char *at = strchr(who->user, '@');
    return who->domain[0] ? who->domain : at ? at + 1 : "";
}

static void put_user(const struct kandy_identity *who, const char *keep, struct buf *out)
{
    kandy_put_escaped(out, who->user, keep);
    if (!has_domain(who->user) && who->domain[0]) {
        buf_char(out, '@');
        kandy_put_escaped(out, who->domain, "");
    }
}

/* "sip:" + a leading + * or # and digits + "@" + domain (section 4.5); an address keeps its own
 * domain. */
static const char *address_of(const struct kandy_identity *who, const char *number, char *mem)
{
    struct buf out;
    struct slice text = slice_of(number);
    buf_init(&out, mem, ADDRESS_MAX);
    buf_text(&out, "sip:");
    if (slice_istarts(text, SLICE("sip:")))
        text = slice_from(text, 4);
    bool whole = slice_index(text, '@') < text.len;
    if (whole)
        buf_put(&out, text);
    else
        kandy_number_clean(text, &out);
    if (!whole && domain_of(who)[0])
        buf_printf(&out, "@%s", domain_of(who));
    return buf_cstr(&out);
}

static const char *own_address(const struct kandy_identity *who, const char *name, char *mem)
{
    struct buf out;
    bool named = name && name[0] && !strpbrk(name, "<>\"\r\n");
    buf_init(&out, mem, ADDRESS_MAX);
    if (named)
        buf_printf(&out, "%s<", name);
    buf_text(&out, "sip:");
    buf_text(&out, who->user);
    if (!has_domain(who->user) && who->domain[0])
        buf_printf(&out, "@%s", who->domain);
    if (named)
        buf_char(&out, '>');
    return buf_cstr(&out);
}

/* ---- paths ---- */

static void path_subscription(const struct kandy_grant *grant, const struct kandy_op *op,
                              struct buf *out)
{
    (void)grant, (void)op;
    buf_text(out, "/subscription");
}

static void path_call_control(const struct kandy_grant *grant, const struct kandy_op *op,
                              struct buf *out)
{
    (void)grant, (void)op;
    buf_text(out, "/callControl");
}

static void path_session(const struct kandy_grant *grant, const struct kandy_op *op,
                         struct buf *out)
{
    (void)grant;
    buf_text(out, "/callControl/callSessions/");
    kandy_put_escaped(out, op->session, "@");
}

static void path_disposition(const struct kandy_grant *grant, const struct kandy_op *op,
                             struct buf *out)
{
    (void)grant, (void)op;
    buf_text(out, "/calldisposition");
}

static void path_message(const struct kandy_grant *grant, const struct kandy_op *op,
                         struct buf *out)
{
    (void)grant, (void)op;
    buf_text(out, "/instantmessage");
}

/* ---- bodies ---- */

static json_t *subscribe_body(const struct kandy_identity *who, bool first)
{
    json_t *request =
        json_pack("{s:i, s:o, s:s, s:b, s:s, s:[s]}", "expires", who->expires_s, "service",
                  kandy_services_json(who), "localization", "English_US", "useTurn", 1,
                  "notificationType", "WebSocket", "supported", "RingingFeedback");
    if (first) {
        json_object_set_new(request, "forceLogOut",
                            json_string(who->force_logout ? "true" : "false"));
        if (who->device[0])
            json_object_set_new(request, "clientCorrelator", json_string(who->device));
    }
    return json_pack("{s:o}", "subscribeRequest", request);
}

static json_t *body_subscribe(const struct kandy_identity *who, const struct kandy_op *op)
{
    (void)op;
    return subscribe_body(who, true);
}

static json_t *body_refresh(const struct kandy_identity *who, const struct kandy_op *op)
{
    (void)op;
    return subscribe_body(who, false);
}

static json_t *control(json_t *request)
{
    return json_pack("{s:o}", "callControlRequest", request);
}

static json_t *sdp_of(const struct kandy_op *op)
{
    return json_stringn(op->sdp.ptr ? op->sdp.ptr : "", op->sdp.len);
}

/* [{"name":"X-Order","value":"17"}] of a call's headers, or NULL. */
static json_t *custom_of(const json_t *headers)
{
    const char *name;
    json_t *value;
    json_t *list = json_array();
    json_object_foreach((json_t *)(uintptr_t)headers, name, value)
        json_array_append_new(list, json_pack("{s:s, s:O}", "name", name, "value", value));
    if (json_array_size(list))
        return list;
    json_decref(list);
    return NULL;
}

static json_t *body_make(const struct kandy_identity *who, const struct kandy_op *op)
{
    char from[ADDRESS_MAX];
    char to[ADDRESS_MAX];
    return control(json_pack("{s:s, s:s, s:s, s:o, s:[s], s:o*}", "type", "callStart", "from",
                             own_address(who, op->from_name, from), "to",
                             address_of(who, op->number, to), "sdp", sdp_of(op), "supported",
                             "earlymedia", "customParameters", custom_of(op->custom)));
}

static json_t *body_ring(const struct kandy_identity *who, const struct kandy_op *op)
{
    (void)who, (void)op;
    return control(json_pack("{s:s}", "type", "ringing"));
}

static json_t *body_answer(const struct kandy_identity *who, const struct kandy_op *op)
{
    (void)who;
    return control(json_pack("{s:s, s:o}", "type", "callAnswer", "sdp", sdp_of(op)));
}

static json_t *body_offer(const struct kandy_identity *who, const struct kandy_op *op)
{
    (void)who;
    return control(json_pack("{s:s, s:o}", "type", "startCallUpdate", "sdp", sdp_of(op)));
}

static json_t *body_respond(const struct kandy_identity *who, const struct kandy_op *op)
{
    (void)who;
    return control(json_pack("{s:s, s:o}", "type", "respondCallUpdate", "sdp", sdp_of(op)));
}

static json_t *body_transfer(const struct kandy_identity *who, const struct kandy_op *op)
{
    char to[ADDRESS_MAX];
    json_t *request =
        json_pack("{s:s, s:s}", "type", "transfer", "address", address_of(who, op->number, to));
    if (op->other)
        json_object_set_new(request, "sessionData", json_string(op->other));
    return control(request);
}

static json_t *body_audit(const struct kandy_identity *who, const struct kandy_op *op)
{
    (void)who, (void)op;
    return control(json_pack("{s:s}", "type", "audit"));
}

static json_t *body_reject(const struct kandy_identity *who, const struct kandy_op *op)
{
    (void)who;
    return json_pack("{s:{s:s, s:s}}", "callDispositionRequest", "action", "reject", "sessionData",
                     op->session);
}

static json_t *body_forward(const struct kandy_identity *who, const struct kandy_op *op)
{
    char to[ADDRESS_MAX];
    return json_pack("{s:{s:s, s:s, s:s}}", "callDispositionRequest", "action", "forward",
                     "sessionData", op->session, "address", address_of(who, op->number, to));
}

static json_t *body_text(const struct kandy_identity *who, const struct kandy_op *op)
{
    char to[ADDRESS_MAX];
    return json_pack("{s:{s:s, s:s, s:s%, s:s}}", "imRequest", "charset", "UTF-8", "toUrl",
                     address_of(who, op->number, to), "message", op->text.ptr ? op->text.ptr : "",
                     op->text.len, "type", "A2");
}

static const struct link_op ops[KANDY_OP_COUNT] = {
    [KANDY_OP_SUBSCRIBE] = { "POST", path_subscription, body_subscribe },
    [KANDY_OP_REFRESH] = { "PUT", NULL, body_refresh },
    [KANDY_OP_UNSUBSCRIBE] = { "DELETE", NULL, NULL },
    [KANDY_OP_MAKE] = { "POST", path_call_control, body_make },
    [KANDY_OP_RING] = { "PUT", path_session, body_ring },
    [KANDY_OP_ANSWER] = { "PUT", path_session, body_answer },
    [KANDY_OP_OFFER] = { "PUT", path_session, body_offer },
    [KANDY_OP_RESPOND] = { "PUT", path_session, body_respond },
    [KANDY_OP_TRANSFER] = { "PUT", path_session, body_transfer },
    [KANDY_OP_AUDIT] = { "PUT", path_session, body_audit },
    [KANDY_OP_STATE] = { "GET", path_session, NULL },
    [KANDY_OP_FETCH] = { "GET", NULL, NULL },
    [KANDY_OP_END] = { "DELETE", path_session, NULL },
    [KANDY_OP_REJECT] = { "POST", path_disposition, body_reject },
    [KANDY_OP_FORWARD] = { "POST", path_disposition, body_forward },
    [KANDY_OP_TEXT] = { "POST", path_message, body_text },
};

static bool print_socket_op(const struct kandy_op *op, struct kandy_request *out)
{
    out->by_socket = true;
    return kandy_put_body(out, op->kind == KANDY_OP_PING
                                   ? json_pack("{s:s}", "message_type", "ping")
                                   : json_pack("{s:{}}", "connAck"));
}

static bool print_path(const struct kandy_identity *who, const struct kandy_grant *grant,
                       const struct kandy_op *op, struct kandy_request *out)
{
    const struct link_op *row = &ops[op->kind];
    struct buf path;
    buf_init(&path, out->path, sizeof out->path);
    if (row->path) {
        buf_text(&path, "/rest/version/1/user/");
        put_user(who, "@", &path);
        row->path(grant, op, &path);
    } else {
        buf_text(&path, op->path ? op->path : grant->subscription); /* a whole path, opaque */
    }
    return buf_cstr(&path)[0] != '\0';
}

static bool print_link(const struct kandy_identity *who, const struct kandy_grant *grant,
                       const struct kandy_op *op, struct kandy_request *out)
{
    const struct link_op *row = &ops[op->kind];
    *out = (struct kandy_request){ .kind = op->kind, .method = row->method, .is_basic = true };
    if (op->kind == KANDY_OP_PING || op->kind == KANDY_OP_CHECKED)
        return print_socket_op(op, out);
    if (!row->method || !print_path(who, grant, op, out))
        return false;
    return !row->body || kandy_put_body(out, row->body(who, op));
}

static void print_link_socket(const struct kandy_grant *grant, const char *channel,
                              char out[KANDY_PATH_MAX])
{
    (void)grant;
    (void)slice_copy(slice_of(channel), out, KANDY_PATH_MAX);
}

const struct kandy_dialect kandy_link = {
    .name = "link",
    .calls_by_rest = true,
    .print = print_link,
    .print_socket = print_link_socket,
};

/* ---- Kandy UC ---- */

/* "&name=value" or "?name=value" behind a path. */
static bool add_param(char path[KANDY_PATH_MAX], const char *name, struct slice value)
{
    struct buf out = { .ptr = path, .len = strlen(path), .cap = KANDY_PATH_MAX };
    char *text = slice_dup(value);
    buf_printf(&out, "%c%s=", strchr(path, '?') ? '&' : '?', name);
    kandy_put_escaped(&out, text, "");
    mem_wipe(text, strlen(text));
    mem_free(text);
    return buf_cstr(&out)[0] != '\0';
}

static bool print_mk_token(const struct kandy_identity *who, struct kandy_request *out)
{
    char expires[16];
    out->method = "GET";
    out->is_basic = true;
    snprintf(expires, sizeof expires, "%d", who->expires_s);
    (void)slice_copy(SLICE("/v2.0/auth/mk_token?refresh=y"), out->path, sizeof out->path);
    return add_param(out->path, "expires", slice_of(expires));
}

static bool print_new_token(const struct kandy_identity *who, const struct kandy_grant *grant,
                            struct kandy_request *out)
{
    char expires[16];
    out->method = "GET";
    out->is_plain = true;
    snprintf(expires, sizeof expires, "%d", who->expires_s);
    (void)slice_copy(SLICE("/v2.0/auth/refresh_token"), out->path, sizeof out->path);
    return add_param(out->path, "token", secret_reveal(grant->refresh_token)) &&
           add_param(out->path, "expires", slice_of(expires));
}

static bool print_uc(const struct kandy_identity *who, const struct kandy_grant *grant,
                     const struct kandy_op *op, struct kandy_request *out)
{
    *out = (struct kandy_request){ .kind = op->kind };
    if (op->kind == KANDY_OP_TOKEN)
        return print_mk_token(who, out);
    if (op->kind == KANDY_OP_TOKEN_REFRESH)
        return print_new_token(who, grant, out);
    if (!print_link(who, grant, op, out))
        return false;
    out->is_basic = false;
    out->is_plain = true; /* the token in the URL says who we are */
    return out->by_socket || add_param(out->path, "token", secret_reveal(grant->token));
}

static void print_uc_socket(const struct kandy_grant *grant, const char *channel,
                            char out[KANDY_PATH_MAX])
{
    (void)slice_copy(slice_of(channel), out, KANDY_PATH_MAX);
    (void)add_param(out, "token", secret_reveal(grant->token));
}

const struct kandy_dialect kandy_uc = {
    .name = "uc",
    .has_token = true,
    .calls_by_rest = true,
    .print = print_uc,
    .print_socket = print_uc_socket,
};
