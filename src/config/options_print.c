/* The sample file and the list of variables, from the rows. */
#include "options.h"

#include "base/num.h"

enum { PATH_MAX_LEN = 128, NAME_WIDTH = 28, INDENT = 2 };

static size_t depth_of(struct slice path)
{
    size_t depth = 0;
    for (size_t i = 0; i < path.len; i++)
        depth += path.ptr[i] == '.';
    return depth;
}

static void put_indent(struct buf *out, size_t depth)
{
    for (size_t i = 0; i < depth * INDENT; i++)
        buf_char(out, ' ');
}

/* "listen.sip.udp" without its last part: "listen.sip" */
static struct slice group_of(const char *key)
{
    struct slice path = slice_of(key);
    size_t len = path.len;
    while (len > 0 && path.ptr[len - 1] != '.')
        len--;
    return slice_sub(path, 0, len ? len - 1 : 0);
}

/* Open the groups of `now` in which `before` was not. */
static void put_groups(struct buf *out, struct slice before, struct slice now)
{
    struct slice rest = now;
    size_t shared = 0; /* bytes of whole parts that both have */
    size_t depth = 0;
    while (!slice_empty(rest)) {
        struct slice part = slice_cut(&rest, '.');
        size_t end = (size_t)(part.ptr - now.ptr) + part.len; /* inside now */
        bool is_open = slice_eq(slice_sub(now, 0, end), slice_sub(before, 0, end)) &&
                       (before.len == end || (before.len > end && before.ptr[end] == '.')) &&
                       shared <= end;
        if (is_open)
            shared = end;
        else {
            put_indent(out, depth);
            buf_printf(out, "%.*s:\n", SLICE_ARG(part));
        }
        depth++;
    }
}

static void put_row(struct buf *out, const struct option *row)
{
    struct slice group = group_of(row->key);
    size_t depth = depth_of(slice_of(row->key));
    const char *name = row->key + group.len + (group.len ? 1 : 0);
    put_indent(out, depth);
    buf_printf(out, "# %s", row->help);
    if (row->env)
        buf_printf(out, " (%s)", row->env);
    buf_char(out, '\n');
    put_indent(out, depth);
    if (row->value)
        buf_printf(out, "%s: \"%s\"\n", name, row->value);
    else
        buf_printf(out, "# %s:\n", name);
}

static void put_example(struct buf *out, const struct option_table *table, const char *head,
                        const char *indent, const char *tail)
{
    buf_text(out, head);
    for (size_t i = 0; i < table->n; i++)
        buf_printf(out, "#%s%s: %s%s# %s\n", indent, table->rows[i].key,
                   table->rows[i].value ? table->rows[i].value : "",
                   table->rows[i].value ? "  " : " ", table->rows[i].help);
    buf_text(out, tail);
}

void options_print_sample(struct buf *out)
{
    struct slice group = SLICE("");
    buf_text(out,
             "# tandem.yaml: every option with its default. ${NAME} stands for a variable of\n"
             "# the environment or of .env. `tandem check` reads it like the daemon does.\n\n");
    for (size_t i = 0; i < options_top.n; i++) {
        const struct option *row = &options_top.rows[i];
        if (!row->key)
            continue;
        put_groups(out, group, group_of(row->key));
        group = group_of(row->key);
        put_row(out, row);
    }
    put_example(out, &options_trunk,
                "\n# Providers and PBXs, each with a name.\n# trunks:\n#   acme:\n", "     ", "");
    put_example(out, &options_route,
                "\n# Tried in this order; the first that fits decides.\n# routes:\n#   -\n",
                "     ", "");
    put_example(out, &options_user, "\n# Users whose phones may register.\n# users:\n#   alice:\n",
                "     ", "");
    buf_text(out, "\n# Call scripts with names: documents, or files beside this one.\n"
                  "# scripts:\n#   closed:\n"
                  "#     sections: {main: [{play: \"say:We are closed.\"}]}\n");
}

static void put_variables(struct buf *out, const struct option_table *table)
{
    for (size_t i = 0; i < table->n; i++) {
        const struct option *row = &table->rows[i];
        if (!row->env)
            continue;
        buf_printf(out, "  %-*s %s", NAME_WIDTH, row->env, row->help);
        if (row->value && row->value[0])
            buf_printf(out, " [%s]", row->value);
        buf_char(out, '\n');
    }
}

void options_print_variables(struct buf *out)
{
    buf_text(out, "One provider, from the environment or .env:\n");
    put_variables(out, &options_trunk);
    buf_text(out, "\nA Kandy cloud (Etisalat CloudTalk) as the trunk \"kandy\":\n");
    put_variables(out, &options_kandy);
    buf_text(out, "\nEverything else:\n");
    put_variables(out, &options_top);
}

/* "# NAME=value", below what it means; the five show what a value looks like. */
static void put_env_row(struct buf *out, const struct option *row, const char *example)
{
    const char *value = example ? example : row->value;
    buf_printf(out, "# %s\n#%s=%s\n", row->help, row->env, value ? value : "");
}

static const struct {
    const char *name, *example;
} env_first[] = {
    { "SIP_TRUNK_HOST", "sip.example.com" },
    { "SIP_TRUNK_PORT", NULL },
    { "SIP_USERNAME", "your_username" },
    { "SIP_PASSWORD", "your_password" },
    { "SIP_DOMAIN", "example.com" },
    { "PUBLIC_IP", "auto" },
    { "SERVER_PORT", "3000" },
    { "WEB_CLIENT_PORT", "8080" },
    { "LOG_LEVEL", NULL },
};

static bool is_first(const char *name)
{
    for (size_t i = 0; i < COUNT_OF(env_first); i++)
        if (slice_is(slice_of(name), env_first[i].name))
            return true;
    return false;
}

static void put_env_rest(struct buf *out, const struct option_table *table)
{
    for (size_t i = 0; i < table->n; i++)
        if (table->rows[i].env && !is_first(table->rows[i].env))
            put_env_row(out, &table->rows[i], NULL);
}

void options_print_env(struct buf *out)
{
    buf_text(out,
             "# Copy this file to .env, take the # off the lines that you need and fill them "
             "in.\n# `tandem check` reads it as the daemon does; `tandem reload` lets a running "
             "daemon\n# read it again. The environment wins over this file.\n"
             "# docs/connect-a-provider.md has the lines for each provider.\n\n"
             "# --- one provider: the first five are enough ---\n");
    for (size_t i = 0; i < COUNT_OF(env_first); i++)
        put_env_row(out, option_find_env(slice_of(env_first[i].name)), env_first[i].example);
    buf_text(out, "\n# --- more about the provider ---\n");
    put_env_rest(out, &options_trunk);
    buf_text(out,
             "\n# --- a Kandy cloud, such as Etisalat CloudTalk: the first two are enough ---\n");
    put_env_rest(out, &options_kandy);
    buf_text(out, "\n# --- the gateway itself ---\n");
    put_env_rest(out, &options_top);
}
