/* A step's value against its row: types, words, ranges, what is missing and what is too much. */
#include <stdio.h>
#include <string.h>

#include "base/num.h"
#include "base/slice.h"
#include "script/swml_check.h"
#include "script/swml_priv.h"
#include "script/verbs.h"

const char VERB_ANY_VALUE[] = "*";

static bool has_placeholder(const char *text)
{
    return strstr(text, "${") || strstr(text, "%{");
}

static bool is_number_text(const char *text, double *number)
{
    char *end;
    if (!*text || strspn(text, "0123456789.-") != strlen(text))
        return false;
    *number = strtod(text, &end);
    return *end == '\0';
}

/* Is it of one of the types? Numbers are left in `*number`. */
static bool fits(const struct verb_param *param, const json_t *value, bool *has_number,
                 double *number)
{
    const char *text = json_string_value(value);
    if (text && has_placeholder(text) && (param->types & ~(unsigned)(VERB_STEPS | VERB_CASES)))
        return true;
    if (json_is_number(value)) {
        *has_number = true;
        *number = json_number_value(value);
        return param->types & (VERB_NUMBER | VERB_TEXT);
    }
    if (text && (param->types & VERB_NUMBER) && is_number_text(text, number)) {
        *has_number = true;
        return true;
    }
    if (text && (param->types & VERB_BOOL) &&
        (strcmp(text, "true") == 0 || strcmp(text, "false") == 0))
        return true;
    if (json_is_boolean(value))
        return param->types & (VERB_BOOL | VERB_TEXT);
    if (text)
        return param->types & VERB_TEXT;
    if (json_is_array(value))
        return param->types & (VERB_LIST | VERB_STEPS | VERB_RESULT);
    return json_is_object(value) && param->types & (VERB_OBJECT | VERB_CASES | VERB_RESULT);
}

static const char *types_text(unsigned types)
{
    static const struct {
        unsigned types;
        const char *text;
    } rows[] = {
        { VERB_STEPS, "a list of steps" },
        { VERB_CASES, "an object of lists of steps" },
        { VERB_RESULT, "an object with 'case', or a list as of 'cond'" },
        { VERB_TEXT | VERB_LIST, "a text or a list" },
        { VERB_TEXT | VERB_OBJECT, "a text or an object" },
        { VERB_BOOL, "true or false" },
        { VERB_NUMBER, "a number" },
        { VERB_LIST, "a list" },
        { VERB_OBJECT, "an object" },
        { VERB_TEXT, "a text" },
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++)
        if ((types & rows[i].types) == rows[i].types)
            return rows[i].text;
    return "another type";
}

static bool is_word(const char *words, const char *text)
{
    struct slice rest = slice_of(words);
    while (rest.len)
        if (slice_iis(slice_cut(&rest, '|'), text))
            return true;
    return false;
}

static enum err check_cases(const json_t *cases, struct swml_place *place)
{
    const char *key;
    json_t *steps;
    json_object_foreach((json_t *)(uintptr_t)cases, key, steps)
    {
        size_t up = swml_place_key(place, key);
        enum err err = swml_check_steps(steps, SWML_CALLING, place);
        if (err)
            return err;
        swml_place_up(place, up);
    }
    return OK;
}

static enum err check_result(const json_t *value, struct swml_place *place)
{
    if (json_is_array(value))
        return verb_check(verb_find("cond"), value, place);
    size_t up = swml_place_key(place, "case");
    const json_t *cases = json_object_get(value, "case");
    enum err err = json_is_object(cases)
                       ? check_cases(cases, place)
                       : swml_fail(place, "method_parameter_missing", "'result' needs 'case'");
    if (err)
        return err;
    swml_place_up(place, up);
    const json_t *otherwise = json_object_get(value, "default");
    if (!otherwise)
        return OK;
    up = swml_place_key(place, "default");
    err = swml_check_steps(otherwise, SWML_CALLING, place);
    if (!err)
        swml_place_up(place, up);
    return err;
}

static enum err check_param(const struct verb_param *param, const json_t *value,
                            struct swml_place *place)
{
    double number = 0;
    bool has_number = false;
    const char *text = json_string_value(value);
    if (!fits(param, value, &has_number, &number))
        return swml_fail(place, "element_wrong_type", "'%s' is %s", param->name,
                         types_text(param->types));
    if (has_number && (param->min != 0 || param->max != 0) &&
        (number < param->min || number > param->max))
        return swml_fail(place, "method_parameter_invalid_value", "'%s' is %g to %g, not %g",
                         param->name, param->min, param->max, number);
    if (param->words && text && !has_placeholder(text) && !is_word(param->words, text))
        return swml_fail(place, "method_parameter_invalid_value", "'%s' is one of %s, not '%.40s'",
                         param->name, param->words, text);
    if (param->types & VERB_STEPS && json_is_array(value))
        return swml_check_steps(value, SWML_CALLING, place);
    if (param->types & VERB_CASES)
        return check_cases(value, place);
    return param->types & VERB_RESULT ? check_result(value, place) : OK;
}

static const struct verb_param *find_param(const struct verb *verb, const char *name)
{
    const struct verb_param *param = verb->params;
    while (param->name && strcmp(param->name, name) != 0)
        param++;
    return param->name ? param : NULL;
}

static enum err check_table(const struct verb *verb, const json_t *value, struct swml_place *place)
{
    const char *key;
    json_t *child;
    if (!json_is_object(value))
        return swml_fail(place, "element_wrong_type", "'%s' takes an object of parameters",
                         verb->name);
    json_object_foreach((json_t *)(uintptr_t)value, key, child)
    {
        const struct verb_param *param = find_param(verb, key);
        size_t up = swml_place_key(place, key);
        enum err err = param ? check_param(param, child, place)
                             : swml_fail(place, "method_parameter_undefined",
                                         "'%s' has no parameter '%s'", verb->name, key);
        if (err)
            return err;
        swml_place_up(place, up);
    }
    for (const struct verb_param *param = verb->params; param->name; param++)
        if (param->required && !json_object_get(value, param->name))
            return swml_fail(place, "method_parameter_missing", "'%s' needs '%s'", verb->name,
                             param->name);
    return OK;
}

enum err verb_check(const struct verb *verb, const json_t *value, struct swml_place *place)
{
    enum err err = verb->params ? check_table(verb, value, place) : OK;
    return err || !verb->check ? err : verb->check(value, place);
}
