/* Which steps are next: cond and switch. */
#include <string.h>

#include "base/mem.h"
#include "script/script_priv.h"
#include "script/swml_check.h"
#include "script/swml_priv.h"
#include "script/verb_rows.h"

/* --- cond: a list of {when, then} and one {else} --- */

static enum err check_branch(const json_t *branch, struct swml_place *place)
{
    static const char *const lists[] = { "then", "else" };
    const char *key;
    json_t *value;
    bool has_when = json_object_get(branch, "when") != NULL;
    if (!json_is_object(branch))
        return swml_fail(place, "element_wrong_type", "a branch is {when, then} or {else}");
    if (has_when != (json_object_get(branch, "then") != NULL))
        return swml_fail(place, "method_parameter_missing", "'when' and 'then' go together");
    if (!has_when && !json_object_get(branch, "else"))
        return swml_fail(place, "method_parameter_missing", "a branch is {when, then} or {else}");
    json_object_foreach((json_t *)(uintptr_t)branch, key, value)
    {
        size_t up = swml_place_key(place, key);
        bool is_list = strcmp(key, lists[0]) == 0 || strcmp(key, lists[1]) == 0;
        if (!is_list && strcmp(key, "when") != 0)
            return swml_fail(place, "method_parameter_undefined", "'cond' has no '%s'", key);
        enum err err = is_list ? swml_check_steps(value, SWML_CALLING, place) : OK;
        if (err)
            return err;
        if (!is_list && !json_is_string(value) && !json_is_boolean(value))
            return swml_fail(place, "element_wrong_type", "'when' is an expression in a text");
        swml_place_up(place, up);
    }
    return OK;
}

static enum err check_cond(const json_t *value, struct swml_place *place)
{
    const json_t *branch;
    size_t i;
    if (!json_is_array(value))
        return swml_fail(place, "element_wrong_type", "'cond' is a list of {when, then}");
    json_array_foreach(value, i, branch)
    {
        size_t up = swml_place_index(place, i);
        enum err err = check_branch(branch, place);
        if (err)
            return err;
        swml_place_up(place, up);
    }
    return OK;
}

static enum err choose(struct script *script, const json_t *branches, struct fault *fault)
{
    struct expr_scope scope = script_scope(script);
    const json_t *branch;
    size_t i;
    json_array_foreach(branches, i, branch)
    {
        const json_t *when = json_object_get(branch, "when"), *otherwise;
        bool is_true = json_is_true(when);
        enum err err = OK;
        if (json_is_string(when))
            err = expr_is_true(&scope, slice_of(json_string_value(when)), &is_true, fault);
        if (err)
            return err;
        otherwise = json_object_get(branch, "else");
        const json_t *steps = is_true ? json_object_get(branch, "then") : otherwise;
        if (is_true || otherwise) {
            script_push_block(script, steps);
            return OK;
        }
    }
    return OK;
}

/* The steps in the document itself: `value` is a copy that ends with this step. */
static const json_t *written(const struct script *script, const char *method)
{
    const struct script_frame *frame = &script->frames[script->n_frames - 1];
    return json_object_get(json_array_get(frame->steps, frame->at - 1), method);
}

static enum verb_next cond(struct script *script, const json_t *value)
{
    struct fault fault = { 0 };
    (void)value;
    if (choose(script, written(script, "cond"), &fault))
        script_fail(script, &fault);
    return VERB_JUMPED;
}

/* --- switch --- */

static enum err pick(struct script *script, const json_t *value, const json_t *cases,
                     const json_t *otherwise, struct fault *fault)
{
    char *text = expr_print(value);
    const json_t *steps = json_object_get(cases, text);
    enum err err = OK;
    if (steps || otherwise)
        script_push_block(script, steps ? steps : otherwise);
    else
        err = fault_set(fault, ERR_NOT_FOUND, "", 0,
                        "relay_script_method_no_matching_condition: no case for '%.60s'", text);
    mem_free(text);
    return err;
}

static enum verb_next run_switch(struct script *script, const json_t *value)
{
    const json_t *step = written(script, "switch");
    struct expr_scope scope = script_scope(script);
    struct fault fault = { 0 };
    const char *name = param_text(value, "variable", "");
    if (pick(script, expr_find(&scope, slice_of(name)), json_object_get(step, "case"),
             json_object_get(step, "default"), &fault))
        script_fail(script, &fault);
    return VERB_JUMPED;
}

enum err script_branch(struct script *script, const json_t *result, struct fault *fault)
{
    if (json_is_array(result))
        return choose(script, result, fault);
    return pick(script, script_get(script, "return_value"), json_object_get(result, "case"),
                json_object_get(result, "default"), fault);
}

static const char *const switch_kept[] = { "case", "default", NULL };
static const struct verb_param switch_params[] = {
    { .name = "variable", .types = VERB_TEXT, .required = true },
    { .name = "case", .types = VERB_CASES, .required = true },
    { .name = "default", .types = VERB_STEPS },
    { 0 },
};

const struct verb verb_cond = { .name = "cond",
                                .bare = VERB_ANY_VALUE,
                                .keeps_all = true,
                                .in_confirm = true,
                                .check = check_cond,
                                .run = cond };
const struct verb verb_switch = {
    .name = "switch", .params = switch_params, .kept = switch_kept, .run = run_switch
};
