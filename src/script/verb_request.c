/* request: an HTTP request of the script's own; not signed, unlike fetches of documents. */
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "base/num.h"
#include "script/script_priv.h"
#include "script/swml_priv.h"
#include "script/verb_rows.h"

enum { BODY_MAX = 64 << 10, HEADERS_MAX = 64, TIMEOUT_MS = 60000 };

static void set_failed(struct script *script)
{
    script_result(script, "request", "failed");
    script_set(script, "return_value", json_string("failed"));
}

static void set_headers(struct script *script, const struct http_client_answer *answer)
{
    json_t *headers = json_object();
    for (size_t i = 0; i < answer->n_headers && i < HEADERS_MAX; i++) {
        char name[80];
        struct slice value = answer->headers[i].value;
        if (!slice_copy(answer->headers[i].name, name, sizeof name))
            continue;
        for (char *c = name; *c; c++)
            if (*c >= 'A' && *c <= 'Z')
                *c = (char)(*c + ('a' - 'A'));
        json_t *text = json_stringn(value.ptr ? value.ptr : "", value.len);
        if (text)
            json_object_set_new(headers, name, text);
    }
    script_set(script, "request_response_headers", headers);
}

/* JSON by its first character: servers are careless with Content-Type. */
static void save_variables(struct script *script, struct slice body)
{
    struct slice text = slice_trim(body);
    json_t *json = NULL;
    if (text.len && (text.ptr[0] == '{' || text.ptr[0] == '['))
        json = json_loadb(text.ptr, text.len, 0, NULL);
    if (json)
        script_set(script, "request_response", json);
}

static void on_answer(void *owner, const struct http_client_answer *answer)
{
    struct script *script = owner;
    script->fetching = NULL;
    if (answer->err) {
        log_info(&script->log, "script request failed reason=\"%s\"", answer->text);
        set_failed(script);
        script_done(script);
        return;
    }
    bool is_good = answer->status >= 200 && answer->status < 300;
    struct slice body = slice_sub(answer->body, 0, BODY_MAX);
    json_t *text = json_stringn(body.ptr ? body.ptr : "", body.len);
    const char *url = param_text(script->value, "url", "");
    script_set_text(script, "request_url", url);
    script_set(script, "request_response_code", json_integer(answer->status));
    script_set(script, "request_response_body", text ? text : json_string(""));
    set_headers(script, answer);
    if (param_bool(script->value, "save_variables", false))
        save_variables(script, answer->body);
    script_result(script, "request", is_good ? "success" : "failed");
    script_set(script, "return_value", json_string(is_good ? "success" : "failed"));
    script_done(script);
}

static void cancel(struct script *script)
{
    if (script->fetching)
        http_client_cancel(script->fetching);
    script->fetching = NULL;
}

static size_t fill_headers(const json_t *value, struct http_header *headers, char **texts)
{
    const char *name;
    json_t *one;
    size_t n = 0;
    json_object_foreach(json_object_get(value, "headers"), name, one)
    {
        bool is_type = slice_iis(slice_of(name), "Content-Type"); /* the body's: given apart */
        if (n == HEADERS_MAX || is_type || strpbrk(name, "\r\n: "))
            continue;
        texts[n] = expr_print(one);
        if (strpbrk(texts[n], "\r\n")) { /* a value must not begin another header */
            mem_free(texts[n]);
            continue;
        }
        headers[n] = (struct http_header){ slice_of(name), slice_of(texts[n]) };
        n++;
    }
    return n;
}

static const char *content_type(const json_t *value, bool is_json)
{
    const char *name;
    json_t *one;
    json_object_foreach(json_object_get(value, "headers"), name, one)
    {
        const char *text = json_string_value(one);
        if (text && slice_iis(slice_of(name), "Content-Type") && !strpbrk(text, "\r\n"))
            return text;
    }
    return is_json ? "application/json" : "text/plain";
}

/* A value in a URL is put in as it is, so what would break the request line is refused. */
static bool is_clean_url(const char *url)
{
    for (; *url; url++)
        if ((unsigned char)*url <= ' ' || *url == 0x7f)
            return false;
    return true;
}

static enum verb_next request(struct script *script, const json_t *value)
{
    const json_t *given = json_object_get(value, "body");
    struct http_header headers[HEADERS_MAX];
    char *texts[HEADERS_MAX], *body = NULL;
    struct fault fault = { 0 };
    const char *url = param_text(value, "url", "");
    size_t n = fill_headers(value, headers, texts);
    double timeout_s = param_number(value, "timeout", 0);
    if (given)
        body = json_is_string(given) ? slice_dup(slice_of(json_string_value(given)))
                                     : json_dumps(given, JSON_COMPACT | JSON_ENCODE_ANY);
    struct slice text = slice_trim(slice_of(body));
    bool is_json = text.len && (text.ptr[0] == '{' || text.ptr[0] == '[');
    const struct script_request what = {
        .http = { .method = param_text(value, "method", "GET"),
                  .url = url,
                  .headers = headers,
                  .n_headers = n,
                  .content_type = body ? content_type(value, is_json) : NULL,
                  .body = slice_of(body),
                  .timeout_ms =
                      timeout_s > 0 && timeout_s < 3600 ? (int)(timeout_s * 1000) : TIMEOUT_MS,
                  .max_body = 1 << 20,
                  .follow = true },
        .project_id = script->project_id,
    };
    if (is_clean_url(url))
        script->fetching = scripts_send(script->scripts, &what, on_answer, script, &fault);
    else
        fault_set(&fault, ERR_INVALID, "url", 0, "a URL with blanks or control characters");
    for (size_t i = 0; i < n; i++)
        mem_free(texts[i]);
    mem_free(body);
    if (script->fetching) {
        script->cancel = cancel;
        return VERB_WAITS;
    }
    script_warn(script, "relay_script_method_execute_failed: request: %s", fault.text);
    set_failed(script);
    return VERB_DONE;
}

static const struct verb_param params[] = {
    { .name = "url", .types = VERB_TEXT, .required = true },
    { .name = "method", .types = VERB_TEXT, .required = true, .words = "GET|POST|PUT|DELETE" },
    { .name = "headers", .types = VERB_OBJECT },
    { .name = "body", .types = VERB_TEXT | VERB_OBJECT | VERB_LIST },
    { .name = "connect_timeout", .types = VERB_NUMBER, .min = 0, .max = 3600 },
    { .name = "timeout", .types = VERB_NUMBER, .min = 0, .max = 3600 },
    { .name = "save_variables", .types = VERB_BOOL },
    { 0 },
};

const struct verb verb_request = { .name = "request",
                                   .params = params,
                                   .run = request,
                                   .note =
                                       "a request takes 60 s at most when no timeout is given" };
