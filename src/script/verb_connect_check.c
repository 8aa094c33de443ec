#include "script/verb_connect_check.h"

#include "base/num.h"
#include "script/swml_priv.h"
#include "script/verbs.h"

enum { GROUPS_MAX = 64 };

static enum err check_list(const json_t *list, bool is_nested, struct swml_place *place)
{
    const json_t *one;
    size_t i;
    json_array_foreach(list, i, one)
    {
        size_t up = swml_place_index(place, i);
        enum err err = OK;
        if (is_nested)
            err = json_is_array(one) ? check_list(one, false, place)
                                     : swml_fail(place, "element_wrong_type", "expected a list");
        else if (!json_is_object(one) || !json_object_get(one, "to"))
            err = swml_fail(place, "method_parameter_missing", "a destination needs 'to'");
        if (err)
            return err;
        swml_place_up(place, up);
    }
    return json_array_size(list) > GROUPS_MAX
               ? swml_fail(place, "method_parameter_invalid_value", "more than %d", GROUPS_MAX)
               : OK;
}

static enum err check_confirm(const json_t *confirm, struct swml_place *place)
{
    const json_t *step;
    size_t i;
    json_array_foreach(confirm, i, step)
    {
        const char *name = json_object_iter_key(json_object_iter((json_t *)(uintptr_t)step));
        const struct verb *verb = verb_find(name ? name : "");
        size_t up = swml_place_index(place, i);
        if (verb && !verb->in_confirm)
            return swml_fail(place, "method_undefined", "'%s' is not allowed in 'confirm'", name);
        swml_place_up(place, up);
    }
    return OK;
}

enum err verb_connect_check(const json_t *value, struct swml_place *place)
{
    static const char *const ways[] = { "to", "serial", "parallel", "serial_parallel" };
    unsigned n = 0;
    for (size_t i = 0; i < COUNT_OF(ways); i++) {
        const json_t *list = json_object_get(value, ways[i]);
        if (!list)
            continue;
        n++;
        size_t up = swml_place_key(place, ways[i]);
        enum err err = json_is_array(list) ? check_list(list, i == 3, place) : OK;
        if (err)
            return err;
        swml_place_up(place, up);
    }
    if (n == 0)
        return swml_fail(place, "method_parameter_missing",
                         "'connect' needs 'to', 'serial', 'parallel' or 'serial_parallel'");
    if (n > 1)
        return swml_fail(place, "method_parameter_conflict",
                         "'connect' takes one of 'to', 'serial', 'parallel', 'serial_parallel'");
    size_t up = swml_place_key(place, "confirm");
    enum err err = check_confirm(json_object_get(value, "confirm"), place);
    if (!err)
        swml_place_up(place, up);
    return err;
}
