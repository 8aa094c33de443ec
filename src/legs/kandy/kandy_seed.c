/* The seed's API (section 1 of the protocol page): the password in the subscription's body, calls
 * as JSON over the WebSocket. No refresh or delete of a subscription exists in it. */
#include "base/buf.h"
#include "base/mem.h"
#include "base/num.h"
#include "legs/kandy/kandy_dialect.h"

struct seed_op {
    const char *method; /* over the socket */
    json_t *(*params)(const struct kandy_op *op);
};

static bool print_subscribe(const struct kandy_identity *who, struct kandy_request *out)
{
    struct slice password = secret_reveal(who->password);
    out->method = "POST";
    out->is_plain = true;
    (void)slice_copy(SLICE("/v2.0/subscription"), out->path, sizeof out->path);
    return kandy_put_body(out, json_pack("{s:s, s:s%, s:o}", "username", who->user, "password",
                                         password.ptr ? password.ptr : "", password.len, "service",
                                         kandy_services_json(who)));
}

static bool print_token(const struct kandy_identity *who, const struct kandy_grant *grant,
                        struct kandy_request *out)
{
    struct secret copy = { 0 };
    struct buf form;
    char *mem = mem_alloc(KANDY_FORM_MAX);
    buf_init(&form, mem, KANDY_FORM_MAX);
    secret_set(&copy, secret_reveal(grant->refresh_token));
    buf_text(&form, "grant_type=refresh_token&refresh_token=");
    kandy_put_escaped(&form, copy.ptr ? copy.ptr : "", "");
    buf_text(&form, "&client_id=");
    kandy_put_escaped(&form, who->user, "");
    secret_clear(&copy);
    out->method = "POST";
    out->is_plain = true;
    out->is_form = true;
    (void)slice_copy(SLICE("/v2.0/token"), out->path, sizeof out->path);
    out->body = mem;
    return buf_cstr(&form)[0] != '\0';
}

static json_t *make_params(const struct kandy_op *op)
{
    return json_pack("{s:s, s:s, s:s%, s:s}", "callId", op->session, "destination", op->number,
                     "sdp", op->sdp.ptr ? op->sdp.ptr : "", op->sdp.len, "mediaType", "audio");
}

static json_t *sdp_params(const struct kandy_op *op)
{
    return json_pack("{s:s, s:s%}", "callId", op->session, "sdp", op->sdp.ptr ? op->sdp.ptr : "",
                     op->sdp.len);
}

static json_t *id_params(const struct kandy_op *op)
{
    return json_pack("{s:s}", "callId", op->session);
}

static json_t *no_params(const struct kandy_op *op)
{
    (void)op;
    return NULL;
}

/* call.hangup and call.reject are in no source: call.end ends every call. */
static const struct seed_op ops[KANDY_OP_COUNT] = {
    [KANDY_OP_ICE_SERVERS] = { "call.getIceServers", no_params },
    [KANDY_OP_MAKE] = { "call.make", make_params },
    [KANDY_OP_ANSWER] = { "call.answer", sdp_params },
    [KANDY_OP_END] = { "call.end", id_params },
    [KANDY_OP_REJECT] = { "call.end", id_params },
};

static bool print(const struct kandy_identity *who, const struct kandy_grant *grant,
                  const struct kandy_op *op, struct kandy_request *out)
{
    const struct seed_op *row = &ops[op->kind];
    *out = (struct kandy_request){ .kind = op->kind };
    if (op->kind == KANDY_OP_SUBSCRIBE)
        return print_subscribe(who, out);
    if (op->kind == KANDY_OP_TOKEN_REFRESH)
        return print_token(who, grant, out);
    if (op->kind == KANDY_OP_CHECKED) {
        out->by_socket = true;
        return kandy_put_body(out, json_pack("{s:{}}", "connAck"));
    }
    if (!row->method)
        return false;
    out->by_socket = true;
    json_t *params = row->params(op);
    json_t *body = json_pack("{s:s, s:s, s:s}", "type", "request", "method", row->method, "id",
                             op->id ? op->id : "");
    if (params)
        json_object_set_new(body, "params", params);
    return kandy_put_body(out, body);
}

static void print_socket(const struct kandy_grant *grant, const char *channel,
                         char out[KANDY_PATH_MAX])
{
    struct buf path;
    buf_init(&path, out, KANDY_PATH_MAX);
    (void)channel;
    buf_text(&path, "/?subscriptionId=");
    kandy_put_escaped(&path, grant->subscription, "");
    buf_cstr(&path);
}

const struct kandy_dialect kandy_seed = {
    .name = "seed",
    .print = print,
    .print_socket = print_socket,
};
