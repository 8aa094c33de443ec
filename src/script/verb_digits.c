/* send_digits. */
#include <string.h>

#include "base/mem.h"
#include "script/line.h"
#include "script/script_priv.h"
#include "script/swml_priv.h"
#include "script/verb_rows.h"

static const char allowed[] = "0123456789*#ABCDabcdWw,";

static bool is_valid(const char *digits)
{
    return strspn(digits, allowed) == strlen(digits);
}

static void on_sent(void *owner, enum line_end end, const json_t *result)
{
    struct script *script = owner;
    (void)result;
    script->state = NULL;
    script_result(script, "send_digits", end == LINE_FINISHED ? "success" : "failed");
    if (end != LINE_OVER)
        script_done(script);
}

static void cancel(struct script *script)
{
    line_op_cancel(script->state);
}

static enum verb_next send_digits(struct script *script, const json_t *value)
{
    char *digits = expr_print(json_object_get(value, "digits"));
    bool valid = is_valid(digits);
    if (valid)
        script_answer(script);
    if (valid && !script->over) {
        script->cancel = cancel;
        script->state = line_send_digits(script->line, digits, on_sent, script);
    }
    mem_free(digits);
    if (!valid)
        script_result(script, "send_digits", "failed");
    return valid ? VERB_WAITS : VERB_DONE;
}

static enum err check(const json_t *value, struct swml_place *place)
{
    const char *digits = json_string_value(json_object_get(value, "digits"));
    if (!digits || strchr(digits, '{') || is_valid(digits))
        return OK;
    return swml_fail(place, "method_parameter_invalid_value",
                     "'digits' are 0-9 * # A-D, w (half a second) and W (a second)");
}

static const struct verb_param params[] = {
    { .name = "digits", .types = VERB_TEXT, .required = true },
    { 0 },
};

const struct verb verb_send_digits = { .name = "send_digits",
                                       .params = params,
                                       .bare = "digits",
                                       .in_confirm = true,
                                       .check = check,
                                       .run = send_digits };
