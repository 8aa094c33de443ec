/* Variables into the configuration: those of the environment win over those of .env. */
#include "base/mem.h"
#include "base/num.h"
#include "config_priv.h"

enum { NAMES_MAX = 256, LIST_MAX = 600 };

struct found {
    const char *value; /* NULL: not set, or empty, which is the same to us */
    struct option_source source;
};

static struct found find(struct load *load, const char *name)
{
    const char *value = config_environ(load, slice_of(name));
    if (value && value[0])
        return (struct found){ value, { "environment", 0, name } };
    const struct env_entry *entry = load->env ? env_file_find(load->env, slice_of(name)) : NULL;
    if (entry && !value && entry->value[0])
        return (struct found){ entry->value, { load->env_name, entry->line, name } };
    return (struct found){ 0 };
}

static enum err put_rows(struct load *load, const struct option_table *table, void *base)
{
    for (size_t i = 0; i < table->n; i++) {
        const struct option *row = &table->rows[i];
        struct found found = row->env ? find(load, row->env) : (struct found){ 0 };
        if (!found.value)
            continue;
        if (row->type == OPTION_LIST || row->type == OPTION_BINDS)
            option_reset(row, base);
        enum err err = option_put(row, base, slice_of(found.value), &found.source, load->fault);
        if (err)
            return err;
    }
    return OK;
}

static struct config_trunk *find_trunk(struct config *config, const char *name)
{
    for (size_t i = 0; i < config->n_trunks; i++)
        if (strcmp(config->trunks[i].name, name) == 0)
            return &config->trunks[i];
    return NULL;
}

static const char *const five[] = { "SIP_TRUNK_HOST", "SIP_TRUNK_PORT", "SIP_USERNAME",
                                    "SIP_PASSWORD", "SIP_DOMAIN" };

/* Some of the five are there: those without which no call is possible must be, too. */
static enum err check_five(struct load *load, const struct config_trunk *trunk,
                           const struct found *first)
{
    const struct {
        const char *name;
        bool is_missing;
    } needed[] = {
        { "SIP_TRUNK_HOST", !trunk->host[0] },
        { "SIP_USERNAME", !trunk->username[0] },
        { "SIP_PASSWORD", secret_empty(&trunk->password) },
    };
    char mem[LIST_MAX];
    struct buf list = BUF_ON(mem);
    size_t n = 0;
    for (size_t i = 0; i < COUNT_OF(needed); i++)
        if (needed[i].is_missing)
            buf_printf(&list, "%s%s", n++ ? " and " : "", needed[i].name);
    if (n == 0)
        return OK;
    return fault_set(load->fault, ERR_INVALID, first->source.file, first->source.line,
                     "%s %s missing: %s is set, and a provider needs SIP_TRUNK_HOST, SIP_USERNAME "
                     "and SIP_PASSWORD together (SIP_TRUNK_PORT and SIP_DOMAIN have defaults)",
                     buf_cstr(&list), n > 1 ? "are" : "is", first->source.key);
}

static void note_defaults(struct load *load, const struct config_trunk *trunk)
{
    struct config *config = load->config;
    if (trunk->port == CONFIG_AUTO)
        config_say(&config->notes, "SIP_TRUNK_PORT is not set: by DNS, else %d",
                   config_trunk_port(trunk));
    if (!trunk->domain[0])
        config_say(&config->notes, "SIP_DOMAIN is not set: %s is used", trunk->host);
}

static void warn_useless(struct load *load)
{
    for (size_t i = 0; i < options_trunk.n; i++) {
        const char *name = options_trunk.rows[i].env;
        struct found found = name ? find(load, name) : (struct found){ 0 };
        if (found.value)
            config_say(&load->config->warnings, "%s has no effect without SIP_TRUNK_HOST", name);
    }
}

static enum err apply_trunk(struct load *load)
{
    struct found first = { 0 };
    for (size_t i = 0; i < COUNT_OF(five) && !first.value; i++)
        first = find(load, five[i]);
    struct found provider = find(load, "SIP_PROVIDER");
    if (!first.value)
        first = provider;
    struct config_trunk *trunk = find_trunk(load->config, "default");
    if (!trunk && !first.value) {
        warn_useless(load);
        return OK;
    }
    if (!trunk)
        trunk = config_add_trunk(load->config, SLICE("default"));
    config_apply_preset(trunk, slice_of(provider.value));
    if (provider.value && find(load, "SIP_CODECS").value) /* asked for, so not the preset's */
        option_reset(option_find(&options_trunk, SLICE("codecs")), trunk);
    enum err err = put_rows(load, &options_trunk, trunk);
    if (err || !first.value)
        return err;
    err = check_five(load, trunk, &first);
    if (!err)
        note_defaults(load, trunk);
    return err;
}

/* "host:port" of KANDY_HOST */
static void split_host(struct config_trunk *trunk)
{
    struct slice rest = slice_of(trunk->host);
    struct slice host = slice_cut(&rest, ':');
    uint32_t port;
    if (!rest.len || slice_to_u32(rest, UINT16_MAX, &port))
        return;
    char *own = slice_dup(host);
    mem_free(trunk->host);
    trunk->host = own;
    trunk->port = (int)port; /* 1 to 65535 by its check */
}

/* The trunk "kandy": Etisalat's cloud unless tandem.yaml has one of that name. */
static enum err apply_kandy(struct load *load)
{
    struct config_trunk *trunk = find_trunk(load->config, "kandy");
    bool wanted = false;
    for (size_t i = 0; i < options_kandy.n && !wanted; i++)
        wanted = find(load, options_kandy.rows[i].env).value != NULL;
    if (!wanted)
        return OK;
    if (!trunk) {
        trunk = config_add_trunk(load->config, SLICE("kandy"));
        config_apply_preset(trunk, SLICE("etisalat-uae"));
        mem_free(trunk->provider);
        trunk->provider = slice_dup(SLICE("etisalat-uae"));
    }
    enum err err = put_rows(load, &options_kandy, trunk);
    if (!err)
        split_host(trunk);
    return err;
}

enum err config_apply_env(struct load *load)
{
    enum err err = put_rows(load, &options_top, load->config);
    if (!err)
        err = apply_trunk(load);
    return err ? err : apply_kandy(load);
}

static bool starts_with_any(struct slice name, const char *const *prefixes, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (slice_starts(name, slice_of(prefixes[i])))
            return true;
    return false;
}

static bool is_known(struct slice name)
{
    return option_find_env(name) || slice_is(name, "TANDEM_CONFIG") || slice_is(name, "TANDEM_URL");
}

static enum err unknown(struct load *load, const char *file, int line, struct slice name)
{
    const char *names[NAMES_MAX];
    size_t n = 0;
    for (size_t i = 0; i < options_top.n && n < NAMES_MAX; i++)
        names[n++] = options_top.rows[i].env;
    for (size_t i = 0; i < options_trunk.n && n < NAMES_MAX; i++)
        names[n++] = options_trunk.rows[i].env;
    for (size_t i = 0; i < options_kandy.n && n < NAMES_MAX; i++)
        names[n++] = options_kandy.rows[i].env;
    const char *similar = config_similar(name, names, n);
    return fault_set(load->fault, ERR_INVALID, file, line, "%.*s: unknown variable%s%s%s",
                     SLICE_ARG(name), similar ? "; did you mean " : "", similar ? similar : "",
                     similar ? "?" : "");
}

/* what is ours, so that a typing error must not pass unseen */
static const char *const ours[] = { "SIP_", "KANDY_", "TLS_", "TANDEM_" };
enum { OURS_IN_ENVIRONMENT = 3 }; /* TANDEM_… of the environment may belong to scripts around us */

static enum err check_environment(struct load *load)
{
    char *const *environ = load->input->environ;
    for (size_t i = 0; environ && environ[i]; i++) {
        struct slice rest = slice_of(environ[i]);
        struct slice name = slice_cut(&rest, '=');
        if (starts_with_any(name, ours, OURS_IN_ENVIRONMENT) && !is_known(name))
            return unknown(load, "environment", 0, name);
    }
    return OK;
}

struct lists {
    struct buf foreign, strange;
};

static void put_name(struct buf *list, const char *name)
{
    buf_printf(list, "%s%s", list->len ? ", " : "", name);
}

static enum err check_entry(struct load *load, const struct env_entry *entry, struct lists *lists)
{
    static const char *const theirs[] = { "DRACHTIO_", "RTPENGINE_", "NODE_ENV", "COMPOSE_" };
    struct slice name = slice_of(entry->name);
    if (entry->first_line)
        config_say(&load->config->warnings,
                   "%s:%d: %s stands in line %d already; the last one is used", load->env_name,
                   entry->line, entry->name, entry->first_line);
    if (is_known(name))
        return OK;
    if (starts_with_any(name, ours, COUNT_OF(ours)))
        return unknown(load, load->env_name, entry->line, name);
    if (starts_with_any(name, theirs, COUNT_OF(theirs)))
        put_name(&lists->foreign, entry->name);
    else if (!entry->is_used)
        put_name(&lists->strange, entry->name);
    return OK;
}

enum err config_check_variables(struct load *load)
{
    char foreign[LIST_MAX];
    char strange[LIST_MAX];
    struct lists lists = { BUF_ON(foreign), BUF_ON(strange) };
    enum err err = check_environment(load);
    for (size_t i = 0; load->env && !err && i < env_file_count(load->env); i++)
        err = check_entry(load, env_file_at(load->env, i), &lists);
    if (err)
        return err;
    struct config_list *warnings = &load->config->warnings;
    if (lists.foreign.len)
        config_say(warnings, "%s: %s belong to other programs and have no meaning here",
                   load->env_name, lists.foreign.overflow ? "many keys" : buf_cstr(&lists.foreign));
    if (lists.strange.len)
        config_say(warnings, "%s: nothing uses %s", load->env_name,
                   lists.strange.overflow ? "many keys" : buf_cstr(&lists.strange));
    return OK;
}
