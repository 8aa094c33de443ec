/* The OpenAPI 3.1 description of what is served, out of the table that serves it. */
#include <stdio.h>
#include <string.h>

#include "api/signalwire/sw.h"
#include "base/buf.h"
#include "base/num.h"
#include "net/http_request.h"

enum { PATH_MAX_LEN = 200, WORD_MAX = 64 };

/* "/api/projects/:id" as "/api/projects/{id}" */
static const char *template_of(const char *path, struct buf *out)
{
    bool is_open = false;
    for (const char *at = path; *at; at++) {
        if (*at == '/' && is_open)
            buf_char(out, '}');
        is_open = *at == '/' ? false : is_open || *at == ':';
        buf_char(out, *at == ':' ? '{' : *at);
    }
    if (is_open)
        buf_char(out, '}');
    return buf_cstr(out);
}

static json_t *parameters_of(const char *path)
{
    json_t *list = json_array();
    struct slice rest = slice_of(path);
    while (!slice_empty(rest)) {
        struct slice part = slice_cut(&rest, '/');
        if (part.len > 1 && part.ptr[0] == ':')
            json_array_append_new(list, json_pack("{s:s%, s:s, s:b, s:{s:s}}", "name", part.ptr + 1,
                                                  part.len - 1, "in", "path", "required", 1,
                                                  "schema", "type", "string"));
    }
    return list;
}

static json_t *words_json(const char *words)
{
    json_t *list = json_array();
    struct slice rest = slice_of(words);
    struct slice word;
    while (!slice_empty(word = slice_word(&rest)))
        json_array_append_new(list, json_stringn(word.ptr, word.len));
    return list;
}

static json_t *field_schema(const struct sw_field *field)
{
    static const struct {
        const char *type, *low, *high;
    } types[] = {
        [SW_TEXT] = { "string", "minLength", "maxLength" },
        [SW_NUMBER] = { "integer", "minimum", "maximum" },
        [SW_REAL] = { "number", "minimum", "maximum" },
        [SW_BOOL] = { "boolean", NULL, NULL },
        [SW_OBJECT] = { "object", NULL, NULL },
        [SW_LIST] = { "array", "minItems", "maxItems" },
        [SW_ANY] = { NULL, NULL, NULL },
    };
    json_t *schema = json_pack("{s:s*}", "type", types[field->type].type);
    if (field->high && types[field->type].high) {
        json_object_set_new(schema, types[field->type].low, json_integer(field->low));
        json_object_set_new(schema, types[field->type].high, json_integer(field->high));
    }
    if (field->words)
        json_object_set_new(schema, "enum", words_json(field->words));
    if (field->expected)
        json_object_set_new(schema, "description", json_string(field->expected));
    return schema;
}

static json_t *body_schema(const struct sw_body *body)
{
    json_t *properties = json_object();
    json_t *required = json_array();
    for (size_t i = 0; i < body->n; i++) {
        json_object_set_new(properties, body->fields[i].name, field_schema(&body->fields[i]));
        if (body->fields[i].is_required)
            json_array_append_new(required, json_string(body->fields[i].name));
    }
    return json_pack("{s:s, s:o, s:o}", "type", "object", "properties", properties, "required",
                     required);
}

static json_t *operation_of(const struct sw_endpoint *endpoint, const char *body_type)
{
    static const int failures[] = { 400, 401, 403, 404, 422, 429, 500 };
    char status[8];
    json_t *responses = json_object();
    snprintf(status, sizeof status, "%d", endpoint->status);
    json_object_set_new(responses, status, json_pack("{s:s}", "description", "done"));
    for (size_t i = 0; i < COUNT_OF(failures); i++) {
        snprintf(status, sizeof status, "%d", failures[i]);
        json_object_set_new(responses, status, json_pack("{s:s}", "description", "refused"));
    }
    json_t *operation = json_pack("{s:s, s:o, s:o, s:[{s:o}]}", "summary", endpoint->summary,
                                  "parameters", parameters_of(endpoint->path), "responses",
                                  responses, "security", "basic", words_json(endpoint->scopes));
    if (endpoint->body)
        json_object_set_new(operation, "requestBody",
                            json_pack("{s:{s:{s:o}}}", "content", body_type, "schema",
                                      body_schema(endpoint->body)));
    return operation;
}

static void put_paths(const struct sw_table *table, const char *body_type, json_t *paths)
{
    for (size_t i = 0; i < table->n; i++) {
        const struct sw_endpoint *endpoint = &table->endpoints[i];
        char mem[PATH_MAX_LEN], method[WORD_MAX];
        struct buf path = BUF_ON(mem);
        buf_text(&path, table->prefix);
        const char *name = template_of(endpoint->path, &path);
        if (!json_object_get(paths, name))
            json_object_set_new(paths, name, json_object());
        snprintf(method, sizeof method, "%s", http_method_name(endpoint->method));
        for (char *at = method; *at; at++)
            *at = (char)(*at | 0x20); /* letters only */
        json_object_set_new(json_object_get(paths, name), method,
                            operation_of(endpoint, body_type));
    }
}

static json_t *paths_json(void)
{
    json_t *paths = json_object();
    put_paths(&sw_table, "application/json", paths);
    put_paths(&sw_fabric_table, "application/json", paths);
    put_paths(&sw_laml_table, "application/x-www-form-urlencoded", paths);
    return paths;
}

void sw_serve_openapi(struct rest *rest)
{
    rest_reply_take(rest, 200,
                    json_pack("{s:s, s:{s:s, s:s}, s:o, s:{s:{s:{s:s, s:s}}}}", "openapi", "3.1.0",
                              "info", "title", "tandem", "version", TANDEM_VERSION, "paths",
                              paths_json(), "components", "securitySchemes", "basic", "type",
                              "http", "scheme", "basic"));
}
