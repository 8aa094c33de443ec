/* Does a document in its normal form make sense? Sections, steps, labels and where they lead. */
#include <stdio.h>
#include <string.h>

#include "base/num.h"
#include "script/swml_check.h"
#include "script/swml_priv.h"
#include "script/verbs.h"

/* The messaging flavour has methods and parameters of its own (docs/swml.md). */
static const char *const message_methods[] = { "execute", "goto",   "label",  "receive", "reply",
                                               "request", "return", "switch", "transfer" };

static enum err check_label(const json_t *steps, const json_t *value, struct swml_place *place)
{
    const char *label = json_string_value(json_object_get(value, "label"));
    const json_t *step;
    size_t i;
    if (!label || strchr(label, '{'))
        return OK;
    json_array_foreach(steps, i, step)
    {
        const char *here = json_string_value(json_object_get(step, "label"));
        if (here && strcmp(here, label) == 0)
            return OK;
    }
    return swml_fail(place, "method_parameter_invalid_value",
                     "there is no label '%s' in this section", label);
}

static enum err check_step(const json_t *step, enum swml_flavour flavour, struct swml_place *place)
{
    if (!json_is_object(step))
        return swml_fail(place, "element_wrong_type", "a step is an object of one method");
    if (json_object_size(step) == 0)
        return swml_fail(place, "method_missing_name", "a step names a method");
    if (json_object_size(step) > 1)
        return swml_fail(place, "element_invalid_value",
                         "a step has one method; put the next one behind its own '-'");
    void *at = json_object_iter((json_t *)(uintptr_t)step);
    const char *name = json_object_iter_key(at);
    const struct verb *verb = verb_find(name);
    size_t up = swml_place_key(place, name);
    enum err err = OK;
    if (flavour == SWML_MESSAGING) {
        size_t i = 0;
        while (i < COUNT_OF(message_methods) && strcmp(message_methods[i], name) != 0)
            i++;
        if (i == COUNT_OF(message_methods))
            err = swml_fail(place, "method_undefined", "messages have no method '%s'", name);
    } else if (!verb) {
        err = swml_fail(place, "method_undefined", "there is no method '%s'", name);
    } else {
        err = verb_check(verb, json_object_iter_value(at), place);
    }
    if (!err)
        swml_place_up(place, up);
    return err;
}

enum err swml_check_steps(const json_t *steps, enum swml_flavour flavour, struct swml_place *place)
{
    const json_t *step;
    size_t i;
    if (!json_is_array(steps))
        return swml_fail(place, "element_wrong_type", "expected a list of steps");
    if (json_array_size(steps) > SWML_MAX_STEPS)
        return swml_fail(place, "nested_too_deep", "more than %d steps", SWML_MAX_STEPS);
    json_array_foreach(steps, i, step)
    {
        size_t up = swml_place_index(place, i);
        enum err err = check_step(step, flavour, place);
        if (!err && json_object_get(step, "goto")) {
            swml_place_key(place, "goto");
            err = check_label(steps, json_object_get(step, "goto"), place);
        }
        if (err)
            return err;
        swml_place_up(place, up);
    }
    return OK;
}

/* A goal that is no URL and no document names a section. */
static enum err check_goals(const json_t *sections, const json_t *value, struct swml_place *place)
{
    static const char *const methods[] = { "execute", "transfer" };
    const char *key;
    json_t *child;
    size_t i;
    enum err err = OK;
    json_array_foreach(value, i, child)
    {
        size_t up = swml_place_index(place, i);
        if (!err)
            err = check_goals(sections, child, place);
        if (err)
            return err;
        swml_place_up(place, up);
    }
    json_object_foreach((json_t *)(uintptr_t)value, key, child)
    {
        size_t up = swml_place_key(place, key);
        const char *dest = json_string_value(json_object_get(child, "dest"));
        bool is_goal = strcmp(key, methods[0]) == 0 || strcmp(key, methods[1]) == 0;
        bool is_name = is_goal && dest && dest[0] && !strpbrk(dest, ":/{<\n");
        if (is_name && !json_object_get(sections, dest)) {
            swml_place_key(place, "dest");
            return swml_fail(place, "method_parameter_invalid_value", "there is no section '%s'",
                             dest);
        }
        if (strcmp(key, "ai") != 0)
            err = check_goals(sections, child, place);
        if (err)
            return err;
        swml_place_up(place, up);
    }
    return OK;
}

static enum err check_keys(const json_t *document, enum swml_flavour flavour,
                           struct swml_place *place)
{
    static const char *const known[] = { "version", "sections" };
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)(uintptr_t)document, key, value)
    {
        bool is_message_step =
            flavour == SWML_MESSAGING && (strcmp(key, "reply") == 0 || strcmp(key, "receive") == 0);
        if (strcmp(key, known[0]) != 0 && strcmp(key, known[1]) != 0 && !is_message_step) {
            swml_place_key(place, key);
            return swml_fail(place, "element_undefined",
                             "a document has 'version' and 'sections', not '%s'", key);
        }
    }
    value = json_object_get(document, "version");
    if (value && !(json_is_string(value) && strcmp(json_string_value(value), "1.0.0") == 0)) {
        swml_place_key(place, "version");
        return swml_fail(place, "version_invalid", "the version is 1.0.0");
    }
    return OK;
}

enum err swml_check(const json_t *document, enum swml_flavour flavour, struct swml_place *place)
{
    const char *name;
    json_t *section;
    if (!json_is_object(document))
        return swml_fail(place, "element_wrong_type", "a document is an object with 'sections'");
    enum err err = check_keys(document, flavour, place);
    if (err)
        return err;
    const json_t *sections = json_object_get(document, "sections");
    if (!sections && flavour == SWML_MESSAGING && json_object_size(document) > 1)
        return OK; /* a single reply or receive */
    if (!sections)
        return swml_fail(place, "sections_missing", "there are no 'sections'");
    size_t up = swml_place_key(place, "sections");
    if (!json_is_object(sections))
        return swml_fail(place, "element_wrong_type", "'sections' is an object of lists of steps");
    if (!json_object_get(sections, "main"))
        return swml_fail(place, "main_section_missing", "there is no section 'main'");
    json_object_foreach((json_t *)(uintptr_t)sections, name, section)
    {
        size_t here = swml_place_key(place, name);
        err = swml_check_steps(section, flavour, place);
        if (err)
            return err;
        swml_place_up(place, here);
    }
    if (flavour == SWML_CALLING)
        err = check_goals(sections, sections, place);
    if (!err)
        swml_place_up(place, up);
    return err;
}
