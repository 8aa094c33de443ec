/* Connections: what a user keeps of trunks and feature codes, and, to read only, the trunks of the
 * configuration, which alone carry calls. */
#include "api/prov.h"
#include "base/buf.h"
#include "base/mem.h"
#include "base/num.h"
#include "base/rand.h"
#include "base/seal.h"
#include "base/secret.h"
#include "net/addr.h"
#include "script/js.h"

enum { NAME_MAX_BYTES = 200, LIST_MAX = 32, BODY_MAX = 8 << 10, PATTERN_MAX = 255 };

static const char *text_of(const json_t *value, size_t max)
{
    return json_is_string(value) && json_string_length(value) <= max ? json_string_value(value)
                                                                     : NULL;
}

static bool is_name(const json_t *value)
{
    const char *text = text_of(value, NAME_MAX_BYTES);
    return text && text[0];
}

static bool is_type(const json_t *value)
{
    static const char *const types[] = { "DirectConnection",    "FeatureCode",
                                         "InboundRegistration", "OutboundRegistration",
                                         "OutboundTrunk",       "ServiceProvider" };
    const char *text = text_of(value, NAME_MAX_BYTES);
    for (size_t i = 0; text && i < COUNT_OF(types); i++)
        if (strcmp(types[i], text) == 0)
            return true;
    return false;
}

/* As JavaScript would read /pattern/. */
static bool is_pattern(const json_t *value)
{
    char mem[2 * PATTERN_MAX + 16];
    struct buf source = BUF_ON(mem);
    bool matches;
    const char *text = text_of(value, PATTERN_MAX);
    if (!text || !text[0] || strlen(text) != json_string_length(value))
        return false;
    buf_text(&source, "/");
    for (const char *c = text; *c; c++) {
        if (*c == '/')
            buf_text(&source, "\\");
        buf_put(&source, slice_make(c, 1));
        if (*c == '\\' && c[1])
            buf_put(&source, slice_make(++c, 1));
    }
    buf_text(&source, "/.test('')");
    return !source.overflow &&
           js_test(buf_slice(&source), &(struct js_scope){ 0 }, &matches, NULL) == OK;
}

static bool is_weight(const json_t *value)
{
    return json_is_integer(value) && json_integer_value(value) >= 0 &&
           json_integer_value(value) <= UINT16_MAX;
}

static bool are_blocks(const json_t *value)
{
    struct addr_block block;
    const char *text = text_of(value, PROV_TEXT_MAX);
    struct slice rest = slice_of(text ? text : "");
    size_t n = 0;
    for (; !slice_empty(rest); n++)
        if (n == ADDR_BLOCKS_MAX || addr_block_parse(slice_trim(slice_cut(&rest, ',')), &block))
            return false;
    return n > 0;
}

static bool are_texts(const json_t *value)
{
    if (!json_is_array(value) || json_array_size(value) > LIST_MAX)
        return false;
    for (size_t i = 0; i < json_array_size(value); i++)
        if (!text_of(json_array_get(value, i), NAME_MAX_BYTES))
            return false;
    return true;
}

static bool is_registration(const json_t *value)
{
    return json_is_object(value) || json_is_boolean(value) || text_of(value, PROV_TEXT_MAX);
}

static bool is_flag(const json_t *value)
{
    return json_is_boolean(value);
}

static const struct {
    const char *name, *fallback; /* JSON */
    bool (*fits)(const json_t *value);
    const char *expected;
} fields[] = {
    { "Name", "\"\"", is_name, "1 to 200 bytes of text" },
    { "Type", "\"OutboundTrunk\"", is_type,
      "OutboundRegistration, OutboundTrunk, InboundRegistration, DirectConnection, FeatureCode or "
      "ServiceProvider" },
    { "DialPattern", "\".\"", is_pattern, "a regular expression of at most 255 bytes" },
    { "Weight", "0", is_weight, "a whole number from 0 to 65535" },
    { "AllowSrc", "\"0.0.0.0/0\"", are_blocks, "address blocks such as 192.0.2.0/24, with commas" },
    { "Method", "[]", are_texts, "a list of at most 32 texts" },
    { "Registration", "null", is_registration, "an object, a text, true or false" },
    { "Enabled", "true", is_flag, "true or false" },
};

/* The fields of the request into `body`, null being the default; false: answered. */
static bool merge(struct rest *rest, json_t *body)
{
    for (size_t i = 0; i < COUNT_OF(fields); i++) {
        json_t *value = json_object_get(rest->body, fields[i].name);
        if (value && !json_is_null(value) && !fields[i].fits(value)) {
            rest_fail(rest, 422, "invalid", fields[i].name, "%s: expected %s", fields[i].name,
                      fields[i].expected);
            return false;
        }
        if (value && !json_is_null(value))
            json_object_set(body, fields[i].name, value);
        else if (value || !json_object_get(body, fields[i].name))
            json_object_set_new(body, fields[i].name,
                                json_loads(fields[i].fallback, JSON_DECODE_ANY, NULL));
    }
    if (is_name(json_object_get(body, "Name")))
        return true;
    rest_fail(rest, 422, "invalid", "Name", "Name is missing: expected %s", fields[0].expected);
    return false;
}

static void context_of(const char *id, char out[REST_TEXT_MAX])
{
    snprintf(out, REST_TEXT_MAX, "connections:%s", id);
}

static json_t *open_body(const struct rest *rest, const struct store_connection *row)
{
    char context[REST_TEXT_MAX];
    struct secret text = { 0 };
    json_t *body = NULL;
    context_of(row->id, context);
    if (!seal_open(rest->api->config.seal, slice_of(row->body), slice_of(context), &text)) {
        struct slice plain = secret_reveal(&text);
        body = json_loadb(plain.ptr, plain.len, 0, NULL);
    }
    secret_clear(&text);
    return body ? body : json_object();
}

/* The caller's, and `body` still is, too. */
static json_t *show(const struct store_connection *row, const json_t *body)
{
    json_t *shown = json_pack("{s:s, s:o, s:o, s:b}", "ConnectionId", row->id, "CreatedAt",
                              rest_time(row->created_ms), "UpdatedAt", rest_time(row->updated_ms),
                              "ReadOnly", 0);
    json_object_update(shown, (json_t *)(uintptr_t)body); /* read only */
    return shown;
}

static json_t *row_json(const struct rest *rest, const void *of)
{
    json_t *body = open_body(rest, of);
    json_t *shown = show(of, body);
    json_decref(body);
    return shown;
}

static void on_written(void *owner, const struct store_answer *answer)
{
    struct rest *rest = owner;
    if (rest_has(rest, answer, "connection"))
        rest_reply_prepared(rest, rest->asked.method == HTTP_POST ? 201 : 200);
}

/* Takes `body`. */
static void write_row(struct rest *rest, struct store_connection *row, json_t *take_body)
{
    char context[REST_TEXT_MAX];
    char *text = NULL, *sealed = NULL;
    if (!merge(rest, take_body))
        goto out;
    text = json_dumps(take_body, JSON_COMPACT);
    if (!text || strlen(text) > BODY_MAX) {
        rest_fail(rest, 422, "invalid", "Registration", "more than %d bytes of a connection",
                  BODY_MAX);
        goto out;
    }
    context_of(row->id, context);
    sealed = seal_text(rest->api->config.seal, slice_of(text), slice_of(context));
    row->body = sealed;
    row->updated_ms = rest_now_ms(rest);
    rest->answer = show(row, take_body);
    store_connection_set(rest_store(rest), row, rest_then(rest, on_written));
out:
    if (text)
        mem_wipe(text, strlen(text));
    free(text);
    mem_free(sealed);
    json_decref(take_body);
}

void prov_connection_add(struct rest *rest)
{
    char id[UUID_TEXT];
    if (!prov_may(rest, "account"))
        return;
    rand_uuid(id);
    struct store_connection row = { .id = id,
                                    .user_id = prov_of(rest)->target_id,
                                    .created_ms = rest_now_ms(rest) };
    write_row(rest, &row, json_object());
}

/* The row that was asked for, when it is the target's; else it is answered. */
static const struct store_connection *found(struct rest *rest, const struct store_answer *answer)
{
    if (!rest_has(rest, answer, "connection"))
        return NULL;
    const struct store_connection *row = STORE_ROWS(answer, store_connection);
    if (strcmp(row->user_id, prov_of(rest)->target_id) == 0)
        return row;
    rest_fail_store(rest, ERR_NOT_FOUND, "connection");
    return NULL;
}

static void on_shown(void *owner, const struct store_answer *answer)
{
    struct rest *rest = owner;
    const struct store_connection *row = found(rest, answer);
    if (row)
        rest_reply_take(rest, 200, row_json(rest, row));
}

static void on_change(void *owner, const struct store_answer *answer)
{
    struct rest *rest = owner;
    const struct store_connection *there = found(rest, answer);
    if (!there)
        return;
    struct store_connection row = *there;
    write_row(rest, &row, open_body(rest, there));
}

static void on_removed(void *owner, const struct store_answer *answer)
{
    struct rest *rest = owner;
    if (rest_has(rest, answer, "connection"))
        rest_reply_text(rest, 204, NULL, SLICE_NONE);
}

static void on_remove(void *owner, const struct store_answer *answer)
{
    struct rest *rest = owner;
    const struct store_connection *row = found(rest, answer);
    if (row)
        store_connection_remove(rest_store(rest), row->id, rest_then(rest, on_removed));
}

static void with_row(struct rest *rest, store_fn fn)
{
    if (prov_may(rest, "account"))
        store_connection_find(rest_store(rest), rest_captured(rest, 0), rest_then(rest, fn));
}

void prov_connection_show(struct rest *rest)
{
    with_row(rest, on_shown);
}

void prov_connection_change(struct rest *rest)
{
    with_row(rest, on_change);
}

void prov_connection_remove(struct rest *rest)
{
    with_row(rest, on_remove);
}

/* A trunk of the configuration: an operator's, so it is shown here and changed there. */
static json_t *trunk_json(const json_t *trunk)
{
    const char *registration = json_string_value(json_object_get(trunk, "registration"));
    const char *state = json_string_value(json_object_get(trunk, "state"));
    bool registers = registration && strcmp(registration, "none") != 0;
    return json_pack(
        "{s:O, s:s, s:O?, s:O?, s:s, s:s, s:b, s:b}", "Name", json_object_get(trunk, "name"),
        "Type", registers ? "OutboundRegistration" : "OutboundTrunk", "Server",
        json_object_get(trunk, "host"), "Transport", json_object_get(trunk, "transport"),
        "Registration", registration ? registration : "", "State", state ? state : "", "Enabled", 1,
        "ReadOnly", 1);
}

static void on_list(void *owner, const struct store_answer *answer)
{
    struct rest *rest = owner;
    const struct api_config *config = &rest->api->config;
    size_t i;
    json_t *trunk;
    if (!rest_has(rest, answer, "connection"))
        return;
    const struct store_connection *rows = STORE_ROWS(answer, store_connection);
    json_t *list = json_array();
    for (size_t k = 0; k < answer->n; k++)
        json_array_append_new(list, row_json(rest, &rows[k]));
    json_t *trunks =
        config->live && config->live->trunks ? config->live->trunks(config->owner) : json_array();
    json_array_foreach(trunks, i, trunk) json_array_append_new(list, trunk_json(trunk));
    json_decref(trunks);
    rest_reply_take(rest, 200, list);
}

void prov_connection_list(struct rest *rest)
{
    if (prov_may(rest, "account"))
        store_connection_list(rest_store(rest), prov_of(rest)->target_id, rest_then(rest, on_list));
}
