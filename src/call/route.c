#include "call/route.h"

#include <stdio.h>

#include "base/map.h"
#include "base/mem.h"
#include "base/rand.h"
#include "call/route_match.h"

enum { ROUTE_RULES_MAX = 1000, ROUTE_BUILTINS_MAX = 16 };

struct emergency {
    char number[ROUTE_EMERGENCY_LEN];
    struct route_target target;
};

struct router {
    struct route_rule *rules;
    size_t n_rules;
    struct emergency *emergencies; /* in the order in which trunks are to be tried */
    size_t n_emergencies;
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
    router_clear_rules(router);
    mem_free(router);
}

void router_clear_rules(struct router *router)
{
    mem_free(router->rules);
    router->rules = NULL;
    router->n_rules = 0;
    mem_free(router->emergencies);
    router->emergencies = NULL;
    router->n_emergencies = 0;
}

void router_add_emergency(struct router *router, struct slice number,
                          const struct route_target *target)
{
    struct emergency one = { .target = *target };
    if (router->n_emergencies == ROUTE_RULES_MAX ||
        !slice_copy(number, one.number, sizeof one.number))
        return; /* the configuration refuses both before they come here */
    router->emergencies =
        mem_resize(router->emergencies, (router->n_emergencies + 1) * sizeof *router->emergencies);
    router->emergencies[router->n_emergencies++] = one;
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
    if (slice_is(kind, "uri") || slice_is(kind, "swml") ||
        slice_is(kind, "laml")) { /* a URI may hold any slash */
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

void router_set_number_owner(struct router *router, struct slice number, const char *project_id)
{
    struct route_target *target = map_find(router->numbers, without_plus(number));
    if (!target)
        return;
    snprintf(target->project_id, sizeof target->project_id, "%s", project_id);
    (void)slice_copy(number, target->of_number, sizeof target->of_number);
}

void router_set_number_srtp(struct router *router, struct slice number, enum route_srtp srtp)
{
    struct route_target *target = map_find(router->numbers, without_plus(number));
    if (target)
        target->srtp = srtp;
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

/* One of those that are left, in proportion to its weight: RFC 2782's way. */
static size_t draw(const struct route_rule *rule, const bool *is_taken)
{
    uint32_t sum = 0;
    size_t last = 0;
    for (size_t i = 0; i < rule->n_targets; i++)
        sum += is_taken[i] ? 0 : rule->weight[i];
    uint32_t at = sum ? rand_u32() % sum : 0;
    for (size_t i = rule->n_targets; i-- > 0;) {
        if (is_taken[i])
            continue;
        last = i;
        if (sum && at < rule->weight[i])
            break;
        at -= sum ? rule->weight[i] : 0;
    }
    return last;
}

static void plan_by_weight(struct route_plan *plan, const struct route_rule *rule,
                           struct slice dialled)
{
    bool is_taken[ROUTE_RULE_TARGETS] = { false };
    for (unsigned step = 0; step < rule->n_targets; step++) {
        size_t i = draw(rule, is_taken);
        is_taken[i] = true;
        plan_add(plan, &rule->targets[i], step, dialled);
    }
}

static void plan_rule(struct route_plan *plan, const struct route_rule *rule, struct slice dialled)
{
    plan->ring_timeout_ms = rule->ring_timeout_ms;
    if (rule->by_weight)
        plan_by_weight(plan, rule, dialled);
    for (size_t k = 0; k < rule->n_targets && !rule->by_weight; k++)
        plan_add(plan, &rule->targets[k], rule->step[k], dialled);
}

/* "route +1NXX., face sip, header X-Team": what decided, for people. */
static void tell_rule(const struct route_rule *rule, struct route_plan *plan)
{
    const struct {
        const char *word, *value;
    } rows[] = { { "face", rule->face },
                 { "from_trunk", rule->trunk },
                 { "user", rule->user },
                 { "header", rule->header } };
    struct buf why = BUF_ON(plan->why);
    buf_printf(&why, "route %s",
               rule->name[0]      ? rule->name
               : rule->pattern[0] ? rule->pattern
                                  : "for any number");
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (rows[i].value[0])
            buf_printf(&why, ", %s %s", rows[i].word, rows[i].value);
    buf_text(&why, rule->by_weight ? ", by weight" : "");
    (void)buf_cstr(&why);
}

static void tell_users(struct route_plan *plan, struct slice number)
{
    for (size_t i = 0; i < plan->n; i++)
        if (slice_is(slice_of(plan->targets[i].kind), "user") && !plan->targets[i].number[0])
            (void)slice_copy(number, plan->targets[i].number, sizeof plan->targets[i].number);
}

static bool by_rules(const struct router *router, const struct route_query *query,
                     struct slice number, bool last, struct route_plan *plan)
{
    for (size_t i = 0; i < router->n_rules; i++) {
        const struct route_rule *rule = &router->rules[i];
        if (rule->is_last != last || !route_rule_applies(rule, query, number))
            continue;
        plan_rule(plan, rule, rule->name[0] ? SLICE_NONE : number);
        if (last)
            tell_users(plan, number);
        plan->is_granted = rule->trunk[0] != '\0';
        tell_rule(rule, plan);
        return true;
    }
    return false;
}

/* Help must not wait for anything: every trunk that can bring it, one after the other. */
static bool by_emergency(const struct router *router, struct slice number, struct route_plan *plan)
{
    unsigned step = 0;
    for (size_t i = 0; i < router->n_emergencies; i++)
        if (slice_is(number, router->emergencies[i].number))
            plan_add(plan, &router->emergencies[i].target, step++, number);
    if (!step)
        return false;
    plan->is_emergency = true;
    snprintf(plan->why, sizeof plan->why, "emergency number %.*s", SLICE_ARG(number));
    return true;
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
    target.is_typed = true;
    plan_add(plan, &target, 0, SLICE_NONE);
    snprintf(plan->why, sizeof plan->why, "SIP URI (allow_uris)");
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

/* What somebody who calls by that face can do about it. */
static const char *no_right(const struct route_query *query)
{
    if (query->trunk.len)
        return "Calls from one trunk to another need a route with from_trunk.";
    if (slice_is(query->face, "bridge"))
        return "Calls to a trunk need a token (or bridge.anonymous: true).";
    return "Calls to a trunk are for accounts of ours: log in with one.";
}

/* Calls of strangers must not cost money: whatever they dialled, a trunk is not for them. */
static enum err check_rights(const struct route_query *query, const struct route_plan *plan,
                             struct cause *cause)
{
    for (size_t i = 0; i < plan->n; i++) {
        const char *kind = plan->targets[i].kind;
        bool costs = slice_is(slice_of(kind), "trunk") || slice_is(slice_of(kind), "uri");
        if (costs && !query->may_use_trunks && !plan->is_granted) {
            *cause = cause_of_status(403, CAUSE_BY_SYSTEM, no_right(query));
            return ERR_REFUSED;
        }
    }
    return OK;
}

static bool find(const struct router *router, const struct route_query *query,
                 struct route_plan *plan)
{
    struct slice dialled = query->dialled;
    char mem[ROUTE_TEXT_MAX];
    if (dialled.len >= ROUTE_TEXT_MAX) /* cut, it would reach somebody else */
        return false;
    struct slice number = route_plain_number(dialled, mem, sizeof mem);
    if (by_emergency(router, number, plan) || by_rules(router, query, number, false, plan))
        return true;
    if (slice_empty(dialled))
        return by_rules(router, query, number, true, plan) || by_default(router, dialled, plan);
    return by_number(router, number, plan) || by_rules(router, query, number, true, plan) ||
           by_uri(router, number, plan) || by_builtin(router, dialled, plan) ||
           by_user(router, dialled, plan) || (!is_uri(number) && by_default(router, number, plan));
}

bool router_find_number(const struct router *router, struct slice number, struct route_plan *plan)
{
    *plan = (struct route_plan){ 0 };
    return by_number(router, number, plan);
}

enum err router_find(const struct router *router, const struct route_query *query,
                     struct route_plan *plan, struct cause *cause)
{
    *plan = (struct route_plan){ 0 };
    if (!find(router, query, plan) || !plan->n) {
        char text[200];
        snprintf(text, sizeof text, "No route leads to '%.*s'.",
                 SLICE_ARG(slice_sub(query->dialled, 0, ROUTE_TEXT_MAX)));
        *cause = cause_of_token("no_route", CAUSE_BY_SYSTEM, text);
        return ERR_NOT_FOUND;
    }
    return check_rights(query, plan, cause);
}
