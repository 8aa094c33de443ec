#include "script/swml.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "base/yaml.h"
#include "script/swml_priv.h"

static size_t down(struct swml_place *place, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
static size_t down(struct swml_place *place, const char *fmt, ...)
{
    size_t from = place->len;
    va_list args;
    va_start(args, fmt);
    vsnprintf(place->path + from, sizeof place->path - from, fmt, args);
    va_end(args);
    place->len = strlen(place->path);
    return from;
}

size_t swml_place_key(struct swml_place *place, const char *key)
{
    size_t from = down(place, "/");
    for (; *key; key++) /* RFC 6901 §4 */
        (void)down(place, "%.*s", *key == '~' || *key == '/' ? 2 : 1,
                   *key == '~'   ? "~0"
                   : *key == '/' ? "~1"
                                 : key);
    return from;
}

size_t swml_place_index(struct swml_place *place, size_t i)
{
    return down(place, "/%zu", i);
}

void swml_place_up(struct swml_place *place, size_t to)
{
    place->len = to;
    place->path[to] = '\0';
}

enum err swml_fail(struct swml_place *place, const char *code, const char *fmt, ...)
{
    char text[300];
    va_list args;
    va_start(args, fmt);
    vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    return fault_set(place->fault, ERR_INVALID, place->path, 0, "relay_script_%s: %s", code, text);
}

/* The line of the deepest value on the way of this pointer: what was normalised may have no line of
 * its own. */
static int line_of(const struct yaml_doc *yaml, const char *path)
{
    const json_t *at = yaml_root(yaml);
    struct slice rest = slice_of(path);
    int line = yaml_line(yaml, at);
    (void)slice_cut(&rest, '/');
    while (rest.len && at) {
        struct slice key = slice_cut(&rest, '/');
        char name[SWML_PATH_MAX];
        uint32_t i;
        if (!slice_copy(key, name, sizeof name))
            break;
        int key_line = json_is_object(at) ? yaml_key_line(yaml, at, name) : 0;
        if (json_is_array(at))
            at = slice_to_u32(key, INT32_MAX, &i) ? NULL : json_array_get(at, i);
        else
            at = json_object_get(at, name);
        int found = key_line ? key_line : at ? yaml_line(yaml, at) : 0;
        line = found ? found : line;
    }
    return line;
}

static enum err normal_form(const json_t *value, const struct swml_options *options, json_t **out,
                            json_t *warnings, struct fault *fault)
{
    struct swml_norm norm = { .options = options, .place.fault = fault, .warnings = warnings };
    json_t *document = json_deep_copy(value);
    enum err err = swml_norm(&norm, &document);
    if (!err) {
        struct swml_place place = { .fault = fault };
        err = swml_check(document, options->flavour, &place);
    }
    if (err)
        json_decref(document);
    else
        *out = document;
    return err;
}

static unsigned depth_of(const json_t *value, unsigned limit)
{
    const char *key;
    json_t *child;
    size_t i;
    unsigned deepest = 0;
    if (!limit)
        return 1;
    json_object_foreach((json_t *)(uintptr_t)value, key, child)
    {
        unsigned depth = depth_of(child, limit - 1);
        deepest = depth > deepest ? depth : deepest;
    }
    json_array_foreach(value, i, child)
    {
        unsigned depth = depth_of(child, limit - 1);
        deepest = depth > deepest ? depth : deepest;
    }
    return deepest + 1;
}

enum err swml_load_json(const json_t *value, const struct swml_options *options, json_t **out,
                        json_t *warnings, struct fault *fault)
{
    if (depth_of(value, SWML_MAX_DEPTH) > SWML_MAX_DEPTH)
        return fault_set(fault, ERR_LIMIT, "", 0,
                         "relay_script_nested_too_deep: more than %d levels", SWML_MAX_DEPTH);
    return normal_form(value, options, out, warnings, fault);
}

static enum err parse_json(struct slice text, json_t **out, struct fault *fault)
{
    json_error_t error;
    *out = json_loadb(text.ptr, text.len, JSON_REJECT_DUPLICATES, &error);
    if (*out)
        return OK;
    return fault_set(fault, ERR_PARSE, "", error.line, "relay_script_parse_error: column %d: %s",
                     error.column, error.text);
}

static enum err parse_yaml(struct slice text, struct yaml_doc **out, struct fault *fault)
{
    struct fault why = { 0 };
    enum err err = yaml_parse(out, text, "SWML", &why);
    return err ? fault_set(fault, err, "", why.line, "relay_script_parse_error: %s", why.text) : OK;
}

static bool is_json(struct slice text)
{
    text = slice_trim(text);
    return text.len && text.ptr[0] == '{';
}

enum err swml_load(struct slice text, const struct swml_options *options, json_t **out,
                   json_t *warnings, struct fault *fault)
{
    struct fault why = { 0 };
    struct yaml_doc *yaml = NULL;
    json_t *json = NULL;
    if (text.len > SWML_MAX_BYTES)
        return fault_set(fault, ERR_LIMIT, "", 0, "relay_script_parse_error: more than %d bytes",
                         SWML_MAX_BYTES);
    if (slice_starts(text, SLICE("\xef\xbb\xbf"))) /* a byte order mark */
        text = slice_from(text, 3);
    enum err err = is_json(text) ? parse_json(text, &json, &why) : ERR_AGAIN;
    if (err) { /* JSON with comments or bare words is YAML all the same */
        struct fault json_why = why;
        bool was_json = err != ERR_AGAIN;
        err = parse_yaml(text, &yaml, &why);
        if (err && was_json)
            why = json_why;
    }
    if (!err)
        err = swml_load_json(json ? json : yaml_root(yaml), options, out, warnings, &why);
    if (err && !why.line && !yaml && parse_yaml(text, &yaml, NULL))
        yaml = NULL;
    if (err && fault) {
        *fault = why;
        fault->line = why.line || !yaml ? why.line : line_of(yaml, why.where);
    }
    json_decref(json);
    yaml_destroy(yaml);
    return err;
}
