/* The family of the compatibility API: whose account it is, forms, errors, times. */
#include "api/signalwire/sw_laml.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/num.h"
#include "net/http_path.h"
#include "store/store_accounts.h"

enum { FIELDS_MAX = 64, URI_MAX = 300, CODE_MAX = 16 };
static const char prefix[] = "/api/laml", version[] = "/2010-04-01/", accounts[] = "Accounts/";

/* --- errors --- */

/* The number that stands for a status where nothing more is known. */
static const struct {
    int status;
    const char *code, *text;
} numbers[] = {
    { 400, "20001", "Bad request" },
    { 401, "20003", "Authentication failed" },
    { 403, "10003", "The token was not given the scope" },
    { 404, "20404", "The requested resource was not found" },
    { 405, "20004", "Method not allowed" },
    { 422, "10000", NULL },
    { 429, "20429", "Too many requests" },
    { 500, "20500", "Internal server error" },
    { 503, "20503", "Service unavailable" },
};

json_t *sw_laml_error(const struct rest *rest, const struct rest_error *error)
{
    const char *code = error->code, *text = error->text;
    char more[CODE_MAX + 60];
    (void)rest;
    for (size_t i = 0; i < COUNT_OF(numbers); i++)
        if (numbers[i].status == error->status && (code[0] < '0' || code[0] > '9')) {
            code = numbers[i].code;
            text = numbers[i].text ? numbers[i].text : text;
        }
    snprintf(more, sizeof more, "https://developer.signalwire.com/compatibility-api/errors#%.15s",
             code);
    json_t *message = json_string(text);
    return json_pack("{s:i, s:o, s:s, s:i}", "code", (int)strtol(code, NULL, 10), "message",
                     message ? message : json_string("?"), "more_info", more, "status",
                     error->status);
}

void sw_laml_refuse(struct rest *rest, int status, const char *code, const char *text)
{
    rest_fail(rest, status, code, NULL, "%s", text);
}

/* --- who asks, for which account --- */

/* What stands behind "/2010-04-01", without the ending of JSON. */
static struct slice path_of(const struct rest *rest)
{
    struct slice path = rest->asked.path;
    if (slice_starts(path, slice_of(prefix)))
        path = slice_from(path, strlen(prefix));
    if (slice_starts(path, slice_of(version)))
        path = slice_from(path, strlen(version) - 1);
    if (slice_ends(path, SLICE("/")) && path.len > 1)
        path.len--;
    if (slice_ends(path, SLICE(".json")))
        path.len -= strlen(".json");
    return path;
}

static struct slice account_of(struct slice path)
{
    struct slice rest = slice_from(path, path.len ? 1 : 0);
    if (!slice_starts(rest, slice_of(accounts)))
        return SLICE_NONE;
    rest = slice_from(rest, strlen(accounts));
    return slice_cut(&rest, '/');
}

/* The sound of a recording, which anybody may hear who knows its name: without an ending, or with
 * that of a file; its description needs the token as everything else. */
static bool is_sound(const struct rest *rest)
{
    struct http_path_match match;
    bool is_json =
        slice_ends(rest->asked.path, SLICE(".json")) ||
        slice_find(rest_header(rest, "Accept"), SLICE("json")) < rest_header(rest, "Accept").len;
    return rest->asked.method == HTTP_GET && !is_json && !rest->asked.authorization.len &&
           http_path_matches("/Accounts/:AccountSid/Recordings/:Sid", path_of(rest), &match);
}

void sw_laml_guard(struct rest *rest)
{
    if (!is_sound(rest)) {
        sw_guard(rest);
        return;
    }
    struct sw *sw = mem_new(struct sw);
    rest->state = sw;
    sw->is_laml = true;
    sw->is_sound = true;
    snprintf(sw->scopes, sizeof sw->scopes, "calling");
    (void)slice_copy(account_of(path_of(rest)), sw->project_id, sizeof sw->project_id);
    rest_admit(rest);
}

/* Another account is one below the asker's, or there is none of that id. */
static void on_account(void *owner, const struct store_answer *answer)
{
    struct rest *rest = owner;
    struct sw *sw = sw_of(rest);
    struct slice asked = account_of(path_of(rest));
    const struct store_project *row = answer->err ? NULL : STORE_ROWS(answer, store_project);
    if (!row || !slice_is(asked, row->id) || strcmp(row->parent_id, sw->project_id) != 0) {
        sw_fail_store(rest, answer->err ? answer->err : ERR_NOT_FOUND, "account");
        return;
    }
    snprintf(sw->project_id, sizeof sw->project_id, "%s", row->id);
    sw_serve_from(rest, &sw_laml_table, path_of(rest));
}

void sw_laml_serve(struct rest *rest)
{
    char sid[SW_ID];
    struct slice account = account_of(path_of(rest));
    if (!account.len || slice_iis(account, sw_of(rest)->project_id))
        sw_serve_from(rest, &sw_laml_table, path_of(rest));
    else if (slice_copy(account, sid, sizeof sid))
        store_project_find(rest_store(rest), sid, rest_then(rest, on_account));
    else
        rest_fail(rest, 404, "not_found", NULL, "there is no such account");
}

/* --- bodies --- */

/* A name that comes again is a list: MediaUrl=a&MediaUrl=b. */
static void put_field(json_t *body, struct slice name, struct slice text)
{
    char key[REST_TEXT_MAX];
    json_t *value = json_stringn(text.ptr ? text.ptr : "", text.len);
    if (slice_ends(name, SLICE("[]")))
        name.len -= 2;
    if (!value || !slice_copy(name, key, sizeof key)) {
        json_decref(value); /* not UTF-8, or no name of ours */
        return;
    }
    json_t *before = json_object_get(body, key);
    if (!before) {
        json_object_set_new(body, key, value);
    } else if (json_is_array(before)) {
        json_array_append_new(before, value);
    } else {
        json_object_set_new(body, key, json_pack("[O, o]", before, value));
    }
}

static json_t *read_form(struct slice text)
{
    struct http_param params[FIELDS_MAX];
    size_t n = FIELDS_MAX;
    char *mem = mem_alloc(text.len + 1);
    json_t *body = NULL;
    if (http_query_parse(text, mem, text.len + 1, params, &n) == OK) {
        body = json_object();
        for (size_t i = 0; i < n; i++)
            put_field(body, params[i].name, params[i].value);
    }
    mem_free(mem);
    return body;
}

static json_t *value_of(const struct sw_field *field, json_t *given)
{
    struct slice text = slice_make(json_string_value(given), json_string_length(given));
    uint64_t number;
    if (field->type == SW_LIST)
        return json_pack("[O]", given);
    if (field->type == SW_NUMBER && slice_to_u64(text, INT64_MAX, &number) == OK)
        return json_integer((json_int_t)number); /* at most that */
    if (field->type == SW_BOOL && (slice_iis(text, "true") || slice_iis(text, "false")))
        return json_boolean(slice_iis(text, "true"));
    return json_incref(given);
}

/* All values of a form are texts; an empty one, where text is not wanted as such, says nothing. */
static void convert(json_t *body, const struct sw_body *expected)
{
    for (size_t i = 0; i < expected->n; i++) {
        const struct sw_field *field = &expected->fields[i];
        json_t *given = json_object_get(body, field->name);
        if (!json_is_string(given))
            continue;
        bool is_plain = field->type == SW_TEXT && !field->check && !field->words;
        if (!json_string_length(given) && !is_plain)
            json_object_del(body, field->name);
        else
            json_object_set_new(body, field->name, value_of(field, given));
    }
}

bool sw_laml_read_body(struct rest *rest, const struct sw_body *expected)
{
    struct slice type = rest_header(rest, "Content-Type");
    struct slice kind = slice_trim(slice_cut(&type, ';'));
    struct slice body = rest->asked.body;
    if (slice_iis(kind, "application/json") && body.len)
        rest->body = json_loadb(body.ptr, body.len, JSON_REJECT_DUPLICATES, NULL);
    else
        rest->body = read_form(body);
    if (!json_is_object(rest->body)) {
        rest_fail(rest, 400, "20001", NULL, "the body is neither a form nor a JSON object");
        return false;
    }
    if (expected)
        convert(rest->body, expected);
    return true;
}

/* --- what answers are made of --- */

json_t *sw_laml_time(int64_t ms)
{
    char text[40];
    struct tm tm;
    time_t seconds = (time_t)(ms / 1000);
    if (ms == 0 || !gmtime_r(&seconds, &tm) ||
        strftime(text, sizeof text, "%a, %d %b %Y %H:%M:%S +0000", &tm) == 0)
        return json_null();
    return json_string(text);
}

json_t *sw_laml_uri(const struct rest *rest, const char *fmt, ...)
{
    char uri[URI_MAX];
    va_list args;
    size_t len = (size_t)snprintf(uri, sizeof uri, "%s%s%s%s/", prefix, version, accounts,
                                  sw_of(rest)->project_id);
    va_start(args, fmt);
    vsnprintf(uri + len, sizeof uri - len, fmt, args);
    va_end(args);
    return json_string(uri);
}

const char *sw_laml_param(const struct rest *rest, const char *name)
{
    const char *text = rest_param(rest, name);
    return text ? text : "";
}

bool sw_laml_events(struct rest *rest, const char *field, const char *known, const char *otherwise,
                    struct buf *out)
{
    const json_t *list = json_object_get(rest->body, field), *one;
    char word[40], text[200];
    size_t i;
    json_array_foreach(list, i, one)
    {
        struct slice words = slice_of(json_is_string(one) ? json_string_value(one) : "?");
        struct slice next;
        while (!slice_empty(next = slice_word(&words))) {
            snprintf(word, sizeof word, " %.*s ", (int)num_min((int64_t)next.len, 30), next.ptr);
            if (!strstr(known, word)) {
                snprintf(text, sizeof text, "%s must be among%s", field, known);
                sw_laml_refuse(rest, 422, "21218", text);
                return false;
            }
            buf_text(out, word);
        }
    }
    if (!out->len)
        buf_text(out, otherwise);
    return true;
}
