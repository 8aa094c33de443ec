#include "config.h"

#include <stdarg.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/num.h"
#include "config/config_scripts.h"
#include "config_diff.h"
#include "config_priv.h"

enum { SAY_MAX = 900, SIMILAR_MAX = 64, FLAGS_MAX = 16 };

void config_say(struct config_list *list, const char *fmt, ...)
{
    char text[SAY_MAX];
    va_list args;
    va_start(args, fmt);
    vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    list->items = mem_resize(list->items, (list->n + 1) * sizeof *list->items);
    list->items[list->n++] = slice_dup(slice_of(text));
}

static const char *environ_find(char *const *vars, struct slice name)
{
    for (size_t i = 0; vars && vars[i]; i++)
        if (strncmp(vars[i], name.ptr, name.len) == 0 && vars[i][name.len] == '=')
            return vars[i] + name.len + 1;
    return NULL;
}

const char *config_environ(const struct load *load, struct slice name)
{
    return environ_find(load->input->environ, name);
}

static const char *lookup_environ(void *load, struct slice name)
{
    return config_environ(load, name);
}

const char *config_lookup(void *owner, struct slice name)
{
    struct load *load = owner;
    const char *value = config_environ(load, name);
    struct env_entry *entry = load->env ? env_file_find(load->env, name) : NULL;
    if (entry)
        entry->is_used = true;
    return value || !entry ? value : entry->value;
}

/* How many characters must be added, removed or exchanged (Levenshtein); a's length is limited. */
static size_t distance(struct slice a, struct slice b)
{
    size_t row[SIMILAR_MAX + 1];
    for (size_t i = 0; i <= a.len; i++)
        row[i] = i;
    for (size_t j = 0; j < b.len; j++) {
        size_t diagonal = row[0];
        row[0] = j + 1;
        for (size_t i = 0; i < a.len; i++) {
            size_t change = diagonal + (a.ptr[i] != b.ptr[j]);
            diagonal = row[i + 1];
            size_t step = (row[i] < diagonal ? row[i] : diagonal) + 1;
            row[i + 1] = change < step ? change : step;
        }
    }
    return row[a.len];
}

const char *config_similar(struct slice name, const char *const *names, size_t n)
{
    const char *best = NULL;
    size_t best_distance = 4; /* further away nobody would see the likeness */
    if (name.len > SIMILAR_MAX)
        return NULL;
    for (size_t i = 0; i < n; i++) {
        size_t far = names[i] ? distance(name, slice_of(names[i])) : best_distance;
        if (far < best_distance && 2 * far <= name.len) {
            best_distance = far;
            best = names[i];
        }
    }
    return best;
}

/* The command line: flags of the rows, and a few of its own. */
struct command_line {
    const char *config_file, *env_file;
};

static enum err arg_fail(struct load *load, const char *arg, const char *text)
{
    const char *names[FLAGS_MAX] = { "--config", "--env-file", "--set" };
    size_t n = 3;
    for (size_t i = 0; i < options_top.n && n < FLAGS_MAX; i++)
        if (options_top.rows[i].flag)
            names[n++] = options_top.rows[i].flag;
    const char *similar = config_similar(slice_of(arg), names, n);
    if (similar && strcmp(similar, arg) != 0)
        return fault_set(load->fault, ERR_INVALID, arg, 0, "%s; did you mean %s?", text, similar);
    return fault_set(load->fault, ERR_INVALID, arg, 0, "%s", text);
}

static enum err put_arg(struct load *load, const struct option *row, struct slice value,
                        const char *key)
{
    struct option_source source = { "command line", 0, key };
    if (row->type == OPTION_LIST || row->type == OPTION_BINDS)
        option_reset(row, load->config);
    return option_put(row, load->config, value, &source, load->fault);
}

static enum err put_set(struct load *load, const char *text)
{
    struct slice value = slice_of(text);
    struct slice key = slice_cut(&value, '=');
    const struct option *row = option_find(&options_top, key);
    if (!row || key.len == strlen(text))
        return arg_fail(load, "--set", "expected KEY=VALUE with a key of tandem.yaml");
    return put_arg(load, row, value, row->key);
}

/* With `line`, only the files are looked for; without it, all the rest is applied. */
static enum err one_arg(struct load *load, size_t *i, struct command_line *line)
{
    const char *arg = load->input->args[(*i)++];
    const struct option *row = option_find_flag(slice_of(arg));
    if (row && row->type == OPTION_BOOL)
        return line ? OK : put_arg(load, row, SLICE("true"), arg);
    bool is_config = strcmp(arg, "--config") == 0;
    bool is_env = strcmp(arg, "--env-file") == 0;
    bool is_set = strcmp(arg, "--set") == 0;
    if (!row && !is_config && !is_env && !is_set)
        return arg_fail(load, arg, "unknown option");
    if (*i == load->input->n_args)
        return arg_fail(load, arg, "expected a value behind it");
    const char *value = load->input->args[(*i)++];
    if (is_config && line)
        line->config_file = value;
    else if (is_env && line)
        line->env_file = value;
    else if (is_set && !line)
        return put_set(load, value);
    else if (row && !line)
        return put_arg(load, row, slice_of(value), arg);
    return OK;
}

static enum err apply_args(struct load *load, struct command_line *line)
{
    enum err err = OK;
    for (size_t i = 0; i < load->input->n_args && !err;)
        err = one_arg(load, &i, line);
    return err;
}

/* `named` must exist; `usual` is read if it is there. OK with an empty name: no such file. */
static enum err read_file(struct load *load, const char *named, const char *usual, size_t max,
                          struct slice *text, const char **name)
{
    *name = named ? named : usual;
    enum err err = file_read(*name, max, text, load->fault);
    if (err == ERR_NOT_FOUND && !named) {
        *name = NULL;
        return OK;
    }
    return err;
}

static void free_text(struct slice text)
{
    char *mem = (char *)(uintptr_t)text.ptr; /* of file_read(), so ours */
    if (mem)
        mem_wipe(mem, text.len);
    mem_free(mem);
}

static enum err load_env(struct load *load, const char *path)
{
    struct slice text = SLICE_NONE;
    enum err err = read_file(load, path, ".env", ENV_FILE_MAX_BYTES, &text, &load->env_name);
    if (!err && load->env_name)
        err = env_file_parse(&load->env, text, load->env_name, lookup_environ, load, load->fault);
    free_text(text);
    return err;
}

static enum err load_yaml(struct load *load, const char *path)
{
    struct slice text = SLICE_NONE;
    enum err err = read_file(load, path, "tandem.yaml", YAML_MAX_BYTES, &text, &load->yaml_name);
    if (!err && load->yaml_name)
        err = yaml_parse(&load->yaml, text, load->yaml_name, load->fault);
    free_text(text);
    if (err || !load->yaml)
        return err;
    mem_free(load->config->config_file);
    load->config->config_file = slice_dup(slice_of(load->yaml_name));
    return config_apply_yaml(load);
}

static enum err load_all(struct load *load)
{
    struct command_line line = { load->input->config_file, load->input->env_file };
    enum err err = apply_args(load, &line);
    if (err)
        return err;
    const char *by_variable = config_environ(load, SLICE("TANDEM_CONFIG"));
    if (!line.config_file && by_variable && by_variable[0])
        line.config_file = by_variable;
    err = load_env(load, line.env_file);
    if (!err)
        err = load_yaml(load, line.config_file);
    if (!err)
        err = config_apply_env(load);
    if (!err)
        err = config_check_variables(load);
    if (!err)
        err = apply_args(load, NULL);
    return err ? err : config_finish(load);
}

static void begin(struct load *load, const struct config_input *input, struct fault *fault)
{
    *load = (struct load){ .input = input, .config = mem_new(struct config), .fault = fault };
    load->config->config_file = slice_dup(SLICE(""));
    options_init(&options_top, load->config);
}

static enum err end(struct load *load, enum err err, struct config **out)
{
    env_file_destroy(load->env);
    yaml_destroy(load->yaml);
    mem_free(load->route_lines);
    if (err)
        config_destroy(load->config);
    else
        *out = load->config;
    return err;
}

enum err config_load(struct config **out, const struct config_input *input, struct fault *fault)
{
    struct load load;
    begin(&load, input, fault);
    return end(&load, load_all(&load), out);
}

enum err config_load_text(struct config **out, const struct config_input *input, struct slice yaml,
                          const char *name, struct fault *fault)
{
    struct load load;
    begin(&load, input, fault);
    load.yaml_name = name;
    enum err err = yaml_parse(&load.yaml, yaml, name, fault);
    if (!err)
        err = config_apply_yaml(&load);
    if (!err)
        err = config_apply_env(&load);
    if (!err)
        err = config_finish(&load);
    return end(&load, err, out);
}

void config_destroy(struct config *config)
{
    if (!config)
        return;
    for (size_t i = 0; i < config->n_trunks; i++) {
        options_clear(&options_trunk, &config->trunks[i]);
        mem_free(config->trunks[i].name);
    }
    for (size_t i = 0; i < config->n_routes; i++)
        options_clear(&options_route, &config->routes[i]);
    for (size_t i = 0; i < config->n_users; i++) {
        options_clear(&options_user, &config->users[i]);
        mem_free(config->users[i].name);
    }
    options_clear(&options_top, config);
    config_list_clear(&config->warnings);
    config_list_clear(&config->notes);
    mem_free(config->trunks);
    mem_free(config->routes);
    mem_free(config->users);
    config_clear_scripts(config);
    mem_free(config->config_file);
    mem_free(config);
}

const struct config_user *config_user_find(const struct config *config, struct slice name)
{
    for (size_t i = 0; i < config->n_users; i++)
        if (slice_is(name, config->users[i].name))
            return &config->users[i];
    return NULL;
}

const struct config_trunk *config_trunk_find(const struct config *config, struct slice name)
{
    for (size_t i = 0; i < config->n_trunks; i++)
        if (slice_is(name, config->trunks[i].name))
            return &config->trunks[i];
    return NULL;
}

uint16_t config_trunk_port(const struct config_trunk *trunk)
{
    if (trunk->port != CONFIG_AUTO)
        return (uint16_t)trunk->port; /* 1 to 65535 by its row */
    return trunk->transport == CONFIG_TLS ? 5061 : 5060;
}

const char *config_default(const struct config *config)
{
    if (config->default_destination[0])
        return config->default_destination;
    if (config_trunk_find(config, SLICE("default")))
        return "trunk:default";
    return config_trunk_find(config, SLICE("kandy")) ? "trunk:kandy" : "builtin:echo";
}

uint16_t config_webrtc_port(const struct config *config, unsigned threads)
{
    if (config->webrtc_port != CONFIG_AUTO)
        return (uint16_t)config->webrtc_port; /* 0 to 65535 by its row */
    if (config->rtp_ports.low <= threads)
        return 0;
    return (uint16_t)(config->rtp_ports.low - threads);
}

bool config_state_dir(const char *flag, char *const *vars, char *out, size_t cap)
{
    static const struct {
        const char *variable, *below;
    } places[] = {
        { "TANDEM_STATE", "" },
        { "XDG_STATE_HOME", "/tandem" },
        { "HOME", "/.local/state/tandem" },
    };
    struct buf path;
    buf_init(&path, out, cap);
    buf_text(&path, flag ? flag : "");
    for (size_t i = 0; i < COUNT_OF(places) && path.len == 0; i++) {
        const char *value = environ_find(vars, slice_of(places[i].variable));
        if (value && value[0])
            buf_printf(&path, "%s%s", value, places[i].below);
    }
    bool found = path.len > 0;
    return buf_cstr(&path)[0] != '\0' && found;
}
