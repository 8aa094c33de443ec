/* tandem.yaml into the configuration: keys are looked up in the tables of options. */
#include "base/mem.h"
#include "base/num.h"
#include "config_priv.h"
#include "config_scripts.h"
#include "option_checks.h"
#include "presets.h"

enum { PATH_MAX_LEN = 300, KEYS_MAX = 128 };

/* Where we are in the document: an object whose keys belong to a table. */
struct place {
    const struct option_table *table;
    void *base;
    const json_t *object;
    const char *prefix; /* of keys in the table: "listen.sip." */
    const char *shown;  /* before that, for messages: "trunks.acme." */
};

static enum err fail(struct load *load, enum err err, int line, const char *key, const char *text)
{
    return fault_set(load->fault, err, load->yaml_name, line, "%s: %s", key, text);
}

static enum err expand(struct load *load, const json_t *value, struct buf *out,
                       const struct option_source *source)
{
    struct slice text = slice_make(json_string_value(value), json_string_length(value));
    struct slice missing = SLICE_NONE;
    enum err err = env_expand(text, config_lookup, load, out, &missing);
    if (err == ERR_NOT_FOUND)
        return fault_set(load->fault, err, source->file, source->line,
                         "%s: ${%.*s} is not set, neither in the environment nor in .env",
                         source->key, SLICE_ARG(missing));
    if (err)
        return fail(load, err, source->line, source->key,
                    "expected ${NAME}; $${ stands for ${ itself");
    return out->overflow ? fail(load, ERR_LIMIT, source->line, source->key, "too long") : OK;
}

/* one scalar as the text that a variable would hold */
static enum err scalar(struct load *load, const struct option *row, const json_t *value,
                       struct buf *out, const struct option_source *source)
{
    bool is_text = row->type == OPTION_TEXT || row->type == OPTION_SECRET;
    if (json_is_string(value))
        return expand(load, value, out, source);
    if (json_is_integer(value))
        buf_printf(out, "%lld", (long long)json_integer_value(value));
    else if (json_is_boolean(value))
        buf_text(out, json_is_true(value) ? "true" : "false");
    else if (json_is_real(value) && !is_text)
        buf_printf(out, "%g", json_real_value(value));
    else if (json_is_real(value)) /* 1e5 would come back as 100000 */
        return fail(load, ERR_INVALID, source->line, source->key, "write quotes around it");
    else
        return fail(load, ERR_INVALID, source->line, source->key,
                    "expected one value, not a list or keys");
    return OK;
}

static enum err put_scalar(struct load *load, const struct option *row, void *base,
                           const json_t *value, const struct option_source *source)
{
    char mem[CONFIG_TEXT_MAX + 2]; /* one more than allowed, so that too long is seen */
    struct buf text = BUF_ON(mem);
    enum err err = scalar(load, row, value, &text, source);
    if (!err)
        err = option_put(row, base, slice_of(buf_cstr(&text)), source, load->fault);
    mem_wipe(mem, sizeof mem);
    return err;
}

/* {bind: "127.0.0.1:8080", root: relay} as "127.0.0.1:8080 root=relay" */
static enum err put_bind_object(struct load *load, const struct option *row, void *base,
                                const json_t *value, const struct option_source *source)
{
    static const char *const words[] = { "root", "auth" };
    const char *bind = json_string_value(json_object_get(value, "bind"));
    size_t known = 1;
    char mem[200];
    struct buf text = BUF_ON(mem);
    buf_text(&text, bind ? bind : "");
    for (size_t i = 0; i < COUNT_OF(words); i++) {
        const char *word = json_string_value(json_object_get(value, words[i]));
        if (word)
            buf_printf(&text, " %s=%s", words[i], word);
        known += word != NULL;
    }
    if (!bind || json_object_size(value) != known)
        return fail(load, ERR_INVALID, source->line, source->key,
                    "expected bind: \"ADDRESS:PORT\" and, if wanted, root: bridge or relay and "
                    "auth: required");
    return option_put(row, base, slice_of(buf_cstr(&text)), source, load->fault);
}

static enum err put_array(struct load *load, const struct option *row, void *base,
                          const json_t *value, struct option_source *source)
{
    size_t i;
    json_t *item;
    json_array_foreach(value, i, item)
    {
        int line = yaml_line(load->yaml, item);
        source->line = line ? line : source->line;
        bool bind = row->type == OPTION_BINDS && json_is_object(item);
        enum err err = (bind ? put_bind_object : put_scalar)(load, row, base, item, source);
        if (err)
            return err;
    }
    return OK;
}

/* a value that is keys itself becomes JSON on one line: X-Agent-Context */
static enum err put_pair(struct load *load, const struct option *row, void *base, const char *name,
                         const json_t *value, const struct option_source *source)
{
    char *json = NULL;
    char mem[CONFIG_TEXT_MAX + 2];
    struct buf text = BUF_ON(mem);
    enum err err = OK;
    if (json_is_object(value) || json_is_array(value)) {
        json = json_dumps(value, JSON_COMPACT | JSON_ENSURE_ASCII);
        buf_text(&text, json ? json : "");
        mem_free(json);
    } else {
        err = scalar(load, row, value, &text, source);
    }
    if (err)
        return err;
    return option_put_pair(row, base, slice_of(name), slice_of(buf_cstr(&text)), source,
                           load->fault);
}

static enum err put_pairs(struct load *load, const struct option *row, void *base, json_t *value,
                          struct option_source *source)
{
    const char *name;
    json_t *item;
    json_object_foreach(value, name, item)
    {
        source->line = yaml_key_line(load->yaml, value, name);
        enum err err = put_pair(load, row, base, name, item, source);
        if (err)
            return err;
    }
    return OK;
}

static enum err put_value(struct load *load, const struct option *row, void *base, json_t *value,
                          struct option_source *source)
{
    bool many = row->type == OPTION_LIST || row->type == OPTION_BINDS || row->type == OPTION_PAIRS;
    if (many)
        option_reset(row, base);
    if (json_is_null(value))
        return OK; /* "key:" alone: the default, or an empty list */
    if (row->type == OPTION_PAIRS && json_is_object(value))
        return put_pairs(load, row, base, value, source);
    if (many && json_is_array(value))
        return put_array(load, row, base, value, source);
    return put_scalar(load, row, base, value, source);
}

static bool is_group(const struct option_table *table, struct slice path)
{
    for (size_t i = 0; i < table->n; i++) {
        const char *key = table->rows[i].key;
        if (key && slice_starts(slice_of(key), path) && key[path.len] == '.')
            return true;
    }
    return false;
}

static enum err unknown(struct load *load, const struct place *place, const char *key, int line,
                        const char *const *more, size_t n_more)
{
    const char *names[KEYS_MAX];
    size_t n = 0;
    char mem[PATH_MAX_LEN];
    struct buf path = BUF_ON(mem);
    buf_printf(&path, "%s%s", place->prefix, key);
    for (size_t i = 0; i < place->table->n && n < KEYS_MAX; i++)
        names[n++] = place->table->rows[i].key;
    for (size_t i = 0; i < n_more && n < KEYS_MAX; i++)
        names[n++] = more[i];
    const char *similar = config_similar(slice_of(buf_cstr(&path)), names, n);
    return fault_set(load->fault, ERR_INVALID, load->yaml_name, line, "%s%s: unknown key%s%s%s",
                     place->shown, mem, similar ? "; did you mean " : "", similar ? similar : "",
                     similar ? "?" : "");
}

static enum err apply(struct load *load, const struct place *place);

static enum err apply_group(struct load *load, const struct place *place, const char *path,
                            json_t *value, int line)
{
    char prefix[PATH_MAX_LEN];
    if (json_is_null(value))
        return OK;
    if (!json_is_object(value))
        return fail(load, ERR_INVALID, line, path, "expected keys below it");
    snprintf(prefix, sizeof prefix, "%s.", path);
    struct place inner = *place;
    inner.object = value;
    inner.prefix = prefix;
    return apply(load, &inner);
}

/* The lists of things with names of their own. */
typedef enum err (*section_fn)(struct load *load, json_t *value, int line);
static enum err apply_trunks(struct load *load, json_t *value, int line);
static enum err apply_routes(struct load *load, json_t *value, int line);
static enum err apply_users(struct load *load, json_t *value, int line);

static const struct {
    const char *key;
    section_fn apply;
} sections[] = {
    { "routes", apply_routes },
    { "scripts", config_apply_scripts },
    { "trunks", apply_trunks },
    { "users", apply_users },
};

static section_fn section_of(const struct place *place, const char *key)
{
    bool is_root = place->table == &options_top && !place->prefix[0];
    for (size_t i = 0; is_root && i < COUNT_OF(sections); i++)
        if (strcmp(key, sections[i].key) == 0)
            return sections[i].apply;
    return NULL;
}

static enum err apply_key(struct load *load, const struct place *place, const char *key,
                          json_t *value)
{
    static const char *const more[] = { "routes", "scripts", "trunks", "users" };
    char path_mem[PATH_MAX_LEN];
    char shown_mem[PATH_MAX_LEN];
    struct buf path = BUF_ON(path_mem);
    struct buf shown = BUF_ON(shown_mem);
    int line = yaml_key_line(load->yaml, place->object, key);
    buf_printf(&path, "%s%s", place->prefix, key);
    buf_printf(&shown, "%s%s%s", place->shown, place->prefix, key);
    const char *name = buf_cstr(&path);
    struct option_source source = { load->yaml_name, line, buf_cstr(&shown) };
    if (path.overflow || shown.overflow)
        return fail(load, ERR_LIMIT, line, place->shown, "a key is too long");
    const struct option *row = option_find(place->table, slice_of(name));
    if (row)
        return put_value(load, row, place->base, value, &source);
    section_fn section = section_of(place, key);
    if (section)
        return section(load, value, line);
    if (is_group(place->table, slice_of(name)))
        return apply_group(load, place, name, value, line);
    return unknown(load, place, key, line, more, place->table == &options_top ? COUNT_OF(more) : 0);
}

static enum err apply(struct load *load, const struct place *place)
{
    const char *key;
    json_t *value;
    /* jansson walks without changing; its macro wants it mutable */
    json_t *object = (json_t *)(uintptr_t)place->object;
    json_object_foreach(object, key, value)
    {
        enum err err = apply_key(load, place, key, value);
        if (err)
            return err;
    }
    return OK;
}

struct config_trunk *config_add_trunk(struct config *config, struct slice name)
{
    config->trunks = mem_resize(config->trunks, (config->n_trunks + 1) * sizeof *config->trunks);
    struct config_trunk *trunk = &config->trunks[config->n_trunks++];
    *trunk = (struct config_trunk){ .name = slice_dup(name) };
    options_init(&options_trunk, trunk);
    return trunk;
}

static void put_preset_value(struct config_trunk *trunk, const char *key, const char *value)
{
    const struct option *row = option_find(&options_trunk, slice_of(key));
    struct option_source source = { "presets", 0, key };
    struct fault fault;
    option_reset(row, trunk);
    if (value[0] && option_put(row, trunk, slice_of(value), &source, &fault))
        bug_abort(__FILE__, __LINE__, key); /* a preset that its own row refuses */
}

void config_apply_preset(struct config_trunk *trunk, struct slice provider)
{
    const struct preset *preset = preset_find(provider);
    if (!preset) /* refused with a message when its own row is put */
        return;
    mem_free(trunk->host);
    mem_free(trunk->domain);
    trunk->host = slice_dup(slice_of(preset->host));
    trunk->domain = slice_dup(slice_of(preset->domain));
    trunk->port = preset->port;
    trunk->transport = preset->transport;
    trunk->register_mode = preset->register_mode;
    trunk->plus = preset->plus;
    put_preset_value(trunk, "codecs", preset->codecs);
    for (size_t i = 0; i < n_preset_values; i++)
        if (slice_iis(provider, preset_values[i].preset))
            put_preset_value(trunk, preset_values[i].key, preset_values[i].value);
}

enum err config_check_name(struct load *load, const char *section, const char *name, int line,
                           size_t n, size_t max)
{
    const char *expected;
    if (!check_name(slice_of(name), &expected))
        return fault_set(load->fault, ERR_INVALID, load->yaml_name, line, "%s: expected %s",
                         section, expected);
    if (n >= max)
        return fault_set(load->fault, ERR_LIMIT, load->yaml_name, line, "%s: more than %zu",
                         section, max);
    return OK;
}

static enum err apply_named(struct load *load, const char *section, const char *name,
                            const struct option_table *table, void *base, const json_t *value)
{
    char shown[PATH_MAX_LEN];
    snprintf(shown, sizeof shown, "%s.%s.", section, name);
    struct place place = { table, base, value, "", shown };
    return apply(load, &place);
}

/* What is known of the provider. A cloud of type kandy is Etisalat's unless something else is said;
 * another host has other STUN and TURN servers. */
static void apply_provider(struct config_trunk *trunk, const json_t *item)
{
    struct slice provider = slice_of(json_string_value(json_object_get(item, "provider")));
    struct slice type = slice_of(json_string_value(json_object_get(item, "type")));
    bool assumed = !provider.len && slice_is(type, "kandy");
    config_apply_preset(trunk, assumed ? SLICE("etisalat-uae") : provider);
    if (assumed && json_object_get(item, "host"))
        option_reset(option_find(&options_trunk, SLICE("ice_servers")), trunk);
}

static enum err apply_trunks(struct load *load, json_t *value, int line)
{
    const char *name;
    json_t *item;
    if (!json_is_object(value) && !json_is_null(value))
        return fail(load, ERR_INVALID, line, "trunks", "expected names with keys below them");
    json_object_foreach(value, name, item)
    {
        int at = yaml_key_line(load->yaml, value, name);
        enum err err =
            config_check_name(load, "trunks", name, at, load->config->n_trunks, CONFIG_TRUNKS_MAX);
        if (!err && !json_is_object(item))
            err = fail(load, ERR_INVALID, at, name, "expected host: and more below it");
        if (err)
            return err;
        struct config_trunk *trunk = config_add_trunk(load->config, slice_of(name));
        apply_provider(trunk, item);
        err = apply_named(load, "trunks", name, &options_trunk, trunk, item);
        if (!err && !trunk->host[0] && strcmp(name, "default") != 0)
            err = fault_set(load->fault, ERR_INVALID, load->yaml_name, at,
                            "trunks.%s.host is missing: the SIP server of the provider", name);
        if (err)
            return err;
    }
    return OK;
}

static enum err apply_users(struct load *load, json_t *value, int line)
{
    struct config *config = load->config;
    const char *name;
    json_t *item;
    if (!json_is_object(value) && !json_is_null(value))
        return fail(load, ERR_INVALID, line, "users", "expected names with keys below them");
    json_object_foreach(value, name, item)
    {
        int at = yaml_key_line(load->yaml, value, name);
        enum err err =
            config_check_name(load, "users", name, at, config->n_users, CONFIG_USERS_MAX);
        if (!err && !json_is_object(item))
            err = fail(load, ERR_INVALID, at, name, "expected password: below it");
        if (err)
            return err;
        config->users = mem_resize(config->users, (config->n_users + 1) * sizeof *config->users);
        struct config_user *user = &config->users[config->n_users++];
        *user = (struct config_user){ .name = slice_dup(slice_of(name)) };
        options_init(&options_user, user);
        err = apply_named(load, "users", name, &options_user, user, item);
        if (!err && secret_empty(&user->password))
            err = fault_set(load->fault, ERR_INVALID, load->yaml_name, at,
                            "users.%s.password is missing", name);
        if (err)
            return err;
    }
    return OK;
}

static enum err apply_route(struct load *load, const json_t *item, size_t i, int line)
{
    struct config *config = load->config;
    char name[24];
    snprintf(name, sizeof name, "%zu", i);
    config->routes = mem_resize(config->routes, (config->n_routes + 1) * sizeof *config->routes);
    load->route_lines =
        mem_resize(load->route_lines, (config->n_routes + 1) * sizeof *load->route_lines);
    load->route_lines[config->n_routes] = line;
    struct config_route *route = &config->routes[config->n_routes++];
    *route = (struct config_route){ 0 };
    options_init(&options_route, route);
    return apply_named(load, "routes", name, &options_route, route, item);
}

static enum err apply_routes(struct load *load, json_t *value, int line)
{
    size_t i;
    json_t *item;
    if (!json_is_array(value) && !json_is_null(value))
        return fail(load, ERR_INVALID, line, "routes", "expected a list");
    json_array_foreach(value, i, item)
    {
        int at = yaml_line(load->yaml, item);
        if (!json_is_object(item))
            return fail(load, ERR_INVALID, at ? at : line, "routes",
                        "expected destination: or pattern:, and to:");
        if (i == CONFIG_ROUTES_MAX)
            return fail(load, ERR_LIMIT, at, "routes", "too many");
        enum err err = apply_route(load, item, i, at);
        if (err)
            return err;
    }
    return OK;
}

enum err config_apply_yaml(struct load *load)
{
    json_t *root = yaml_root(load->yaml);
    struct place place = { &options_top, load->config, root, "", "" };
    if (json_is_null(root))
        return OK; /* an empty file */
    if (!json_is_object(root))
        return fault_set(load->fault, ERR_INVALID, load->yaml_name, 1, "expected keys, not %s",
                         json_is_array(root) ? "a list" : "one value");
    return apply(load, &place);
}
