/* sip_refer. */
#include <stdio.h>
#include <string.h>

#include "script/line.h"
#include "script/script_priv.h"
#include "script/swml_priv.h"
#include "script/verb_rows.h"

static void on_referred(void *owner, enum line_end end, const json_t *result)
{
    struct script *script = owner;
    const char *word = end == LINE_FINISHED ? "success" : "failed";
    json_int_t status = json_integer_value(json_object_get(result, "status"));
    script->state = NULL;
    script_result(script, "sip_refer", word);
    script_set(script, "return_value", json_string(word));
    script_set(script, "sip_refer_response_code", json_integer(status ? 202 : 603));
    script_set(script, "sip_refer_to_response_code", json_integer(status));
    if (end != LINE_OVER)
        script_done(script);
}

static void cancel(struct script *script)
{
    line_op_cancel(script->state);
}

static enum verb_next run(struct script *script, const json_t *value)
{
    const char *to = param_text(value, "to_uri", "");
    script_set_text(script, "sip_refer_to", to);
    script_answer(script);
    if (script->over)
        return VERB_JUMPED;
    script->cancel = cancel;
    script->state =
        line_refer(script->line, to, param_text(value, "status_url", NULL), on_referred, script);
    return VERB_WAITS;
}

static enum err check(const json_t *value, struct swml_place *place)
{
    const char *to = json_string_value(json_object_get(value, "to_uri"));
    if (!to || strchr(to, '{') || strncmp(to, "sip:", 4) == 0 || strncmp(to, "sips:", 5) == 0)
        return OK;
    swml_place_key(place, "to_uri");
    return swml_fail(place, "method_parameter_invalid_value", "'to_uri' is a sip: address");
}

static const struct verb_param params[] = {
    { .name = "to_uri", .types = VERB_TEXT, .required = true },
    { .name = "username", .types = VERB_TEXT },
    { .name = "password", .types = VERB_TEXT },
    { .name = "status_url", .types = VERB_TEXT },
    { 0 },
};

const struct verb verb_sip_refer = { .name = "sip_refer",
                                     .params = params,
                                     .bare = "to_uri",
                                     .check = check,
                                     .run = run,
                                     .note = "username and password are accepted, not sent" };
