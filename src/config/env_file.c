#include "env_file.h"

#include "base/map.h"
#include "base/mem.h"

struct env_file {
    struct env_entry **entries; /* in the order of their first lines */
    size_t n;
    struct map *by_name;
};

struct parse {
    struct env_file *file;
    const char *name;
    int line;
    struct fault *fault;
    env_lookup_fn lookup;
    void *owner;
};

static bool is_name_char(char c, bool first)
{
    bool letter = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '_';
    return letter || (!first && c >= '0' && c <= '9');
}

/* [A-Za-z_][A-Za-z0-9_]* */
static bool env_is_name(struct slice name)
{
    for (size_t i = 0; i < name.len; i++)
        if (!is_name_char(name.ptr[i], i == 0))
            return false;
    return name.len > 0;
}

enum err env_expand(struct slice text, env_lookup_fn lookup, void *owner, struct buf *out,
                    struct slice *missing)
{
    while (!slice_empty(text)) {
        if (slice_starts(text, SLICE("$${"))) {
            buf_text(out, "${");
            text = slice_from(text, 3);
        } else if (slice_starts(text, SLICE("${"))) {
            size_t end = slice_index(text, '}');
            struct slice name = slice_sub(text, 2, end - 2);
            if (end == text.len || !env_is_name(name))
                return ERR_PARSE;
            const char *value = lookup ? lookup(owner, name) : NULL;
            if (!value) {
                *missing = name;
                return ERR_NOT_FOUND;
            }
            buf_text(out, value);
            text = slice_from(text, end + 1);
        } else {
            buf_char(out, text.ptr[0]);
            text = slice_from(text, 1);
        }
    }
    return OK;
}

/* the real environment first, then the lines above */
static const char *look_up(void *owner, struct slice name)
{
    struct parse *p = owner;
    const char *value = p->lookup ? p->lookup(p->owner, name) : NULL;
    struct env_entry *entry = env_file_find(p->file, name);
    if (entry)
        entry->is_used = true;
    return value || !entry ? value : entry->value;
}

static enum err fail(struct parse *p, enum err err, const char *text)
{
    return fault_set(p->fault, err, p->name, p->line, "%s", text);
}

static enum err expand(struct parse *p, struct slice text, struct buf *out)
{
    struct slice missing = SLICE_NONE;
    enum err err = env_expand(text, look_up, p, out, &missing);
    if (err == ERR_NOT_FOUND)
        return fault_set(p->fault, err, p->name, p->line,
                         "${%.*s} is not set: set it above this line or in the environment, or "
                         "write '…' around a value that is meant as it is",
                         SLICE_ARG(missing));
    if (err)
        return fail(p, err, "expected ${NAME}; write '…' around a value that is meant as it is");
    return OK;
}

/* Behind a closing quote only a comment may stand. */
static enum err check_rest(struct parse *p, struct slice rest)
{
    struct slice trimmed = slice_trim(rest);
    if (slice_empty(trimmed) || (trimmed.ptr[0] == '#' && trimmed.ptr != rest.ptr))
        return OK;
    return fail(p, ERR_PARSE, "expected nothing but a comment behind the closing quote");
}

static enum err single_quoted(struct parse *p, struct slice text, struct buf *out)
{
    size_t end = slice_index(slice_from(text, 1), '\'') + 1;
    if (end >= text.len)
        return fail(p, ERR_PARSE, "the quote is not closed on this line");
    buf_put(out, slice_sub(text, 1, end - 1));
    return check_rest(p, slice_from(text, end + 1));
}

static char unescape(char c)
{
    static const char from[] = "nrt\"\\";
    static const char to[] = "\n\r\t\"\\";
    const char *at = c ? strchr(from, c) : NULL;
    return at ? to[at - from] : '\0';
}

static enum err double_quoted(struct parse *p, struct slice text, struct buf *out)
{
    size_t i = 1;
    while (i < text.len && text.ptr[i] != '"') {
        size_t from = i;
        if (text.ptr[i] == '\\' && i + 1 < text.len) {
            char c = unescape(text.ptr[i + 1]);
            i += 2;
            if (c)
                buf_char(out, c);
            else if (text.ptr[i - 1] == '$')
                buf_char(out, '$');
            else
                buf_put(out, slice_sub(text, from, 2)); /* as bash keeps it */
            continue;
        }
        while (i < text.len && text.ptr[i] != '"' && text.ptr[i] != '\\')
            i++;
        if (i == from) /* a backslash ends the line */
            break;
        enum err err = expand(p, slice_sub(text, from, i - from), out);
        if (err)
            return err;
    }
    if (i >= text.len || text.ptr[i] != '"')
        return fail(p, ERR_PARSE, "the quote is not closed on this line");
    return check_rest(p, slice_from(text, i + 1));
}

static enum err unquoted(struct parse *p, struct slice text, struct buf *out)
{
    for (size_t i = 0; i < text.len; i++)
        if (text.ptr[i] == '#' && i > 0 && (text.ptr[i - 1] == ' ' || text.ptr[i - 1] == '\t'))
            text.len = i;
    return expand(p, slice_trim(text), out);
}

static enum err value_of(struct parse *p, struct slice text, struct buf *out)
{
    struct slice trimmed = slice_trim(text);
    if (!slice_empty(trimmed) && trimmed.ptr[0] == '"')
        return double_quoted(p, trimmed, out);
    if (!slice_empty(trimmed) && trimmed.ptr[0] == '\'')
        return single_quoted(p, trimmed, out);
    return unquoted(p, text, out); /* not trimmed, so that "KEY= # text" is a comment */
}

static void wipe_value(struct env_entry *entry)
{
    mem_wipe(entry->value, strlen(entry->value));
    mem_free(entry->value);
}

static enum err keep(struct parse *p, struct slice name, struct slice value)
{
    struct env_file *file = p->file;
    struct env_entry *entry = env_file_find(file, name);
    if (entry) {
        wipe_value(entry);
        entry->first_line = entry->first_line ? entry->first_line : entry->line;
    } else {
        if (file->n == ENV_FILE_MAX_ENTRIES)
            return fail(p, ERR_LIMIT, "too many lines");
        entry = mem_new(struct env_entry);
        entry->name = slice_dup(name);
        file->entries = mem_resize(file->entries, (file->n + 1) * sizeof *file->entries);
        file->entries[file->n++] = entry;
        map_put(file->by_name, name, entry);
    }
    entry->value = slice_dup(value);
    entry->line = p->line;
    return OK;
}

static struct slice without_export(struct slice line)
{
    struct slice rest = slice_from(line, SLICE("export").len);
    if (!slice_starts(line, SLICE("export")) || slice_empty(rest) ||
        (rest.ptr[0] != ' ' && rest.ptr[0] != '\t'))
        return line;
    return slice_trim(rest);
}

static enum err parse_line(struct parse *p, struct slice line, struct buf *value)
{
    struct slice rest = slice_trim(line);
    if (slice_empty(rest) || rest.ptr[0] == '#')
        return OK;
    rest = without_export(rest);
    size_t equals = slice_index(rest, '=');
    struct slice name = slice_trim(slice_sub(rest, 0, equals));
    if (equals == rest.len || !env_is_name(name))
        return fail(p, ERR_PARSE, "expected KEY=value");
    buf_reset(value);
    enum err err = value_of(p, slice_from(rest, equals + 1), value);
    if (err)
        return err;
    if (value->overflow)
        return fail(p, ERR_LIMIT, "the value is too long");
    if (memchr(value->ptr, '\0', value->len))
        return fail(p, ERR_PARSE, "the value holds a NUL byte");
    return keep(p, name, buf_slice(value));
}

enum err env_file_parse(struct env_file **out, struct slice text, const char *file,
                        env_lookup_fn lookup, void *owner, struct fault *fault)
{
    if (text.len > ENV_FILE_MAX_BYTES)
        return fault_set(fault, ERR_LIMIT, file, 0, "larger than %d bytes", ENV_FILE_MAX_BYTES);
    struct env_file *result = mem_new(struct env_file);
    result->by_name = map_create();
    struct parse p = {
        .file = result, .name = file, .fault = fault, .lookup = lookup, .owner = owner
    };
    char *mem = mem_alloc(ENV_FILE_MAX_VALUE);
    struct buf value;
    buf_init(&value, mem, ENV_FILE_MAX_VALUE);
    if (slice_starts(text, SLICE("\xef\xbb\xbf"))) /* what some editors put first */
        text = slice_from(text, 3);
    enum err err = OK;
    while (!slice_empty(text) && !err) {
        p.line++;
        err = parse_line(&p, slice_line(&text), &value);
    }
    mem_wipe(mem, ENV_FILE_MAX_VALUE);
    mem_free(mem);
    if (err) {
        env_file_destroy(result);
        return err;
    }
    *out = result;
    return OK;
}

void env_file_destroy(struct env_file *file)
{
    if (!file)
        return;
    for (size_t i = 0; i < file->n; i++) {
        wipe_value(file->entries[i]);
        mem_free(file->entries[i]->name);
        mem_free(file->entries[i]);
    }
    mem_free(file->entries);
    map_destroy(file->by_name);
    mem_free(file);
}

size_t env_file_count(const struct env_file *file)
{
    return file->n;
}

struct env_entry *env_file_at(struct env_file *file, size_t i)
{
    return file->entries[i];
}

struct env_entry *env_file_find(struct env_file *file, struct slice name)
{
    return map_find(file->by_name, name);
}

static void print_value(struct buf *out, const char *value)
{
    static const char from[] = "\n\r\t\"\\$";
    static const char to[] = "nrt\"\\$";
    buf_char(out, '"');
    for (; *value; value++) {
        const char *at = strchr(from, *value);
        if (at)
            buf_char(out, '\\');
        buf_char(out, at ? to[at - from] : *value);
    }
    buf_char(out, '"');
}

void env_file_print(const struct env_file *file, struct buf *out)
{
    for (size_t i = 0; i < file->n; i++) {
        buf_printf(out, "%s=", file->entries[i]->name);
        print_value(out, file->entries[i]->value);
        buf_char(out, '\n');
    }
}
