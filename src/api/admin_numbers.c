#include "admin.h"

#include "base/num.h"
#include "call/route.h"

static json_t *row_json(const struct rest *rest, const void *of)
{
    const struct store_number *row = of;
    (void)rest;
    return json_pack("{s:s, s:s, s:s, s:o}", "number", row->number, "to", row->to, "project_id",
                     row->project_id, "created_at", rest_time(row->created_ms));
}

static void on_list(void *owner, const struct store_answer *answer)
{
    REST_REPLY_LIST(owner, answer, store_number, "number", row_json);
}

void admin_number_list(struct rest *rest)
{
    store_number_list(rest_store(rest), rest_then(rest, on_list));
}

static bool is_number(struct slice value)
{
    for (size_t i = 0; i < value.len; i++) {
        struct slice one = slice_sub(value, i, 1);
        if (!rest_is_name(one) && one.ptr[0] != '+' && one.ptr[0] != '*' && one.ptr[0] != '#')
            return false;
    }
    return value.len <= 64;
}

static bool is_target(struct slice value)
{
    static const char *const kinds[] = { "user", "trunk", "builtin", "swml", "laml", "uri" };
    struct route_target target;
    if (route_target_parse(value, &target))
        return false;
    for (size_t i = 0; i < COUNT_OF(kinds); i++)
        if (strcmp(target.kind, kinds[i]) == 0)
            return true;
    return false;
}

static void on_set(void *owner, const struct store_answer *answer)
{
    struct rest *rest = owner;
    if (answer->err == ERR_INVALID) {
        rest_fail_store(rest, answer->err, "project");
        return;
    }
    rest_on_added(rest, answer);
}

void admin_number_set(struct rest *rest)
{
    const char *number;
    const char *to;
    const char *project;
    const struct rest_field fields[] = {
        { .name = "number",
          .out = &number,
          .is_required = true,
          .check = is_number,
          .expected = "digits, +, * and #, or a name, at most 64" },
        { .name = "to",
          .out = &to,
          .is_required = true,
          .check = is_target,
          .expected = "user:NAME, trunk:NAME, trunk:NAME/NUMBER, builtin:echo, uri:sip:…, "
                      "swml:URL or laml:URL" },
        { .name = "project", .out = &project },
    };
    if (!rest_take(rest, fields, COUNT_OF(fields)))
        return;
    struct store_number row = {
        .number = number, .to = to, .project_id = project, .created_ms = rest_now_ms(rest)
    };
    rest->answer = json_pack("{s:s, s:s}", "number", number, "to", to);
    rest->changes = "numbers";
    store_number_set(rest_store(rest), &row, rest_then(rest, on_set));
}

void admin_number_remove(struct rest *rest)
{
    rest->changes = "numbers";
    store_number_remove(rest_store(rest), rest_captured(rest, 0), rest_then(rest, rest_on_removed));
}
