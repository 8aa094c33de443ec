#include "call/route.h"

#include <stdio.h>

#include "base/map.h"
#include "base/mem.h"

enum { ROUTE_RULES_MAX = 1000, ROUTE_BUILTINS_MAX = 16 };

struct router {
    struct route_rule *rules;
    size_t n_rules;
    struct map *numbers; /* number -> struct route_target */
    struct route_target fallback;
    char builtins[ROUTE_BUILTINS_MAX][32];
    size_t n_builtins;
    router_user_fn is_user;
    void *user_owner;
    bool allow_uris;
};

struct router *router_create(void)
{
    struct router *router = mem_new(struct router);
    router->numbers = map_create();
    return router;
}

void router_clear_numbers(struct router *router)
{
    size_t cursor = 0;
    void *value;
    while (map_next(router->numbers, &cursor, NULL, &value))
        mem_free(value);
    map_destroy(router->numbers);
    router->numbers = map_create();
}

void router_destroy(struct router *router)
{
    if (!router)
        return;
    router_clear_numbers(router);
    map_destroy(router->numbers);
    mem_free(router->rules);
    mem_free(router);
}

void router_clear_rules(struct router *router)
{
    mem_free(router->rules);
    router->rules = NULL;
    router->n_rules = 0;
}

void router_add_rule(struct router *router, const struct route_rule *rule)
{
    if (router->n_rules == ROUTE_RULES_MAX)
        return; /* the configuration refuses more before it comes here */
    router->rules = mem_resize(router->rules, (router->n_rules + 1) * sizeof *router->rules);
    router->rules[router->n_rules++] = *rule;
}

static bool has_control(struct slice text)
{
    for (size_t i = 0; i < text.len; i++)
        if ((unsigned char)text.ptr[i] < 0x20 || text.ptr[i] == 0x7f)
            return true;
    return false;
}

enum err route_target_parse(struct slice text, struct route_target *out)
{
    struct slice rest = text;
    struct slice kind = slice_cut(&rest, ':');
    struct route_target target = { 0 };
    if (kind.len == text.len || slice_empty(kind) || slice_empty(rest) || has_control(text) ||
        !slice_copy(kind, target.kind, sizeof target.kind))
        return ERR_PARSE;
    if (slice_is(kind, "uri") || slice_is(kind, "swml")) { /* a URI may hold any slash */
        if (!slice_copy(rest, target.number, sizeof target.number))
            return ERR_LIMIT;
    } else {
        struct slice name = slice_cut(&rest, '/');
        if (!slice_copy(name, target.name, sizeof target.name) ||
            !slice_copy(rest, target.number, sizeof target.number))
            return ERR_LIMIT;
    }
    *out = target;
    return OK;
}

const char *route_target_print(const struct route_target *target, char *out, size_t cap)
{
    struct slice number = slice_of(target->number);
    size_t scheme = slice_find(number, SLICE("://"));
    if (scheme < number.len) { /* user:password@ and the query are nobody's business */
        number = slice_from(number, scheme + 3);
        struct slice rest = number, authority = slice_cut(&rest, '/');
        size_t at = slice_index(authority, '@');
        number = slice_sub(number, at < authority.len ? at + 1 : 0, number.len);
        number = slice_sub(number, 0, slice_index(number, '?'));
    }
    snprintf(out, cap, "%s:%s%s%.*s", target->kind, target->name,
             target->name[0] && number.len ? "/" : "", SLICE_ARG(number));
    return out;
}

/* Carriers send the same number with and without its plus. */
static struct slice without_plus(struct slice number)
{
    return number.len && number.ptr[0] == '+' ? slice_from(number, 1) : number;
}

enum err router_set_number(struct router *router, struct slice number, struct slice to)
{
    struct route_target target;
    enum err err = route_target_parse(to, &target);
    if (err)
        return err;
    mem_free(map_put(router->numbers, without_plus(number), mem_copy(&target, sizeof target)));
    return OK;
}

void router_set_default(struct router *router, const struct route_target *target)
{
    router->fallback = *target;
}

void router_add_builtin(struct router *router, const char *name)
{
    if (router->n_builtins < ROUTE_BUILTINS_MAX)
        snprintf(router->builtins[router->n_builtins++], sizeof router->builtins[0], "%s", name);
}

void router_set_user_check(struct router *router, router_user_fn fn, void *owner)
{
    router->is_user = fn;
    router->user_owner = owner;
}

void router_allow_uris(struct router *router, bool on)
{
    router->allow_uris = on;
}

/* One element of a pattern against one character; `*len` is the element's length. */
static bool element_matches(struct slice pattern, char c, size_t *len)
{
    *len = 1;
    switch (pattern.ptr[0]) {
    case 'X':
        return c >= '0' && c <= '9';
    case 'Z':
        return c >= '1' && c <= '9';
    case 'N':
        return c >= '2' && c <= '9';
    case '[':
        break;
    default:
        return pattern.ptr[0] == c;
    }
    size_t end = slice_index(pattern, ']');
    if (end == pattern.len)
        return false;
    *len = end + 1;
    for (size_t i = 1; i < end; i++) {
        if (i + 2 < end && pattern.ptr[i + 1] == '-') {
            if (c >= pattern.ptr[i] && c <= pattern.ptr[i + 2])
                return true;
            i += 2;
        } else if (pattern.ptr[i] == c) {
            return true;
        }
    }
    return false;
}

bool route_pattern_match(struct slice pattern, struct slice number)
{
    if (pattern.len && pattern.ptr[0] == '_') /* as people write it in a dial plan */
        pattern = slice_from(pattern, 1);
    while (pattern.len) {
        if (pattern.len == 1 && pattern.ptr[0] == '*')
            return true;
        if (pattern.len == 1 && pattern.ptr[0] == '.') /* one or more */
            return number.len > 0;
        size_t len;
        if (!number.len || !element_matches(pattern, number.ptr[0], &len))
            return false;
        pattern = slice_from(pattern, len);
        number = slice_from(number, 1);
    }
    return number.len == 0;
}

static bool is_uri(struct slice text)
{
    return slice_istarts(text, SLICE("sip:")) || slice_istarts(text, SLICE("sips:")) ||
           slice_istarts(text, SLICE("tel:"));
}

static void plan_add(struct route_plan *plan, const struct route_target *target, unsigned step,
                     struct slice dialled)
{
    if (plan->n == ROUTE_TARGETS_MAX)
        return;
    struct route_target *to = &plan->targets[plan->n];
    *to = *target;
    if (!to->number[0] && slice_is(slice_of(to->kind), "trunk"))
        (void)slice_copy(dialled, to->number, sizeof to->number);
    plan->step[plan->n++] = step;
}

static void plan_one(struct route_plan *plan, const char *kind, struct slice name)
{
    struct route_target target = { 0 };
    snprintf(target.kind, sizeof target.kind, "%s", kind);
    if (slice_copy(name, target.name, sizeof target.name))
        plan_add(plan, &target, 0, SLICE_NONE);
}

static bool rule_applies(const struct route_rule *rule, const struct route_query *query)
{
    if (rule->face[0] && !slice_is(query->face, rule->face))
        return false;
    if (rule->trunk[0] && !slice_is(query->trunk, rule->trunk))
        return false;
    if (rule->name[0])
        return slice_is(query->dialled, rule->name);
    if (rule->pattern[0])
        return route_pattern_match(slice_of(rule->pattern), query->dialled);
    return true; /* only conditions, or none: everything */
}

static bool by_rules(const struct router *router, const struct route_query *query,
                     struct route_plan *plan)
{
    for (size_t i = 0; i < router->n_rules; i++) {
        const struct route_rule *rule = &router->rules[i];
        if (!rule_applies(rule, query))
            continue;
        for (size_t k = 0; k < rule->n_targets; k++)
            plan_add(plan, &rule->targets[k], rule->step[k],
                     rule->name[0] ? SLICE_NONE : query->dialled);
        snprintf(plan->why, sizeof plan->why, "route %s",
                 rule->name[0]      ? rule->name
                 : rule->pattern[0] ? rule->pattern
                                    : "without condition");
        return true;
    }
    return false;
}

static bool by_number(const struct router *router, struct slice dialled, struct route_plan *plan)
{
    const struct route_target *target = map_find(router->numbers, without_plus(dialled));
    if (!target)
        return false;
    plan_add(plan, target, 0, dialled);
    snprintf(plan->why, sizeof plan->why, "number %.*s", SLICE_ARG(dialled));
    return true;
}

static bool by_builtin(const struct router *router, struct slice dialled, struct route_plan *plan)
{
    struct slice name = dialled;
    if (slice_istarts(name, SLICE("builtin:")))
        name = slice_from(name, 8);
    for (size_t i = 0; i < router->n_builtins; i++)
        if (slice_is(name, router->builtins[i])) {
            plan_one(plan, "builtin", name);
            snprintf(plan->why, sizeof plan->why, "built-in %s", router->builtins[i]);
            return true;
        }
    return false;
}

static bool by_user(const struct router *router, struct slice dialled, struct route_plan *plan)
{
    struct slice name = dialled;
    if (slice_istarts(name, SLICE("user:")))
        name = slice_from(name, 5);
    if (!router->is_user || slice_empty(name) || !router->is_user(router->user_owner, name))
        return false;
    plan_one(plan, "user", name);
    snprintf(plan->why, sizeof plan->why, "user %.*s", SLICE_ARG(name));
    return true;
}

static bool by_uri(const struct router *router, struct slice dialled, struct route_plan *plan)
{
    struct route_target target = { .kind = "uri" };
    if (!router->allow_uris || !is_uri(dialled) ||
        !slice_copy(dialled, target.number, sizeof target.number))
        return false;
    plan_add(plan, &target, 0, SLICE_NONE);
    snprintf(plan->why, sizeof plan->why, "SIP URI");
    return true;
}

static bool by_default(const struct router *router, struct slice dialled, struct route_plan *plan)
{
    if (!router->fallback.kind[0])
        return false;
    /* a number that nobody knows may go to the provider, but not to an echo that answers it */
    if (!slice_empty(dialled) && !slice_is(slice_of(router->fallback.kind), "trunk"))
        return false;
    plan_add(plan, &router->fallback, 0, dialled);
    snprintf(plan->why, sizeof plan->why, "default destination");
    return true;
}

/* Calls of strangers must not cost money: whatever they dialled, a trunk is not for them. */
static enum err check_rights(const struct route_query *query, const struct route_plan *plan,
                             struct cause *cause)
{
    for (size_t i = 0; i < plan->n; i++) {
        const char *kind = plan->targets[i].kind;
        bool costs = slice_is(slice_of(kind), "trunk") || slice_is(slice_of(kind), "uri");
        if (costs && !query->may_use_trunks) {
            *cause = cause_of_status(403, CAUSE_BY_SYSTEM,
                                     "Calls to a trunk need a token (or bridge.anonymous: true).");
            return ERR_REFUSED;
        }
    }
    return OK;
}

enum err router_find(const struct router *router, const struct route_query *query,
                     struct route_plan *plan, struct cause *cause)
{
    *plan = (struct route_plan){ 0 };
    struct slice dialled = query->dialled;
    bool found;
    if (dialled.len >= ROUTE_TEXT_MAX) /* cut, it would reach somebody else */
        found = false;
    else if (slice_empty(dialled))
        found = by_default(router, dialled, plan);
    else
        found = by_rules(router, query, plan) || by_number(router, dialled, plan) ||
                by_uri(router, dialled, plan) || by_builtin(router, dialled, plan) ||
                by_user(router, dialled, plan) ||
                (!is_uri(dialled) && by_default(router, dialled, plan));
    if (!found || !plan->n) {
        char text[200];
        snprintf(text, sizeof text, "No route leads to '%.*s'.",
                 SLICE_ARG(slice_sub(dialled, 0, ROUTE_TEXT_MAX)));
        *cause = cause_of_token("no_route", CAUSE_BY_SYSTEM, text);
        return ERR_NOT_FOUND;
    }
    return check_rights(query, plan, cause);
}
