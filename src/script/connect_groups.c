#include "script/connect_groups.h"

#include "base/num.h"

static json_t *with_common(const json_t *value, const json_t *one)
{
    static const char *const own[] = { "to", "serial", "parallel", "serial_parallel", "result" };
    json_t *merged = json_copy((json_t *)(uintptr_t)value);
    for (size_t i = 0; i < COUNT_OF(own); i++)
        json_object_del(merged, own[i]);
    (void)json_object_update(merged, (json_t *)(uintptr_t)one);
    return merged;
}

static json_t *group_of(const json_t *value, const json_t *list)
{
    json_t *group = json_array(), *one;
    size_t i;
    json_array_foreach(list, i, one) json_array_append_new(group, with_common(value, one));
    return group;
}

json_t *connect_groups(const json_t *value)
{
    const json_t *serial = json_object_get(value, "serial"), *one;
    const json_t *parallel = json_object_get(value, "parallel");
    json_t *groups = json_array();
    size_t i;
    if (parallel)
        json_array_append_new(groups, group_of(value, parallel));
    json_array_foreach(serial, i, one)
        json_array_append_new(groups, json_pack("[o]", with_common(value, one)));
    json_array_foreach(json_object_get(value, "serial_parallel"), i, one)
        json_array_append_new(groups, group_of(value, one));
    if (json_object_get(value, "to"))
        json_array_append_new(groups, json_pack("[o]", json_copy((json_t *)(uintptr_t)value)));
    return groups;
}
