#include "cli_remote.h"

#include <string.h>

#include "base/buf.h"
#include "base/file.h"
#include "base/mem.h"
#include "config/config.h"
#include "net/http_client.h"

enum { PATH_MAX_LEN = 1024, URL_MAX = 2048, FILE_MAX = 16 << 10, TOKEN_MAX = 256 };
enum { ANSWER_MS = 60000 }; /* the doctor waits for others */

struct target {
    char state[PATH_MAX_LEN];
    char url[URL_MAX];      /* "http://127.0.0.1:8080" */
    char header[TOKEN_MAX]; /* "Bearer …" */
};

static const char *variable(const struct cli *cli, const char *name)
{
    size_t len = strlen(name);
    for (size_t i = 0; cli->vars && cli->vars[i]; i++)
        if (strncmp(cli->vars[i], name, len) == 0 && cli->vars[i][len] == '=')
            return cli->vars[i][len + 1] ? cli->vars[i] + len + 1 : NULL;
    return NULL;
}

static enum err read_state(const struct target *target, const char *name, struct slice *text,
                           struct fault *fault)
{
    char path[PATH_MAX_LEN + 32];
    snprintf(path, sizeof path, "%s/%s", target->state, name);
    return file_read(path, FILE_MAX, text, fault);
}

static void free_text(struct slice text)
{
    char *mem = (char *)(uintptr_t)text.ptr; /* of file_read() */
    if (mem)
        mem_wipe(mem, text.len);
    mem_free(mem);
}

static enum err find_url(struct cli *cli, struct target *target, struct fault *fault)
{
    const char *url = cli->url ? cli->url : variable(cli, "TANDEM_URL");
    struct slice text = SLICE_NONE;
    json_t *ready = NULL;
    if (!url) {
        struct fault why;
        enum err err = read_state(target, "ready.json", &text, &why);
        if (err == ERR_NOT_FOUND)
            return fault_set(fault, err, "", 0,
                             "no tandem is running with its state in %s; start it with `tandem "
                             "serve`, or give --state DIR or --url URL",
                             target->state);
        if (err)
            return fault_set(fault, err, why.where, 0, "%s", why.text);
        ready = json_loadb(text.ptr, text.len, 0, NULL);
        url = json_string_value(json_object_get(ready, "admin_url"));
    }
    bool fits = url && slice_copy(slice_of(url), target->url, sizeof target->url);
    json_decref(ready);
    free_text(text);
    if (!fits)
        return fault_set(fault, ERR_PARSE, target->state, 0, "ready.json names no admin_url");
    size_t len = strlen(target->url);
    while (len && target->url[len - 1] == '/')
        target->url[--len] = '\0';
    return OK;
}

static enum err find_token(struct target *target, struct fault *fault)
{
    struct slice text;
    struct fault why;
    enum err err = read_state(target, "admin.token", &text, &why);
    if (err)
        return fault_set(fault, err, why.where, 0,
                         "%s: it holds the admin token that the daemon made; give its --state DIR, "
                         "as the user who runs it",
                         why.text);
    struct buf header = BUF_ON(target->header);
    buf_text(&header, "Bearer ");
    buf_put(&header, slice_trim(text));
    buf_cstr(&header);
    free_text(text);
    if (header.overflow)
        return fault_set(fault, ERR_LIMIT, why.where, 0, "admin.token is too long");
    return OK;
}

struct exchange {
    int *status;
    json_t **answer;
    struct fault *fault;
    const char *url;
};

static void on_answer(void *owner, const struct http_client_answer *answer)
{
    struct exchange *exchange = owner;
    if (answer->err) {
        fault_set(exchange->fault, answer->err, "", 0, "tandem does not answer at %s: %s",
                  exchange->url, answer->text);
        return;
    }
    *exchange->status = answer->status;
    *exchange->answer = json_loadb(answer->body.ptr, answer->body.len, JSON_DECODE_ANY, NULL);
}

/* a daemon on this machine shows its self-made certificate */
static bool is_local_tls(const char *url)
{
    struct slice text = slice_of(url);
    return slice_istarts(text, SLICE("https://127.")) ||
           slice_istarts(text, SLICE("https://localhost")) ||
           slice_istarts(text, SLICE("https://[::1]"));
}

static enum err exchange_with(const struct target *target, const char *method, const char *path,
                              const json_t *body, struct exchange *exchange)
{
    char url[URL_MAX + PATH_MAX_LEN];
    char *text = body ? json_dumps(body, JSON_COMPACT) : NULL;
    struct http_header header = { SLICE("Authorization"), slice_of(target->header) };
    snprintf(url, sizeof url, "%s%s", target->url, path);
    struct http_client_request request = {
        .method = method,
        .url = url,
        .headers = &header,
        .n_headers = 1,
        .content_type = text ? "application/json" : NULL,
        .body = slice_of(text),
        .insecure = is_local_tls(url),
        .timeout_ms = ANSWER_MS,
    };
    enum err err = http_client_fetch(&request, on_answer, exchange);
    mem_free(text);
    return err;
}

enum err cli_remote_ask(struct cli *cli, const char *method, const char *path, const json_t *body,
                        int *status, json_t **answer, struct fault *fault)
{
    struct target target;
    if (!config_state_dir(cli->state, cli->vars, target.state, sizeof target.state))
        return fault_set(fault, ERR_INVALID, "", 0,
                         "no state directory: give --state DIR, or set TANDEM_STATE or HOME");
    enum err err = find_url(cli, &target, fault);
    if (!err)
        err = find_token(&target, fault);
    if (err)
        return err;
    struct exchange exchange = { status, answer, fault, target.url };
    err = exchange_with(&target, method, path, body, &exchange);
    mem_wipe(&target, sizeof target);
    return err;
}
