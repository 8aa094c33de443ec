/* What a number says of itself. Carriers and names of callers stand in nobody's reach here: who
 * asks for them gets nothing about them. */
#include <string.h>

#include "api/number_plan.h"
#include "api/signalwire/sw.h"
#include "base/num.h"

void sw_number_lookup(struct rest *rest)
{
    static const char *const extras[] = { "carrier", "cnam" };
    const char *number = rest_captured(rest, 0), *include = rest_param(rest, "include");
    struct number_plan plan;
    uint32_t code = 0;
    if (!number_plan_read(slice_of(number), &plan) ||
        slice_to_u32(slice_of(plan.code), 999, &code)) {
        rest_fail(rest, 404, "not_found", NULL, "no number in E.164");
        return;
    }
    json_t *answer = json_pack(
        "{s:i, s:s%, s:b, s:b, s:s, s:s, s:s, s:s}", "country_code_number", (int)code,
        "national_number", plan.digits.ptr, plan.digits.len, "possible_number", plan.is_possible,
        "valid_number", plan.is_valid, "national_number_formatted", plan.national,
        "international_number_formatted", plan.elsewhere, "e164", number, "number_type", plan.type);
    if (plan.country[0])
        json_object_set_new(answer, "country_code", json_string(plan.country));
    for (size_t i = 0; i < COUNT_OF(extras); i++)
        if (include && strstr(include, extras[i]))
            json_object_set_new(answer, extras[i], json_object());
    rest_reply_take(rest, 200, answer);
}
