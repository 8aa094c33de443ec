/* The family of paths: who asks, which endpoint it is, how its errors look. */
#include "api/signalwire/sw.h"

#include <ctype.h>

#include "api/rate_limit.h"
#include "api/signalwire/sw_laml.h"
#include "base/buf.h"
#include "base/hash.h"
#include "base/mem.h"
#include "base/num.h"
#include "base/rand.h"
#include "net/http_request.h"
#include "store/token.h"

enum { BASIC_MAX = 512 };
static const char docs_url[] = "https://signalwire.com/docs/apis/error-codes";

/* The words of the interface (RFC 9110 §15). */
static const struct {
    int status;
    const char *text;
} phrases[] = {
    { 400, "Bad Request" },
    { 401, "Unauthorized" },
    { 403, "Forbidden" },
    { 404, "Not Found" },
    { 405, "Method Not Allowed" },
    { 409, "Conflict" },
    { 422, "Unprocessable Content" },
    { 429, "Too Many Requests" },
    { 500, "Internal Server Error" },
    { 503, "Service Unavailable" },
};

static bool is_relay_rest(const struct rest *rest)
{
    return slice_starts(rest->asked.path, SLICE("/api/relay/rest/"));
}

json_t *sw_error(const struct rest *rest, const struct rest_error *error)
{
    if (error->status == 422 && is_relay_rest(rest)) {
        json_t *detail = json_string(error->text);
        return json_pack("{s:[{s:o, s:s, s:s, s:s}]}", "errors", "detail",
                         detail ? detail : json_string("?"), "status", "422", "title",
                         "Invalid Attribute", "code", "422");
    }
    if (error->status == 422) {
        json_t *message = json_string(error->text);
        const char *code = strcmp(error->code, "invalid") == 0 ? "invalid_parameter" : error->code;
        return json_pack("{s:[{s:s, s:s, s:o, s:s?, s:s}]}", "errors", "type", "validation_error",
                         "code", code, "message", message ? message : json_string("?"), "attribute",
                         error->field, "url", docs_url);
    }
    for (size_t i = 0; i < COUNT_OF(phrases); i++)
        if (phrases[i].status == error->status)
            return json_pack("{s:s}", "error", phrases[i].text);
    return json_pack("{s:s}", "error", "Internal Server Error");
}

void sw_dress(struct rest *rest, int status)
{
    char id[UUID_TEXT];
    rand_uuid(id);
    rest_set_header(rest, "X-Request-Id", slice_of(id));
    rest_set_header(rest, "Cache-Control", SLICE("no-store"));
    rest_set_header(rest, "X-Content-Type-Options", SLICE("nosniff"));
    if (rest->asked.is_tls)
        rest_set_header(rest, "Strict-Transport-Security", SLICE("max-age=31536000"));
    if (status == 401)
        rest_set_header(rest, "WWW-Authenticate", SLICE("Basic realm=\"tandem\""));
}

static void too_many(struct rest *rest, const struct rate_limit *limit, struct slice key)
{
    char seconds[16];
    snprintf(seconds, sizeof seconds, "%u", rate_limit_wait_s(limit, key, rest_now_ms(rest)));
    rest_set_header(rest, "Retry-After", slice_of(seconds));
    rest_fail(rest, 429, "rate_limit_exceeded", NULL, "too many requests");
}

/* One answer, whatever was wrong; who guesses on is slowed down. */
void sw_refuse_login(struct rest *rest)
{
    char address[ADDR_TEXT];
    struct slice key = slice_of(addr_print_ip(rest->asked.peer, address));
    if (rate_limit_take(rest->api->wrong_logins, key, rest_now_ms(rest)))
        rest_fail(rest, 401, "unauthorized", NULL, "expected a project id and its token");
    else
        too_many(rest, rest->api->wrong_logins, key);
}

static bool may_go_on(struct rest *rest)
{
    struct slice key = slice_of(sw_of(rest)->project_id);
    const struct rate_limit *limit = rest->api->requests;
    char text[16];
    if (rest->asked.method == HTTP_GET || rest->asked.method == HTTP_DELETE)
        return true;
    bool has = rate_limit_take(rest->api->requests, key, rest_now_ms(rest));
    snprintf(text, sizeof text, "%u", rate_limit_burst(limit));
    rest_set_header(rest, "X-RateLimit-Limit", slice_of(text));
    snprintf(text, sizeof text, "%u", rate_limit_left(limit, key, rest_now_ms(rest)));
    rest_set_header(rest, "X-RateLimit-Remaining", slice_of(text));
    if (!has)
        too_many(rest, limit, key);
    return has;
}

void sw_admit(struct rest *rest)
{
    if (may_go_on(rest))
        rest_admit(rest);
}

static void on_token(void *owner, const struct store_answer *answer)
{
    struct rest *rest = owner;
    struct sw *sw = sw_of(rest);
    if (answer->err && answer->err != ERR_NOT_FOUND) {
        sw_fail_store(rest, answer->err, NULL);
        return;
    }
    const struct store_token *token = answer->err ? NULL : STORE_ROWS(answer, store_token);
    if (!token || token->user_id[0] || strcmp(token->project_id, sw->project_id) != 0) {
        sw_refuse_login(rest);
        return;
    }
    snprintf(sw->token_id, sizeof sw->token_id, "%s", token->id);
    snprintf(sw->scopes, sizeof sw->scopes, "%s", token->scopes);
    sw_admit(rest);
}

/* "Basic base64(project:token)" (RFC 7617); the id in any case. False: no such thing. */
static bool read_basic(struct slice header, char project_id[SW_ID], char hash[TOKEN_HASH])
{
    uint8_t bytes[BASIC_MAX];
    size_t len = sizeof bytes;
    struct slice value = slice_trim(header);
    if (!slice_iis(slice_cut(&value, ' '), "Basic") || base64_parse(slice_trim(value), bytes, &len))
        return false;
    struct slice token = slice_make(bytes, len);
    struct slice user = slice_cut(&token, ':');
    bool fits = slice_copy(user, project_id, SW_ID);
    for (size_t i = 0; fits && i < user.len; i++)
        project_id[i] = (char)tolower((unsigned char)project_id[i]);
    token_hash(token, hash);
    mem_wipe(bytes, sizeof bytes);
    return fits;
}

struct sw *sw_begin(struct rest *rest)
{
    /* tokens do not travel in the clear, but on this machine */
    if (!rest->asked.is_tls && !addr_is_loopback(rest->asked.peer)) {
        rest_fail(rest, 403, "https_required", NULL, "ask by https");
        return NULL;
    }
    rest->state = mem_new(struct sw);
    sw_of(rest)->is_laml = rest->family->serve == sw_laml_serve;
    return sw_of(rest);
}

void sw_guard(struct rest *rest)
{
    char hash[TOKEN_HASH];
    struct sw *sw = sw_begin(rest);
    if (!sw)
        return;
    if (!read_basic(rest->asked.authorization, sw->project_id, hash)) {
        sw_refuse_login(rest);
        return;
    }
    store_token_check(rest_store(rest), hash, rest_now_ms(rest), rest_then(rest, on_token));
}

static bool fits(const char *pattern, struct slice path, struct http_path_match *match)
{
    if (path.len > 1 && path.ptr[path.len - 1] == '/')
        path.len--;
    return http_path_matches(pattern, path, match);
}

static const struct sw_endpoint *find(struct rest *rest, const struct sw_table *table,
                                      struct slice path, struct buf *allow)
{
    for (size_t i = 0; i < table->n; i++) {
        const struct sw_endpoint *endpoint = &table->endpoints[i];
        if (!fits(endpoint->path, path, &rest->path))
            continue;
        if (endpoint->method == rest->asked.method)
            return endpoint;
        rest->path.n = 0;
        buf_printf(allow, "%s%s", allow->len ? ", " : "", http_method_name(endpoint->method));
    }
    rest->path.n = 0; /* what did not match after all */
    return NULL;
}

static bool has_scope(const struct sw *sw, const char *any)
{
    struct slice rest = slice_of(any);
    struct slice scope;
    bool is_open = slice_empty(rest);
    while (!is_open && !slice_empty(scope = slice_word(&rest)))
        is_open = token_has_scope(slice_of(sw->scopes), scope);
    return is_open;
}

static bool read_body(struct rest *rest)
{
    struct slice type = rest_header(rest, "Content-Type");
    struct slice body = rest->asked.body;
    if (slice_empty(slice_trim(body))) {
        rest->body = json_object();
        return true;
    }
    struct slice kind = slice_trim(slice_cut(&type, ';'));
    if (slice_empty(kind) || slice_iis(kind, "application/json"))
        rest->body = json_loadb(body.ptr, body.len, JSON_REJECT_DUPLICATES, NULL);
    if (json_is_object(rest->body))
        return true;
    rest_fail(rest, 400, "invalid", NULL, "the body is no JSON object");
    return false;
}

void sw_serve_from(struct rest *rest, const struct sw_table *table, struct slice path)
{
    char mem[64];
    struct buf allow = BUF_ON(mem);
    const struct sw_endpoint *endpoint = find(rest, table, path, &allow);
    if (!endpoint && allow.len) {
        rest_set_header(rest, "Allow", buf_slice(&allow));
        rest_fail(rest, 405, "method_not_allowed", NULL, "not with this method");
        return;
    }
    if (!endpoint) {
        rest_fail(rest, 404, "not_found", NULL, "there is no such path");
        return;
    }
    rest_keep_captures(rest);
    sw_of(rest)->endpoint = endpoint;
    if (!has_scope(sw_of(rest), endpoint->scopes)) {
        rest_fail(rest, 403, "forbidden", NULL, "this token was not given the scope");
        return;
    }
    if (sw_of(rest)->is_laml ? !sw_laml_read_body(rest, endpoint->body) : !read_body(rest))
        return;
    if (endpoint->body)
        sw_check(rest, rest->body, endpoint->body);
    if (!sw_refused(rest))
        endpoint->handle(rest);
}

void sw_serve(struct rest *rest)
{
    sw_serve_from(rest, &sw_table, rest->asked.path);
}
