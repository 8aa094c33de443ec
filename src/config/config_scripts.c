#include "config/config_scripts.h"

#include <stdlib.h>

#include "base/buf.h"
#include "base/file.h"
#include "base/mem.h"

enum { PATH_MAX_LEN = 1024, SCRIPT_MAX_BYTES = 1 << 20, KEY_MAX_LEN = 200 };

static enum err fail(struct load *load, int line, const char *name, const char *text)
{
    return fault_set(load->fault, ERR_INVALID, load->yaml_name, line, "scripts.%s: %s", name, text);
}

/* ~1 and ~0 of a JSON pointer (RFC 6901 §4) */
static void unescape(struct slice part, struct buf *out)
{
    for (size_t i = 0; i < part.len; i++) {
        bool escaped = part.ptr[i] == '~' && i + 1 < part.len;
        buf_char(out, !escaped ? part.ptr[i] : part.ptr[i + 1] == '1' ? '/' : '~');
        i += escaped;
    }
}

/* The line of the place that a pointer names, or of the innermost one around it that is there. */
static int line_at(const struct load *load, const json_t *value, const char *pointer, int line)
{
    struct slice rest = slice_of(pointer);
    (void)slice_cut(&rest, '/');
    while (rest.len && value) {
        char key[KEY_MAX_LEN];
        struct buf name = BUF_ON(key);
        int at = 0;
        unescape(slice_cut(&rest, '/'), &name);
        const char *text = buf_cstr(&name);
        if (json_is_object(value)) {
            at = yaml_key_line(load->yaml, value, text);
            value = json_object_get(value, text);
        } else {
            value = json_array_get(value, strtoul(text, NULL, 10));
            at = value ? yaml_line(load->yaml, value) : 0;
        }
        line = at ? at : line;
    }
    return line;
}

static enum err check(const struct load *load, struct slice text, const json_t *document,
                      struct fault *fault)
{
    return load->input->check_script ? load->input->check_script(text, document, fault) : OK;
}

/* The place within a script and what is wrong there, at the line of the file that it is in. */
static enum err wrong(struct load *load, const char *file, int line, const char *name,
                      const struct fault *inner)
{
    return fault_set(load->fault, ERR_INVALID, file, line, "scripts.%s%s%s: %s", name,
                     inner->where[0] ? " at " : "", inner->where, inner->text);
}

static void add(struct load *load, const char *name, char *take_text)
{
    struct config *config = load->config;
    config->scripts =
        mem_resize(config->scripts, (config->n_scripts + 1) * sizeof *config->scripts);
    config->scripts[config->n_scripts++] =
        (struct config_script){ .name = slice_dup(slice_of(name)), .text = take_text };
}

/* Beside tandem.yaml unless the path begins with a slash. */
static enum err read_file(struct load *load, const char *name, const char *path, int line)
{
    char mem[PATH_MAX_LEN];
    struct buf full = BUF_ON(mem);
    struct slice text, folder = slice_of(load->yaml_name);
    struct fault inner = { 0 };
    while (folder.len && folder.ptr[folder.len - 1] != '/')
        folder.len--;
    if (path[0] != '/')
        buf_put(&full, folder);
    buf_text(&full, path);
    if (full.overflow)
        return fail(load, line, name, "the path is too long");
    if (file_read(buf_cstr(&full), SCRIPT_MAX_BYTES, &text, &inner))
        return fault_set(load->fault, ERR_INVALID, load->yaml_name, line, "scripts.%s: %s: %s",
                         name, buf_cstr(&full), inner.text);
    if (check(load, text, NULL, &inner)) {
        mem_free((char *)(uintptr_t)text.ptr);
        return wrong(load, buf_cstr(&full), inner.line, name, &inner);
    }
    add(load, name, (char *)(uintptr_t)text.ptr); /* a heap copy, ours */
    return OK;
}

/* A text of several lines begins on the line behind its key. */
static enum err take_text(struct load *load, const char *name, const char *text, int line)
{
    struct fault inner = { 0 };
    if (check(load, slice_of(text), NULL, &inner))
        return wrong(load, load->yaml_name, inner.line ? line + inner.line : line, name, &inner);
    add(load, name, slice_dup(slice_of(text)));
    return OK;
}

static enum err take_document(struct load *load, const char *name, const json_t *value, int line)
{
    struct fault inner = { 0 };
    if (check(load, SLICE_NONE, value, &inner))
        return wrong(load, load->yaml_name, line_at(load, value, inner.where, line), name, &inner);
    char *text = json_dumps(value, JSON_COMPACT);
    add(load, name, slice_dup(slice_of(text)));
    free(text);
    return OK;
}

static enum err apply_one(struct load *load, const char *name, const json_t *item, int line)
{
    const json_t *file = json_object_get(item, "file");
    const char *text = json_string_value(item);
    if (text && (strchr(text, '\n') || text[0] == '{' || text[0] == '<'))
        return take_text(load, name, text, line);
    if (text)
        return read_file(load, name, text, line);
    if (json_is_string(file) && json_object_size(item) == 1)
        return read_file(load, name, json_string_value(file), line);
    if (json_is_object(item) || json_is_array(item))
        return take_document(load, name, item, line);
    return fail(load, line, name, "expected a file, a text or a document with sections");
}

enum err config_apply_scripts(struct load *load, json_t *value, int line)
{
    const char *name;
    json_t *item;
    if (!json_is_object(value) && !json_is_null(value))
        return fault_set(load->fault, ERR_INVALID, load->yaml_name, line,
                         "scripts: expected names with a file or a document");
    json_object_foreach(value, name, item)
    {
        int at = yaml_key_line(load->yaml, value, name);
        enum err err = config_check_name(load, "scripts", name, at, load->config->n_scripts,
                                         CONFIG_SCRIPTS_MAX);
        if (!err)
            err = apply_one(load, name, item, at);
        if (err)
            return err;
    }
    return OK;
}

void config_clear_scripts(struct config *config)
{
    for (size_t i = 0; i < config->n_scripts; i++) {
        mem_free(config->scripts[i].name);
        mem_free(config->scripts[i].text);
    }
    mem_free(config->scripts);
}

bool config_scripts_same(const struct config *a, const struct config *b)
{
    if (a->n_scripts != b->n_scripts)
        return false;
    for (size_t i = 0; i < a->n_scripts; i++)
        if (strcmp(a->scripts[i].name, b->scripts[i].name) != 0 ||
            strcmp(a->scripts[i].text, b->scripts[i].text) != 0)
            return false;
    return true;
}

const char *config_script_find(const struct config *config, struct slice name)
{
    for (size_t i = 0; i < config->n_scripts; i++)
        if (slice_is(name, config->scripts[i].name))
            return config->scripts[i].text;
    return NULL;
}
