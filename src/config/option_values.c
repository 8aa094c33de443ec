/* Text into the fields of a row, by type. */
#include <arpa/inet.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/num.h"
#include "option_checks.h"
#include "options.h"

enum { SECRET_FILE_MAX = 4096, PAIRS_MAX = 32, PAIRS_MAX_BYTES = 8 << 10, SHOWN_MAX = 80 };

struct put {
    const struct option *row;
    void *at;
    struct slice value;
    const struct option_source *source;
    struct fault *fault;
};

static enum err fail(const struct put *p, enum err err, const char *expected)
{
    bool secret = p->row->type == OPTION_SECRET || p->row->type == OPTION_PAIRS;
    if (secret)
        return fault_set(p->fault, err, p->source->file, p->source->line, "%s: expected %s",
                         p->source->key, expected);
    return fault_set(p->fault, err, p->source->file, p->source->line,
                     "%s: expected %s, not \"%.*s\"", p->source->key, expected,
                     SLICE_ARG(slice_sub(p->value, 0, SHOWN_MAX)));
}

static enum err check(const struct put *p, struct slice value)
{
    const char *expected = "";
    struct put one = *p;
    one.value = value;
    if (p->row->check && !p->row->check(value, &expected))
        return fail(&one, ERR_INVALID, expected);
    return OK;
}

static enum err put_text(const struct put *p)
{
    enum err err = check(p, p->value);
    if (err)
        return err;
    char **at = p->at;
    mem_free(*at);
    *at = slice_dup(p->value);
    return OK;
}

static enum err put_secret(const struct put *p)
{
    secret_set(p->at, p->value);
    return OK;
}

static enum err put_secret_file(const struct put *p)
{
    struct slice text;
    struct fault why;
    char *path = slice_dup(p->value);
    enum err err = file_read(path, SECRET_FILE_MAX, &text, &why);
    mem_free(path);
    if (err)
        return fault_set(p->fault, err, p->source->file, p->source->line, "%s: %s %s",
                         p->source->key, why.where, why.text);
    struct slice rest = text;
    secret_set(p->at, slice_trim(slice_line(&rest)));
    /* a heap copy of our own: file_read() */
    char *mem = (char *)(uintptr_t)text.ptr;
    mem_wipe(mem, text.len);
    mem_free(mem);
    if (secret_empty(p->at))
        return fail(p, ERR_INVALID, "a file whose first line is the password");
    return OK;
}

static enum err put_bool(const struct put *p)
{
    static const char *const trues[] = { "true", "yes", "on", "1" };
    static const char *const falses[] = { "false", "no", "off", "0" };
    bool *at = p->at;
    for (size_t i = 0; i < COUNT_OF(trues); i++) {
        bool is_true = slice_iis(p->value, trues[i]);
        if (is_true || slice_iis(p->value, falses[i])) {
            *at = is_true;
            return OK;
        }
    }
    return fail(p, ERR_INVALID, "true or false");
}

static enum err put_number(const struct put *p)
{
    const struct option *row = p->row;
    int *at = p->at;
    uint32_t number;
    if (row->has_auto && slice_iis(p->value, "auto")) {
        *at = CONFIG_AUTO;
        return OK;
    }
    /* low and high are never negative */
    if (slice_to_u32(p->value, (uint32_t)row->high, &number) || number < (uint32_t)row->low) {
        char expected[80];
        snprintf(expected, sizeof expected, "a number from %d to %d%s", row->low, row->high,
                 row->has_auto ? " or auto" : "");
        return fail(p, ERR_INVALID, expected);
    }
    *at = (int)number; /* at most high */
    return OK;
}

static enum err put_word(const struct put *p)
{
    const char *const *words = p->row->words;
    struct slice value = p->value;
    if (slice_is(value, "true") || slice_is(value, "false")) /* how YAML may write yes and no */
        value = slice_is(value, "true") ? SLICE("yes") : SLICE("no");
    char mem[120];
    struct buf expected = BUF_ON(mem);
    for (int i = 0; words[i]; i++) {
        if (slice_iis(value, words[i])) {
            *(int *)p->at = i; /* int and our enums have one size */
            return OK;
        }
        buf_printf(&expected, "%s%s", i == 0 ? "" : words[i + 1] ? ", " : " or ", words[i]);
    }
    return fail(p, ERR_INVALID, buf_cstr(&expected));
}

static enum err add_item(const struct put *p, struct slice item)
{
    struct config_list *list = p->at;
    enum err err = check(p, item);
    if (err)
        return err;
    if (list->n == CONFIG_LIST_MAX)
        return fail(p, ERR_LIMIT, "fewer items");
    list->items = mem_resize(list->items, (list->n + 1) * sizeof *list->items);
    list->items[list->n++] = slice_dup(item);
    return OK;
}

static enum err parse_port(const struct put *p, struct slice text, uint16_t *out)
{
    uint32_t number;
    if (slice_to_u32(text, 65535, &number))
        return fail(p, ERR_INVALID,
                    p->row->type == OPTION_HTTP_PORT
                        ? "a port from 0 (any free one) to 65535"
                        : "an address and a port such as 127.0.0.1:8080");
    *out = (uint16_t)number; /* at most 65535 */
    return OK;
}

static bool split_bind(struct slice item, struct slice *host, struct slice *port)
{
    if (!slice_empty(item) && item.ptr[0] == '[') {
        size_t end = slice_index(item, ']');
        *host = slice_sub(item, 1, end - 1);
        *port = slice_from(item, end + 2);
        return end + 1 < item.len && item.ptr[end + 1] == ':';
    }
    size_t colon = slice_index(item, ':');
    *host = colon < item.len ? slice_sub(item, 0, colon) : SLICE_NONE;
    *port = colon < item.len ? slice_from(item, colon + 1) : item;
    return true;
}

/* What may stand behind an address, in any order. */
static enum err parse_bind_words(const struct put *p, struct slice text, struct config_bind *bind)
{
    static const struct {
        const char *word;
        enum config_root root;
        bool needs_auth;
    } rows[] = { { "root=bridge", CONFIG_ROOT_BRIDGE, false },
                 { "root=relay", CONFIG_ROOT_RELAY, false },
                 { "auth=required", CONFIG_ROOT_BRIDGE, true } };
    for (struct slice word; !slice_empty(word = slice_word(&text));) {
        size_t i = 0;
        while (i < COUNT_OF(rows) && !slice_is(word, rows[i].word))
            i++;
        if (i == COUNT_OF(rows))
            return fail(p, ERR_INVALID,
                        "root=bridge, root=relay or auth=required behind the address");
        if (rows[i].needs_auth)
            bind->needs_auth = true;
        else
            bind->root = rows[i].root;
    }
    return OK;
}

static enum err add_bind(const struct put *p, struct slice item)
{
    struct config_binds *binds = p->at;
    struct put one = *p;
    one.value = item;
    struct slice words = item;
    struct slice text = slice_cut(&words, ' ');
    struct slice host;
    struct slice port;
    struct config_bind bind = { .port = 0 };
    const char *expected;
    if (p->row->has_auto && slice_iis(item, "auto")) {
        binds->is_auto = true;
        return OK;
    }
    if (!split_bind(text, &host, &port))
        return fail(&one, ERR_INVALID, "an address and a port such as [::1]:8080");
    enum err err = parse_port(&one, port, &bind.port);
    if (err)
        return err;
    if (slice_empty(host))
        host = slice_of(p->row->host);
    else if (slice_iis(host, "localhost"))
        host = SLICE("127.0.0.1");
    else if (slice_is(host, "*"))
        host = SLICE("0.0.0.0");
    if (!check_ip(host, &expected) || !slice_copy(host, bind.host, sizeof bind.host))
        return fail(&one, ERR_INVALID, "a numeric address of this machine and a port");
    if (binds->n == CONFIG_BINDS_MAX)
        return fail(&one, ERR_LIMIT, "at most 8 addresses");
    err = parse_bind_words(&one, words.len < item.len ? words : SLICE_NONE, &bind);
    if (!err)
        binds->items[binds->n++] = bind;
    return err;
}

static enum err put_items(const struct put *p)
{
    struct slice rest = p->value;
    enum err err = OK;
    while (!slice_empty(rest) && !err) {
        struct slice item = slice_trim(slice_cut(&rest, ','));
        if (slice_empty(item))
            continue;
        err = p->row->type == OPTION_BINDS ? add_bind(p, item) : add_item(p, item);
    }
    return err;
}

static enum err put_http_port(const struct put *p)
{
    struct config_binds *binds = p->at;
    uint16_t port = 0;
    enum err err = parse_port(p, p->value, &port);
    if (err)
        return err;
    while (binds->n <= p->row->index) {
        /* an index is 0 or 1, far below CONFIG_BINDS_MAX */
        struct config_bind *added = &binds->items[binds->n++];
        *added = (struct config_bind){ .port = port };
        snprintf(added->host, sizeof added->host, "%s",
                 binds->n > 1 ? binds->items[0].host : "127.0.0.1");
    }
    binds->items[p->row->index].port = port;
    return OK;
}

static enum err put_range(const struct put *p)
{
    static const char expected[] = "a range of ports such as 10000-20000, or 0 for any";
    struct config_range *range = p->at;
    struct slice rest = p->value;
    struct slice low = slice_trim(slice_cut(&rest, '-'));
    uint32_t from;
    uint32_t to = 0;
    if (slice_to_u32(low, 65535, &from))
        return fail(p, ERR_INVALID, expected);
    bool any = from == 0 && low.len == p->value.len;
    if (!any && (slice_to_u32(slice_trim(rest), 65535, &to) || from < 1024 || to < from + 3))
        return fail(p, ERR_INVALID, expected);
    *range = (struct config_range){ (uint16_t)from, (uint16_t)to }; /* at most 65535 */
    return OK;
}

static enum err put_nothing(const struct put *p)
{
    return fail(p, ERR_INVALID, "names with values");
}

typedef enum err (*put_fn)(const struct put *p);
static const put_fn put_by_type[] = {
    [OPTION_TEXT] = put_text,
    [OPTION_SECRET] = put_secret,
    [OPTION_SECRET_FILE] = put_secret_file,
    [OPTION_BOOL] = put_bool,
    [OPTION_NUMBER] = put_number,
    [OPTION_WORD] = put_word,
    [OPTION_LIST] = put_items,
    [OPTION_BINDS] = put_items,
    [OPTION_HTTP_PORT] = put_http_port,
    [OPTION_RANGE] = put_range,
    [OPTION_PAIRS] = put_nothing,
};
_Static_assert(COUNT_OF(put_by_type) == OPTION_PAIRS + 1, "a type without its function");

static enum err check_any(const struct put *p)
{
    if (p->value.len > CONFIG_TEXT_MAX)
        return fail(p, ERR_LIMIT, "a shorter value");
    for (size_t i = 0; i < p->value.len; i++)
        if ((unsigned char)p->value.ptr[i] < ' ')
            return fail(p, ERR_INVALID, "a value on one line, without control characters");
    if (slice_istarts(p->value, SLICE("your_")))
        return fault_set(p->fault, ERR_INVALID, p->source->file, p->source->line,
                         "%s still holds a placeholder (your_…): put the real value there or "
                         "remove the line",
                         p->source->key);
    return OK;
}

enum err option_put(const struct option *row, void *base, struct slice value,
                    const struct option_source *source, struct fault *fault)
{
    struct put p = { row, (char *)base + row->offset, value, source, fault };
    enum err err = check_any(&p);
    return err ? err : put_by_type[row->type](&p);
}

enum err option_put_pair(const struct option *row, void *base, struct slice name,
                         struct slice value, const struct option_source *source,
                         struct fault *fault)
{
    struct put p = { row, (char *)base + row->offset, value, source, fault };
    struct config_pairs *pairs = p.at;
    size_t total = name.len + value.len;
    enum err err = check_any(&p);
    if (!err)
        err = check(&p, name);
    if (err)
        return err;
    for (size_t i = 0; i < pairs->n; i++)
        total += strlen(pairs->items[i].name) + strlen(pairs->items[i].value);
    if (pairs->n == PAIRS_MAX || total > PAIRS_MAX_BYTES)
        return fail(&p, ERR_LIMIT, "at most 32 headers of 8 KiB together");
    pairs->items = mem_resize(pairs->items, (pairs->n + 1) * sizeof *pairs->items);
    pairs->items[pairs->n++] = (struct config_pair){ slice_dup(name), slice_dup(value) };
    return OK;
}

static void clear_list(struct config_list *list)
{
    for (size_t i = 0; i < list->n; i++)
        mem_free(list->items[i]);
    mem_free(list->items);
    *list = (struct config_list){ 0 };
}

static void clear_pairs(struct config_pairs *pairs)
{
    for (size_t i = 0; i < pairs->n; i++) {
        mem_free(pairs->items[i].name);
        mem_free(pairs->items[i].value);
    }
    mem_free(pairs->items);
    *pairs = (struct config_pairs){ 0 };
}

/* to an empty value; what is a plain number is overwritten by the default anyway */
static void clear(const struct option *row, void *at)
{
    switch (row->type) {
    case OPTION_TEXT:
        mem_free(*(char **)at);
        *(char **)at = NULL;
        break;
    case OPTION_SECRET:
    case OPTION_SECRET_FILE:
        secret_clear(at);
        break;
    case OPTION_LIST:
        clear_list(at);
        break;
    case OPTION_PAIRS:
        clear_pairs(at);
        break;
    case OPTION_BINDS:
        *(struct config_binds *)at = (struct config_binds){ 0 };
        break;
    case OPTION_BOOL:
    case OPTION_NUMBER:
    case OPTION_WORD:
    case OPTION_HTTP_PORT:
    case OPTION_RANGE:
        break;
    }
}

void option_reset(const struct option *row, void *base)
{
    clear(row, (char *)base + row->offset);
    if (row->type == OPTION_TEXT)
        *(char **)(void *)((char *)base + row->offset) = slice_dup(SLICE(""));
}

void options_init(const struct option_table *table, void *base)
{
    for (size_t i = 0; i < table->n; i++) {
        const struct option *row = &table->rows[i];
        struct option_source source = { "defaults", 0, row->key ? row->key : row->env };
        option_reset(row, base);
        if (!row->value)
            continue;
        struct fault fault;
        enum err err = option_put(row, base, slice_of(row->value), &source, &fault);
        BUG_IF(err); /* a default that its own row refuses */
    }
}

void options_clear(const struct option_table *table, void *base)
{
    for (size_t i = 0; i < table->n; i++)
        clear(&table->rows[i], (char *)base + table->rows[i].offset);
}
