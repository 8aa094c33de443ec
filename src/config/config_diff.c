#include "config_diff.h"

#include <string.h>

#include "base/mem.h"
#include "base/num.h"
#include "config/config_scripts.h"
#include "config_priv.h"
#include "options.h"

static size_t size_of(const struct option *row)
{
    static const size_t sizes[] = {
        [OPTION_TEXT] = sizeof(char *),
        [OPTION_SECRET] = sizeof(struct secret),
        [OPTION_SECRET_FILE] = sizeof(struct secret),
        [OPTION_BOOL] = sizeof(bool),
        [OPTION_NUMBER] = sizeof(int),
        [OPTION_WORD] = sizeof(int),
        [OPTION_LIST] = sizeof(struct config_list),
        [OPTION_BINDS] = sizeof(struct config_binds),
        [OPTION_HTTP_PORT] = 0, /* a part of the binds */
        [OPTION_RANGE] = sizeof(struct config_range),
        [OPTION_PAIRS] = sizeof(struct config_pairs),
    };
    return sizes[row->type];
}

static bool same_list(const struct config_list *a, const struct config_list *b)
{
    bool same = a->n == b->n;
    for (size_t i = 0; i < a->n && same; i++)
        same = strcmp(a->items[i], b->items[i]) == 0;
    return same;
}

static bool same_pairs(const struct config_pairs *a, const struct config_pairs *b)
{
    bool same = a->n == b->n;
    for (size_t i = 0; i < a->n && same; i++)
        same = strcmp(a->items[i].name, b->items[i].name) == 0 &&
               strcmp(a->items[i].value, b->items[i].value) == 0;
    return same;
}

static bool same_binds(const struct config_binds *a, const struct config_binds *b)
{
    bool same = a->n == b->n && a->is_auto == b->is_auto;
    for (size_t i = 0; i < a->n && same; i++)
        same = strcmp(a->items[i].host, b->items[i].host) == 0 &&
               a->items[i].port == b->items[i].port && a->items[i].root == b->items[i].root &&
               a->items[i].needs_auth == b->items[i].needs_auth;
    return same;
}

static const void *at(const struct option *row, const void *base)
{
    return (const char *)base + row->offset;
}

static bool same(const struct option *row, const void *base_a, const void *base_b)
{
    const void *a = at(row, base_a);
    const void *b = at(row, base_b);
    switch (row->type) {
    case OPTION_TEXT:
        return strcmp(*(char *const *)a, *(char *const *)b) == 0;
    case OPTION_SECRET:
    case OPTION_SECRET_FILE:
        return secret_is(a, secret_reveal(b));
    case OPTION_LIST:
        return same_list(a, b);
    case OPTION_PAIRS:
        return same_pairs(a, b);
    case OPTION_BINDS:
        return same_binds(a, b);
    case OPTION_BOOL:
    case OPTION_NUMBER:
    case OPTION_WORD:
    case OPTION_RANGE:
    case OPTION_HTTP_PORT:
        return memcmp(a, b, size_of(row)) == 0;
    }
    return false;
}

static void copy_list(struct config_list *to, const struct config_list *from)
{
    *to = (struct config_list){ .items = mem_array(from->n, sizeof *to->items), .n = from->n };
    for (size_t i = 0; i < from->n; i++)
        to->items[i] = slice_dup(slice_of(from->items[i]));
}

static void copy_pairs(struct config_pairs *to, const struct config_pairs *from)
{
    *to = (struct config_pairs){ .items = mem_array(from->n, sizeof *to->items), .n = from->n };
    for (size_t i = 0; i < from->n; i++) {
        to->items[i].name = slice_dup(slice_of(from->items[i].name));
        to->items[i].value = slice_dup(slice_of(from->items[i].value));
    }
}

/* What stood there is freed. */
static void copy(const struct option *row, void *base_to, const void *base_from)
{
    void *to = (char *)base_to + row->offset;
    const void *from = at(row, base_from);
    option_reset(row, base_to);
    switch (row->type) {
    case OPTION_TEXT:
        mem_free(*(char **)to);
        *(char **)to = slice_dup(slice_of(*(char *const *)from));
        break;
    case OPTION_SECRET:
    case OPTION_SECRET_FILE:
        secret_set(to, secret_reveal(from));
        break;
    case OPTION_LIST:
        copy_list(to, from);
        break;
    case OPTION_PAIRS:
        copy_pairs(to, from);
        break;
    case OPTION_BOOL:
    case OPTION_NUMBER:
    case OPTION_WORD:
    case OPTION_RANGE:
    case OPTION_BINDS:
    case OPTION_HTTP_PORT:
        memcpy(to, from, size_of(row));
        break;
    }
}

static bool same_rows(const struct option_table *table, const void *a, const void *b)
{
    bool all = true;
    for (size_t i = 0; i < table->n && all; i++)
        all = same(&table->rows[i], a, b);
    return all;
}

bool config_trunk_same(const struct config_trunk *a, const struct config_trunk *b)
{
    return strcmp(a->name, b->name) == 0 && same_rows(&options_trunk, a, b);
}

struct config_trunk *config_trunk_copy(const struct config_trunk *trunk)
{
    struct config_trunk *own = mem_new(struct config_trunk);
    own->name = slice_dup(slice_of(trunk->name));
    options_init(&options_trunk, own);
    for (size_t i = 0; i < options_trunk.n; i++)
        copy(&options_trunk.rows[i], own, trunk);
    return own;
}

void config_trunk_destroy(struct config_trunk *trunk)
{
    if (!trunk)
        return;
    options_clear(&options_trunk, trunk);
    mem_free(trunk->name);
    mem_free(trunk);
}

static void compare_trunks(const struct config *fresh, const struct config *old,
                           struct config_list *changed)
{
    for (size_t i = 0; i < fresh->n_trunks; i++) {
        const struct config_trunk *trunk = &fresh->trunks[i];
        const struct config_trunk *before = config_trunk_find(old, slice_of(trunk->name));
        if (!before)
            config_say(changed, "trunk %s added", trunk->name);
        else if (!config_trunk_same(trunk, before))
            config_say(changed, "trunk %s changed", trunk->name);
    }
    for (size_t i = 0; i < old->n_trunks; i++)
        if (!config_trunk_find(fresh, slice_of(old->trunks[i].name)))
            config_say(changed, "trunk %s removed", old->trunks[i].name);
}

static void compare_routes(const struct config *fresh, const struct config *old,
                           struct config_list *changed)
{
    bool all = fresh->n_routes == old->n_routes;
    for (size_t i = 0; i < fresh->n_routes && all; i++)
        all = same_rows(&options_route, &fresh->routes[i], &old->routes[i]);
    if (!all)
        config_say(changed, "routes: %zu now, %zu before", fresh->n_routes, old->n_routes);
}

static void compare_users(const struct config *fresh, const struct config *old,
                          struct config_list *changed)
{
    bool all = fresh->n_users == old->n_users;
    for (size_t i = 0; i < fresh->n_users && all; i++)
        all = strcmp(fresh->users[i].name, old->users[i].name) == 0 &&
              same_rows(&options_user, &fresh->users[i], &old->users[i]);
    if (!all)
        config_say(changed, "users: %zu now, %zu before", fresh->n_users, old->n_users);
}

void config_compare(struct config *fresh, const struct config *old, struct config_list *changed,
                    struct config_list *restart)
{
    for (size_t i = 0; i < options_top.n; i++) {
        const struct option *row = &options_top.rows[i];
        if (!row->key || same(row, fresh, old))
            continue;
        config_say(row->is_reloadable ? changed : restart, "%s", row->key);
        if (!row->is_reloadable)
            copy(row, fresh, old);
    }
    compare_trunks(fresh, old, changed);
    compare_routes(fresh, old, changed);
    compare_users(fresh, old, changed);
    if (!config_scripts_same(fresh, old))
        config_say(changed, "scripts: %zu now, %zu before", fresh->n_scripts, old->n_scripts);
}

void config_list_clear(struct config_list *list)
{
    for (size_t i = 0; i < list->n; i++)
        mem_free(list->items[i]);
    mem_free(list->items);
    *list = (struct config_list){ 0 };
}
