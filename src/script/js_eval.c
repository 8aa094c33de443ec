/* Walking the tree: names, members, calls. */
#include <string.h>

#include "base/num.h"
#include "script/js_ast.h"

enum { ARGS_MAX = 64 };

static struct js_value name_value(struct js *js, struct slice name, const struct js_env *env)
{
    for (; env; env = env->up)
        for (size_t i = 0; i < env->n; i++)
            if (slice_eq(env->names[i], name))
                return env->values[i];
    const json_t *json = js->scope->find ? js->scope->find(js->scope->owner, name) : NULL;
    return json ? js_of_json(js, json) : js_global(name);
}

/* Only what is written can be reached: there are no prototypes, and no constructor to climb. */
static struct js_value member(struct js *js, struct js_value of, struct slice name)
{
    double index;
    switch (of.kind) {
    case JS_UNDEFINED:
    case JS_NULL:
        js_throw(js, ERR_INVALID, "cannot read '%.*s' of %s", SLICE_ARG(name),
                 of.kind == JS_NULL ? "null" : "undefined");
    case JS_MAP:
        return js_map_get(js, of.map, name);
    case JS_SPACE:
        return js_space_constant(of.space, name);
    case JS_LIST:
        if (slice_is(name, "length"))
            return js_number((double)js_list_len(of.list));
        index = js_text_number(name);
        if (index >= 0 && index < (double)js_list_len(of.list) && index == (double)(size_t)index)
            return js_list_at(js, of.list, (size_t)index);
        return JS_NOTHING;
    case JS_TEXT:
        if (slice_is(name, "length"))
            return js_number((double)js_char_count(of.text));
        index = js_text_number(name);
        if (name.len && index >= 0 && index < (double)of.text.len) {
            size_t at = js_char_at(of.text, (size_t)index);
            size_t end = js_char_at(of.text, (size_t)index + 1);
            return at < end ? js_slice(slice_sub(of.text, at, end - at)) : JS_NOTHING;
        }
        return JS_NOTHING;
    case JS_BOOL:
    case JS_NUMBER:
    case JS_ARROW:
    case JS_BUILTIN:
    case JS_REGEX:
    case JS_DATE:
        return JS_NOTHING;
    }
    return JS_NOTHING;
}

static struct js_value indexed(struct js *js, struct js_value of, struct js_value index)
{
    if (of.kind == JS_LIST && index.kind == JS_NUMBER) {
        bool in = index.number >= 0 && index.number < (double)js_list_len(of.list) &&
                  index.number == (double)(size_t)index.number;
        return in ? js_list_at(js, of.list, (size_t)index.number) : JS_NOTHING;
    }
    return member(js, of, js_to_text(js, index));
}

js_fn js_table_find(const struct js_builtin *rows, size_t n, struct slice name)
{
    for (size_t i = 0; i < n; i++)
        if (slice_is(name, rows[i].name))
            return rows[i].fn;
    return NULL;
}

static js_fn find_method(struct js_value self, struct slice name)
{
    switch (self.kind) {
    case JS_TEXT:
        return js_text_method(name);
    case JS_LIST:
        return js_list_method(name);
    case JS_NUMBER:
    case JS_BOOL:
        return js_number_method(name);
    case JS_DATE:
        return js_date_method(name);
    case JS_REGEX:
        return js_regex_method(name);
    case JS_SPACE:
        return js_table_find(self.space->functions, self.space->n_functions, name);
    case JS_UNDEFINED:
    case JS_NULL:
    case JS_MAP:
    case JS_ARROW:
    case JS_BUILTIN:
        return NULL;
    }
    return NULL;
}

struct js_value js_method(struct js *js, struct js_value self, struct slice name,
                          const struct js_value *args, size_t n)
{
    js_fn fn = find_method(self, name);
    if (js_is_nullish(self))
        js_throw(js, ERR_INVALID, "cannot call '%.*s' of %s", SLICE_ARG(name),
                 self.kind == JS_NULL ? "null" : "undefined");
    if (!fn)
        js_throw(js, ERR_INVALID, "'%.*s' is not a function here", SLICE_ARG(name));
    struct js_call call = { self, args, n };
    js_step(js, 1);
    return fn(js, &call);
}

static void descend(struct js *js)
{
    if (++js->depth > JS_RUN_DEPTH_MAX)
        js_throw(js, ERR_LIMIT, "the expression calls itself too often");
}

struct js_value js_invoke(struct js *js, struct js_value fn, const struct js_value *args, size_t n)
{
    struct js_call call = { JS_NOTHING, args, n };
    if (fn.kind == JS_BUILTIN)
        return fn.builtin(js, &call);
    if (fn.kind == JS_SPACE && fn.space->call)
        return fn.space->call(js, &call);
    if (fn.kind != JS_ARROW)
        js_throw(js, ERR_INVALID, "%s is not a function", js_type_name(fn));
    const struct js_node *node = fn.arrow->node;
    struct js_env *env = js_alloc(js, sizeof *env);
    *env = (struct js_env){ .up = fn.arrow->env, .names = node->names, .n = node->n };
    env->values = js_alloc(js, (node->n + 1) * sizeof *env->values);
    for (size_t i = 0; i < node->n; i++)
        env->values[i] = i < n ? args[i] : JS_NOTHING;
    return js_run(js, node->a, env);
}

/* Arguments and items, with what `...` spreads. */
static struct js_list *spread(struct js *js, const struct js_node *node, const struct js_env *env)
{
    struct js_list *list = js_new_list(js).list;
    for (size_t i = 0; i < node->n; i++) {
        if (node->list[i]->kind != JS_SPREAD) {
            js_list_push(js, list, js_run(js, node->list[i], env));
            continue;
        }
        struct js_value from = js_run(js, node->list[i]->a, env);
        if (from.kind == JS_TEXT) {
            struct js_value nothing = js_slice(SLICE(""));
            from = js_method(js, from, SLICE("split"), &nothing, 1);
        }
        if (from.kind != JS_LIST)
            js_throw(js, ERR_INVALID, "%s cannot be spread", js_type_name(from));
        for (size_t k = 0; k < js_list_len(from.list); k++)
            js_list_push(js, list, js_list_at(js, from.list, k));
    }
    return list;
}

static struct js_value object(struct js *js, const struct js_node *node, const struct js_env *env)
{
    struct js_value object = js_new_map(js);
    for (size_t i = 0; i < node->n; i++) {
        if (node->list[i]->kind != JS_SPREAD) {
            struct slice key = js_to_text(js, js_run(js, node->list[i], env));
            js_map_set(js, object.map, key, js_run(js, node->list[++i], env));
            continue;
        }
        struct js_value from = js_run(js, node->list[i]->a, env);
        if (from.kind != JS_MAP)
            continue;
        js_map_load(js, from.map);
        for (size_t k = 0; k < from.map->n; k++)
            js_map_set(js, object.map, from.map->members[k].key, from.map->members[k].value);
    }
    return object;
}

static struct js_value template(struct js *js, const struct js_node *node, const struct js_env *env)
{
    struct js_value text = js_slice(SLICE(""));
    for (size_t i = 0; i < node->n; i++) {
        struct js_value part = js_slice(js_to_text(js, js_run(js, node->list[i], env)));
        text = js_binary(js, JS_OP_ADD, text, part);
    }
    return text;
}

/* a?.b.c is undefined as a whole when a is (ECMA-262 §13.3.9): `*cut` says that it was. */
static struct js_value chain(struct js *js, const struct js_node *node, const struct js_env *env,
                             bool *cut);

static struct js_value call(struct js *js, const struct js_node *node, const struct js_env *env,
                            bool *cut)
{
    const struct js_node *callee = node->a;
    struct js_value self = JS_NOTHING, fn = JS_NOTHING;
    struct slice name = SLICE_NONE;
    bool is_method = callee->kind == JS_MEMBER || callee->kind == JS_INDEX;
    if (is_method) {
        self = chain(js, callee->a, env, cut);
        if (*cut || (callee->optional && js_is_nullish(self))) {
            *cut = true;
            return JS_NOTHING;
        }
        name =
            callee->kind == JS_MEMBER ? callee->name : js_to_text(js, js_run(js, callee->b, env));
    } else {
        fn = chain(js, callee, env, cut);
        if (*cut || (node->optional && js_is_nullish(fn))) {
            *cut = true;
            return JS_NOTHING;
        }
    }
    struct js_list *args = spread(js, node, env);
    if (args->n > ARGS_MAX && !is_method)
        js_throw(js, ERR_LIMIT, "too many arguments");
    if (self.kind == JS_MAP) { /* an arrow function in an object literal */
        fn = js_map_get(js, self.map, name);
        if (fn.kind == JS_UNDEFINED && slice_is(name, "hasOwnProperty") && args->n == 1)
            return js_bool(js_map_get(js, self.map, js_to_text(js, args->items[0])).kind !=
                           JS_UNDEFINED);
        if (fn.kind == JS_UNDEFINED && slice_is(name, "toString"))
            return js_slice(js_to_text(js, self));
        is_method = false;
    }
    return is_method ? js_method(js, self, name, args->items, args->n)
                     : js_invoke(js, fn, args->items, args->n);
}

static struct js_value chain(struct js *js, const struct js_node *node, const struct js_env *env,
                             bool *cut)
{
    if (node->kind == JS_CALL)
        return call(js, node, env, cut);
    if (node->kind != JS_MEMBER && node->kind != JS_INDEX)
        return js_run(js, node, env);
    descend(js);
    struct js_value of = chain(js, node->a, env, cut);
    js->depth--;
    if (*cut || (node->optional && js_is_nullish(of))) {
        *cut = true;
        return JS_NOTHING;
    }
    return node->kind == JS_MEMBER ? member(js, of, node->name)
                                   : indexed(js, of, js_run(js, node->b, env));
}

static struct js_value construct(struct js *js, const struct js_node *node,
                                 const struct js_env *env)
{
    struct js_value class = js_run(js, node->a, env);
    if (class.kind != JS_SPACE || !class.space->create)
        js_throw(js, ERR_UNSUPPORTED, "new %.*s is not for expressions", SLICE_ARG(node->a->name));
    struct js_list *args = spread(js, node, env);
    struct js_call call = { JS_NOTHING, args->items, args->n };
    return class.space->create(js, &call);
}

static struct js_value logic(struct js *js, const struct js_node *node, const struct js_env *env)
{
    struct js_value a = js_run(js, node->a, env);
    bool take_b = node->op == JS_OP_AND  ? js_is_true(a)
                  : node->op == JS_OP_OR ? !js_is_true(a)
                                         : js_is_nullish(a);
    return take_b ? js_run(js, node->b, env) : a;
}

static struct js_value function(struct js *js, const struct js_node *node, const struct js_env *env)
{
    struct js_arrow *arrow = js_alloc(js, sizeof *arrow);
    *arrow = (struct js_arrow){ node, env };
    return (struct js_value){ .kind = JS_ARROW, .arrow = arrow };
}

static struct js_value visit(struct js *js, const struct js_node *node, const struct js_env *env)
{
    bool cut = false;
    switch (node->kind) {
    case JS_CONST:
        return node->value;
    case JS_NAME:
        return name_value(js, node->name, env);
    case JS_TEMPLATE:
        return template(js, node, env);
    case JS_ARRAY:
        return (struct js_value){ .kind = JS_LIST, .list = spread(js, node, env) };
    case JS_OBJECT:
        return object(js, node, env);
    case JS_SPREAD:
        js_throw(js, ERR_PARSE, "'...' stands in no list");
    case JS_FUNCTION:
        return function(js, node, env);
    case JS_UNARY:
        return js_unary(js, node->op, js_run(js, node->a, env));
    case JS_BINARY: {
        struct js_value a = js_run(js, node->a, env);
        return js_binary(js, node->op, a, js_run(js, node->b, env));
    }
    case JS_LOGIC:
        return logic(js, node, env);
    case JS_CHOICE:
        return js_run(js, js_is_true(js_run(js, node->a, env)) ? node->b : node->c, env);
    case JS_MEMBER:
    case JS_INDEX:
    case JS_CALL:
        return chain(js, node, env, &cut);
    case JS_NEW:
        return construct(js, node, env);
    }
    return JS_NOTHING;
}

struct js_value js_run(struct js *js, const struct js_node *node, const struct js_env *env)
{
    js_step(js, 1);
    descend(js);
    struct js_value value = visit(js, node, env);
    js->depth--;
    return value;
}
