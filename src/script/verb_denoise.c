/* denoise, stop_denoise. */
#include "script/line.h"
#include "script/script_priv.h"
#include "script/verb_rows.h"

static enum verb_next run(struct script *script, const json_t *value)
{
    (void)value;
    script_answer(script);
    if (script->over)
        return VERB_JUMPED;
    script_result(script, "denoise", line_denoise(script->line, true) ? "failed" : "on");
    return VERB_DONE;
}

static enum verb_next run_stop(struct script *script, const json_t *value)
{
    (void)value;
    (void)!line_denoise(script->line, false); /* without audio it is off as well */
    script_result(script, "denoise", "off");
    return VERB_DONE;
}

static const struct verb_param params[] = { { 0 } };

const struct verb verb_denoise = {
    .name = "denoise", .params = params, .in_confirm = true, .run = run
};
const struct verb verb_stop_denoise = {
    .name = "stop_denoise", .params = params, .in_confirm = true, .run = run_stop
};
