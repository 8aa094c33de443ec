#include "yaml.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <yaml.h>

#include "map.h"
#include "mem.h"

struct yaml_doc {
    json_t *root;
    struct map *lines; /* address of a value, or address and key -> line */
};

struct build {
    struct yaml_doc *doc;
    yaml_parser_t parser;
    const char *name;
    struct fault *fault;
    size_t nodes;
};

/* The place of a value, or of a key in it, as a map key; the caller frees `ptr`. */
static struct slice place_of(const json_t *at, const char *key)
{
    struct slice name = slice_of(key);
    char *id = mem_alloc(sizeof at + 1 + name.len);
    memcpy(id, &at, sizeof at);
    id[sizeof at] = key ? 'k' : 'v';
    if (name.len)
        memcpy(id + sizeof at + 1, name.ptr, name.len);
    return slice_make(id, sizeof at + 1 + name.len);
}

static void remember(struct yaml_doc *doc, const json_t *at, const char *key, size_t line)
{
    struct slice id = place_of(at, key);
    map_put(doc->lines, id, (void *)(uintptr_t)(line + 1));
    mem_free((char *)(uintptr_t)id.ptr);
}

static int recall(const struct yaml_doc *doc, const json_t *at, const char *key)
{
    struct slice id = place_of(at, key);
    int line = (int)(uintptr_t)map_find(doc->lines, id);
    mem_free((char *)(uintptr_t)id.ptr);
    return line;
}

static enum err fail(struct build *b, enum err code, size_t line, const char *text)
{
    return fault_set(b->fault, code, b->name, (int)line + 1, "%s", text);
}

static enum err next_event(struct build *b, yaml_event_t *event)
{
    if (yaml_parser_parse(&b->parser, event))
        return OK;
    const char *problem = b->parser.problem ? b->parser.problem : "not YAML";
    return fail(b, ERR_PARSE, b->parser.problem_mark.line, problem);
}

static bool is_word(const char *text, const char *const *words)
{
    for (; *words; words++)
        if (strcmp(text, *words) == 0)
            return true;
    return false;
}

static size_t skip_digits(const char *text)
{
    return strspn(text, "0123456789");
}

/* -?(0|[1-9][0-9]*)(.[0-9]*)?([eE][-+]?[0-9]+)?, so that 0123, 0x10 and +97150… stay text. What a
 * number cannot hold without loss stays text too. */
static json_t *number(const char *text)
{
    const char *at = text + (text[0] == '-');
    size_t digits = skip_digits(at);
    if (!digits || (at[0] == '0' && digits > 1))
        return NULL;
    at += digits;
    errno = 0;
    if (*at == '\0') {
        long long whole = strtoll(text, NULL, 10);
        return errno ? NULL : json_integer(whole);
    }
    if (*at == '.')
        at += 1 + skip_digits(at + 1);
    if (*at == 'e' || *at == 'E') {
        at += 1 + (at[1] == '-' || at[1] == '+');
        if (!skip_digits(at))
            return NULL;
        at += skip_digits(at);
    }
    double real = *at ? 0 : strtod(text, NULL);
    return *at || real - real != 0 ? NULL : json_real(real); /* infinite: over the range */
}

/* YAML 1.2 core schema, so that `no`, `on` and 0123 stay what the writer meant */
static json_t *plain_scalar(const char *text)
{
    static const char *const nulls[] = { "", "~", "null", "Null", "NULL", NULL };
    static const char *const trues[] = { "true", "True", "TRUE", NULL };
    static const char *const falses[] = { "false", "False", "FALSE", NULL };
    if (is_word(text, nulls))
        return json_null();
    if (is_word(text, trues))
        return json_true();
    if (is_word(text, falses))
        return json_false();
    return number(text);
}

static json_t *scalar(const yaml_event_t *event)
{
    const char *text = (const char *)event->data.scalar.value;
    json_t *value = NULL;
    if (event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE && !event->data.scalar.tag)
        value = plain_scalar(text);
    return value ? value : json_stringn(text, event->data.scalar.length);
}

static enum err value_of(struct build *b, yaml_event_t *event, int depth, json_t **out);

static enum err sequence(struct build *b, int depth, json_t *array)
{
    for (;;) {
        yaml_event_t event;
        enum err err = next_event(b, &event);
        if (err)
            return err;
        if (event.type == YAML_SEQUENCE_END_EVENT) {
            yaml_event_delete(&event);
            return OK;
        }
        json_t *item = NULL;
        err = value_of(b, &event, depth + 1, &item);
        yaml_event_delete(&event);
        if (err)
            return err;
        json_array_append_new(array, item);
    }
}

static enum err pair(struct build *b, const yaml_event_t *key_event, int depth, json_t *object)
{
    size_t line = key_event->start_mark.line;
    if (key_event->type != YAML_SCALAR_EVENT)
        return fail(b, ERR_UNSUPPORTED, line, "a key must be plain text");
    const char *key = (const char *)key_event->data.scalar.value;
    if (strlen(key) != key_event->data.scalar.length)
        return fail(b, ERR_PARSE, line, "a key must not have a zero byte");
    if (json_object_get(object, key))
        return fail(b, ERR_EXISTS, line, "this key stands here twice");
    yaml_event_t event;
    enum err err = next_event(b, &event);
    if (err)
        return err;
    json_t *value = NULL;
    err = value_of(b, &event, depth + 1, &value);
    yaml_event_delete(&event);
    if (err)
        return err;
    if (json_object_set_new(object, key, value))
        return fail(b, ERR_PARSE, line, "a key must be UTF-8 text");
    remember(b->doc, object, key, line);
    return OK;
}

static enum err mapping(struct build *b, int depth, json_t *object)
{
    for (;;) {
        yaml_event_t event;
        enum err err = next_event(b, &event);
        if (err)
            return err;
        bool end = event.type == YAML_MAPPING_END_EVENT;
        if (!end)
            err = pair(b, &event, depth, object);
        yaml_event_delete(&event);
        if (end || err)
            return err;
    }
}

static enum err value_of(struct build *b, yaml_event_t *event, int depth, json_t **out)
{
    size_t line = event->start_mark.line;
    if (depth > YAML_MAX_DEPTH || ++b->nodes > YAML_MAX_NODES)
        return fail(b, ERR_LIMIT, line, "too deep or too long");
    enum err err = OK;
    json_t *value = NULL;
    if (event->type == YAML_SCALAR_EVENT) {
        value = scalar(event);
        if (!value)
            return fail(b, ERR_PARSE, line, "text must be UTF-8");
    } else if (event->type == YAML_SEQUENCE_START_EVENT) {
        value = json_array();
        err = sequence(b, depth, value);
    } else if (event->type == YAML_MAPPING_START_EVENT) {
        value = json_object();
        err = mapping(b, depth, value);
    } else {
        return fail(b, ERR_UNSUPPORTED, line, "anchors and aliases are not supported");
    }
    if (err) {
        json_decref(value);
        return err;
    }
    if (!json_is_null(value) && !json_is_boolean(value)) /* those are shared singletons */
        remember(b->doc, value, NULL, line);
    *out = value;
    return OK;
}

static enum err document(struct build *b)
{
    enum err err = OK;
    bool done = false;
    while (!done && !err) {
        yaml_event_t event;
        err = next_event(b, &event);
        if (err)
            break;
        if (event.type == YAML_STREAM_END_EVENT)
            done = true;
        else if (event.type == YAML_DOCUMENT_START_EVENT && b->doc->root)
            err = fail(b, ERR_UNSUPPORTED, event.start_mark.line, "only one document is expected");
        else if (event.type != YAML_STREAM_START_EVENT && event.type != YAML_DOCUMENT_START_EVENT &&
                 event.type != YAML_DOCUMENT_END_EVENT)
            err = value_of(b, &event, 0, &b->doc->root);
        yaml_event_delete(&event);
    }
    return err;
}

enum err yaml_parse(struct yaml_doc **out, struct slice text, const char *name, struct fault *fault)
{
    if (text.len > YAML_MAX_BYTES)
        return fault_set(fault, ERR_LIMIT, name, 0, "larger than %d bytes", YAML_MAX_BYTES);
    struct build b = { .doc = mem_new(struct yaml_doc), .name = name, .fault = fault };
    b.doc->lines = map_create();
    if (!yaml_parser_initialize(&b.parser)) {
        yaml_destroy(b.doc);
        return fault_set(fault, ERR_IO, name, 0, "the YAML parser did not start");
    }
    yaml_parser_set_input_string(&b.parser, (const unsigned char *)(text.ptr ? text.ptr : ""),
                                 text.len);
    enum err err = document(&b);
    yaml_parser_delete(&b.parser);
    if (err) {
        yaml_destroy(b.doc);
        return err;
    }
    if (!b.doc->root)
        b.doc->root = json_null();
    *out = b.doc;
    return OK;
}

void yaml_destroy(struct yaml_doc *doc)
{
    if (!doc)
        return;
    json_decref(doc->root);
    map_destroy(doc->lines);
    mem_free(doc);
}

json_t *yaml_root(const struct yaml_doc *doc)
{
    return doc->root;
}

int yaml_line(const struct yaml_doc *doc, const json_t *value)
{
    return recall(doc, value, NULL);
}

int yaml_key_line(const struct yaml_doc *doc, const json_t *object, const char *key)
{
    return recall(doc, object, key);
}
