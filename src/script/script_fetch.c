/* Documents from web servers: the documented POST, the fallback, credentials of a URL as Basic
 * authentication and in no log. */
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/hash.h"
#include "base/loop.h"
#include "base/mem.h"
#include "base/num.h"
#include "base/web_signature.h"
#include "script/laml_form.h"
#include "script/script_document.h"
#include "script/script_priv.h"
#include "script/swml.h"

enum { URL_MAX = 2048, USER_MAX = 256, FETCH_TIMEOUT_MS = 10000 };

struct script_fetching {
    struct script *script;
    char url[URL_MAX], fallback[URL_MAX];
    char method[8], fallback_method[8];
    char *body;
    json_t *form; /* LaML's: `body` is its print */
    bool is_fallback;
    unsigned error_code; /* LaML's, of the first try */
    struct http_client_call *call;
    struct timer later; /* failures are told in a turn of their own */
    struct fault fault;
    script_fetched_fn fn;
    void *owner;
};

/* %40 in a user or password (RFC 3986 §2.1) */
static void unescape(struct slice text, struct buf *out)
{
    for (size_t i = 0; i < text.len; i++) {
        uint8_t byte;
        size_t room = 1;
        if (text.ptr[i] == '%' && !hex_parse(slice_sub(text, i + 1, 2), &byte, &room) &&
            room == 1) {
            buf_u8(out, byte);
            i += 2;
        } else {
            buf_char(out, text.ptr[i]);
        }
    }
}

/* https://user:password@host/path into its parts. */
static enum err split_url(const char *url, struct buf *bare, struct buf *user, struct buf *password)
{
    struct slice text = slice_of(url);
    size_t scheme = slice_find(text, SLICE("://"));
    if (scheme == text.len)
        return ERR_INVALID;
    struct slice rest = slice_from(text, scheme + 3);
    struct slice authority = slice_sub(rest, 0, slice_index(rest, '/'));
    authority = slice_sub(authority, 0, slice_index(authority, '?'));
    size_t at = authority.len;
    while (at > 0 && authority.ptr[at - 1] != '@')
        at--;
    struct slice who = slice_sub(authority, 0, at ? at - 1 : 0);
    buf_put(bare, slice_sub(text, 0, scheme + 3));
    buf_put(bare, slice_from(rest, at));
    unescape(slice_cut(&who, ':'), user);
    unescape(who, password);
    return bare->overflow || user->overflow || password->overflow ? ERR_LIMIT : OK;
}

enum { SIGNED_HEADERS_MAX = 70 };
struct signed_headers {
    struct http_header list[SIGNED_HEADERS_MAX];
    char sha1[WEB_SIGNATURE_MAX], sha256[WEB_SIGNATURE_MAX];
};

static void add_header(struct script_request *request, struct signed_headers *out,
                       struct slice name, const char *value)
{
    for (size_t i = 0; i < request->http.n_headers && request->http.headers != out->list; i++)
        out->list[i] = request->http.headers[i];
    out->list[request->http.n_headers++] = (struct http_header){ name, slice_of(value) };
    request->http.headers = out->list;
}

/* Under both names: programs of both vendors verify it. */
static void sign_laml(struct slice key, struct script_request *request, struct signed_headers *out)
{
    if (!laml_form_sign(key, slice_of(request->http.url), request->form, out->sha1))
        return;
    add_header(request, out, SLICE("X-SignalWire-Signature"), out->sha1);
    add_header(request, out, SLICE("X-Twilio-Signature"), out->sha1);
}

/* The URL is signed without its credentials (protocol note, section 11): they are gone by now. */
static void sign(const struct scripts *scripts, struct script_request *request,
                 struct signed_headers *out)
{
    const struct scripts_config *config = &scripts->config;
    struct slice key = request->is_signed && config->signing_key
                           ? config->signing_key(config->owner, request->project_id)
                           : SLICE_NONE;
    size_t n = request->http.n_headers;
    if (!key.len || n > SIGNED_HEADERS_MAX - 2)
        return;
    struct slice url = slice_of(request->http.url);
    if (request->is_laml) {
        sign_laml(key, request, out);
        return;
    }
    web_signature_json(key, url, request->http.body, out->sha1);
    web_signature_json256(key, url, request->http.body, out->sha256);
    add_header(request, out, SLICE("X-SignalWire-Signature"), out->sha1);
    add_header(request, out, SLICE("X-SignalWire-SHA256-Signature"), out->sha256);
}

struct http_client_call *scripts_send(struct scripts *scripts, const struct script_request *request,
                                      http_client_fn fn, void *owner, struct fault *fault)
{
    char url_mem[URL_MAX], user_mem[USER_MAX], password_mem[USER_MAX];
    struct buf url = BUF_ON(url_mem), user = BUF_ON(user_mem), password = BUF_ON(password_mem);
    struct script_request plain = *request;
    bool is_web = slice_istarts(slice_of(request->http.url), SLICE("http://")) ||
                  slice_istarts(slice_of(request->http.url), SLICE("https://"));
    if (!is_web || split_url(request->http.url, &url, &user, &password)) {
        fault_set(fault, ERR_INVALID, "", 0, "'%.80s' is no http: or https: URL",
                  is_web ? "(too long)" : request->http.url);
        return NULL;
    }
    plain.http.url = buf_cstr(&url);
    if (user.len) {
        plain.http.user = buf_slice(&user);
        plain.http.password = buf_slice(&password);
    }
    struct http_client_call *call = NULL;
    struct signed_headers headers = { 0 };
    sign(scripts, &plain, &headers);
    if (scripts->config.send)
        call = scripts->config.send(scripts->config.owner, &plain, fn, owner, fault);
    else if (scripts->config.http)
        call = http_client_send(scripts->config.http, &plain.http, fn, owner);
    else
        fault_set(fault, ERR_UNSUPPORTED, "", 0, "there is no HTTP client");
    mem_wipe(password_mem, sizeof password_mem);
    return call;
}

static void release(struct script_fetching *fetching)
{
    loop_timer_stop(fetching->script->scripts->config.loop, &fetching->later);
    mem_free(fetching->body);
    json_decref(fetching->form);
    mem_free(fetching);
}

static void report(struct script_fetching *fetching, json_t *take_document)
{
    script_fetched_fn fn = fetching->fn;
    void *owner = fetching->owner;
    struct fault fault = fetching->fault;
    release(fetching);
    fn(owner, take_document, take_document ? NULL : &fault);
}

char *script_url_with(const char *url, const char *query)
{
    size_t cap = strlen(url) + strlen(query) + 2;
    char *out = mem_alloc(cap);
    snprintf(out, cap, "%s%c%s", url, strchr(url, '?') ? '&' : '?', query);
    return out;
}

unsigned script_error_code(const struct http_client_answer *answer)
{
    enum { NO_URL = 11100, NO_ANSWER = 11205, BAD_STATUS = 11200, BAD_DOCUMENT = 12100 };
    if (!answer)
        return NO_URL;
    if (answer->err)
        return NO_ANSWER;
    return answer->status < 200 || answer->status > 299 ? BAD_STATUS : BAD_DOCUMENT;
}

void script_put_error(json_t *form, unsigned code, const char *url)
{
    char bare_mem[URL_MAX], user_mem[USER_MAX], password_mem[USER_MAX];
    struct buf bare = BUF_ON(bare_mem), user = BUF_ON(user_mem), password = BUF_ON(password_mem);
    bool is_url = split_url(url, &bare, &user, &password) == OK;
    mem_wipe(password_mem, sizeof password_mem);
    json_object_set_new(form, "ErrorCode", json_sprintf("%u", code));
    json_object_set_new(form, "ErrorUrl", json_string(is_url ? buf_cstr(&bare) : ""));
}

static void ask(struct script_fetching *fetching);

static void ask_fallback(struct script_fetching *fetching)
{
    fetching->is_fallback = true;
    if (fetching->form) {
        script_put_error(fetching->form, fetching->error_code, fetching->url);
        mem_free(fetching->body);
        fetching->body = laml_form_print(fetching->form);
    }
    ask(fetching);
}

static void on_later(void *owner)
{
    struct script_fetching *fetching = owner;
    bool try_fallback = fetching->fallback[0] && !fetching->is_fallback;
    if (!try_fallback) {
        report(fetching, NULL);
        return;
    }
    log_warn(&fetching->script->log, "script fetch failed reason=\"%s\", asking the fallback",
             fetching->fault.text);
    ask_fallback(fetching);
}

static void fail_later(struct script_fetching *fetching)
{
    loop_timer_start(fetching->script->scripts->config.loop, &fetching->later, 0, on_later,
                     fetching);
}

static void log_warnings(const struct script *script, const json_t *warnings)
{
    const json_t *one;
    size_t i;
    json_array_foreach(warnings, i, one)
        log_warn(&script->log, "script document %s", json_string_value(one));
}

static void on_answer(void *owner, const struct http_client_answer *answer)
{
    struct script_fetching *fetching = owner;
    json_t *document = NULL, *warnings = json_array();
    struct slice text = slice_trim(answer->body);
    fetching->call = NULL;
    fetching->error_code = script_error_code(answer);
    if (fetching->form && !text.len) /* "nothing more": what acknowledges an action */
        text = SLICE("<Response/>");
    if (answer->err)
        fault_set(&fetching->fault, answer->err, "", 0, "%s", answer->text);
    else if (answer->status < 200 || answer->status > 299)
        fault_set(&fetching->fault, ERR_REFUSED, "", 0, "the server answered %d", answer->status);
    else
        (void)!script_document_load(text,
                                    fetching->is_fallback ? fetching->fallback : fetching->url,
                                    &document, warnings, &fetching->fault);
    log_warnings(fetching->script, warnings);
    json_decref(warnings);
    if (document)
        report(fetching, document);
    else
        fail_later(fetching);
}

static void ask(struct script_fetching *fetching)
{
    const char *method = fetching->is_fallback ? fetching->fallback_method : fetching->method;
    const char *where = fetching->is_fallback ? fetching->fallback : fetching->url;
    bool is_get = strcmp(method, "GET") == 0, is_laml = fetching->form != NULL;
    char *url = is_get && is_laml ? script_url_with(where, fetching->body) : NULL;
    const struct http_header headers[] = {
        { SLICE("Accept"), is_laml ? SLICE("application/xml, text/xml, */*")
                                   : SLICE("application/json, application/yaml, text/yaml, */*") },
    };
    const struct script_request request = {
        .http = { .method = method,
                  .url = url ? url : where,
                  .headers = headers,
                  .n_headers = COUNT_OF(headers),
                  .content_type = is_get    ? NULL
                                  : is_laml ? "application/x-www-form-urlencoded"
                                            : "application/json",
                  .body = is_get ? SLICE_NONE : slice_of(fetching->body),
                  .timeout_ms = FETCH_TIMEOUT_MS,
                  .max_body = SWML_MAX_BYTES,
                  .follow = true },
        .project_id = fetching->script->project_id,
        .is_signed = true,
        .is_laml = is_laml,
        .form = is_get ? NULL : fetching->form,
    };
    fetching->call =
        scripts_send(fetching->script->scripts, &request, on_answer, fetching, &fetching->fault);
    mem_free(url);
    if (!fetching->call)
        fail_later(fetching);
}

struct script_fetching *script_fetch(struct script *script, const struct script_fetch *fetch,
                                     script_fetched_fn fn, void *owner)
{
    struct script_fetching *fetching = mem_new(struct script_fetching);
    fetching->script = script;
    fetching->error_code = script_error_code(NULL);
    fetching->fn = fn;
    fetching->owner = owner;
    snprintf(fetching->method, sizeof fetching->method, "%s",
             fetch->method ? fetch->method : "POST");
    snprintf(fetching->fallback_method, sizeof fetching->fallback_method, "%s",
             fetch->fallback_method ? fetch->fallback_method : fetching->method);
    fetching->form = fetch->take_form;
    fetching->body = fetch->take_form ? laml_form_print(fetch->take_form)
                                      : json_dumps(fetch->take_body, JSON_COMPACT);
    json_decref(fetch->take_body);
    if (fetch->fallback_url)
        (void)slice_copy(slice_of(fetch->fallback_url), fetching->fallback, URL_MAX);
    if (slice_copy(slice_of(fetch->url), fetching->url, URL_MAX)) {
        ask(fetching);
    } else {
        fault_set(&fetching->fault, ERR_LIMIT, "", 0, "a URL of more than %d bytes", URL_MAX - 1);
        fail_later(fetching);
    }
    return fetching;
}

void script_fetch_cancel(struct script_fetching *fetching)
{
    if (!fetching)
        return;
    if (fetching->call)
        http_client_cancel(fetching->call);
    release(fetching);
}
