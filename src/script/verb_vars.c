/* set and unset. */
#include <string.h>

#include "base/mem.h"
#include "script/script_priv.h"
#include "script/swml_priv.h"
#include "script/verb_rows.h"

/* Names of the spaces are no names of variables. */
static bool is_taken(const char *name)
{
    static const char *const spaces[] = { "call", "envs", "params", "vars" };
    for (size_t i = 0; i < sizeof spaces / sizeof spaces[0]; i++)
        if (strcmp(name, spaces[i]) == 0)
            return true;
    return false;
}

/* `vars.name` is `name`. */
static const char *bare_name(const char *name)
{
    return strncmp(name, "vars.", 5) == 0 ? name + 5 : name;
}

static enum err check_set(const json_t *value, struct swml_place *place)
{
    const char *name;
    json_t *one;
    if (!json_is_object(value))
        return swml_fail(place, "element_wrong_type", "'set' is an object of names and values");
    json_object_foreach((json_t *)(uintptr_t)value, name, one)
    {
        if (is_taken(name))
            return swml_fail(place, "method_parameter_invalid_value",
                             "'%s' is no name of a variable", name);
    }
    return OK;
}

/* One after the other: a value may use names set earlier in the same step. */
static enum verb_next set(struct script *script, const json_t *value)
{
    const char *name;
    json_t *one;
    json_object_foreach((json_t *)(uintptr_t)value, name, one)
    {
        struct expr_scope scope = script_scope(script);
        struct fault fault = { 0 };
        json_t *expanded = NULL;
        if (expr_tree(&scope, one, NULL, &expanded, &fault)) {
            script_fail(script, &fault);
            return VERB_JUMPED;
        }
        script_set(script, bare_name(name), expanded);
    }
    return VERB_DONE;
}

static enum err check_unset(const json_t *value, struct swml_place *place)
{
    const json_t *name;
    size_t i;
    if (!json_is_string(value) && !json_is_array(value))
        return swml_fail(place, "element_wrong_type", "'unset' is a name or a list of names");
    json_array_foreach(value, i, name)
    {
        if (!json_is_string(name))
            return swml_fail(place, "element_wrong_type", "'unset' is a name or a list of names");
    }
    return OK;
}

static enum verb_next unset(struct script *script, const json_t *value)
{
    const json_t *name;
    size_t i;
    if (json_is_string(value))
        json_object_del(script->vars, bare_name(json_string_value(value)));
    json_array_foreach(value, i, name)
        json_object_del(script->vars, bare_name(json_string_value(name)));
    return VERB_DONE;
}

const struct verb verb_set = {
    .name = "set", .keeps_all = true, .in_confirm = true, .check = check_set, .run = set
};
const struct verb verb_unset = { .name = "unset",
                                 .bare = VERB_ANY_VALUE,
                                 .keeps_all = true,
                                 .in_confirm = true,
                                 .check = check_unset,
                                 .run = unset };
